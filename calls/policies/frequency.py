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
KINDS = {"attempt": 0, "rang": 1, "conversation": 2}
SECONDS = {"rolling_days": 86400, "rolling_hours": 3600}


class Hold(NamedTuple):
    """No call before `until` (UTC seconds; inf: ever). `lifted`: a due callback may."""

    until: float
    code: str
    kept: Kept[Any]


class Asked(NamedTuple):
    """For whom the ledger is looked at, and in which zones their days are."""

    person: Person
    job: Job
    zones: tuple[str, ...]


Timed = tuple[float, Contact]


def holds(policy: Effective, asked: Asked, ledger: Sequence[Contact]) -> list[Hold]:
    """Every hold that these contacts put on the person, over or not."""
    if not ledger:
        return []
    timed = sorted(
        ((opening.moment_of(c.at), c) for c in ledger), key=lambda pair: pair[0]
    )
    found = []
    for kept in policy.caps:
        found += _of_cap(kept, asked, timed)
    for kept in policy.cooldowns:
        found += _of_cooldown(kept, asked, timed)
    for kept in policy.gaps:
        other = _latest(timed, _is_other_phone(asked.person))
        if other is not None:
            found.append(Hold(other + kept.limit.minutes * 60, "gap", kept))
    return found


def _of_cap(kept: Kept[Cap], asked: Asked, timed: list[Timed]) -> Iterator[Hold]:
    cap = kept.limit
    counted = [pair for pair in timed if _counts(cap.count, pair[1])]
    groups: list[Callable[[Contact], bool]] = [_concerns(cap.key, asked)]
    if cap.key == "debt":
        groups = [_concerns_debt(debt) for debt in asked.job.debt_keys]
    for concerns in groups:
        moments = [at for at, contact in counted if concerns(contact)]
        if len(moments) >= cap.most:
            until = _until(cap, moments, asked.zones)
            if until is not None:
                yield Hold(until, cap.code, kept)


def _until(cap: Cap, moments: list[float], zones: tuple[str, ...]) -> float | None:
    """When the contacts of a window (sorted) are fewer than the cap again."""
    if cap.window in SECONDS:
        # the window is left by the `most`-th contact from the end
        return moments[-cap.most] + cap.length * SECONDS[cap.window]
    end_of = opening.next_day if cap.window == "calendar_day" else opening.next_week
    ends: list[int] = []
    for zone in zones:
        of_zone = [end_of(zone, at) for at in moments]
        ends += [end for end in set(of_zone) if of_zone.count(end) >= cap.most]
    return max(ends, default=None)


def _of_cooldown(
    kept: Kept[Cooldown], asked: Asked, timed: list[Timed]
) -> Iterator[Hold]:
    cooldown = kept.limit
    concerns = _concerns(cooldown.key, asked)

    def follows(contact: Contact) -> bool:
        if not concerns(contact):
            return False
        if cooldown.after == "conversation":
            return _counts("conversation", contact)
        return contact.outcome == cooldown.after

    at = _latest(timed, follows)
    if at is not None:
        yield Hold(_end(cooldown, at, asked.zones), cooldown.code, kept)


def _end(cooldown: Cooldown, at: float, zones: tuple[str, ...]) -> float:
    if cooldown.window == "forever":
        return inf
    if cooldown.window in SECONDS:
        return at + cooldown.length * SECONDS[cooldown.window]
    end_of = (
        opening.next_day if cooldown.window == "calendar_day" else opening.next_week
    )
    ends = []
    for zone in zones:
        end = at
        for _ in range(cooldown.length):
            end = end_of(zone, end)
        ends.append(end)
    return max(ends)


def _latest(timed: list[Timed], which: Callable[[Contact], bool]) -> float | None:
    return next((at for at, contact in reversed(timed) if which(contact)), None)


def _counts(count: str, contact: Contact) -> bool:
    if count == "any_channel":
        return True
    return contact.channel in VOICE and KINDS[contact.kind] >= KINDS[count]


def _concerns(key: str, asked: Asked) -> Callable[[Contact], bool]:
    person, job = asked.person, asked.job
    if key == "phone":
        return lambda contact: contact.phone_key == person.phone_key
    if key == "other_phone":
        return _is_other_phone(person)
    if key == "person":
        return lambda contact: contact.person_key == person.person_key
    if key == "debt":
        debts = set(job.debt_keys)
        return lambda contact: (
            contact.person_key == person.person_key
            and (not contact.debt_keys or not debts.isdisjoint(contact.debt_keys))
        )
    return lambda contact: (
        contact.person_key == person.person_key
        and (contact.creditor in ("", job.creditor) or not job.creditor)
    )


def _concerns_debt(debt: str) -> Callable[[Contact], bool]:
    return lambda contact: not contact.debt_keys or debt in contact.debt_keys


def _is_other_phone(person: Person) -> Callable[[Contact], bool]:
    return lambda contact: (
        contact.person_key == person.person_key
        and contact.channel == "call"
        and contact.phone_key != person.phone_key
    )
