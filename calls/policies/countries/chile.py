"""Chile (compliance.md 3.1, operations.md 3)."""

from dataclasses import replace

from calls.policies.countries.writing import (
    MON_FRI,
    MON_SAT,
    SAT,
    SUN,
    active,
    attempts_a_day,
    attempts_a_week,
    closed,
    company,
    courteous,
    disputed,
    hours,
    law,
    never_after,
    no_holidays,
    said,
    shown,
)
from calls.policies.records import Callback, Cap, Keeping, PhoneKinds, Registry

COLLECTION = law("Ley 19.496 art. 37, modificada por Ley 21.320")
HOURS = law("Ley 19.496 art. 37 y CPC art. 59: días hábiles de 8 a 20 h")
WEEKLY = law("Ley 19.496 art. 37: un contacto telefónico por semana", pending=True)
STRICT = disputed("Ley 19.496 art. 37: cada llamada que suena es un contacto")
CALLER_ID = law("Res. Ex. SUBTEL 286/2025 (prefijos 600 y 809)")
COMPANY = company()
ASKED_FOR = company("Norma de la empresa: rellamada pedida por la persona")
RELATION, ADVERTISING = "+56600", "+56809"

DEBT_COLLECTION = active(
    "CL",
    "debt_collection",
    hours=(hours(MON_SAT, "08:00", "20:00", HOURS), closed(SUN, HOURS)),
    holidays=no_holidays(HOURS),
    caps=(
        # "contacto" is not defined: the lenient reading counts conversations, and the
        # company limits attempts; `reading: strict` counts every call that rings
        Cap(
            "conversation_a_week",
            "conversation",
            1,
            "rolling_days",
            7,
            "person_creditor",
            WEEKLY,
        ),
        Cap(
            "ring_a_week",
            "rang",
            1,
            "rolling_days",
            7,
            "person_creditor",
            STRICT,
            reading="strict",
        ),
        attempts_a_day(1, COMPANY),
        attempts_a_week(3, COMPANY),
    ),
    cooldowns=(
        never_after("sued", COLLECTION),
        never_after("insolvency", COLLECTION),
    ),
    caller_ids=shown(CALLER_ID, RELATION),
    phones=(PhoneKinds(("work", "reference", "family"), COLLECTION),),
    disclosures=(
        *said(COLLECTION, "creditor", "debt_origin", "debt_costs", "how_to_pay"),
        *said(COLLECTION, "consumer_rights", "not_judicial"),
        *said(COLLECTION, "written_copy", when="on_request"),
    ),
    callbacks=(Callback(lifts_frequency=True, source=ASKED_FOR),),
    keeping=(Keeping(730, COLLECTION),),
    notes=(
        "Reglamento de cobranza extrajudicial: borrador de 2025, por seguir. En una "
        "catástrofe declarada, a lo más dos contactos al mes. Ley 21.719 de datos "
        "personales desde el 1-12-2026."
    ),
)

RECORDS = (
    DEBT_COLLECTION,
    # Supreme Court, March 2026 (press): Res. 286 does not bind this collection.
    replace(DEBT_COLLECTION, sector="retail_financiero", caller_ids=()),
    active(
        "CL",
        "marketing",
        hours=(
            hours(MON_FRI, "09:00", "20:00", COMPANY),
            hours(SAT, "10:00", "14:00", COMPANY),
            closed(SUN, COMPANY),
        ),
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY), attempts_a_week(2, COMPANY)),
        registries=(
            Registry(
                "No Molestar", 1, law("Ley 19.496 art. 28 B y DS 62/2019", pending=True)
            ),
        ),
        caller_ids=shown(CALLER_ID, ADVERTISING),
        disclosures=said(law("Ley 19.496 art. 28 B"), "optout_offer", "purpose"),
        notes="El proyecto 15.610/16.041 pediría consentimiento previo y expreso.",
    ),
    courteous(
        active("CL", "appointment_reminder", caller_ids=shown(CALLER_ID, RELATION))
    ),
    courteous(active("CL", "notification", caller_ids=shown(CALLER_ID, RELATION))),
    courteous(
        active(
            "CL",
            "survey",
            caller_ids=shown(
                disputed("Res. Ex. SUBTEL 286/2025: encuestas"), RELATION, ADVERTISING
            ),
        )
    ),
)
