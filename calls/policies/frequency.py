"""How often: until when past contacts keep a person from being called.

Each cap, waiting time and gap comes down to one moment, since the ledger only shrinks
out of a window as time goes by: before it no call, from it on this limit is silent.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, NamedTuple

from calls.policies import opening
from calls.policies.decisions import Contact, Job, Person
from calls.policies.merge import Effective, Kept
from calls.policies.records import Cap, Cooldown

VOICE = ("call", "visit")
MESSAGE = -1
RANKS = {"any_channel": MESSAGE, "attempt": 0, "rang": 1, "conversation": 2}
SECONDS = {"rolling_days": 86400, "rolling_hours": 3600}
# A calendar day or week that an older contact fell in is over, whatever the clock did.
CALENDAR = {
    "calendar_day": (opening.next_day, 2 * 86400),
    "calendar_week": (opening.next_week, 9 * 86400),
}


class Hold(NamedTuple):
    """No call before `until` (UTC seconds; inf: ever). `lifted`: a due callback may."""

    until: float
    code: str
    kept: Kept[Any]


class Asked(NamedTuple):
    """For whom the ledger is looked at, in which zones their days are, and when."""

    person: Person
    job: Job
    zones: tuple[str, ...]
    at: float


class Seen(NamedTuple):
    """A contact, as it concerns the one who is asked for. The fields from `person` on
    bear the names of the limits' keys."""

    at: float
    rank: int
    outcome: str
    debts: tuple[str, ...]
    person: bool
    phone: bool
    other_phone: bool
    person_creditor: bool
    debt: bool


FIELDS = {name: place for place, name in enumerate(Seen._fields)}


def holds(policy: Effective, asked: Asked, ledger: Sequence[Contact]) -> list[Hold]:
    """The holds that these contacts put on the person; some may be over."""
    if not ledger:
        return []
    seen = sorted(_seen(contact, asked) for contact in ledger)
    found: list[Hold] = []
    for cap in policy.caps:
        found += _of_cap(cap, asked, seen)
    outcomes = {contact.outcome for contact in seen} | {"conversation"}
    for cooldown in policy.cooldowns:
        if cooldown.limit.after in outcomes:
            found += _of_cooldown(cooldown, asked, seen)
    for gap in policy.gaps:
        at = _latest(seen, lambda one: one.other_phone and one.rank > MESSAGE)
        if at is not None:
            found.append(Hold(at + gap.limit.minutes * 60, "gap_between_phones", gap))
    return found


def _seen(contact: Contact, asked: Asked) -> Seen:
    person, job = asked.person, asked.job
    same_person = contact.person_key == person.person_key
    same_phone = contact.phone_key == person.phone_key
    creditor, debts = contact.creditor, contact.debt_keys
    return Seen(
        opening.moment_of(contact.at),
        RANKS[contact.kind] if contact.channel in VOICE else MESSAGE,
        contact.outcome,
        debts,
        same_person,
        same_phone,
        same_person and not same_phone,
        same_person and (not creditor or not job.creditor or creditor == job.creditor),
        same_person and (not debts or any(debt in job.debt_keys for debt in debts)),
    )


def _of_cap(kept: Kept[Cap], asked: Asked, seen: list[Seen]) -> Iterator[Hold]:
    cap = kept.limit
    key, rank = FIELDS[cap.key], RANKS[cap.count]
    counted = [one for one in seen if one[key] and one.rank >= rank]
    groups = [counted]
    if cap.key == "debt":
        debts = asked.job.debt_keys
        groups = [[c for c in counted if not c.debts or d in c.debts] for d in debts]
    for group in groups:
        if len(group) >= cap.most:
            until = _until(cap, [one.at for one in group], asked)
            if until is not None:
                yield Hold(until, cap.code, kept)


def _until(cap: Cap, moments: list[float], asked: Asked) -> float | None:
    """When the contacts of a window (sorted) are fewer than the cap again."""
    if cap.window in SECONDS:
        # the window is left by the `most`-th contact from the end
        return moments[-cap.most] + cap.length * SECONDS[cap.window]
    end_of, longest = CALENDAR[cap.window]
    recent = [at for at in moments if at > asked.at - longest]
    ends: list[int] = []
    for zone in asked.zones if len(recent) >= cap.most else ():
        of_zone = [end_of(zone, at) for at in recent]
        ends += [end for end in set(of_zone) if of_zone.count(end) >= cap.most]
    return max(ends, default=None)


def _of_cooldown(
    kept: Kept[Cooldown], asked: Asked, seen: list[Seen]
) -> Iterator[Hold]:
    cooldown = kept.limit
    key, after = FIELDS[cooldown.key], cooldown.after
    rank = RANKS["conversation"]
    if after == "conversation":
        at = _latest(seen, lambda one: one[key] and one.rank >= rank)
    else:
        at = _latest(seen, lambda one: one[key] and one.outcome == after)
    if at is not None:
        yield Hold(_end(cooldown, at, asked.zones), cooldown.code, kept)


def _end(cooldown: Cooldown, at: float, zones: tuple[str, ...]) -> float:
    if cooldown.window == "forever":
        return inf
    if cooldown.window in SECONDS:
        return at + cooldown.length * SECONDS[cooldown.window]
    end_of, ends = CALENDAR[cooldown.window][0], []
    for zone in zones:
        end = at
        for _ in range(cooldown.length):
            end = end_of(zone, end)
        ends.append(end)
    return max(ends)


def _latest(seen: list[Seen], which: Callable[[Seen], bool]) -> float | None:
    return next((one.at for one in reversed(seen) if which(one)), None)
