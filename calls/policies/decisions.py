"""What `evaluate` is asked with, and what it answers. Plain data."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


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

    `channel`: call, visit, or a message (sms, mail, …). `outcome`: hang_up, declined,
    promise, dispute, optout, third_party, … A creditor, debts or a phone that are not
    known ("" and none) count as the ones asked about.
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
    """One objection. `until` (aware UTC): when it ends by itself; None: it does not, or
    nobody can say. `local` and `windows` are of hours alone: the moment where the person
    is, and what the rule allows that day, (opens, closes) in minutes."""

    decision: Literal["defer", "deny"]
    code: str
    until: datetime | None = None
    rule: str = ""
    source: str = ""
    local: datetime | None = None
    windows: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`next_allowed_at` (aware UTC, whole seconds) is only of a `defer`: the first
    moment that would be allowed if nothing else happened. None there: nothing to wait
    for, a person has to correct something. `rule` (record@version) and `source` (law
    and article, or company) are those of `code`. `checks`: all objections; the one that
    decides is the first of a `deny`, else the first.
    """

    decision: Literal["allow", "defer", "deny"]
    code: str
    next_allowed_at: datetime | None = None
    rule: str = ""
    source: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def deciding(self) -> Check | None:
        return next((check for check in self.checks if check.code == self.code), None)
