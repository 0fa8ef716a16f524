"""Calling hours and holidays, as data, and one pure function that applies them.

Hours are the called person's local time, half open: 19:29:59 is inside a window that
ends at 19:30, 19:30:00 is not. Where a person may be in several zones, all of them
must be open. Unknown is no: a country, use case, zone or holiday year that is not
known here defers or denies.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Window = tuple[time, time]
MONDAY_TO_FRIDAY, SATURDAY, SUNDAY = range(5), 5, 6
# No run of closed days is longer; beyond it there is no common window.
HORIZON_DAYS = 31


@dataclass(frozen=True)
class HoursRule:
    """When people of one country may be called for one use case.

    `holiday_years`: those whose holidays were reviewed, in the pinned `holidays` and
    against the decrees. Outside of them every day is unknown.
    """

    id: str  # kept with decisions; a change of hours is a new id
    country: str
    weekdays: Window
    saturday: Window | None
    sunday: Window | None
    holiday_years: range
    source: str

    def window(self, weekday: int) -> Window | None:
        """Of a day of the week, Monday = 0; None is closed."""
        if weekday in MONDAY_TO_FRIDAY:
            return self.weekdays
        return self.saturday if weekday == SATURDAY else self.sunday


# The law narrowed by the manners of operations.md 3: first call 09:00, last 19:30,
# Saturday 10–14. Sunday and public holidays closed.
RULES: dict[tuple[str, str], HoursRule] = {
    ("CL", "debt_collection"): HoursRule(
        "CL/debt_collection/1",
        "CL",
        weekdays=(time(9), time(19, 30)),
        saturday=(time(10), time(14)),
        sunday=None,
        holiday_years=range(2025, 2028),
        source="Ley 19.496 art. 37: Monday to Saturday 08–20, no holidays",
    ),
    # What a decree adds or moves later is given as `closed_days`.
    ("AR", "debt_collection"): HoursRule(
        "AR/debt_collection/1",
        "AR",
        weekdays=(time(9), time(19, 30)),
        saturday=(time(10), time(13)),
        sunday=None,
        holiday_years=range(2025, 2028),
        source="Company default: Monday to Friday 09–20, Saturday 09–13",
    ),
}

SANTIAGO = ("America/Santiago",)
# Zones of the numbers that have a place. `phonenumbers` cannot tell them: it gives
# Santiago to all of +56. Easter Island shares two ranges with Valparaíso, so both count.
ZONES_BY_PREFIX: dict[str, tuple[str, ...]] = {
    "+562": SANTIAGO,
    "+563": SANTIAGO,
    "+5632210": ("America/Santiago", "Pacific/Easter"),
    "+5632255": ("America/Santiago", "Pacific/Easter"),
    "+5641": SANTIAGO,
    "+5642": SANTIAGO,
    "+5643": SANTIAGO,
    "+5645": SANTIAGO,
    "+565": SANTIAGO,
    "+5661": ("America/Punta_Arenas",),
    "+5663": SANTIAGO,
    "+5664": SANTIAGO,
    "+5665": SANTIAGO,
    "+5667": ("America/Coyhaique",),
    "+567": SANTIAGO,
    # every province of Argentina keeps the same time
    "+54": ("America/Argentina/Buenos_Aires",),
}
LONGEST_PREFIX = max(map(len, ZONES_BY_PREFIX))
CALLING_CODES = {"CL": "+56", "AR": "+54"}

DECISION_LABELS: dict[str, str | Promise] = {
    "in_hours": _("Inside calling hours"),
    "hours_lifted": _("Calling hours are lifted in the sandbox"),
    "outside_hours": _("Outside calling hours"),
    "closed_weekday": _("No calls on this day of the week"),
    "holiday": _("Holiday"),
    "closed_day": _("Closed day"),
    "unknown_zone": _("The person's time zone is not known"),
    "unknown_holidays": _("The holidays of this year are not known"),
    "unknown_policy": _("No calling rules for this country and use case"),
}


@dataclass(frozen=True)
class Decision:
    """Whether a call may be made. `next_allowed_at` (aware UTC) is only of a `defer`;
    None there: nothing to wait for, a person has to correct something."""

    decision: Literal["allow", "defer", "deny"]
    code: str
    next_allowed_at: datetime | None = None
    rule: str = ""


def zones_of(e164: str, country: str, *, default: str) -> tuple[str, ...]:
    """The IANA zones in which the owner of a phone may be.

    `default`, the account's zone, serves the country's numbers without a place:
    mobiles and non-geographic ones. Empty for a number of another country, whose law
    is not `country`'s.
    """
    code = CALLING_CODES.get(country)
    if code is None or not e164.startswith(code):
        return ()
    for length in range(LONGEST_PREFIX, len(code) - 1, -1):
        if zones := ZONES_BY_PREFIX.get(e164[:length]):
            return zones
    return (default,)


def allowed_at(
    country: str,
    use_case: str,
    zones: tuple[str, ...],
    at: datetime,
    *,
    closed_days: Container[date] = (),
    open_all: bool = False,
) -> Decision:
    """Whether somebody in these zones may be called at a moment (aware).

    `closed_days`: further closed dates, local to the person. `open_all` lifts hours,
    weekdays and holidays, nothing else. Raises ValueError for a moment without zone.
    """
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    rule = RULES.get((country, use_case))
    if rule is None:
        return Decision("deny", "unknown_policy")
    places = _places(zones)
    if not places:
        return Decision("defer", "unknown_zone", rule=rule.id)
    if open_all:
        return Decision("allow", "hours_lifted", rule=rule.id)
    for place in places:
        objection = _objection(rule, at.astimezone(place), closed_days)
        if objection:
            following = _next_common_opening(rule, places, at, closed_days)
            return Decision("defer", objection, following, rule.id)
    return Decision("allow", "in_hours", rule=rule.id)


def _places(zones: tuple[str, ...]) -> list[ZoneInfo]:
    """Empty when any of them is unknown."""
    try:
        return [ZoneInfo(zone) for zone in zones]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return []


def _objection(
    rule: HoursRule, local: datetime, closed_days: Container[date]
) -> str | None:
    if closed := _day_objection(rule, local.date(), closed_days):
        return closed
    window = rule.window(local.weekday())
    if window and window[0] <= local.time() < window[1]:
        return None
    return "outside_hours"


def _day_objection(
    rule: HoursRule, day: date, closed_days: Container[date]
) -> str | None:
    if day.year not in rule.holiday_years:
        return "unknown_holidays"
    if rule.window(day.weekday()) is None:
        return "closed_weekday"
    if day in _holidays(rule.country, day.year):
        return "holiday"
    return "closed_day" if day in closed_days else None


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(
        holidays.country_holidays(
            country, years=year, expand=False, observed=True, categories="public"
        )
    )


def _next_common_opening(
    rule: HoursRule, places: list[ZoneInfo], at: datetime, closed_days: Container[date]
) -> datetime | None:
    """The first moment from `at` on that is open in every place (UTC).

    Each place's next opening is a lower bound: go to the latest until all agree.
    """
    moment, end = at.astimezone(UTC), at + timedelta(days=HORIZON_DAYS)
    while moment < end:
        openings = [_opening(rule, place, moment, closed_days) for place in places]
        known = [opening for opening in openings if opening is not None]
        if len(known) < len(openings):
            return None
        if max(known) == moment:
            return moment
        moment = max(known)
    return None


def _opening(
    rule: HoursRule, place: ZoneInfo, moment: datetime, closed_days: Container[date]
) -> datetime | None:
    """The first open moment of one place, `moment` itself included."""
    local = moment.astimezone(place)
    if _objection(rule, local, closed_days) is None:
        return moment
    for offset in range(HORIZON_DAYS):
        day = local.date() + timedelta(days=offset)
        objection = _day_objection(rule, day, closed_days)
        if objection == "unknown_holidays":
            return None
        window = rule.window(day.weekday())
        if objection is None and window:
            opens = datetime.combine(day, window[0], place).astimezone(UTC)
            if opens > moment:
                return opens
    return None
