"""Dialing: the gate once more, `sending` committed, then Retell's create.

`_post` is the only function of the program that may reach create; `_begin` and
`resend` are its only callers, and both pass the gate in the transaction that commits
the right to send. What happens afterwards is recorded in bulk. Calls to our own people
(`dial_staff`) have a gate of their own in `calls/staff_calls.py`.
"""

import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from batches import formats
from batches.models import Job
from batches.states import JOB, JobStatus
from calls import decisions, pacing, staff_calls, staff_results, webhooks
from calls.answers import Answer, Send, record
from calls.asked import JOB_FIELDS as ASKED_OF_JOBS
from calls.dispatcher import turn_away
from calls.gate import FAILED_RULE_DELAY, Document, Gate, Verdict, as_decision
from calls.models import Call, CallDetail, ContactLedger
from calls.policies import disclosures
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.payload import build_create_body
from calls.retell.schemas import CallReply
from calls.states import CALL, CallStatus
from speechai_site.runtime import clock, environment, fences
from speechai_site.runtime.documents import blank_document, collection
from speechai_site.runtime.transactions import in_transaction, session

log = logging.getLogger(__name__)
BY = "dialer"
# Replies are written in bulk, at least this often (seconds).
FLUSH_EVERY = 0.25
JOB_FIELDS = ASKED_OF_JOBS | {"status": 1, "variables": 1}


class Proof(NamedTuple):
    """What is kept with a call of why it could be made."""

    notices: str  # version of what the agent announces
    policy: str
    contacts: int


class Process:
    """What one worker process keeps between tasks: client, threads, open sends."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.token = secrets.token_hex(8)
        self.client = RetellClient.from_settings()
        self.pool = ThreadPoolExecutor(settings.DIAL_THREADS, "dial")
        self.sending: set[str] = set()
        self.keeper = threading.Thread(target=self._keep_leases, daemon=True)
        self.keeper.start()

    def _keep_leases(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.DIAL_LEASE / 3):
            ids = list(self.sending)
            if not ids:
                continue
            try:
                collection(Call, fast=True).update_many(
                    {"_id": {"$in": ids}, "lease_token": self.token},
                    {"$set": {"lease_until_wall": lease_end()}},
                )
            except Exception as error:  # the next beat tries again
                log.warning("leases not extended: %s", type(error).__name__)


_process: Process | None = None
_process_lock = threading.Lock()


def process() -> Process:
    """This process's dialing state; made after the fork, on first use."""
    global _process
    with _process_lock:
        if _process is None or _process.pid != os.getpid():
            environment.verify_environment()
            _process = Process()
        return _process


def send_until(first_sent: datetime) -> datetime:
    """Until when the same bytes may be sent without a second ring (wall)."""
    return first_sent + timedelta(seconds=settings.RETELL_RESEND_UNTIL)


def lease_end() -> datetime:
    return clock.wall() + timedelta(seconds=settings.DIAL_LEASE)


def dial(call_ids: list[str]) -> int:
    """Place the planned calls among `call_ids`; how many were sent.

    Repetition is harmless: what is no longer planned is left alone.
    """
    here = process()
    here.client.ready_to_create()
    sends, turned_away = in_transaction(lambda: _begin(call_ids, here.token))
    _send_all(here, sends)
    decisions.keep(turned_away)
    return len(sends)


def resend(call_ids: list[str]) -> int:
    """Send unconfirmed calls once more: same key, same bytes, after the gate.

    Whoever is being sent right now is left alone.
    """
    here = process()
    sends = in_transaction(lambda: _begin_again(call_ids, here.token))
    _send_all(here, sends)
    return len(sends)


def dial_staff(call_id: str) -> int:
    """Place the planned call to one of our own people; how many were sent."""
    here = process()
    try:
        here.client.ready_to_create()
    except RetellError as error:  # somebody waits for it: say why
        staff_calls.withdraw(call_id, error.code)
        return 0
    sends = in_transaction(lambda: staff_calls.begin(call_id))
    _send_all(here, sends, staff_results.record)
    return len(sends)


def _begin(call_ids: list[str], token: str) -> tuple[list[Send], list[Document]]:
    """Inside a transaction: gate, reserve the caps, commit `sending`.

    What may be sent, and why the others may not.
    """
    fences.enter()
    calls = _calls(call_ids, {"status": CallStatus.PLANNED})
    jobs = _jobs(calls)
    gate = Gate(list(jobs.values()))
    sends, proofs, slots = [], {}, []
    refused, changes, turned_away = [], [], []
    wall = clock.wall()
    for call in calls:
        job = jobs.get(call["job_id"])
        if not _still_claimed(job, call):
            refused.append((call, "job_moved_on"))
            continue
        verdict, body = _permission(gate, call, job)
        if verdict.decision != "allow":
            refused.append((call, verdict.code))
            changes.append(turn_away(job, verdict, by=BY))
            turned_away += as_decision(job, verdict, gate.now)
            continue
        proofs[call["_id"]] = _proof(gate, call, job)
        slots.append(gate.reserve(job, call["to_number"], call["_id"]))
        sends.append(
            Send(call["_id"], job["_id"], 1, body, send_until(wall), gate.path_of(job))
        )
    _withdraw(refused)
    JOB.write(changes)
    if sends:
        _commit_sending(sends, proofs, slots, token, wall)
    return sends, turned_away


def _permission(gate: Gate, call: Document, job: Document) -> tuple[Verdict, bytes]:
    """The gate's verdict, and the body of what it allows."""
    verdict = gate.verdict(job, call["to_number"], call)
    if verdict.decision != "allow":
        return verdict, b""
    try:
        return verdict, _body(gate, call, job)
    except Exception as error:  # its neighbours in the task are sent all the same
        log.error("call %s has no body: %s", call["_id"], type(error).__name__)
        return Verdict("defer", "rule_failed", gate.now + FAILED_RULE_DELAY), b""


def _still_claimed(job: Document | None, call: Document) -> bool:
    return bool(
        job
        and job["status"] == JobStatus.CLAIMED
        and job["round_id"] == call["round_id"]
    )


def _begin_again(call_ids: list[str], token: str) -> list[Send]:
    """Inside a transaction: the gate for calls that may or may not have rung."""
    fences.enter()
    unattended = {"lease_until_wall": {"$lte": clock.wall()}}
    calls = _calls(call_ids, {"status": CallStatus.UNKNOWN, **unattended})
    jobs = _jobs(calls)
    gate = Gate(list(jobs.values()))
    bodies = {
        row["_id"]: row["request"].encode()
        for row in collection(CallDetail).find(
            {"_id": {"$in": [call["_id"] for call in calls]}},
            {"request": 1},
            session=session(),
        )
    }
    sends = []
    for call in calls:
        job = jobs.get(call["job_id"])
        if job is None or call["_id"] not in bodies:
            continue
        if gate.verdict(job, call["to_number"], call).decision != "allow":
            continue  # looked up only: it may ring no more, if it ever did
        sends.append(
            Send(
                call["_id"],
                job["_id"],
                call["sends"] + 1,
                bodies[call["_id"]],
                send_until(call["first_sent_wall"]),
                gate.path_of(job),
            )
        )
    ids = [send.call_id for send in sends]
    collection(Call).update_many(
        {"_id": {"$in": ids}, "status": CallStatus.UNKNOWN},
        {
            "$set": {"lease_token": token, "lease_until_wall": lease_end()},
            "$inc": {"sends": 1},
        },
        session=session(),
    )
    return sends


def _calls(call_ids: list[str], where: Document) -> list[Document]:
    return list(
        collection(Call).find({"_id": {"$in": call_ids}, **where}, session=session())
    )


def _jobs(calls: list[Document]) -> dict[Any, Document]:
    found = collection(Job).find(
        {"_id": {"$in": [call["job_id"] for call in calls]}},
        JOB_FIELDS,
        session=session(),
    )
    return {job["_id"]: job for job in found}


def _proof(gate: Gate, call: Document, job: Document) -> Proof:
    policy, contacts = gate.allowed_by(job, call["to_number"], call["_id"])
    return Proof(gate.notices_of(job).version, policy, contacts)


def _body(gate: Gate, call: Document, job: Document) -> bytes:
    batch = gate.batches[job["batch_id"]]
    webhook = settings.PUBLIC_URL + webhooks.PATH if settings.PUBLIC_URL else ""
    return build_create_body(
        from_number=call["from_number"],
        to_number=call["to_number"],
        agent_id=call["agent_id"],
        agent_version=call["agent_version"],
        attempt_id=call["_id"],
        batch_id=str(call["batch_id"]),
        job_id=str(call["job_id"]),
        env=environment.mode(),
        variables=job["variables"]
        | disclosures.variables(
            gate.notices_of(job),
            job["variables"],
            gate.accounts[job["account_id"]]["name"],
            formats.national_phone(call["from_number"]),
        ),
        webhook_url=webhook,
        ring_duration_ms=batch["ring_seconds"] * 1000,
        max_call_duration_ms=batch["max_call_seconds"] * 1000,
    )


def _commit_sending(
    sends: list[Send],
    proofs: dict[str, Proof],
    slots: list[Document],
    token: str,
    wall: datetime,
) -> None:
    """Inside the transaction of `_begin`. The jobs were read in its snapshot."""
    alike: dict[Proof, list[str]] = {}
    for call_id, proof in proofs.items():
        alike.setdefault(proof, []).append(call_id)
    moved = CALL.write(
        [
            CALL.change(
                {"_id": {"$in": ids}},
                CallStatus.SENDING,
                by=BY,
                lease_token=token,
                lease_until_wall=lease_end(),
                first_sent_wall=wall,
                sends=1,
                disclosure_version=proof.notices,
                policy=proof.policy,
                contacts_counted=proof.contacts,
            )
            for proof, ids in alike.items()
        ]
    )
    claimed = JOB.move(
        {"_id": {"$in": [send.job_id for send in sends]}},
        JobStatus.CALLING,
        only_from=[JobStatus.CLAIMED],
        by=BY,
        status_reason="",
    )
    if moved != len(sends) or claimed != len(sends):
        raise AssertionError("a call changed inside its transaction")
    collection(ContactLedger).insert_many(slots, session=session())
    collection(CallDetail).insert_many(
        [
            _blank_detail() | {"_id": send.call_id, "request": send.body.decode()}
            for send in sends
        ],
        session=session(),
    )


@cache
def _blank_detail() -> Document:
    return blank_document(CallDetail)


def _withdraw(refused: list[tuple[Document, str]]) -> None:
    CALL.write(
        [
            CALL.change({"_id": call["_id"]}, CallStatus.WITHDRAWN, by=BY, reason=code)
            for call, code in refused
        ]
    )


def _send_all(
    here: Process,
    sends: list[Send],
    keep: Callable[[list[tuple[Send, Answer]]], None] = record,
) -> None:
    """POST on the pool, each when its path is free, and `keep` the replies in bulk as
    they come."""
    here.sending.update(send.call_id for send in sends)
    pending: dict[Future[CallReply], Send] = {}
    try:
        waiting, began = deque(_paced(sends)), time.monotonic()
        while waiting or pending:
            while waiting and waiting[0][0] <= time.monotonic() - began:
                send = waiting.popleft()[1]
                pending[here.pool.submit(_post, here.client, send)] = send
            finished = _finished(pending, waiting, began)
            if finished:
                answers = [
                    (pending.pop(future), _answer(future)) for future in finished
                ]
                here.sending.difference_update(send.call_id for send, _ in answers)
                keep(answers)
    finally:
        here.sending.difference_update(send.call_id for send in sends)


def _paced(sends: list[Send]) -> list[tuple[float, Send]]:
    """The sends with the seconds until each may leave, soonest first."""
    by_path: dict[str, list[Send]] = {}
    for send in sends:
        by_path.setdefault(send.path, []).append(send)
    timed = [
        (delay, send)
        for path, group in by_path.items()
        for delay, send in zip(pacing.take_sends(path, len(group)), group, strict=True)
    ]
    return sorted(timed, key=lambda pair: pair[0])


def _finished(
    pending: "dict[Future[CallReply], Send]",
    waiting: "deque[tuple[float, Send]]",
    began: float,
) -> "set[Future[CallReply]]":
    """Those that have an answer, after a moment; sooner when the next may leave."""
    pause = FLUSH_EVERY
    if waiting:
        pause = min(pause, max(0.001, waiting[0][0] - (time.monotonic() - began)))
    if not pending:
        time.sleep(pause)
        return set()
    return wait(pending, timeout=pause).done


def _post(client: RetellClient, send: Send) -> CallReply:
    """The one place that reaches create. Bounded by the client's own timeout.

    A process that was stopped for an hour, or a task that waited for one, comes too
    late: Retell has forgotten the key.
    """
    if clock.wall() >= send.until:
        raise RetellError("unknown", "too_late")
    return client.create_phone_call(send.body)


def _answer(future: "Future[CallReply]") -> Answer:
    try:
        return future.result()
    except RetellError as error:
        return error
    except Exception as error:  # whatever it was, the phone may ring
        log.exception("dial: unexpected %s", type(error).__name__)
        return RetellError("unknown", "unexpected_status")
