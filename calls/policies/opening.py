"""Hours, weekdays and holidays: whether a moment is open wherever the person may be, and
when it next is. Moments are UTC seconds; windows are half open on the local clock.

On the day that the clock changes a window holds by what the clock shows: an hour that
does not exist opens nothing, one that comes twice is open (or closed) twice.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from calls.policies.decisions import Check
from calls.policies.holidays import HolidayTable
from calls.policies.merge import Effective

# No run of closed days is longer; beyond it there is no common window.
HORIZON_DAYS = 31
EPOCH = date(1970, 1, 1).toordinal()
DAY_SECONDS = 86400
Zones = tuple[str, ...]


class Where(NamedTuple):
    """What a moment's hours depend on. All of it is hashable: days are kept by it."""

    policy: Effective
    table: HolidayTable
    subdivisions: tuple[str, ...]


class Day(NamedTuple):
    """One local day. `objection`: why nothing is open on it. `spans`: UTC seconds."""

    objection: str
    spans: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1024)
def are_known(zones: Zones) -> bool:
    """Whether there is one at least, and all exist."""
    try:
        return bool([ZoneInfo(zone) for zone in zones])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def local(zone: str, moment: float) -> datetime:
    return datetime.fromtimestamp(moment, ZoneInfo(zone))


@lru_cache(maxsize=16384)
def segments(zone: str, ordinal: int) -> tuple[tuple[int, int, int], ...]:
    """The stretches of a local date with one offset: (from, to, offset), UTC seconds."""
    place, noon = ZoneInfo(zone), (ordinal - EPOCH) * DAY_SECONDS + DAY_SECONDS // 2
    # no zone is more than 15 hours from UTC
    edges = _changes(place, noon - 27 * 3600, noon + 27 * 3600)
    midnight, found = (ordinal - EPOCH) * DAY_SECONDS, []
    for start, end in pairwise(edges):
        offset = _offset(place, start)
        first = max(start, midnight - offset)
        last = min(end, midnight + DAY_SECONDS - offset)
        if first < last:
            found.append((first, last, offset))
    return tuple(found)


def _offset(place: ZoneInfo, moment: int) -> int:
    shift = datetime.fromtimestamp(moment, place).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0


def _changes(place: ZoneInfo, start: int, end: int) -> list[int]:
    """`start`, the moments between at which the offset changes, and `end`."""
    found = [start]
    for hour in range(start, end, 3600):
        if _offset(place, hour) != _offset(place, hour + 3600):
            low, high = hour, hour + 3600
            while high - low > 1:
                middle = (low + high) // 2
                same = _offset(place, middle) == _offset(place, hour)
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
    return [*found, end]


def start_of(zone: str, ordinal: int) -> int:
    """When a local date begins; the next one where it does not exist."""
    found = segments(zone, ordinal) or segments(zone, ordinal + 1)
    return found[0][0]


@lru_cache(maxsize=32768)
def day_of(where: Where, zone: str, ordinal: int) -> Day:
    policy, table, subdivisions = where
    day, holiday = date.fromordinal(ordinal), ""
    if policy.minds_holidays:
        if not table.is_known(policy.country, day.year):
            return Day("unknown_holidays", ())
        holiday = table.name(policy.country, subdivisions, day)
    if not policy.windows(day.weekday()):
        return Day("closed_weekday", ())
    windows = policy.windows(day.weekday(), holiday=bool(holiday))
    if not windows:
        return Day("holiday", ())
    midnight = (ordinal - EPOCH) * DAY_SECONDS
    spans = []
    for start, end, offset in segments(zone, ordinal):
        for opens, closes in windows:
            first = max(start, midnight + opens - offset)
            last = min(end, midnight + closes - offset)
            if first < last:
                spans.append((first, last))
    return Day("", tuple(spans))


def objection(where: Where, zones: Zones, moment: float) -> tuple[str, str]:
    """Why somebody in these zones may not be called, and the zone; ("", "") if open."""
    for zone in zones:
        day = day_of(where, zone, local(zone, moment).toordinal())
        if day.objection:
            return day.objection, zone
        if not any(start <= moment < end for start, end in day.spans):
            return "outside_hours", zone
    return "", ""


def next_open(where: Where, zones: Zones, moment: float) -> float | None:
    """The first moment from this one on that is open in every zone; None: not known.

    Each zone's next opening is a lower bound: go to the latest until all agree.
    """
    end = moment + HORIZON_DAYS * DAY_SECONDS
    while moment < end:
        latest = moment
        for zone in zones:
            opening = _opening(where, zone, moment)
            if opening is None:
                return None
            latest = max(latest, opening)
        if latest == moment:
            return moment
        moment = latest
    return None


def _opening(where: Where, zone: str, moment: float) -> float | None:
    today = local(zone, moment).toordinal()
    for ordinal in range(today, today + HORIZON_DAYS):
        day = day_of(where, zone, ordinal)
        if day.objection == "unknown_holidays":
            return None
        for start, end in day.spans:
            if moment < end:
                return max(start, moment)
    return None


def check(where: Where, zones: Zones, moment: float) -> Check | None:
    """The objection of hours to a moment, with the rule that binds."""
    code, zone = objection(where, zones, moment)
    if not code:
        return None
    opens = next_open(where, zones, moment)
    until = utc(opens) if opens is not None else None
    there = local(zone, moment)
    rule, source, windows = _binding(where, code, there)
    return Check("defer", code, until, rule, source, there, windows)


def _binding(
    where: Where, code: str, there: datetime
) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    """Record, source and windows of the entry that closes this local moment; a law goes
    before the company, as the entries are sorted."""
    policy = where.policy
    if code in ("holiday", "unknown_holidays"):
        kept = policy.holidays[0]
        return kept.record, kept.limit.source.text, ()
    second = (there.hour * 60 + there.minute) * 60 + there.second
    for kept in policy.hours:
        if there.weekday() not in kept.limit.days:
            continue
        windows = policy.seconds_of(kept.limit)
        if not any(opens <= second < closes for opens, closes in windows):
            return kept.record, kept.limit.source.text, kept.limit.windows
    return policy.ref, "", ()


def moment_of(at: datetime) -> float:
    """UTC seconds; ValueError for a moment without a zone, which could be any."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return at.timestamp()


def utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def next_day(zone: str, moment: float) -> int:
    """When the local day of a moment is over."""
    return start_of(zone, local(zone, moment).toordinal() + 1)


def next_week(zone: str, moment: float) -> int:
    """When the local week (from Monday) of a moment is over."""
    day = local(zone, moment)
    return start_of(zone, (day + timedelta(days=7 - day.weekday())).toordinal())
