"""Which jobs are called next: one transaction a round, under the clock's lease."""

import logging
import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from django.conf import settings
from django_q.tasks import async_task
from pymongo import UpdateMany

from batches.models import Account, Batch, Job
from batches.states import JOB, BatchStatus, JobStatus
from calls import decisions, halts, limits, pacing, rules
from calls.asked import JOB_FIELDS as ASKED_OF_JOBS
from calls.asked import is_calling_time
from calls.gate import Document, Gate, Verdict, as_decision, spread
from calls.models import Call
from calls.models.calls import new_call_id
from calls.shares import WEIGHTS, Claim, Room, allot
from speechai_site.runtime import clock, environment, keys, leases
from speechai_site.runtime.documents import blank_document, collection
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
    "expires_at": 1,
}
ACCOUNT_FIELDS = {
    "country": 1,
    "time_zone": 1,
    "max_concurrent_calls": 1,
    "max_calls_per_day": 1,
    "callback_slots": 1,
}
# What a verdict needs of a job, and what a call copies from it.
JOB_FIELDS = ASKED_OF_JOBS | {"name": 1}


class LeaseLost(Exception):
    """Another process dispatches: this one must write nothing."""


def dispatch_round(held: leases.Held) -> int:
    """Plan as many calls as there is room for; how many were planned.

    Raises LeaseLost when another process took over.
    """
    if pacing.slowed_down() or not environment.may_dial():
        return 0
    batches, accounts = _running_batches()
    due = _due_jobs(batches, accounts) if batches else []
    if not due:
        return 0
    planned, refused = in_transaction(lambda: _plan(held, due))
    decisions.keep(refused)
    for start in range(0, len(planned), settings.DIAL_THREADS):
        async_task("calls.tasks.dial", planned[start : start + settings.DIAL_THREADS])
    return len(planned)


def _running_batches() -> tuple[list[Document], dict[Any, Document]]:
    """Those in whose country it is calling time somewhere (the gate asks each person's
    place), and their accounts."""
    now, rules_now = clock.now(), rules.current()
    running = {"status": BatchStatus.RUNNING, "stopping_wall": None}
    batches = list(collection(Batch).find(running, BATCH_FIELDS))
    stopped = halts.active()
    batches = [b for b in batches if not halts.stops_account(stopped, b["account_id"])]
    found = collection(Account).find(
        {"_id": {"$in": [batch["account_id"] for batch in batches]}}, ACCOUNT_FIELDS
    )
    accounts = {account["_id"]: account for account in found}
    batches = [
        batch
        for batch in batches
        if _has_begun(batch, now)
        and is_calling_time(
            rules_now, accounts[batch["account_id"]]["country"], batch["use_case"]
        )
    ]
    calling = {batch["account_id"] for batch in batches}
    return batches, {key: accounts[key] for key in calling}


def _has_begun(batch: Document, now: datetime) -> bool:
    """And has not expired."""
    if batch["starts_at"] and batch["starts_at"] > now:
        return False
    return not (batch["expires_at"] and batch["expires_at"] <= now)


def _due_jobs(batches: list[Document], accounts: dict[Any, Document]) -> list[Any]:
    """Ids of the jobs to plan: callbacks first, then every campaign its share."""
    numbers = limits.numbers_of(batches)
    holding = limits.holding_now()
    room = limits.room_now(batches, accounts, numbers, holding)
    scopes = {batch["_id"]: limits.scopes_of(batch, numbers) for batch in batches}
    due, coming = limits.callbacks(batches)
    chosen = []
    for job in due:
        if not room.full(scopes[job["batch_id"]]):
            room.take(scopes[job["batch_id"]])
            chosen.append(job["_id"])
    limits.keep_for_callbacks(room, accounts, coming)
    claims = [
        Claim(
            batch["_id"],
            scopes[batch["_id"]],
            open=holding.batches[batch["_id"]],
            weight=WEIGHTS.get(batch["priority"], 1),
        )
        for batch in batches
    ]
    return chosen + _in_shares(room, claims, set(chosen))


def _in_shares(room: Room, claims: list[Claim], taken: set[Any]) -> list[Any]:
    """Ids of due jobs, as many of each campaign as it may start.

    What a campaign can't use, for want of due jobs, is shared out again.
    """
    found: dict[Any, list[Any]] = {}
    seed = secrets.randbits(32)
    while True:
        left = Room(dict(room.left))
        given = allot(left, claims, Random(seed))  # noqa: S311 between equals
        wants: dict[Any, int] = {}
        for batch, places in given.items():
            if len(found.get(batch, ())) >= places:
                continue
            found[batch] = _due_in_batch(batch, places, taken)
            if len(found[batch]) < places:
                wants[batch] = len(found[batch])
        if not wants:
            break
        claims = [
            replace(claim, wants=wants.get(claim.batch, claim.wants))
            for claim in claims
        ]
    _remember_holds(left, claims)
    return [job for batch, places in given.items() for job in found[batch][:places]]


def _remember_holds(left: Room, claims: list[Claim]) -> None:
    """Once a second, which limit stops each campaign that has more to call."""
    global _holds_at
    if time.monotonic() < _holds_at:
        return
    _holds_at = time.monotonic() + 1
    full = {claim.batch: left.full(claim.scopes) for claim in claims}
    pacing.remember_holds(
        {
            str(batch): scope[0]
            for batch, scope in full.items()
            if scope is not None and _due_in_batch(batch, 1, set())
        }
    )


_holds_at = 0.0


def _due_in_batch(batch_id: Any, share: int, taken: set[Any]) -> list[Any]:
    """At most `share` jobs that are due and not `taken`, by rank among the oldest."""
    due = collection(Job).find(
        {
            "batch_id": batch_id,
            "status": JobStatus.QUEUED,
            "next_attempt_at": {"$lte": clock.now()},
        },
        {"rank": 1},
        sort=[("next_attempt_at", 1)],
        limit=LOOKAHEAD * share + len(taken),
        hint="job_due",
    )
    free = [job for job in due if job["_id"] not in taken]
    return [job["_id"] for job in sorted(free, key=lambda job: job["rank"])[:share]]


def _plan(held: leases.Held, due: list[Any]) -> tuple[list[str], list[Document]]:
    """Claim jobs, ask the gate, write their calls. Runs inside a transaction.

    The planned calls' ids, and why others were not planned.
    """
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
    calls, changes, refused = [], [], []
    for job in jobs:
        phone = gate.phone_of(job)
        verdict = gate.verdict(job, phone)
        if verdict.decision == "allow":
            calls.append(_new_call(gate, job, phone))
            gate.reserve(job, phone, calls[-1]["_id"])
        else:
            changes.append(turn_away(job, verdict, by=BY))
            refused += as_decision(job, verdict, gate.now)
    JOB.write(changes)
    if calls:
        collection(Call).insert_many(calls, session=session())
    return [call["_id"] for call in calls], refused


def _new_call(gate: Gate, job: Document, phone: str) -> Document:
    batch = gate.batches[job["batch_id"]]
    agent = gate.agents[batch["agent_id"]]
    policy, contacts = gate.allowed_by(job, phone)
    wall = clock.wall()
    return _blank_call() | {
        "_id": new_call_id(),
        "policy": policy,
        "contacts_counted": contacts,
        "account_id": job["account_id"],
        "batch_id": job["batch_id"],
        "job_id": job["_id"],
        "attempt": job["attempts"] + 1,
        "name": job["name"],
        "to_number": phone,
        "to_key": keys.phone_key(phone),
        "person_key": job["person_key"],
        "from_number": gate.numbers[batch["number_id"]]["e164"],
        "agent_id": agent["retell_id"],
        "agent_version": agent["version"],
        "round_id": job["round_id"],
        "planned_at": gate.now,
        "planned_wall": wall,
        "lease_until_wall": wall + timedelta(seconds=settings.DIAL_LEASE),
    }


@cache
def _blank_call() -> Document:
    """Written raw: making the rows' objects took a tenth of a round."""
    return blank_document(Call)


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
