"""Colombia, draft (compliance.md 3.4): Ley 2300/2023, collection and advertising."""

from calls.policies.countries.writing import (
    MON_FRI,
    SAT,
    SUN,
    attempts_a_day,
    closed,
    courteous,
    draft,
    hours,
    law,
    no_holidays,
    said,
)
from calls.policies.records import Cap, Consent, PhoneKinds, Record, Registry

LAW = law("Ley 2300/2023", pending=True)
RNE = law("Ley 2300/2023 y CRC: Registro de Números Excluidos", pending=True)
HOURS = (
    hours(MON_FRI, "07:00", "19:00", LAW),
    hours(SAT, "08:00", "15:00", LAW),
    closed(SUN, LAW),
)
ONCE = Cap(
    "any_channel_once_a_day",
    "any_channel",
    1,
    "calendar_day",
    1,
    "person_creditor",
    LAW,
)


def _under_the_law(use_case: str, **limits: object) -> Record:
    return draft(
        "CO",
        use_case,
        hours=HOURS,
        holidays=no_holidays(LAW),
        caps=(ONCE, attempts_a_day(1, LAW)),
        # only the channels that the consumer authorised
        consents=(Consent("prior", LAW),),
        phones=(PhoneKinds(("reference", "family"), LAW),),
        notes="Después de una conversación, ningún otro canal en la misma semana.",
        **limits,
    )


RECORDS = (
    _under_the_law("debt_collection", disclosures=said(LAW, "creditor")),
    _under_the_law("marketing", registries=(Registry("RNE", 1, RNE),)),
    *(
        courteous(draft("CO", use_case))
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
