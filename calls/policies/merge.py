"""Several records → the strictest of all: one `Effective` policy.

Merging only tightens. Each limit that remains knows the record that it came from.
"""

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Generic, Literal, TypeVar

from calls.policies.records import (
    COMPANY,
    CONSENTS,
    DISPUTED,
    DRAFT,
    LAW,
    MINUTES_OF_A_DAY,
    CallerId,
    Cap,
    Consent,
    Cooldown,
    DebtDates,
    Disclosure,
    Gap,
    HolidayRule,
    Hours,
    Keeping,
    Margin,
    PhoneKinds,
    Record,
    Registry,
    to_json,
)

L = TypeVar("L")
Windows = tuple[tuple[int, int], ...]
ALL_DAY: Windows = ((0, MINUTES_OF_A_DAY * 60),)
SUNDAY, DAYS = 6, 7
# Of two equal limits the one that binds everybody is named.
RANK = {LAW: 0, DISPUTED: 1, DRAFT: 2, COMPANY: 3}


@dataclass(frozen=True, slots=True)
class Kept(Generic[L]):
    """A limit and the record (`Record.ref`) that it comes from. `lifted`: a due callback
    lifts it."""

    limit: L
    record: str
    lifted: bool = False


@dataclass(frozen=True, eq=False)
class Effective:
    """What holds for one country and use case. Equal if `key` is.

    `refusal`: why nobody may be called at all under it (unknown_policy, policy_draft);
    usually empty. All hours, caps, … hold at the same time.
    """

    key: str
    country: str
    ref: str  # of the record that it is known by, the country's own
    records: tuple[str, ...]
    refusal: str
    hours: tuple[Kept[Hours], ...] = ()
    holidays: tuple[Kept[HolidayRule], ...] = ()
    caps: tuple[Kept[Cap], ...] = ()
    cooldowns: tuple[Kept[Cooldown], ...] = ()
    gaps: tuple[Kept[Gap], ...] = ()
    margins: tuple[Kept[Margin], ...] = ()
    consents: tuple[Kept[Consent], ...] = ()
    registries: tuple[Kept[Registry], ...] = ()
    caller_ids: tuple[Kept[CallerId], ...] = ()
    phones: tuple[Kept[PhoneKinds], ...] = ()
    disclosures: tuple[Kept[Disclosure], ...] = ()
    debt_dates: tuple[Kept[DebtDates], ...] = ()
    keeping: tuple[Kept[Keeping], ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Effective) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @cached_property
    def minds_holidays(self) -> bool:
        return bool(self.holidays)

    @cached_property
    def margin_seconds(self) -> int:
        return max((kept.limit.seconds for kept in self.margins), default=0)

    def windows(self, weekday: int, *, holiday: bool = False) -> Windows:
        """When calls may start, (opens, closes) in seconds of the local day."""
        return self._windows[weekday + DAYS * holiday]

    @cached_property
    def _windows(self) -> tuple[Windows, ...]:
        plain = tuple(self._of_weekday(weekday) for weekday in range(DAYS))
        rules = {kept.limit.rule for kept in self.holidays}
        if "closed" in rules:
            return plain + ((),) * DAYS
        if "as_sunday" in rules:
            return plain + tuple(intersect(day, plain[SUNDAY]) for day in plain)
        return plain * 2

    def _of_weekday(self, weekday: int) -> Windows:
        left = ALL_DAY
        for kept in self.hours:
            if weekday in kept.limit.days:
                left = intersect(left, self.seconds_of(kept.limit))
        return left

    def seconds_of(self, hours: Hours) -> Windows:
        """An entry's windows, in seconds, a law's closing brought forward."""
        margin = 0 if hours.source.is_company else self.margin_seconds
        found = []
        for opens, closes in hours.windows:
            last = closes * 60 - (margin if closes < MINUTES_OF_A_DAY else 0)
            if last > opens * 60:
                found.append((opens * 60, last))
        return tuple(found)


def intersect(ones: Windows, others: Windows) -> Windows:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in ones for b in others)
    return tuple(sorted(window for window in both if window[0] < window[1]))


def strictest(
    records: Iterable[Record],
    *,
    rules: Literal["effective", "law"] = "effective",
    accept_drafts: bool = False,
) -> Effective:
    """What holds when all these records do, in any order.

    `law` leaves out every limit whose own source is not a law in force. Without a record
    of a country everything is refused; so it is with a draft, unless accepted. Raises
    ValueError for records of two countries.
    """
    own = sorted(set(records), key=_text)
    countries = {record.country for record in own if record.country}
    if len(countries) > 1:
        raise ValueError("records of two countries")
    refusal = "" if countries else "unknown_policy"
    if not refusal and not accept_drafts and any(r.status == "draft" for r in own):
        refusal = "policy_draft"
    limits = {
        name: _reduced(_kept(own, name, rules), group, strictness)
        for name, (group, strictness) in ORDERS.items()
    }
    refs = tuple(record.ref for record in own)
    key = f"{rules}|{refusal}|{refs}|{limits}"
    return Effective(key, "".join(countries), _main(own), refs, refusal, **limits)


def _main(records: list[Record]) -> str:
    """The country's own record, else the first of it."""
    own = [record for record in records if record.country] or records
    own.sort(key=lambda r: (bool(r.layer), bool(r.subdivision), r.ref))
    return own[0].ref if own else ""


def _kept(records: list[Record], name: str, rules: str) -> list[Kept[Any]]:
    found = []
    for record in records:
        callbacks = _of_rules(record.callbacks, rules)
        lifts = bool(callbacks) and all(each.lifts_frequency for each in callbacks)
        for limit in _of_rules(getattr(record, name), rules):
            if getattr(limit, "reading", "") in ("", record.reading):
                lifted = lifts and _is_frequency(limit)
                found += [Kept(part, record.ref, lifted) for part in _parts(limit)]
    return found


def _parts(limit: Any) -> list[Any]:
    """Each kind of phone by itself, so that two lists of them can be compared."""
    if isinstance(limit, PhoneKinds):
        return [PhoneKinds((kind,), limit.source) for kind in limit.forbidden]
    return [limit]


def _of_rules(limits: tuple[Any, ...], rules: str) -> list[Any]:
    return [
        each for each in limits if rules == "effective" or each.source.status == LAW
    ]


def _is_frequency(limit: Any) -> bool:
    if isinstance(limit, Cooldown):
        return limit.frequency
    return isinstance(limit, Cap | Gap)


Order = tuple[Callable[[Kept[Any]], Hashable], Callable[[Any], int]]
# Of the limits of one group only the one with the least strictness number remains.
ORDERS: dict[str, Order] = {
    "hours": (lambda kept: (kept.limit.days, kept.limit.windows), lambda _: 0),
    "holidays": (lambda kept: kept.limit.rule, lambda _: 0),
    "caps": (
        lambda kept: (
            kept.limit.count,
            kept.limit.window,
            kept.limit.length,
            kept.limit.key,
            kept.lifted,
        ),
        lambda cap: cap.most,
    ),
    "cooldowns": (
        lambda kept: (kept.limit.after, kept.limit.window, kept.limit.key, kept.lifted),
        lambda cooldown: -cooldown.length,
    ),
    "gaps": (lambda kept: kept.lifted, lambda gap: -gap.minutes),
    "margins": (lambda _: None, lambda margin: -margin.seconds),
    "consents": (
        lambda kept: kept.limit.required,
        lambda consent: consent.max_age_days or 10**9,
    ),
    "registries": (
        lambda kept: (kept.limit.name, kept.limit.unless_consent),
        lambda registry: registry.max_age_days,
    ),
    "caller_ids": (
        lambda kept: (kept.limit.allowed_prefixes, kept.limit.forbidden_types),
        lambda _: 0,
    ),
    "phones": (lambda kept: kept.limit.forbidden, lambda _: 0),
    "disclosures": (lambda kept: (kept.limit.code, kept.limit.when), lambda _: 0),
    "debt_dates": (lambda _: None, lambda _: 0),
    "keeping": (lambda _: None, lambda keeping: -keeping.days),
}


def _reduced(
    kept: list[Kept[Any]],
    group: Callable[[Kept[Any]], Hashable],
    strictness: Callable[[Any], int],
) -> tuple[Kept[Any], ...]:
    def order(each: Kept[Any]) -> tuple[Any, ...]:
        source = each.limit.source
        return (strictness(each.limit), RANK[source.status], each.record, repr(each))

    best: dict[Hashable, Kept[Any]] = {}
    for each in sorted((k for k in kept if not _is_void(k.limit)), key=order):
        best.setdefault(group(each), each)
    return tuple(
        sorted(
            best.values(),
            key=lambda each: (RANK[each.limit.source.status], each.record, repr(each)),
        )
    )


def _is_void(limit: Any) -> bool:
    if isinstance(limit, HolidayRule):
        return limit.rule == "none"
    return isinstance(limit, Consent) and limit.required == CONSENTS[0]


def _text(record: Record) -> str:
    return json.dumps(to_json(record), sort_keys=True)


def is_looser(before: Effective, after: Effective) -> list[str]:
    """Codes of what `after` would allow and `before` does not; empty if it only
    tightens. A layer that loosens needs a person's permission and reason."""
    found = [code for code, names in _SIMPLE.items() if _lost(before, after, names)]
    if before.refusal and not after.refusal:
        found.append(before.refusal)
    if _opens_more(before, after):
        found.append("hours")
    for name in ("caps", "cooldowns", "gaps"):
        for kept in getattr(before, name):
            if not any(_covers(other, kept, name) for other in getattr(after, name)):
                found.append(getattr(kept.limit, "code", "gap"))
    return sorted(set(found))


_SIMPLE = {
    "margin": ("margins",),
    "consent": ("consents",),
    "registry": ("registries",),
    "caller_id": ("caller_ids",),
    "phone_kinds": ("phones",),
    "disclosures": ("disclosures",),
    "debt_dates": ("debt_dates",),
    "keeping": ("keeping",),
}


def _lost(before: Effective, after: Effective, names: tuple[str, ...]) -> bool:
    return any(
        not any(_covers(other, kept, name) for other in getattr(after, name))
        for name in names
        for kept in getattr(before, name)
    )


def _covers(new: Kept[Any], old: Kept[Any], name: str) -> bool:
    """Whether `new` holds back all that `old` does (limits of one field)."""
    if new.lifted and not old.lifted:
        return False
    group, strictness = ORDERS[name]
    if strictness(new.limit) > strictness(old.limit):
        return False
    if name == "consents":
        levels = [CONSENTS.index(each.limit.required) for each in (new, old)]
        return levels[0] >= levels[1]
    return group(Kept(new.limit, new.record, old.lifted)) == group(old)


def _opens_more(before: Effective, after: Effective) -> bool:
    days = chain.from_iterable(((d, False), (d, True)) for d in range(DAYS))
    return any(
        intersect(
            after.windows(day, holiday=holiday), before.windows(day, holiday=holiday)
        )
        != after.windows(day, holiday=holiday)
        for day, holiday in days
    )
