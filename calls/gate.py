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
from zoneinfo import ZoneInfo

from batches.models import Account, Agent, Batch, PhoneNumber
from batches.states import BatchStatus, JobStatus, asked
from calls import halts, pacing, registries, rules
from calls.asked import as_asked, debt_keys, hours_are_lifted, region_of
from calls.blocks import Blocks, phones_in_turn
from calls.contacts import UNDER_WAY, Contacts
from calls.models import ContactLedger
from calls.policies import opening
from calls.policies.decisions import Decision, Person
from calls.policies.disclosures import Notices, notices_for
from calls.policies.evaluate import Looks, evaluate
from calls.policies.merge import Effective
from calls.policies.zones import place_of
from speechai_site.runtime import clock, environment, keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

log = logging.getLogger(__name__)
Document = dict[str, Any]
FAILED_RULE_DELAY = timedelta(minutes=15)
UNDER_WAY_DELAY = timedelta(minutes=10)
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
    # of a policy's verdict alone: the record that decides, who says so, and whether
    # `at` is the first allowed moment
    rule: str = ""
    source: str = ""
    is_exact: bool = False


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
        self.rules = rules.current()
        self.contacts = Contacts(jobs, self.now)
        self._looks: dict[str, Looks] = {}
        self._policies: dict[tuple[Any, ...], Effective] = {}

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
        forbidden = self._forbidden_kinds(job)
        kinds = {phone["e164"]: phone.get("kind", "") for phone in job["phones"]}
        for e164 in phones_in_turn(job):
            if kinds[e164] in forbidden:
                continue
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

    def policy_of(self, job: Document, e164: str) -> Effective:
        """What holds for this person, on this phone, today."""
        # the last digits of a phone say nothing of the place
        key = (job["batch_id"], e164[:-4], *job.get("places", ()))
        found = self._policies.get(key)
        if found is None:
            found = self._policies[key] = self._find_policy(job, e164)
        return found

    def _find_policy(self, job: Document, e164: str) -> Effective:
        account = self.accounts[job["account_id"]]
        place = place_of(
            e164,
            account["country"],
            region=region_of(job, account["country"]),
            default=account["time_zone"],
        )
        return self.rules.policy(
            account["country"],
            self.use_case_of(job),
            place.subdivisions,
            account.get("sector", ""),
            on=self.now.date(),
            account_id=job["account_id"],
            batch_id=job["batch_id"],
        )

    def decide(self, job: Document, e164: str, but: str = "") -> Decision:
        """What the policies say of this call; contacts of the call `but` don't count."""
        account = self.accounts[job["account_id"]]
        phone_key = keys.phone_key(e164)
        person = Person(
            job["person_key"],
            phone_key,
            e164,
            next((p.get("kind", "") for p in job["phones"] if p["e164"] == e164), ""),
            region_of(job, account["country"]),
            account["time_zone"],
        )
        policy = self.policy_of(job, e164)
        return evaluate(
            person,
            as_asked(job),
            self.numbers[self.batches[job["batch_id"]]["number_id"]]["e164"],
            self.now,
            self.contacts.of(job, phone_key, but),
            policy=policy,
            holidays=self.rules.holidays(account["country"]),
            registries=(
                self._registries(account["country"]) if policy.registries else None
            ),
            lift_hours=hours_are_lifted(),
        )

    def allowed_by(self, job: Document, e164: str, but: str = "") -> tuple[str, int]:
        """What is kept with an allowed call: the policy records, and the contacts that
        were counted."""
        records = " ".join(self.policy_of(job, e164).records)
        return records[:200], len(self.contacts.of(job, keys.phone_key(e164), but))

    def reserve(self, job: Document, e164: str, call_id: str) -> Document:
        """The ledger's row of a call that is about to be made; from now on this gate
        counts it. Its slots let no second dial count the same contacts."""
        account, phone_key = job["account_id"], keys.phone_key(e164)
        zone = ZoneInfo(self.accounts[account]["time_zone"])
        day = self.now.astimezone(zone).date().isoformat()
        slot = self.contacts.next_slot
        row = {
            "_id": slot("attempt", account, job["person_key"], day),
            "phone_slot": slot("phone", account, phone_key, day),
            "call_id": call_id,
            "account_id": account,
            "person_key": job["person_key"],
            "phone_key": phone_key,
            "creditor_key": job.get("creditor_key", ""),
            "debt_keys": list(debt_keys(job)),
            "channel": "call",
            "kind": ContactLedger.Kind.ATTEMPT.value,
            "outcome": "",
            "source": "call",
            "at": self.now,
        }
        self.contacts.reserve(row)
        return row

    def _forbidden_kinds(self, job: Document) -> set[str]:
        if job["account_id"] not in self.accounts or not job["phones"]:
            return set()
        policy = self.policy_of(job, job["phones"][0]["e164"])
        return {kind for kept in policy.phones for kind in kept.limit.forbidden}

    def _registries(self, country: str) -> Looks:
        """When each public registry was loaded; who is in it is asked of the blocks."""
        if country not in self._looks:
            self._looks[country] = registries.looks(country)
        return self._looks[country]


def as_decision(job: Document, verdict: Verdict, at: datetime) -> list[Document]:
    """The row of `Decision` for a denial, or for what the policies deferred; none for
    what passes by itself, such as a pause."""
    if verdict.decision != "deny" and not verdict.rule:
        return []
    row = {
        "account_id": job["account_id"],
        "batch_id": job["batch_id"],
        "job_id": job["_id"],
        "decision": verdict.decision,
        "code": verdict.code,
        "rule": verdict.rule,
        "source": verdict.source,
        "at": at,
        "next_allowed_at": verdict.at if verdict.is_exact else None,
    }
    return [row]


BATCH = {
    "use_case": 1,
    "agent_id": 1,
    "number_id": 1,
    "max_attempts": 1,
    "ring_seconds": 1,
    "max_call_seconds": 1,
    "expires_at": 1,
    "stopping_wall": 1,
}
ACCOUNT = {"name": 1, "status": 1, "country": 1, "time_zone": 1, "sector": 1}


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
    if batch["stopping_wall"]:
        return Verdict("defer", "batch_paused")
    if batch["expires_at"] and batch["expires_at"] <= gate.now:
        return Verdict("deny", "batch_expired", end=BatchStatus.EXPIRED)
    if batch["starts_at"] and batch["starts_at"] > gate.now:
        return Verdict("defer", "batch_not_started", batch["starts_at"])
    return None


def nothing_was_asked(gate: Gate, attempt: Attempt) -> Verdict | None:
    if not attempt.job["stop_requested"]:
        return None
    end, code = asked(attempt.job)
    return Verdict("deny", code, end=end)


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


def policies_allow(gate: Gate, attempt: Attempt) -> Verdict | None:
    """Hours, holidays, caps, waits, consent, registries, caller id, dates of debts."""
    job = attempt.job
    if not opening.are_known((gate.accounts[job["account_id"]]["time_zone"],)):
        # the ledger's days are its, even of a phone that has a place of its own
        return Verdict("defer", "unknown_zone", gate.now + UNKNOWN_DELAY)
    answer = gate.decide(job, attempt.phone, attempt.call_id)
    if answer.decision == "allow":
        return None
    return Verdict(
        "defer" if answer.code in MENDED_BY_PEOPLE else answer.decision,
        answer.code,
        answer.next_allowed_at or gate.now + UNKNOWN_DELAY,
        end=ENDS.get(answer.code, JobStatus.DENIED),
        rule=answer.rule or "-",
        source=answer.source,
        is_exact=answer.next_allowed_at is not None,
    )


def person_is_not_being_called(gate: Gate, attempt: Attempt) -> Verdict | None:
    """Another campaign may have them on the phone right now."""
    job, phone_key = attempt.job, keys.phone_key(attempt.phone)
    others = gate.contacts.of(job, phone_key, attempt.call_id)
    if all(contact.outcome != UNDER_WAY for contact in others):
        return None
    return Verdict("defer", "being_called", gate.now + UNDER_WAY_DELAY)


# The policies deny, but the case need not end: an administrator may accept a record.
MENDED_BY_PEOPLE = ("unknown_policy", "policy_draft")
# How a case ends by a code that denies it; the others could not be called.
ENDS = {"debt_date_past": JobStatus.EXPIRED}


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
    policies_allow,
    person_is_not_being_called,
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
