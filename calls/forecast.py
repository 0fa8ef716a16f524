"""What would become of a set of cases if they were called now: how many of them the
policies, the do-not-call list and the contact ledger let through, and why not the rest.

The gate itself is asked, case by case, but not about what passes with a start: the
campaign's status, its places, what is stopped.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from batches.models import Job
from batches.states import JobStatus
from calls.asked import JOB_FIELDS
from calls.blocks import TOLD, phones_in_turn
from calls.gate import Gate
from speechai_site.runtime.documents import collection

log = logging.getLogger(__name__)
Document = dict[str, Any]
CHUNK = 1_000  # cases that a gate is asked about at once
FIELDS = {**JOB_FIELDS, "status": 1, "status_reason": 1, "next_attempt_at": 1}
WAITING = (JobStatus.QUEUED, JobStatus.CLAIMED)

CALLABLE, BLOCKED, CAPPED, CLOSED_NOW = "callable", "do_not_call", "capped", "hours"
NO_PHONE, PHONE_KIND, NEVER, OTHER, OVER = "no_phone", "kind", "never", "other", "over"
# Decisions that are of a group of their own; a `defer` of any other is a cap or a
# waiting time if it ends by itself.
GROUPS = {
    "outside_hours": CLOSED_NOW,
    "closed_weekday": CLOSED_NOW,
    "holiday": CLOSED_NOW,
    "unknown_zone": "zone",
    "unknown_policy": "policy",
    "policy_draft": "draft",
    "unknown_holidays": "holidays",
    "phone_kind_forbidden": PHONE_KIND,
    "no_consent": "consent",
    "consent_expired": "consent",
    "registry_not_asked": "registry",
    "registry_stale": "registry",
    "on_registry": BLOCKED,
    "caller_id_not_allowed": "caller_id",
    "debt_date_past": "debt_date",
}


@dataclass
class Group:
    """Cases of one kind. `first`, `last`: when the first and the last of them may be
    called again; None where nobody can say."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, until: datetime | None) -> None:
        self.count += 1
        if until is not None:
            self.first = min(self.first or until, until)
            self.last = max(self.last or until, until)


@dataclass
class Forecast:
    """Every case is in exactly one group."""

    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups.values())

    def count(self, *names: str) -> int:
        return sum(self.groups[name].count for name in names if name in self.groups)

    @property
    def to_call(self) -> int:
        """Cases that are called now or that will be, as far as is known."""
        return self.count(CALLABLE, CLOSED_NOW, CAPPED)


def of(where: Document) -> Forecast:
    """Of the cases that match a filter, read in chunks."""
    forecast = Forecast()
    found = collection(Job).find(where, FIELDS, batch_size=CHUNK)
    for jobs in _chunks(found):
        for name, until in _answers(jobs):
            forecast.groups.setdefault(name, Group()).add(until)
    return forecast


def _chunks(found: Iterable[Document]) -> Iterator[list[Document]]:
    rows = iter(found)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _answers(jobs: list[Document]) -> Iterator[tuple[str, datetime | None]]:
    _share_ids(jobs)
    asked = Gate(jobs)
    asked.numbers.setdefault(None, {"e164": ""})  # a draft may have no caller id yet
    for job in jobs:
        if job["status"] not in WAITING:
            yield (BLOCKED if job.get("status_reason") in TOLD else OVER), None
            continue
        try:
            yield _answer(asked, job)
        except Exception as error:
            # Unknown is no. The type alone: a message may hold personal data.
            log.error("forecast: a case failed: %s", type(error).__name__)
            yield OTHER, None


def _share_ids(jobs: list[Document]) -> None:
    """The same object for the same id: then no look-up compares their bytes."""
    seen: dict[Any, Any] = {}
    for job in jobs:
        for name in ("account_id", "batch_id"):
            job[name] = seen.setdefault(job[name], job[name])


def _answer(asked: Gate, job: Document) -> tuple[str, datetime | None]:
    if not phones_in_turn(job):
        return NO_PHONE, None
    if asked.blocks.case(job, asked.use_case_of(job)):
        return BLOCKED, None
    phone = asked.phone_of(job)
    if phone is None:
        return PHONE_KIND, None
    decision = asked.decide(job, phone)
    if decision.decision == "allow":
        due = job.get("next_attempt_at")
        return (CAPPED, due) if due and due > asked.now else (CALLABLE, None)
    until = decision.next_allowed_at
    if decision.code in GROUPS:
        return GROUPS[decision.code], until
    if decision.decision == "deny":
        return NEVER, None
    return (CAPPED, until) if until else (OTHER, None)
