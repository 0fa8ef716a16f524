"""The company's manners, everywhere and for every use case (operations.md 3)."""

from calls.policies.countries.writing import (
    MON_FRI,
    SAT,
    SUN,
    active,
    closed,
    company,
    hours,
    never_after,
    no_holidays,
    said,
    today_no_more_after,
)
from calls.policies.records import (
    Callback,
    Cap,
    Cooldown,
    DebtDates,
    Gap,
    Margin,
    PhoneKinds,
)

MANNERS = company("Norma de la empresa: buen trato")
REFUSALS = ("hang_up", "declined", "blocked")
ENDS = ("optout", "deceased", "complaint", "vulnerable")

RECORDS = (
    active(
        "",
        "",
        # first call 09:00, last one before 19:30, even where the law gives more
        hours=(
            hours(MON_FRI, "09:00", "19:30", MANNERS),
            hours(SAT, "10:00", "14:00", MANNERS),
            closed(SUN, MANNERS),
        ),
        holidays=no_holidays(MANNERS),
        caps=(
            # several people may share a phone
            Cap("phone_once_a_day", "attempt", 1, "calendar_day", 1, "phone", MANNERS),
        ),
        cooldowns=(
            # a hang-up in the first 10 seconds is an answer; so is a declined call
            *(today_no_more_after(outcome, MANNERS) for outcome in REFUSALS),
            today_no_more_after("third_party", MANNERS),
            *(
                Cooldown(
                    f"other_phone_after_{outcome}",
                    outcome,
                    "forever",
                    1,
                    "other_phone",
                    MANNERS,
                )
                for outcome in REFUSALS
            ),
            *(never_after(outcome, MANNERS) for outcome in ENDS),
            Cooldown(
                "after_dispute",
                "dispute",
                "rolling_days",
                30,
                "person_creditor",
                MANNERS,
            ),
            Cooldown(
                "after_promise",
                "promise",
                "rolling_days",
                3,
                "person_creditor",
                MANNERS,
                frequency=True,
            ),
        ),
        gaps=(Gap(240, MANNERS),),
        margins=(Margin(120, MANNERS),),
        phones=(PhoneKinds(("work", "reference", "guarantor", "family"), MANNERS),),
        disclosures=said(MANNERS, "ai", "identity", "recording"),
        debt_dates=(DebtDates(MANNERS),),
        callbacks=(Callback(lifts_frequency=True, source=MANNERS),),
    ),
)
