"""Mexico, draft (compliance.md 3.3)."""

from calls.policies.countries.writing import (
    EVERY_DAY,
    MON_FRI,
    WEEKEND,
    after_conversation,
    attempts_a_day,
    closed,
    company,
    courteous,
    disputed,
    draft,
    hours,
    law,
    no_holidays,
    said,
)
from calls.policies.records import CallerId, PhoneKinds, Registry

CONDUSEF = law("CONDUSEF, Disposiciones de cobranza, DOF 2014-10-07", pending=True)
WORKING_DAYS = disputed("CONDUSEF, Disposiciones de cobranza: días hábiles")
COMPANY = company()

RECORDS = (
    draft(
        "MX",
        "debt_collection",
        hours=(
            hours(EVERY_DAY, "07:00", "22:00", CONDUSEF),
            closed(WEEKEND, WORKING_DAYS),
            hours(MON_FRI, "08:00", "21:00", COMPANY),
        ),
        holidays=no_holidays(WORKING_DAYS),
        caps=(attempts_a_day(2, COMPANY),),
        cooldowns=(after_conversation(3, COMPANY),),
        caller_ids=(CallerId(CONDUSEF),),  # never hidden
        phones=(PhoneKinds(("reference", "family"), CONDUSEF),),
        disclosures=said(CONDUSEF, "agency", "creditor"),
        notes="La empresa debe estar inscrita en el REDECO.",
    ),
    draft(
        "MX",
        "marketing",
        hours=(hours(MON_FRI, "09:00", "21:00", COMPANY), closed(WEEKEND, COMPANY)),
        holidays=no_holidays(COMPANY),
        caps=(attempts_a_day(1, COMPANY),),
        registries=(
            Registry("REPEP", 30, law("LFPC y REPEP (PROFECO)", pending=True)),
            Registry("REUS", 45, law("REUS (CONDUSEF)", pending=True)),
        ),
        disclosures=said(COMPANY, "purpose", "optout_offer"),
    ),
    *(
        courteous(draft("MX", use_case))
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
