"""Peru, draft (compliance.md 3.5)."""

from calls.policies.countries.writing import (
    MON_FRI,
    WEEKEND,
    after_conversation,
    attempts_a_day,
    closed,
    company,
    courteous,
    draft,
    hours,
    law,
    no_holidays,
    said,
)
from calls.policies.records import Consent, PhoneKinds

LAW = law("Ley 29571 art. 61 y 62", pending=True)
MARKETING = law("Ley 32323: consentimiento por iniciativa propia", pending=True)
COMPANY = company()

RECORDS = (
    draft(
        "PE",
        "debt_collection",
        hours=(hours(MON_FRI, "07:00", "20:00", LAW), closed(WEEKEND, LAW)),
        holidays=no_holidays(LAW),
        caps=(attempts_a_day(1, COMPANY),),
        cooldowns=(after_conversation(3, COMPANY),),
        phones=(PhoneKinds(("work", "reference", "family"), LAW),),
        disclosures=said(LAW, "creditor"),
    ),
    draft(
        "PE",
        "marketing",
        hours=(hours(MON_FRI, "09:00", "20:00", COMPANY), closed(WEEKEND, COMPANY)),
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY),),
        consents=(Consent("prior_express", MARKETING),),
        disclosures=said(MARKETING, "purpose", "optout_offer"),
        notes="Prefijo 500: no se halló el decreto; DL 1723 de 2026 sobre trazabilidad.",
    ),
    *(
        courteous(draft("PE", use_case))
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
