"""What time and death leave behind: every state is looked at again and brought to
its end. All of it is safe to repeat and to run twice at once.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django_q.tasks import async_task

from batches.imports import totals, updates
from batches.models import Batch, Job
from batches.states import (
    JOB,
    OPEN_BATCH,
    OPEN_JOB,
    BatchStatus,
    JobStatus,
)
from calls import (
    counters,
    dialer,
    pacing,
    refusals,
    results,
    settling,
    staff_results,
    staff_scripts,
    states,
    stops,
    sweep,
)
from calls.gate import Document
from calls.models import Call
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.states import CALL, FINAL_AT_RETELL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

log = logging.getLogger(__name__)
BY = "reconcile"
# Rows of one kind that a round takes (the next round follows within a second).
ROUND = 200
POLL_THREADS = 8
POLLED = (CallStatus.REGISTERED, CallStatus.ONGOING, *FINAL_AT_RETELL)
# Nothing but their cost is looked at again.
SETTLED = {"status": {"$in": list(FINAL_AT_RETELL)}, "settled": {"$ne": ""}}


def reconcile_round(client: RetellClient) -> None:
    """Each step on its own: one that fails does not stop the others."""
    for step in STEPS:
        attempt(step, client)


def attempt(step: "Step", client: RetellClient) -> bool:
    """Whether the step went through."""
    try:
        step(client)
    except Exception as error:
        # the type alone: a message may hold personal data
        log.error("reconcile: %s failed: %s", step.__name__, type(error).__name__)
        log.debug("details", exc_info=True)
        return False
    return True


def read_workspace_limit(client: RetellClient) -> None:
    """Retell's limit, less what other programs in the same workspace use of it.

    Ours are counted before and after, since calls come and go meanwhile.
    """
    before = _at_retell()
    reply = client.get_concurrency()
    if reply.outbound_limit is None:
        return
    others = (reply.current_concurrency or 0) - max(before, _at_retell())
    pacing.remember_workspace_limit(reply.outbound_limit, max(0, others))


def withdraw_lapsed_plans(client: RetellClient) -> None:
    """A planned call that nobody took: it and its job go back together."""
    lapsed = {"status": CallStatus.PLANNED, "lease_until_wall": {"$lte": clock.wall()}}
    if collection(Call).find_one(lapsed, {"_id": 1}) is None:
        return

    def work() -> None:
        calls = list(collection(Call).find(lapsed, session=session()).limit(ROUND))
        ids = [call["_id"] for call in calls]
        CALL.move({"_id": {"$in": ids}}, CallStatus.WITHDRAWN, by=BY, reason="lapsed")
        JOB.write(
            [
                JOB.change(
                    {"_id": call["job_id"], "round_id": call["round_id"]},
                    JobStatus.QUEUED,
                    only_from=[JobStatus.CLAIMED],
                    by=BY,
                    reason="lapsed",
                    next_attempt_at=clock.now(),
                )
                for call in calls
            ]
        )

    in_transaction(work)


def doubt_lapsed_sends(client: RetellClient) -> None:
    """The sender died or hangs: whether it rings is unknown, and resolved at once."""
    CALL.move(
        {"lease_until_wall": {"$lte": clock.wall()}},
        CallStatus.UNKNOWN,
        only_from=[CallStatus.SENDING],
        by=BY,
        reason="sender_lost",
        next_check_wall=clock.wall(),
    )


def resolve_unknown(client: RetellClient) -> None:
    """Look an unconfirmed call up by its id; else send it again; else it is lost.

    Lost only when Retell says that it has no trace: silence proves nothing.
    """
    nobody_sends = {"lease_until_wall": {"$lte": clock.wall()}}
    due = _take({"status": CallStatus.UNKNOWN, **nobody_sends})
    answers = _in_parallel(lambda call: _look_up(client, call), due)
    results.merge(answer for answer in answers if isinstance(answer, results.Report))
    again = []
    for call, answer in zip(due, answers, strict=True):
        if answer != ABSENT:
            continue
        if clock.wall() >= dialer.send_until(call["first_sent_wall"]):
            _lose(call, "no_trace")
        else:
            again.append(call["_id"])
    for start in range(0, len(again), settings.DIAL_THREADS):
        async_task("calls.tasks.resend", again[start : start + settings.DIAL_THREADS])


def poll_open(client: RetellClient) -> None:
    """Ask for calls whose webhooks are late: open ones, and missing analyses."""
    due = _take({"status": {"$in": list(POLLED)}, "$nor": [SETTLED]})
    asked = [call for call in due if not call["analyzed"]]
    answers = _in_parallel(lambda call: _poll(client, call), asked)
    results.merge(answer for answer in answers if isinstance(answer, results.Report))
    settling.settle([call["_id"] for call in due], polled=True)
    answered = [
        call
        for call, answer in zip(asked, answers, strict=True)
        if answer != SILENT and call["status"] in states.OPEN
    ]
    for call in _overlong(answered):
        _stop_or_lose(client, call)


def look_at_costs(client: RetellClient) -> None:
    """Ask ended calls once more: parts of a cost come late (reference 4).

    One that Retell does not know is asked for again, for as long as the first wait.
    """
    due = _take(SETTLED)
    answers = _in_parallel(lambda call: _poll(client, call), due)
    results.merge(answer for answer in answers if isinstance(answer, results.Report))
    given_up = clock.wall() - 2 * settling.cost_wait()
    for settled in ("reason", "analysis"):
        done = [
            call["_id"]
            for call, answer in zip(due, answers, strict=True)
            if call["settled"] == settled
            and answer != SILENT
            and (answer != ABSENT or call["ended_wall"] <= given_up)
        ]
        # no match where the analysis has just come: its look is still ahead
        collection(Call, fast=True).update_many(
            {"_id": {"$in": done}, "settled": settled},
            {"$set": {"next_check_wall": None}},
        )


def return_refused_jobs(client: RetellClient) -> None:
    """Retell refused, and the dialer died before its job was back."""
    refused = _take({"status": CallStatus.REJECTED})
    refusals.return_jobs([call["_id"] for call in refused])


def settle_lost(client: RetellClient) -> None:
    due = _take({"status": CallStatus.LOST})
    settling.settle([call["_id"] for call in due])


def release_new_cases(client: RetellClient) -> None:
    """Cases that were added to a campaign by a process that died then."""
    updates.release_stored()


def restate_totals(client: RetellClient) -> None:
    """What cases owe in all, after somebody who changed it died."""
    totals.restate_marked()


def tend_staff_calls(client: RetellClient) -> None:
    """Calls to our own people: looked up, never sent again."""
    due = staff_results.due()
    answers = _in_parallel(lambda call: _look_up(client, call), due)
    staff_results.merge([a for a in answers if isinstance(a, results.Report)])
    answered = [c for c, a in zip(due, answers, strict=True) if a != SILENT]
    staff_results.lose_overlong(answered, staff_scripts.LONGEST_SECONDS)


def finish_batches(client: RetellClient) -> None:
    """Expire what is over its time; complete what has nothing left to do."""
    now = clock.now()
    for batch in Batch.objects.filter(
        status__in=[BatchStatus.DRAFT, BatchStatus.RUNNING, BatchStatus.PAUSED],
        expires_at__lte=now,
    ):
        batch.expire(by="clock")
    for batch in Batch.objects.filter(status=BatchStatus.RUNNING):
        if _has_open_job(batch):
            continue
        loading = batch.is_loading()
        # asked again: a load that has ended in between left its jobs
        if not loading and not _has_open_job(batch):
            batch.complete(by="clock")


def recount_batches(client: RetellClient) -> None:
    """Rebuild the counters of touched batches, a big one less often.

    An ended batch stays touched until none of its jobs is open: one whose call was
    live at the end comes back later, and the one who ended it may have died.
    """
    for batch in Batch.objects.filter(counters_dirty=True):
        has_ended = batch.status in (BatchStatus.CANCELLED, BatchStatus.EXPIRED)
        if has_ended:
            batch.end_jobs(by="clock")
        is_open = _has_open_job(batch)
        if is_open and time.monotonic() < _recount_after.get(batch.pk, 0.0):
            continue
        began = time.monotonic()
        rows = collection(Batch, fast=True)
        if not (has_ended and is_open):
            rows.update_one({"_id": batch.pk}, {"$set": {"counters_dirty": False}})
        counted = counters.count(batch.pk)
        rows.update_one({"_id": batch.pk}, {"$set": {"counters": counted}})
        took = time.monotonic() - began
        _recount_after[batch.pk] = time.monotonic() + max(2.0, 50 * took)


def distrust_counters() -> None:
    """Have everything counted once more: whoever did it before may have died in
    between clearing the mark and writing the figures."""
    yesterday = clock.now() - timedelta(days=1)
    collection(Batch).update_many(
        {
            "$or": [
                {"status": {"$in": list(OPEN_BATCH)}},
                {"completed_at": {"$gte": yesterday}},
            ]
        },
        {"$set": {"counters_dirty": True}},
    )


_recount_after: dict[Any, float] = {}
Step = Callable[[RetellClient], object]
STEPS: list[Step] = [
    doubt_lapsed_sends,
    withdraw_lapsed_plans,
    return_refused_jobs,
    settle_lost,
    release_new_cases,
    restate_totals,
    stops.end_interrupted,
    finish_batches,
    recount_batches,
    resolve_unknown,
    poll_open,
    tend_staff_calls,
    sweep.sweep_ended,
    look_at_costs,
]


def _take(where: dict[str, Any]) -> list[Document]:
    """Calls that are due to be looked at. They are due again in POLL_AFTER, whatever
    becomes of this look: what fails must not be tried in a hot loop."""
    where = {**where, "next_check_wall": {"$lte": clock.wall()}}
    calls = list(collection(Call).find(where).limit(ROUND))
    if calls:
        later = clock.wall() + timedelta(seconds=settings.POLL_AFTER)
        collection(Call, fast=True).update_many(
            {**where, "_id": {"$in": [call["_id"] for call in calls]}},
            {"$set": {"next_check_wall": later}},
        )
    return calls


def _at_retell() -> int:
    return collection(Call).count_documents({"status": {"$in": list(states.AT_RETELL)}})


def _has_open_job(batch: Batch) -> bool:
    open_job = {"batch_id": batch.pk, "status": {"$in": list(OPEN_JOB)}}
    return collection(Job).find_one(open_job, {"_id": 1}) is not None


def _in_parallel(
    ask: Callable[[Document], "Answer"], calls: list[Document]
) -> list["Answer"]:
    if not calls:
        return []
    with ThreadPoolExecutor(POLL_THREADS, "poll") as pool:
        return list(pool.map(ask, calls))


# What Retell may say besides a report: it knows no such call, or nothing usable.
ABSENT, SILENT = "absent", "silent"
Answer = results.Report | Literal["absent", "silent"]


def _look_up(client: RetellClient, call: Document) -> Answer:
    """What Retell has under our id."""
    if call.get("retell_id"):
        return _poll(client, call)
    ours = {"type": "string", "op": "eq", "key": "attempt_id", "value": call["_id"]}
    try:
        page = client.list_calls({"metadata": [ours]}, limit=2)
        # trusted as far as it can be checked: another's call must not become ours
        found = [item for item in page.items if item.attempt_id == call["_id"]]
        if len(found) > 1:
            log.critical("call %s exists more than once at Retell", call["_id"])
        if not found:
            return ABSENT
        reply = client.get_call(found[0].call_id)  # with the transcript
    except RetellError as error:
        log.warning("call %s not looked up: %s", call["_id"], error)
        return SILENT
    return results.Report(call["_id"], results.event_of(reply), reply)


def _poll(client: RetellClient, call: Document) -> Answer:
    if not call.get("retell_id"):
        return ABSENT
    try:
        reply = client.get_call(call["retell_id"])
    except RetellError as error:
        log.warning("call %s not polled: %s", call["_id"], error)
        return ABSENT if error.kind == "rejected" and error.permanent else SILENT
    return results.Report(call["_id"], results.event_of(reply), reply)


def _overlong(calls: list[Document]) -> list[Document]:
    """Those older than ringing and the longest call could take, with a grace (wall)."""
    ids = {call["batch_id"] for call in calls}
    wanted = {"ring_seconds": 1, "max_call_seconds": 1}
    longest = {
        batch["_id"]: batch["ring_seconds"] + batch["max_call_seconds"]
        for batch in collection(Batch).find({"_id": {"$in": list(ids)}}, wanted)
    }
    wall, rate = clock.wall(), clock.rate()
    return [
        call
        for call in calls
        if (wall - call["first_sent_wall"]).total_seconds()
        > longest.get(call["batch_id"], 0) / rate + settings.OVERLONG_GRACE
    ]


def _stop_or_lose(client: RetellClient, call: Document) -> None:
    """Hang an over-long call up; one that still shows no end next time is lost."""
    if call["error_code"] == "stopped_overlong":
        _lose(call, "never_ended")
        return
    try:
        client.stop_call(call["retell_id"])
    except RetellError as error:
        log.warning("call %s not stopped: %s", call["_id"], error)
        if error.kind != "rejected":
            return  # it may go on: told again next time
    collection(Call).update_one(
        {"_id": call["_id"]}, {"$set": {"error_code": "stopped_overlong"}}
    )


def _lose(call: Document, reason: str) -> None:
    CALL.move(
        {"_id": call["_id"]},
        CallStatus.LOST,
        by=BY,
        reason=reason,
        error_code=reason,
        next_check_wall=clock.wall(),
    )
