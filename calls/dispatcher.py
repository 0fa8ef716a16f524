"""Which jobs are called next: one transaction a round, under the clock's lease."""

import logging
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django_q.tasks import async_task
from pymongo import UpdateMany

from batches.models import Account, Batch, Job, PhoneNumber
from batches.states import JOB, BatchStatus, JobStatus
from calls import states
from calls.gate import Document, Gate, Verdict, hours_answer, spread
from calls.models import Call
from calls.pacing import slowed_down, workspace_limit
from speechai_site.runtime import clock, keys, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

log = logging.getLogger(__name__)
BY = "clock"
# Due ids that are looked at for each slot, so that `rank` has a choice.
LOOKAHEAD = 4
BATCH_FIELDS = {
    "account_id": 1,
    "number_id": 1,
    "use_case": 1,
    "priority": 1,
    "max_concurrent_calls": 1,
    "starts_at": 1,
}
# What a verdict needs of a job, and what a call copies from it.
JOB_FIELDS = {
    "account_id": 1,
    "batch_id": 1,
    "name": 1,
    "phones": 1,
    "phone_index": 1,
    "phone_keys": 1,
    "person_key": 1,
    "attempts": 1,
    "refusals": 1,
    "callback_at": 1,
    "stop_requested": 1,
    "round_id": 1,
}


class LeaseLost(Exception):
    """Another process dispatches: this one must write nothing."""


@dataclass
class Room:
    """How many calls may still start, in each scope that limits them."""

    workspace: int
    accounts: Counter = field(default_factory=Counter)
    batches: Counter = field(default_factory=Counter)
    numbers: Counter = field(default_factory=Counter)

    def for_batch(self, batch: Document) -> int:
        return max(
            0,
            min(
                self.workspace,
                self.accounts[batch["account_id"]],
                self.batches[batch["_id"]],
                self.numbers[batch["number_id"]],
            ),
        )

    def take(self, batch: Document, calls: int) -> None:
        self.workspace -= calls
        self.accounts[batch["account_id"]] -= calls
        self.batches[batch["_id"]] -= calls
        self.numbers[batch["number_id"]] -= calls


def dispatch_round(held: leases.Held) -> int:
    """Plan as many calls as there is room for; how many were planned.

    Raises LeaseLost when another process took over.
    """
    if slowed_down():
        return 0
    batches = _running_batches()
    due = _due_jobs(batches, _room(batches)) if batches else []
    if not due:
        return 0
    planned = in_transaction(lambda: _plan(held, due))
    for start in range(0, len(planned), settings.DIAL_THREADS):
        async_task("calls.tasks.dial", planned[start : start + settings.DIAL_THREADS])
    return len(planned)


def _running_batches() -> list[Document]:
    """Those in whose account's zone it is calling time (the gate asks each person's)."""
    now = clock.now()
    batches = list(
        collection(Batch).find({"status": BatchStatus.RUNNING}, BATCH_FIELDS)
    )
    accounts = {
        account["_id"]: account
        for account in collection(Account).find(
            {"_id": {"$in": [b["account_id"] for b in batches]}},
            {"country": 1, "time_zone": 1},
        )
    }
    return [b for b in batches if _is_time(b, accounts[b["account_id"]], now)]


def _is_time(batch: Document, account: Document, now: datetime) -> bool:
    if batch["starts_at"] and batch["starts_at"] > now:
        return False
    zones = (account["time_zone"],)
    answer = hours_answer(account["country"], batch["use_case"], zones, now)
    return answer.decision != "defer"


def _room(batches: list[Document]) -> Room:
    """Free slots: limits less the calls that hold one; calls per second by number."""
    open_calls = list(
        collection(Call).find(
            {"status": {"$in": list(states.OPEN)}},
            {"account_id": 1, "batch_id": 1, "from_number": 1, "status": 1},
        )
    )
    planned = sum(call["status"] == states.CallStatus.PLANNED for call in open_calls)
    backlog = settings.Q_WORKERS * settings.DIAL_THREADS * 2
    room = Room(min(workspace_limit() - len(open_calls), backlog - planned))
    by_account = Counter(call["account_id"] for call in open_calls)
    by_batch = Counter(call["batch_id"] for call in open_calls)
    by_number = Counter(call["from_number"] for call in open_calls)
    accounts = collection(Account).find(
        {"_id": {"$in": [b["account_id"] for b in batches]}},
        {"max_concurrent_calls": 1},
    )
    for account in accounts:
        room.accounts[account["_id"]] = (
            account["max_concurrent_calls"] - by_account[account["_id"]]
        )
    for batch in batches:
        limit = batch["max_concurrent_calls"] or room.workspace + by_batch[batch["_id"]]
        room.batches[batch["_id"]] = limit - by_batch[batch["_id"]]
    numbers = collection(PhoneNumber).find(
        {"_id": {"$in": [b["number_id"] for b in batches]}},
        {"e164": 1, "calls_per_second": 1, "max_concurrent_calls": 1},
    )
    recent = _planned_in_the_last_second()
    for number in numbers:
        e164 = number["e164"]
        limit = number["max_concurrent_calls"]
        slots = room.workspace if limit is None else limit - by_number[e164]
        room.numbers[number["_id"]] = min(
            slots, number["calls_per_second"] - recent[e164]
        )
    return room


def _planned_in_the_last_second() -> Counter:
    """Calls by number; a call's id begins with the wall milliseconds of its making."""
    since = int((clock.wall() - timedelta(seconds=1)).timestamp() * 1000)
    recent = collection(Call).find(
        {"_id": {"$gte": f"att_{since:012x}"}}, {"from_number": 1}
    )
    return Counter(call["from_number"] for call in recent)


def _due_jobs(batches: list[Document], room: Room) -> list[Any]:
    """Ids of the jobs to plan: equal shares, urgent batches first."""
    chosen: list[Any] = []
    waiting = sorted(batches, key=lambda b: (-b["priority"], b["_id"]))
    for index, batch in enumerate(waiting):
        left = len(waiting) - index
        share = min(room.for_batch(batch), -(-max(room.workspace, 0) // left))
        if share <= 0:
            continue
        ids = _due_in_batch(batch["_id"], share)
        room.take(batch, len(ids))
        chosen += ids
    return chosen


def _due_in_batch(batch_id: Any, share: int) -> list[Any]:
    due = collection(Job).find(
        {
            "batch_id": batch_id,
            "status": JobStatus.QUEUED,
            "next_attempt_at": {"$lte": clock.now()},
        },
        {"rank": 1},
        sort=[("next_attempt_at", 1)],
        limit=LOOKAHEAD * share,
        hint="job_due",
    )
    return [job["_id"] for job in sorted(due, key=lambda job: job["rank"])[:share]]


def _plan(held: leases.Held, due: list[Any]) -> list[str]:
    """Claim jobs, ask the gate, write their calls. Runs inside a transaction."""
    if not leases.touch(held):
        raise LeaseLost
    round_id = secrets.token_hex(12)
    JOB.move(
        {"_id": {"$in": due}},
        JobStatus.CLAIMED,
        only_from=[JobStatus.QUEUED],
        by=BY,
        round_id=round_id,
    )
    jobs = list(
        collection(Job).find(
            {"_id": {"$in": due}, "round_id": round_id}, JOB_FIELDS, session=session()
        )
    )
    gate = Gate(jobs)
    calls, changes = [], []
    for job in jobs:
        phone = gate.phone_of(job)
        verdict = gate.verdict(job, phone)
        if verdict.decision == "allow":
            calls.append(_new_call(gate, job, phone))
            gate.reserve(job, calls[-1].pk)
        else:
            changes.append(turn_away(job, verdict, by=BY))
    JOB.write(changes)
    Call.objects.bulk_create(calls)
    return [call.pk for call in calls]


def _new_call(gate: Gate, job: Document, phone: str) -> Call:
    batch = gate.batches[job["batch_id"]]
    agent = gate.agents[batch["agent_id"]]
    return Call(
        account_id=job["account_id"],
        batch_id=job["batch_id"],
        job_id=job["_id"],
        attempt=job["attempts"] + 1,
        name=job["name"],
        to_number=phone,
        to_key=keys.phone_key(phone),
        person_key=job["person_key"],
        from_number=gate.numbers[batch["number_id"]]["e164"],
        agent_id=agent["retell_id"],
        agent_version=agent["version"],
        round_id=job["round_id"],
        planned_at=gate.now,
        lease_until_wall=clock.wall() + timedelta(seconds=settings.DIAL_LEASE),
    )


def turn_away(job: Document, verdict: Verdict, *, by: str) -> UpdateMany:
    """The change for a claimed job that the gate refused, with the reason on it."""
    where = {"_id": job["_id"], "round_id": job["round_id"]}
    claimed = [JobStatus.CLAIMED]
    if verdict.decision == "deny":
        return JOB.change(
            where,
            verdict.end,
            only_from=claimed,
            by=by,
            reason=verdict.code,
            status_reason=verdict.code,
            next_attempt_at=None,
            finished_at=clock.now(),
        )
    timing = {}
    if verdict.at is not None:
        timing["next_attempt_at"] = spread(job["_id"], verdict.at)
    return JOB.change(
        where,
        JobStatus.QUEUED,
        only_from=claimed,
        by=by,
        reason=verdict.code,
        status_reason=verdict.code,
        **timing,
    )
