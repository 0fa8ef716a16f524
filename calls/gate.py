"""May this person be called, on this phone, now? Asked when a call is planned and
again at the moment of dialing; every path to Retell's create passes here.

The checks stand in one list, in the order in which a person would want to know the
reason. Unknown is no: a check that fails to answer defers.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from batches.models import Account, Agent, Batch, PhoneNumber
from batches.states import BatchStatus, JobStatus
from calls import halts, pacing
from calls.blocks import Blocks, phones_in_turn
from calls.models import ContactLedger
from calls.policies.decisions import Decision
from calls.policies.disclosures import Notices, notices_for
from calls.policies.effective import effective_for
from calls.policies.evaluate import hours_at
from calls.policies.holidays import default_table
from calls.policies.zones import Place, place_of
from speechai_site.runtime import clock, environment
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

log = logging.getLogger(__name__)
Document = dict[str, Any]
FAILED_RULE_DELAY = timedelta(minutes=15)
# A person has to mend something first: look again now and then.
UNKNOWN_DELAY = timedelta(hours=1)
# A deferred crowd does not come back in the same second (business seconds).
SPREAD_SECONDS = 300


@dataclass(frozen=True)
class Verdict:
    """`defer`: not before `at` (None: whenever the job is looked at again).
    `deny`: the job ends as `end`."""

    decision: Literal["allow", "defer", "deny"]
    code: str
    at: datetime | None = None
    end: str = JobStatus.DENIED


ALLOW = Verdict("allow", "allowed")


class Gate:
    """What the checks need to know about a set of jobs, read at once.

    Inside a transaction everything is read in its snapshot.
    """

    def __init__(self, jobs: list[Document]) -> None:
        self.now = clock.now()
        self.may_dial = environment.may_dial()
        self.slowed_down = pacing.slowed_down()
        self.batches = _by_id(
            Batch, {job["batch_id"] for job in jobs}, status=1, starts_at=1, **BATCH
        )
        batches = self.batches.values()
        self.accounts = _by_id(Account, {job["account_id"] for job in jobs}, **ACCOUNT)
        self.agents = _by_id(
            Agent, {b["agent_id"] for b in batches}, retell_id=1, version=1, is_active=1
        )
        self.numbers = _by_id(
            PhoneNumber,
            {b["number_id"] for b in batches},
            e164=1,
            is_active=1,
            path=1,
        )
        self.halts = halts.active()
        self.blocks = Blocks(jobs, self.now)
        self.reserved = self._reserved(jobs)

    def verdict(
        self, job: Document, phone: str | None, call: Document | None = None
    ) -> Verdict:
        """The first check that objects decides. `call`: the planned call, if there is
        one, which owns its reservation."""
        attempt = Attempt(job, phone, call["_id"] if call else "", call)
        for check in CHECKS:
            try:
                objection = check(self, attempt)
            except Exception as error:
                # Unknown is no. The type alone: a message may hold personal data.
                log.error("gate: %s failed: %s", check.__name__, type(error).__name__)
                objection = Verdict(
                    "defer", "rule_failed", self.now + FAILED_RULE_DELAY
                )
            if objection is not None:
                return objection
        return ALLOW

    def phone_of(self, job: Document) -> str | None:
        """The next phone that may be dialed."""
        for e164 in phones_in_turn(job):
            if not self.blocks.phone(job, e164, self.use_case_of(job)):
                return e164
        return None

    def path_of(self, job: Document) -> str:
        """The telephony path of the caller id that the job is called from."""
        return self.numbers[self.batches[job["batch_id"]]["number_id"]]["path"]

    def use_case_of(self, job: Document) -> str:
        batch = self.batches.get(job["batch_id"])
        return batch["use_case"] if batch else ""

    def notices_of(self, job: Document) -> Notices:
        """What the agent must announce in a call of this job."""
        country = self.accounts[job["account_id"]]["country"]
        return notices_for(country, self.batches[job["batch_id"]]["use_case"])

    def reserve(self, job: Document, call_id: str) -> None:
        """For what this gate is asked next, the person's attempt is this call's."""
        self.reserved[self.ledger_id(job)] = call_id

    def ledger_id(self, job: Document) -> str:
        """The slot of the one attempt a day that this person may get.

        A callback that is due has a slot of its own: the person asked for it.
        """
        zone = ZoneInfo(self.accounts[job["account_id"]]["time_zone"])
        day = self.now.astimezone(zone).date()
        callback = job.get("callback_at")
        due = callback and callback <= self.now
        kind = "attempt"
        if due and callback.astimezone(zone).date() == day:
            kind = "callback"
        return f"{kind}|{job['account_id']}|{job['person_key']}|{day.isoformat()}"

    def tomorrow(self, job: Document) -> datetime:
        zone = ZoneInfo(self.accounts[job["account_id"]]["time_zone"])
        day = self.now.astimezone(zone).date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=zone)

    def _reserved(self, jobs: list[Document]) -> dict[str, str]:
        slots = [self.ledger_id(job) for job in jobs if self._zone_is_known(job)]
        found = collection(ContactLedger).find(
            {"_id": {"$in": slots}}, {"call_id": 1}, session=session()
        )
        return {entry["_id"]: entry["call_id"] for entry in found}

    def _zone_is_known(self, job: Document) -> bool:
        account = self.accounts.get(job["account_id"])
        try:
            return bool(account and ZoneInfo(account["time_zone"]))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return False  # the checks will fail on it, for its own jobs alone


BATCH = {
    "use_case": 1,
    "agent_id": 1,
    "number_id": 1,
    "max_attempts": 1,
    "ring_seconds": 1,
    "max_call_seconds": 1,
    "expires_at": 1,
}
ACCOUNT = {"name": 1, "status": 1, "country": 1, "time_zone": 1}


@dataclass(frozen=True)
class Attempt:
    job: Document
    phone: str | None
    call_id: str
    call: Document | None = None


def live_is_armed(gate: Gate, _attempt: Attempt) -> Verdict | None:
    return None if gate.may_dial else Verdict("defer", "live_not_armed")


def retell_takes_calls(gate: Gate, _attempt: Attempt) -> Verdict | None:
    return Verdict("defer", "slowed_down") if gate.slowed_down else None


def batch_is_running(gate: Gate, attempt: Attempt) -> Verdict | None:
    batch = gate.batches.get(attempt.job["batch_id"])
    status = batch["status"] if batch else BatchStatus.CANCELLED
    if status in (BatchStatus.CANCELLED, BatchStatus.EXPIRED):
        return Verdict("deny", f"batch_{status}", end=status)
    if status != BatchStatus.RUNNING:
        return Verdict("defer", f"batch_{status}")
    if batch["expires_at"] and batch["expires_at"] <= gate.now:
        return Verdict("deny", "batch_expired", end=BatchStatus.EXPIRED)
    if batch["starts_at"] and batch["starts_at"] > gate.now:
        return Verdict("defer", "batch_not_started", batch["starts_at"])
    return None


def nothing_was_asked(gate: Gate, attempt: Attempt) -> Verdict | None:
    asked = attempt.job["stop_requested"]
    return Verdict("deny", f"asked_{asked}", end=asked) if asked else None


def nothing_is_halted(gate: Gate, attempt: Attempt) -> Verdict | None:
    """By hand: everything, an account, a region. See calls/halts.py."""
    code = halts.code_for(gate.halts, attempt.job)
    if not code:
        return None
    # a region's cases wait aside, so that the others have their turn
    at = gate.now + halts.ASIDE if code in halts.PLACE_CODES else None
    return Verdict("defer", code, at)


def settings_are_as_planned(gate: Gate, attempt: Attempt) -> Verdict | None:
    """A call that was planned with another agent or caller id is planned anew."""
    call = attempt.call
    if call is None:
        return None
    batch = gate.batches[attempt.job["batch_id"]]
    agent = gate.agents[batch["agent_id"]]
    now = (
        agent["retell_id"],
        agent["version"],
        gate.numbers[batch["number_id"]]["e164"],
    )
    if now == (call["agent_id"], call["agent_version"], call["from_number"]):
        return None
    return Verdict("defer", "settings_changed")


def account_is_active(gate: Gate, attempt: Attempt) -> Verdict | None:
    account = gate.accounts.get(attempt.job["account_id"])
    if account and account["status"] == Account.Status.ACTIVE:
        return None
    return Verdict("defer", "account_suspended", gate.now + UNKNOWN_DELAY)


def agent_and_number_may_be_used(gate: Gate, attempt: Attempt) -> Verdict | None:
    batch = gate.batches[attempt.job["batch_id"]]
    agent = gate.agents.get(batch["agent_id"])
    number = gate.numbers.get(batch["number_id"])
    if agent and agent["is_active"] and number and number["is_active"]:
        return None
    return Verdict("defer", "agent_or_number_off", gate.now + UNKNOWN_DELAY)


def attempts_are_left(gate: Gate, attempt: Attempt) -> Verdict | None:
    batch = gate.batches[attempt.job["batch_id"]]
    if attempt.job["attempts"] < batch["max_attempts"]:
        return None
    return Verdict("deny", "no_attempts_left")


def person_may_be_called(gate: Gate, attempt: Attempt) -> Verdict | None:
    """Neither the person nor this phone is blocked; another phone gets its turn."""
    job, use_case = attempt.job, gate.use_case_of(attempt.job)
    if code := gate.blocks.person(job, use_case):
        return Verdict("deny", code)
    if not attempt.phone:
        return None
    code = gate.blocks.phone(job, attempt.phone, use_case)
    if code and gate.phone_of(job):
        return Verdict("defer", "phone_changed")
    return Verdict("deny", code) if code else None


def there_is_a_phone(gate: Gate, attempt: Attempt) -> Verdict | None:
    job = attempt.job
    usable = usable_phones(job["phones"])
    if attempt.phone in usable:
        return None
    if attempt.phone:
        return Verdict("defer", "phone_changed")
    if not usable:
        return Verdict("deny", "no_phone")
    code = gate.blocks.case(job, gate.use_case_of(job))
    return Verdict("deny", code or "no_phone_left")


def one_attempt_a_day(gate: Gate, attempt: Attempt) -> Verdict | None:
    holder = gate.reserved.get(gate.ledger_id(attempt.job))
    if holder is None or holder == attempt.call_id:
        return None
    return Verdict("defer", "one_attempt_a_day", gate.tomorrow(attempt.job))


def hours_answer(
    country: str, use_case: str, place: Place, moment: datetime
) -> Decision:
    """Hours, weekdays and holidays; SANDBOX_POLICY=open lifts them, in the sandbox."""
    policy = effective_for(country, use_case, place.subdivisions, on=moment.date())
    return hours_at(
        policy,
        place.zones,
        moment,
        default_table(country),
        subdivisions=place.subdivisions,
        lift_hours=settings.SANDBOX and settings.SANDBOX_POLICY == "open",
    )


def hour_is_allowed(gate: Gate, attempt: Attempt) -> Verdict | None:
    account = gate.accounts[attempt.job["account_id"]]
    batch = gate.batches[attempt.job["batch_id"]]
    country = account["country"]
    place = place_of(attempt.phone, country, default=account["time_zone"])
    answer = hours_answer(country, batch["use_case"], place, gate.now)
    if answer.decision == "allow":
        return None
    later = answer.next_allowed_at or gate.now + UNKNOWN_DELAY
    return Verdict(answer.decision, answer.code, later)


CHECKS: list[Callable[[Gate, Attempt], Verdict | None]] = [
    live_is_armed,
    retell_takes_calls,
    batch_is_running,
    nothing_was_asked,
    nothing_is_halted,
    account_is_active,
    agent_and_number_may_be_used,
    settings_are_as_planned,
    attempts_are_left,
    person_may_be_called,
    there_is_a_phone,
    one_attempt_a_day,
    hour_is_allowed,
]


def usable_phones(phones: list[Document]) -> list[str]:
    return [phone["e164"] for phone in phones if phone.get("state", "ok") == "ok"]


def spread(job_id: Any, moment: datetime) -> datetime:
    """`moment` plus up to SPREAD_SECONDS, always the same for a job."""
    return moment + timedelta(seconds=int(str(job_id)[-6:], 16) % SPREAD_SECONDS)


def _by_id(model: Any, ids: set[Any], **projection: int) -> dict[Any, Document]:
    found = collection(model).find(
        {"_id": {"$in": [i for i in ids if i is not None]}},
        projection,
        session=session(),
    )
    return {document["_id"]: document for document in found}
