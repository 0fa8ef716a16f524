"""When a campaign would end: a simple estimate from its limits and recent calls.

Attempts needed (cases × expected attempts) are laid over the coming days: the open
hours of each, times the calls that its limits allow in them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from batches.models import Batch
from calls import pacing
from calls.asked import hours_are_lifted
from calls.models import Call
from calls.outcomes import OutcomeClass
from calls.policies import opening
from calls.policies.holidays import HolidayTable
from calls.policies.merge import Effective
from calls.policies.opening import Where
from calls.policy_words import attempts_within, days_for
from calls.states import CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

HORIZON_DAYS = 366
RECENT_CALLS = 500
ENOUGH_CALLS = 30  # below it the assumptions stand
ENDED = [CallStatus.ENDED, CallStatus.NOT_CONNECTED]
RINGING_SECONDS = 15  # before it is answered; Retell's duration leaves it out
ASSUMED_SECONDS = 60.0  # a call with its ringing, all outcomes together
ASSUMED_CONTACT_RATE = 0.25  # of attempts that need no further one


@dataclass(frozen=True)
class Pace:
    """What one call takes and brings. `measured`: from this account's own calls."""

    seconds: float
    contact_rate: float
    measured: int = 0

    def attempts(self, most: int) -> float:
        """Expected attempts at a case that gets at most so many."""
        return sum((1 - self.contact_rate) ** n for n in range(most))


@dataclass(frozen=True)
class Finish:
    """`day` None: not within a year."""

    day: date | None
    pace: Pace
    attempts: float  # expected at a case
    concurrency: int


def pace_of(account_id: Any) -> Pace:
    """From the account's last calls, or what is assumed."""
    found = list(
        collection(Call)
        .find(
            {"account_id": account_id, "status": {"$in": ENDED}},
            {"duration_ms": 1, "outcome": 1},
        )
        .sort("_id", -1)
        .limit(RECENT_CALLS)
    )
    if len(found) < ENOUGH_CALLS:
        return Pace(ASSUMED_SECONDS, ASSUMED_CONTACT_RATE)
    talked = sum(call["outcome"] == OutcomeClass.CONVERSATION for call in found)
    spoken = sum(call.get("duration_ms") or 0 for call in found) / 1000
    return Pace(spoken / len(found) + RINGING_SECONDS, talked / len(found), len(found))


def estimate(
    batch: Batch, cases: int, policy: Effective, table: HolidayTable
) -> Finish | None:
    """None: there is nothing to call, or no rule to call by."""
    if not cases or policy.refusal:
        return None
    pace = pace_of(batch.account_id)
    start = max(clock.now(), batch.starts_at or clock.now())
    zone = batch.account.time_zone
    most = attempts_within(policy, batch, HORIZON_DAYS)
    expected = pace.attempts(most)
    concurrency = _concurrency(batch)
    left = cases * expected
    where = Where(policy, table, ())
    first = opening.local(zone, start.timestamp()).toordinal()
    day = None
    for ordinal in range(first, first + HORIZON_DAYS):
        left -= _capacity(batch, where, zone, ordinal, start, pace, concurrency)
        if left <= 0:
            day = max(ordinal, first + days_for(policy, batch, most))
            break
    shown = None if day is None else _open_day(where, zone, day)
    return Finish(shown, pace, expected, concurrency)


def _concurrency(batch: Batch) -> int:
    limits = [batch.account.max_concurrent_calls, batch.max_concurrent_calls]
    limits.append(batch.number.max_concurrent_calls if batch.number else None)
    limits.append(pacing.workspace_limit())  # 0 while nobody has asked Retell
    return min(limit for limit in limits if limit)


def _capacity(
    batch: Batch,
    where: Where,
    zone: str,
    ordinal: int,
    start: datetime,
    pace: Pace,
    concurrency: int,
) -> float:
    """Calls that the limits allow on a local day."""
    begin, end = opening.start_of(zone, ordinal), opening.start_of(zone, ordinal + 1)
    spans = opening.day_of(where, zone, ordinal).spans
    if hours_are_lifted():
        spans = ((begin, end),)
    now = start.timestamp()
    seconds = sum(max(0, closes - max(opens, now)) for opens, closes in spans)
    a_second = concurrency / pace.seconds
    if batch.number:
        a_second = min(a_second, batch.number.calls_per_second)
    daily = [batch.account.max_calls_per_day]
    daily.append(batch.number.max_calls_per_day if batch.number else None)
    return min([seconds * a_second, *(limit for limit in daily if limit)])


def _open_day(where: Where, zone: str, ordinal: int) -> date:
    """That day, or the next one on which there are calls at all."""
    for day in range(ordinal, ordinal + opening.HORIZON_DAYS):
        if hours_are_lifted() or opening.day_of(where, zone, day).spans:
            return date.fromordinal(day)
    return date.fromordinal(ordinal)
