"""Spain, draft (compliance.md 3.7, 3.8)."""

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
from calls.policies.records import CallerId, Consent, Registry

CONSUMERS = law(
    "TRLGDCU art. 96.2: de 9 a 21 h, ni festivos ni fines de semana", pending=True
)
AUTOMATED = law("TRLGDCU art. 96.3 y LGT 11/2022 art. 66.1", pending=True)
CALLER_ID = law("Orden TDF/149/2025: sin numeración móvil", pending=True)
AI_ACT = law("Reglamento (UE) 2024/1689 art. 50.1", pending=True)
ROBINSON = law("LGT 11/2022 art. 66 y Circular AEPD 1/2023", pending=True)
COMPANY = company()
HOURS = (hours(MON_FRI, "09:00", "21:00", COMPANY), closed(WEEKEND, COMPANY))

RECORDS = (
    draft(
        "ES",
        "debt_collection",
        hours=HOURS,
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY),),
        cooldowns=(after_conversation(7, COMPANY),),
        disclosures=said(AI_ACT, "ai") + said(COMPANY, "identity", "creditor"),
    ),
    draft(
        "ES",
        "marketing",
        hours=(hours(MON_FRI, "09:00", "21:00", CONSUMERS), closed(WEEKEND, CONSUMERS)),
        holidays=no_holidays(CONSUMERS),
        caps=(attempts_a_day(1, COMPANY),),
        consents=(
            Consent("prior_express", AUTOMATED),
            Consent("prior_express", COMPANY, max_age_days=730),
        ),
        registries=(Registry("Lista Robinson", 30, ROBINSON),),
        caller_ids=(CallerId(CALLER_ID, forbidden_types=("mobile",)),),
        disclosures=said(AI_ACT, "ai") + said(CONSUMERS, "identity", "purpose"),
    ),
    *(
        courteous(
            draft("ES", use_case, hours=HOURS, disclosures=said(AI_ACT, "ai")), COMPANY
        )
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
