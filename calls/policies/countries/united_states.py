"""United States, draft (compliance.md 3.9): federal rules, and states' for marketing."""

from typing import Any

from calls.policies.countries.writing import (
    EVERY_DAY,
    MON_FRI,
    MON_SAT,
    SUN,
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
from calls.policies.records import (
    Cap,
    Consent,
    HolidayRule,
    Hours,
    Keeping,
    Record,
    Registry,
)

REG_F = law("Reg F, 12 CFR 1006", pending=True)
TCPA = law("TCPA, 47 CFR 64.1200", pending=True)
AI_VOICE = law("FCC 24-17: an AI voice is artificial", pending=True)
COMPANY = company()


def _state(
    state: str,
    opens: str,
    closes: str,
    days: tuple[int, ...] = EVERY_DAY,
    *,
    holidays: bool = False,
    most_a_day: int = 0,
) -> Record:
    """Marketing in a state: open on `days`; `holidays`: closed on them; at most so many
    calls in 24 hours (0: no cap)."""
    source = law(f"{state}: state telemarketing law", pending=True)
    own: list[Hours] = [hours(days, opens, closes, source)]
    if rest := tuple(day for day in EVERY_DAY if day not in days):
        own.append(closed(rest, source))
    closed_days: tuple[HolidayRule, ...] = no_holidays(source) if holidays else ()
    return _overlay(
        state, hours=tuple(own), holidays=closed_days, caps=_caps(most_a_day, source)
    )


def _caps(most: int, source: Any) -> tuple[Cap, ...]:
    if not most:
        return ()
    return (
        Cap(
            "attempts_in_24_hours",
            "attempt",
            most,
            "rolling_hours",
            24,
            "person_creditor",
            source,
        ),
    )


def _overlay(state: str, **limits: Any) -> Record:
    return draft("US", "marketing", subdivision=state, **limits)


_PENNSYLVANIA = law("PA: state telemarketing law", pending=True)
_MAINE = law("ME: state telemarketing law", pending=True)
_CALIFORNIA = law("California AB 2905", pending=True)
STATES = (
    _state("FL", "08:00", "20:00", most_a_day=3),
    _state("OK", "08:00", "20:00", most_a_day=3),
    _state("MD", "08:00", "20:00", most_a_day=3),
    _state("AL", "08:00", "20:00", MON_SAT, holidays=True),
    _state("LA", "08:00", "20:00", MON_SAT, holidays=True),
    _state("MS", "08:00", "20:00", MON_SAT),
    _state("MA", "08:00", "20:00"),
    _state("CT", "09:00", "20:00"),
    _state("KY", "10:00", "21:00"),
    _state("MI", "09:00", "21:00"),
    _state("MN", "09:00", "21:00"),
    _state("NM", "09:00", "21:00"),
    _state("NV", "09:00", "20:00"),
    _state("RI", "09:00", "18:00", MON_FRI),
    _overlay(
        "PA",
        hours=(
            hours(MON_SAT, "08:00", "21:00", _PENNSYLVANIA),
            hours(SUN, "12:00", "21:00", _PENNSYLVANIA),
        ),
    ),
    _overlay(
        "ME",
        caps=(
            Cap(
                "attempt_in_8_hours",
                "attempt",
                1,
                "rolling_hours",
                8,
                "person_creditor",
                _MAINE,
            ),
        ),
    ),
    _overlay("CA", disclosures=said(_CALIFORNIA, "ai")),
)

RECORDS = (
    draft(
        "US",
        "debt_collection",
        hours=(hours(EVERY_DAY, "08:00", "21:00", REG_F),),
        caps=(
            Cap(
                "attempts_a_week_per_debt",
                "attempt",
                7,
                "rolling_days",
                7,
                "debt",
                REG_F,
            ),
        ),
        cooldowns=(after_conversation(7, REG_F, key="debt"),),
        consents=(Consent("prior_express", AI_VOICE),),
        disclosures=said(REG_F, "mini_miranda", "identity"),
        keeping=(Keeping(1096, REG_F),),
    ),
    draft(
        "US",
        "marketing",
        hours=(hours(EVERY_DAY, "08:00", "21:00", TCPA),),
        caps=(attempts_a_day(1, COMPANY),),
        consents=(Consent("prior_written", AI_VOICE),),
        registries=(Registry("National Do Not Call", 31, TCPA),),
        disclosures=said(AI_VOICE, "identity", "callback_number", "optout_offer"),
        keeping=(Keeping(1827, TCPA),),
    ),
    *STATES,
    *(
        courteous(
            draft("US", use_case, consents=(Consent("prior_express", AI_VOICE),)),
            COMPANY,
        )
        for use_case in ("appointment_reminder", "notification", "survey")
    ),
)
