"""A calling policy as data: who may be called, when and how often, and who says so.

One record is of a country (or everywhere), maybe a subdivision of it, a use case, maybe
a sector of the creditor. Every rule in it carries its own `Source`. Records only ever
tighten each other (`merge.py`), but for the sector: a record of the creditor's sector
stands in place of the one without.
"""

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from calls.policies.plain import (
    DAY,
    YES_NO,
    Kind,
    choice,
    from_plain,
    listed,
    number,
    of_kind,
    one,
    text,
    to_plain,
    wrong,
)

USE_CASES = (
    "debt_collection",
    "marketing",
    "appointment_reminder",
    "survey",
    "notification",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAW, DISPUTED, DRAFT, COMPANY = "law", "disputed", "draft", "company_default"
MINUTES_OF_A_DAY = 24 * 60
CODE = text(r"[a-z][a-z0-9_]{0,39}", "one_a_day")
KEYS = ("person", "debt", "phone", "person_creditor")
CONSENTS = (
    "none",
    "prior",
    "prior_express",
    "prior_written",
)  # each more than the last


@dataclass(frozen=True)
class Source:
    """Who says a rule: a law and its article, or the company.

    `status`: law; company_default (our own manners); disputed (a law whose meaning is);
    draft (not in force yet). `pending_counsel`: the customer's lawyer has not confirmed.
    """

    text: str = of_kind(text(r"(?s).+", "Ley 19.496 art. 37"))
    status: str = of_kind(choice(LAW, COMPANY, DISPUTED, DRAFT))
    reviewed_on: date | None = of_kind(DAY, None)
    pending_counsel: bool = of_kind(YES_NO, False)  # noqa: FBT003

    @property
    def is_company(self) -> bool:
        return self.status == COMPANY


SOURCE = one(Source)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _read_clock(value: Any, where: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value, re.ASCII):
        hour, minute = int(value[:2]), int(value[3:])
        if minute < 60 and hour * 60 + minute <= MINUTES_OF_A_DAY:
            return hour * 60 + minute
    raise wrong(where, _("a time such as 09:00 is expected."))


def _read_window(value: Any, where: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise wrong(where, _("an opening and a closing time are expected."))
    opens, closes = (_read_clock(item, where) for item in value)
    if opens >= closes:
        raise wrong(where, _("the closing time must come after the opening time."))
    return opens, closes


WINDOW = Kind(_read_window, lambda window: [_clock(minutes) for minutes in window])
_WEEKDAY = choice(*WEEKDAYS)
DAY_OF_WEEK = Kind(
    lambda value, where: WEEKDAYS.index(_WEEKDAY.read(value, where)),
    WEEKDAYS.__getitem__,
)


@dataclass(frozen=True)
class Hours:
    """On these days of the week (Monday = 0) calls may start inside these windows alone.

    A window is (opens, closes) in minutes of the person's local day, half open. No
    window: closed. A day that no entry names is not limited; several entries intersect.
    """

    days: tuple[int, ...] = of_kind(listed(DAY_OF_WEEK))
    windows: tuple[tuple[int, int], ...] = of_kind(listed(WINDOW))
    source: Source = of_kind(SOURCE)

    def fault(self) -> str:
        if not self.days or len(set(self.days)) < len(self.days):
            return _("each day of the week stands once, and one at least.")
        if any(a[1] > b[0] for a, b in pairwise(self.windows)):
            return _("the windows must be in order and apart from each other.")
        return ""


@dataclass(frozen=True)
class HolidayRule:
    """What a holiday is: nothing (`none`), `closed`, or like a Sunday (`as_sunday`)."""

    rule: str = of_kind(choice("none", "closed", "as_sunday"))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Cap:
    """At most so many contacts in a window of time.

    `count`: attempt (every dialed call), rang, conversation, or any_channel (messages
    too); each of the first three counts the later ones as well. `window` with `length`:
    a rolling number of days (of 24 h) or hours, or a calendar day or week (from Monday)
    of the person. `reading`: of those of a disputed law, which one this is; the record
    chooses.
    """

    code: str = of_kind(CODE)
    count: str = of_kind(choice("attempt", "rang", "conversation", "any_channel"))
    most: int = of_kind(number(1, 1000))
    window: str = of_kind(
        choice("rolling_days", "rolling_hours", "calendar_day", "calendar_week")
    )
    length: int = of_kind(number(1, 1000))
    key: str = of_kind(choice(*KEYS))
    source: Source = of_kind(SOURCE)
    reading: str = of_kind(choice("", "lenient", "strict"), "")

    def fault(self) -> str:
        if self.window.startswith("calendar") and self.length != 1:
            return _("the length of a calendar day or week is 1.")
        return ""


@dataclass(frozen=True)
class Cooldown:
    """No call for a while after something happened.

    `after`: `conversation`, or an outcome of the call. `window` with `length`: so many
    days or hours; until the local day or week after it ends; or forever. `key`: who
    waits; `other_phone` is the same person on any other phone. `frequency`: it only
    spaces calls, so a callback that the person asked for may lift it.
    """

    code: str = of_kind(CODE)
    after: str = of_kind(CODE)
    window: str = of_kind(
        choice(
            "rolling_days", "rolling_hours", "calendar_day", "calendar_week", "forever"
        )
    )
    length: int = of_kind(number(1, 3660))
    key: str = of_kind(choice(*KEYS, "other_phone"))
    source: Source = of_kind(SOURCE)
    frequency: bool = of_kind(YES_NO, False)  # noqa: FBT003


@dataclass(frozen=True)
class Gap:
    """Minutes between calls to two phones of one person."""

    minutes: int = of_kind(number(1, 60 * 24 * 31))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Margin:
    """A call must start so many seconds before a law's closing time, to ring out in time.

    The company's own last call (a window of `company_default`) is not moved by it.
    """

    seconds: int = of_kind(number(0, 3600))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Consent:
    """What the person must have agreed to, and for how many days that holds (0: ever)."""

    required: str = of_kind(choice(*CONSENTS))
    source: Source = of_kind(SOURCE)
    max_age_days: int = of_kind(number(0, 3660), 0)


@dataclass(frozen=True)
class Registry:
    """A public do-not-call registry that must have been asked in the last days.

    `unless_consent`: such a consent (or more) of the person goes before the registry.
    """

    name: str = of_kind(text(r".+", "No Llame"))
    max_age_days: int = of_kind(number(1, 366))
    source: Source = of_kind(SOURCE)
    unless_consent: str = of_kind(choice("", *CONSENTS[1:]), "")


@dataclass(frozen=True)
class CallerId:
    """What number may be shown: E.164 prefixes (none: any), and kinds that may not.

    Kinds: mobile, geographic, toll_free, premium, shared_cost, voip, other.
    """

    source: Source = of_kind(SOURCE)
    allowed_prefixes: tuple[str, ...] = of_kind(
        listed(text(r"\+\d{1,14}", "+56600")), ()
    )
    forbidden_types: tuple[str, ...] = of_kind(
        listed(
            choice(
                "mobile",
                "geographic",
                "toll_free",
                "premium",
                "shared_cost",
                "voip",
                "other",
            )
        ),
        (),
    )


@dataclass(frozen=True)
class PhoneKinds:
    """Kinds of the person's phones that are not called: work, reference, family …"""

    forbidden: tuple[str, ...] = of_kind(listed(CODE))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Disclosure:
    """What must be said, by its code."""

    code: str = of_kind(CODE)
    when: str = of_kind(choice("start", "end", "on_request"))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class DebtDates:
    """The limit date of a debt that is talked about must not be past."""

    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Callback:
    """Whether a callback that the person asked for, once due, lifts this record's caps,
    its gap and its cooldowns of frequency; never hours, holidays or anything else."""

    lifts_frequency: bool = of_kind(YES_NO)
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Keeping:
    """Days for which what was done must be kept."""

    days: int = of_kind(number(1, 36600))
    source: Source = of_kind(SOURCE)


@dataclass(frozen=True)
class Record:
    """One policy record. `country` "" is everywhere, `use_case` "" is every use case,
    `subdivision` "" (ISO 3166-2 without the country) and `sector` "" are all.

    `status`: a draft denies until somebody accepts it. `valid_to` is the last day.
    `reading`: which of its disputed readings holds. `layer`: of an account's or
    campaign's own rules, its id.
    """

    country: str = of_kind(text(r"|[A-Z]{2}", "CL"))
    use_case: str = of_kind(choice(*USE_CASES, ""))
    version: int = of_kind(number(1, 100000))
    status: str = of_kind(choice("active", "draft"))
    valid_from: date | None = of_kind(DAY)
    subdivision: str = of_kind(text(r"[A-Z0-9]{0,3}", "RM"), "")
    sector: str = of_kind(text(r"[a-z0-9_]{0,40}", "retail_financiero"), "")
    valid_to: date | None = of_kind(DAY, None)
    reading: str = of_kind(choice("lenient", "strict"), "lenient")
    hours: tuple[Hours, ...] = of_kind(listed(one(Hours)), ())
    holidays: tuple[HolidayRule, ...] = of_kind(listed(one(HolidayRule)), ())
    caps: tuple[Cap, ...] = of_kind(listed(one(Cap)), ())
    cooldowns: tuple[Cooldown, ...] = of_kind(listed(one(Cooldown)), ())
    gaps: tuple[Gap, ...] = of_kind(listed(one(Gap)), ())
    margins: tuple[Margin, ...] = of_kind(listed(one(Margin)), ())
    consents: tuple[Consent, ...] = of_kind(listed(one(Consent)), ())
    registries: tuple[Registry, ...] = of_kind(listed(one(Registry)), ())
    caller_ids: tuple[CallerId, ...] = of_kind(listed(one(CallerId)), ())
    phones: tuple[PhoneKinds, ...] = of_kind(listed(one(PhoneKinds)), ())
    disclosures: tuple[Disclosure, ...] = of_kind(listed(one(Disclosure)), ())
    debt_dates: tuple[DebtDates, ...] = of_kind(listed(one(DebtDates)), ())
    callbacks: tuple[Callback, ...] = of_kind(listed(one(Callback)), ())
    keeping: tuple[Keeping, ...] = of_kind(listed(one(Keeping)), ())
    notes: str = of_kind(text(), "")
    layer: str = of_kind(text(r"[0-9a-f]{0,24}", "6b09a1b2c3d4e5f6a7b8c9d0"), "")

    @property
    def ref(self) -> str:
        """Kept with decisions: `CL/debt_collection@1`, `BR-RJ/…`, `*/*@1`, of a layer
        `CL/debt_collection+ID@1`."""
        place = "-".join(filter(None, (self.country or "*", self.subdivision)))
        parts = (place, self.use_case or "*", self.sector)
        name = "/".join(filter(None, parts))
        return f"{name}{'+' if self.layer else ''}{self.layer}@{self.version}"

    def in_force(self, day: date) -> bool:
        """Whether `day` lies in its validity, both ends included."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def fault(self) -> str:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            return _("it would end before it begins.")
        if self.subdivision and not self.country:
            return _("a subdivision needs its country.")
        codes = [limit.code for limit in (*self.caps, *self.cooldowns)]
        if len(set(codes)) < len(codes):
            return _("each cap and each waiting time needs a code of its own.")
        return ""


def to_json(record: Record) -> dict[str, Any]:
    """Text, whole numbers, lists and dicts alone; `from_json` gives the record back."""
    return to_plain(record)


def from_json(value: Any) -> Record:
    """The record that an administrator wrote; RecordError says what is wrong with it."""
    return from_plain(Record, value)
