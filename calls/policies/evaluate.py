"""May this person be called for this job, from this number, now? One pure function.

Plain data in, a decision out: no model, no input or output. Unknown is no.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from calls.policies.holidays import HolidayTable
from calls.policies.merge import Effective


@dataclass(frozen=True, slots=True)
class Person:
    """Who would be called, and on which of their phones.

    `phone_kind`: mobile, landline, work, reference, family … `region`: a subdivision
    (ISO 3166-2 without the country) or the name of one. `default_zone`: the account's,
    for phones without a place. `zones`: if known, they go before all that.
    """

    person_key: str
    phone_key: str
    phone: str  # E.164
    phone_kind: str = ""
    region: str = ""
    default_zone: str = ""
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What the call is about. `limit_dates`: of its debts. `consent`: one of
    `records.CONSENTS`, given at `consent_at`. `callback_at`: asked for by the person."""

    creditor: str = ""
    debt_keys: tuple[str, ...] = ()
    limit_dates: tuple[date, ...] = ()
    consent: str = "none"
    consent_at: datetime | None = None
    callback_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """What was done before: one row of the ledger.

    `kind`: attempt, rang, conversation. `channel`: call, visit, or a message (sms,
    mail, …). `outcome`: hang_up, declined, promise, dispute, optout, third_party, … A
    creditor or debts that are not known ("" and none) count for all.
    """

    at: datetime
    kind: Literal["attempt", "rang", "conversation"]
    person_key: str
    phone_key: str = ""
    channel: str = "call"
    creditor: str = ""
    debt_keys: tuple[str, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class RegistryLook:
    """What a public registry said of the phone, and when it was asked."""

    asked_at: datetime
    listed: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One objection: `until` is when it ends by itself (None: it does not)."""

    decision: Literal["defer", "deny"]
    code: str
    until: datetime | None = None
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`next_allowed_at` (aware UTC, whole seconds) is only of a `defer`: the first
    moment that would be allowed if nothing else happened. None there: nothing to wait
    for, a person has to correct something. `rule` (record@version) and `source` (law
    and article, or company) are those of `code`; `checks`, all objections in order.
    """

    decision: Literal["allow", "defer", "deny"]
    code: str
    next_allowed_at: datetime | None = None
    rule: str = ""
    source: str = ""
    checks: tuple[Check, ...] = field(default=())


def evaluate(
    person: Person,
    job: Job,
    from_number: str,
    now: datetime,
    ledger: Sequence[Contact],
    *,
    policy: Effective,
    holidays: HolidayTable,
    registries: Mapping[str, RegistryLook] | None = None,
    lift_hours: bool = False,
) -> Decision:
    """The decision for one call at `now` (aware).

    `ledger`: what is known of this person and of this phone, of all creditors, in any
    order. `lift_hours` lifts hours, weekdays and holidays (the sandbox), nothing else.
    """
    raise NotImplementedError
