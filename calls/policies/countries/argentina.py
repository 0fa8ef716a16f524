"""Argentina (compliance.md 3.2, operations.md 3). No national hours by statute."""

from calls.policies.countries.writing import (
    MON_FRI,
    SAT,
    SUN,
    active,
    after_conversation,
    attempts_a_day,
    attempts_a_week,
    closed,
    company,
    courteous,
    hours,
    law,
    never_after,
    no_holidays,
    said,
)
from calls.policies.records import Callback, PhoneKinds, Registry

COMPANY = company("Norma de la empresa (Ley 24.240 art. 8 bis: trato digno)")
DIGNITY = law("Ley 24.240 art. 8 bis: trato digno")
NO_LLAME = law("Ley 26.951 y Res. AAIP 126/2024")
CITY = law("Ley CABA 6171: cobranza extrajudicial", pending=True)
HOURS = (
    hours(MON_FRI, "09:00", "20:00", COMPANY),
    hours(SAT, "09:00", "13:00", COMPANY),
    closed(SUN, COMPANY),
)

RECORDS = (
    active(
        "AR",
        "debt_collection",
        hours=HOURS,
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY), attempts_a_week(3, COMPANY)),
        cooldowns=(after_conversation(7, COMPANY), never_after("optout", DIGNITY)),
        disclosures=said(COMPANY, "creditor", "call_reason", "callback_number"),
        callbacks=(Callback(lifts_frequency=True, source=COMPANY),),
    ),
    active(
        "AR",
        "debt_collection",
        subdivision="C",
        phones=(PhoneKinds(("work", "reference", "guarantor", "family"), CITY),),
        disclosures=said(CITY, "creditor", "agency"),
        callbacks=(Callback(lifts_frequency=True, source=COMPANY),),
        notes=(
            "El horario de la ley no se leyó: rige el del país hasta que lo haga un "
            "abogado."
        ),
    ),
    active(
        "AR",
        "marketing",
        hours=HOURS,
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY), attempts_a_week(2, COMPANY)),
        registries=(
            Registry("No Llame", 30, NO_LLAME, unless_consent="prior_express"),
        ),
        disclosures=said(NO_LLAME, "purpose", "optout_offer"),
    ),
    *(
        courteous(active("AR", use_case, hours=HOURS), COMPANY)
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
