"""Short ways to write the tables of a country."""

from dataclasses import replace
from datetime import date
from typing import Any

from calls.policies.records import (
    COMPANY,
    DISPUTED,
    LAW,
    CallerId,
    Cap,
    Cooldown,
    Disclosure,
    HolidayRule,
    Hours,
    Record,
    Source,
)

REVIEWED_ON = date(2026, 11, 27)
VALID_FROM = date(2025, 1, 1)
MON_FRI = (0, 1, 2, 3, 4)
SAT, SUN = (5,), (6,)
WEEKEND = SAT + SUN
MON_SAT = MON_FRI + SAT
EVERY_DAY = MON_SAT + SUN


def law(text: str, *, pending: bool = False) -> Source:
    return Source(text, LAW, REVIEWED_ON, pending)


def company(text: str = "Norma de la empresa") -> Source:
    return Source(text, COMPANY, REVIEWED_ON)


def disputed(text: str) -> Source:
    return Source(text, DISPUTED, REVIEWED_ON, pending_counsel=True)


def hours(days: tuple[int, ...], opens: str, closes: str, source: Source) -> Hours:
    return Hours(days, ((_minutes(opens), _minutes(closes)),), source)


def closed(days: tuple[int, ...], source: Source) -> Hours:
    return Hours(days, (), source)


def no_holidays(source: Source) -> tuple[HolidayRule, ...]:
    return (HolidayRule("closed", source),)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def attempts_a_day(most: int, source: Source) -> Cap:
    return Cap("attempts_a_day", "attempt", most, "calendar_day", 1, "person", source)


def attempts_a_week(most: int, source: Source) -> Cap:
    return Cap(
        "attempts_a_week", "attempt", most, "rolling_days", 7, "person_creditor", source
    )


def after_conversation(
    days: int, source: Source, key: str = "person_creditor"
) -> Cooldown:
    return Cooldown(
        "after_conversation",
        "conversation",
        "rolling_days",
        days,
        key,
        source,
        frequency=True,
    )


def never_after(outcome: str, source: Source, key: str = "person") -> Cooldown:
    return Cooldown(f"never_after_{outcome}", outcome, "forever", 1, key, source)


def today_no_more_after(outcome: str, source: Source) -> Cooldown:
    code = f"not_today_after_{outcome}"
    return Cooldown(code, outcome, "calendar_day", 1, "person", source)


def said(source: Source, *codes: str, when: str = "start") -> tuple[Disclosure, ...]:
    return tuple(Disclosure(code, when, source) for code in codes)


def shown(source: Source, *prefixes: str) -> tuple[CallerId, ...]:
    return (CallerId(source, prefixes),)


def active(country: str, use_case: str, **limits: Any) -> Record:
    return Record(country, use_case, 1, "active", VALID_FROM, **limits)


def draft(country: str, use_case: str, **limits: Any) -> Record:
    """Denies until an administrator accepts it."""
    return replace(active(country, use_case, **limits), status="draft")


def courteous(record: Record, source: Source | None = None) -> Record:
    """The hours and frequency of calls that no statute of the country limits."""
    source = source or company()
    return replace(
        record,
        hours=record.hours
        or (
            hours(MON_FRI, "09:00", "20:00", source),
            hours(SAT, "10:00", "14:00", source),
            closed(SUN, source),
        ),
        holidays=record.holidays or no_holidays(source),
        caps=record.caps or (attempts_a_day(2, source), attempts_a_week(5, source)),
    )
