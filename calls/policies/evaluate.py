"""May this person be called for this job, from this number, now? One pure function.

Plain data in, a decision out: no model, no input or output. Unknown is no.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil, inf
from typing import NamedTuple

from calls.policies import opening
from calls.policies.decisions import (
    Check,
    Contact,
    Decision,
    Job,
    Person,
    RegistryLook,
)
from calls.policies.frequency import VOICE, Asked, Hold, holds
from calls.policies.holidays import HolidayTable
from calls.policies.merge import Effective, Kept
from calls.policies.opening import Where, moment_of
from calls.policies.records import CONSENTS, CallerId
from calls.policies.zones import Place, number_kinds, place_of

__all__ = ["Check", "Contact", "Decision", "Job", "Person", "RegistryLook"]
__all__ += ["evaluate", "hours_at"]
Looks = Mapping[str, RegistryLook]


class Call(NamedTuple):
    """What is asked, together."""

    person: Person
    job: Job
    from_number: str
    at: float
    place: Place
    policy: Effective
    looks: Looks


class Bounds(NamedTuple):
    """Before `end` everything that goes stale is still fresh; the callback that was
    asked for lifts what it lifts in [`due`, `due_end`)."""

    end: float
    due: float
    due_end: float

    def is_due(self, moment: float) -> bool:
        return self.due <= moment < self.due_end


def evaluate(
    person: Person,
    job: Job,
    from_number: str,
    now: datetime,
    ledger: Sequence[Contact],
    *,
    policy: Effective,
    holidays: HolidayTable,
    registries: Looks | None = None,
    lift_hours: bool = False,
) -> Decision:
    """The decision for one call at `now` (aware).

    `ledger`: what is known of this person and of this phone, of all creditors, in any
    order. `registries`: by name. `lift_hours` lifts hours, weekdays and holidays (the
    sandbox), nothing else.
    """
    place = place_of(
        person.phone, policy.country, region=person.region, default=person.default_zone
    )
    place = Place(person.zones or place.zones, place.subdivisions)
    at = moment_of(now)
    if lacking := _lacking(policy, place.zones):
        return lacking
    call = Call(person, job, from_number, at, place, policy, registries or {})
    where = Where(policy, holidays, place.subdivisions)
    bounds = _bounds(call, ledger)
    fixed = list(_fixed(call))
    held = holds(policy, Asked(person, job, place.zones, at), ledger)
    hours = None if lift_hours else opening.check(where, place.zones, at)
    checks = (*fixed, *([hours] if hours else ()), *_holding(held, at, bounds))
    if not checks:
        return _allowed(policy, lift_hours=lift_hours)
    return _objecting(
        checks,
        None if fixed else _next(call, where, held, bounds, lift_hours=lift_hours),
    )


def hours_at(
    policy: Effective,
    zones: tuple[str, ...],
    at: datetime,
    holidays: HolidayTable,
    *,
    subdivisions: tuple[str, ...] = (),
    lift_hours: bool = False,
) -> Decision:
    """What hours, weekdays and holidays alone say of somebody in these zones.

    Raises ValueError for a moment without a zone, as `evaluate` does.
    """
    moment = moment_of(at)
    if lacking := _lacking(policy, zones):
        return lacking
    if lift_hours:
        return _allowed(policy, lift_hours=True)
    check = opening.check(Where(policy, holidays, subdivisions), zones, moment)
    if check is None:
        return _allowed(policy, lift_hours=False)
    return _objecting((check,), check.until)


def _lacking(policy: Effective, zones: tuple[str, ...]) -> Decision | None:
    """Without rules or zones nothing else can be said."""
    if policy.refusal:
        return _objecting((Check("deny", policy.refusal, None, policy.ref),), None)
    if not opening.are_known(zones):
        return _objecting((Check("defer", "unknown_zone", None, policy.ref),), None)
    return None


def _allowed(policy: Effective, *, lift_hours: bool) -> Decision:
    return Decision(
        "allow", "hours_lifted" if lift_hours else "in_hours", rule=policy.ref
    )


def _objecting(checks: tuple[Check, ...], following: datetime | None) -> Decision:
    decisive = next((c for c in checks if c.decision == "deny"), checks[0])
    later = following if decisive.decision == "defer" else None
    return Decision(
        decisive.decision, decisive.code, later, decisive.rule, decisive.source, checks
    )


def _check(
    decision: str, code: str, kept: Kept, until: datetime | None = None
) -> Check:
    return Check(decision, code, until, kept.record, kept.limit.source.text)


# --- what does not pass by itself


def _fixed(call: Call) -> Iterator[Check]:
    yield from _phone_and_consent(call)
    yield from _registries(call)
    for kept in call.policy.debt_dates:
        if call.at >= _end_of_debts(call):
            yield _check("deny", "debt_date_past", kept)
    for kept in call.policy.caller_ids:
        if not _may_be_shown(call.from_number, kept.limit):
            yield _check("defer", "caller_id_not_allowed", kept)


def _may_be_shown(number: str, rule: CallerId) -> bool:
    if not number or _is_one_of(number, rule.forbidden_types):
        return False
    return not rule.allowed_prefixes or number.startswith(rule.allowed_prefixes)


def _is_one_of(number: str, kinds: tuple[str, ...]) -> bool:
    # a number that is no number may be of any kind
    forbidden = {*kinds, "other"}
    return bool(kinds) and not forbidden.isdisjoint(number_kinds(number))


def _phone_and_consent(call: Call) -> Iterator[Check]:
    for kept in call.policy.phones:
        if call.person.phone_kind in kept.limit.forbidden:
            yield _check("deny", "phone_kind_forbidden", kept)
    for kept in call.policy.consents:
        if not _has(call.job.consent, kept.limit.required):
            yield _check("deny", "no_consent", kept)
        elif call.at >= _consent_end(call.job, kept.limit.max_age_days):
            yield _check("deny", "consent_expired", kept)


def _has(consent: str, required: str) -> bool:
    return consent in CONSENTS and CONSENTS.index(consent) >= CONSENTS.index(required)


def _consent_end(job: Job, max_age_days: int) -> float:
    if not max_age_days:
        return inf
    given = job.consent_at
    return moment_of(given + timedelta(days=max_age_days)) if given else -inf


def _registries(call: Call) -> Iterator[Check]:
    for kept in _registries_asked(call):
        rule = kept.limit
        look = call.looks.get(rule.name)
        if look is None:
            yield _check("defer", "registry_not_asked", kept)
        elif look.listed:
            yield _check("deny", "on_registry", kept)
        elif call.at >= _registry_end(look, rule.max_age_days):
            yield _check("defer", "registry_stale", kept)


def _registries_asked(call: Call) -> list[Kept]:
    """Those that the person's consent does not go before."""
    return [
        kept
        for kept in call.policy.registries
        if not kept.limit.unless_consent
        or not _has(call.job.consent, kept.limit.unless_consent)
    ]


def _registry_end(look: RegistryLook, max_age_days: int) -> float:
    return moment_of(look.asked_at + timedelta(days=max_age_days))


def _end_of_debts(call: Call) -> float:
    """When, where the person may be, a debt's limit date is first over."""
    days = call.job.limit_dates
    if not days or not call.policy.debt_dates:
        return inf
    after = min(days).toordinal() + 1
    return min(opening.start_of(zone, after) for zone in call.place.zones)


# --- what passes


def _bounds(call: Call, ledger: Sequence[Contact]) -> Bounds:
    due, due_end = _callback(call, ledger)
    ends = [_end_of_debts(call)]
    for kept in call.policy.consents:
        ends.append(_consent_end(call.job, kept.limit.max_age_days))
    for kept in _registries_asked(call):
        if look := call.looks.get(kept.limit.name):
            ends.append(_registry_end(look, kept.limit.max_age_days))
    return Bounds(min(ends), due, due_end)


def _callback(call: Call, ledger: Sequence[Contact]) -> tuple[float, float]:
    """From when to when a callback lifts frequency: the rest of its local day, until a
    call was made for it."""
    at = call.job.callback_at
    if at is None:
        return inf, inf
    made = any(
        contact.person_key == call.person.person_key
        and contact.channel in VOICE
        and contact.at >= at
        for contact in ledger
    )
    due = moment_of(at)
    return (
        (inf, inf)
        if made
        else (due, min(opening.next_day(zone, due) for zone in call.place.zones))
    )


def _holding(held: list[Hold], at: float, bounds: Bounds) -> Iterator[Check]:
    """The limits that hold now; the longest first."""
    for hold in sorted(held, key=lambda hold: (-hold.until, hold.code)):
        if hold.until <= at or (hold.kept.lifted and bounds.is_due(at)):
            continue
        if hold.until == inf:
            yield _check("deny", hold.code, hold.kept)
        else:
            yield _check("defer", hold.code, hold.kept, opening.utc(ceil(hold.until)))


def _next(
    call: Call, where: Where, held: list[Hold], bounds: Bounds, *, lift_hours: bool
) -> datetime | None:
    """The first whole second that everything would allow, or None.

    Either all limits are over by then, or the callback is due and lifts some.
    """

    def opens(*after: float) -> float:
        start = max(call.at, *after)
        if start == inf:
            return inf
        found = ceil(start)
        if not lift_hours:
            later = opening.next_open(where, call.place.zones, found)
            found = inf if later is None else later
        return found

    hard = max((hold.until for hold in held if not hold.kept.lifted), default=0)
    soft = max((hold.until for hold in held if hold.kept.lifted), default=0)
    found = opens(hard, soft)
    called_back = opens(hard, bounds.due)
    if bounds.is_due(called_back):
        found = min(found, called_back)
    return opening.utc(found) if found < bounds.end else None
