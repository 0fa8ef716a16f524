"""What time and death leave behind: every state is looked at again and brought to
its end. All of it is safe to repeat and to run twice at once.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.conf import settings
from django_q.tasks import async_task

from batches.models import Batch, Job
from batches.states import JOB, OPEN_JOB, BatchStatus, JobStatus, UploadStatus
from calls import counters, pacing, refusals, results, settling
from calls.gate import Document
from calls.models import Call
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.states import CALL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

log = logging.getLogger(__name__)
BY = "reconcile"
# Rows of one kind that a round takes (the next round follows within a second).
ROUND = 200
POLL_THREADS = 8
# Wall seconds after ringing and the longest call until a call is over-long.
OVERLONG_GRACE = 300


def reconcile_round(client: RetellClient) -> None:
    """Each step on its own: one that fails does not stop the others."""
    for step in STEPS:
        try:
            step(client)
        except Exception as error:
            # the type alone: a message may hold personal data
            log.error("reconcile: %s failed: %s", step.__name__, type(error).__name__)
            log.debug("details", exc_info=True)


def read_workspace_limit(client: RetellClient) -> None:
    limit = client.get_concurrency().outbound_limit
    if limit is not None:
        pacing.remember_workspace_limit(limit)


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
    """Look an unconfirmed call up by its id; else send it again; else it is lost."""
    wall = clock.wall()
    due = _calls({"status": CallStatus.UNKNOWN, "next_check_wall": {"$lte": wall}})
    found = _in_parallel(lambda call: _look_up(client, call), due)
    results.merge([report for report in found if report])
    again = []
    for call, report in zip(due, found, strict=True):
        if report is not None:
            continue
        age = (wall - call["first_sent_wall"]).total_seconds()
        if age >= settings.RETELL_RESEND_UNTIL:
            _lose(call, "no_trace")
        else:
            again.append(call)
    _postpone(again)
    ids = [call["_id"] for call in again]
    if ids:
        async_task("calls.tasks.resend", ids)


def poll_open(client: RetellClient) -> None:
    """Ask for calls whose webhooks are late: open ones, and missing analyses."""
    due = _calls(
        {
            "status": {
                "$in": [
                    CallStatus.REGISTERED,
                    CallStatus.ONGOING,
                    CallStatus.ENDED,
                    CallStatus.NOT_CONNECTED,
                    CallStatus.ERROR,
                ]
            },
            "next_check_wall": {"$lte": clock.wall()},
        }
    )
    if not due:
        return
    reports = _in_parallel(lambda call: _poll(client, call), due)
    results.merge([report for report in reports if report])
    still_open = [c for c in due if c["status"] in ("registered", "ongoing")]
    _postpone(still_open)
    over = [c["_id"] for c in due if c["status"] not in ("registered", "ongoing")]
    settling.settle(over)
    for call in still_open:
        if _is_overlong(call):
            _stop_or_lose(client, call)


def return_refused_jobs(client: RetellClient) -> None:
    """Retell refused, and the dialer died before its job was back."""
    refused = _calls(
        {"status": CallStatus.REJECTED, "next_check_wall": {"$lte": clock.wall()}}
    )
    refusals.return_jobs([call["_id"] for call in refused])


def settle_lost(client: RetellClient) -> None:
    due = _calls({"status": CallStatus.LOST, "next_check_wall": {"$lte": clock.wall()}})
    settling.settle([call["_id"] for call in due])


def finish_batches(client: RetellClient) -> None:
    """Expire what is over its time; complete what has nothing left to do."""
    now = clock.now()
    for batch in Batch.objects.filter(
        status__in=[BatchStatus.DRAFT, BatchStatus.RUNNING, BatchStatus.PAUSED],
        expires_at__lte=now,
    ):
        batch.expire(by="clock")
    for batch in Batch.objects.filter(status=BatchStatus.RUNNING):
        waiting = collection(Job).find_one(
            {"batch_id": batch.pk, "status": {"$in": list(OPEN_JOB)}}, {"_id": 1}
        )
        loading = batch.uploads.filter(status=UploadStatus.STORING).exists()
        if waiting is None and not loading:
            batch.complete(by="clock")


def recount_batches(client: RetellClient) -> None:
    """Rebuild the counters of touched batches, a big one less often."""
    for batch in Batch.objects.filter(counters_dirty=True):
        ready_at = _recount_after.get(batch.pk, 0.0)
        running = batch.status == BatchStatus.RUNNING
        if running and time.monotonic() < ready_at:
            continue
        if batch.status in (BatchStatus.CANCELLED, BatchStatus.EXPIRED):
            batch.end_jobs(by="clock")  # in case the one who ended it died
        began = time.monotonic()
        collection(Batch, fast=True).update_one(
            {"_id": batch.pk}, {"$set": {"counters_dirty": False}}
        )
        collection(Batch, fast=True).update_one(
            {"_id": batch.pk}, {"$set": {"counters": counters.count(batch.pk)}}
        )
        took = time.monotonic() - began
        _recount_after[batch.pk] = time.monotonic() + max(1.0, 20 * took)


_recount_after: dict[Any, float] = {}
Step = Callable[[RetellClient], None]
STEPS: list[Step] = [
    doubt_lapsed_sends,
    withdraw_lapsed_plans,
    return_refused_jobs,
    settle_lost,
    finish_batches,
    recount_batches,
    resolve_unknown,
    poll_open,
]


def _calls(where: dict[str, Any]) -> list[Document]:
    return list(collection(Call).find(where).limit(ROUND))


def _in_parallel(ask: Callable[[Document], Any], calls: list[Document]) -> list[Any]:
    if not calls:
        return []
    with ThreadPoolExecutor(POLL_THREADS, "poll") as pool:
        return list(pool.map(ask, calls))


def _look_up(client: RetellClient, call: Document) -> results.Report | None:
    """What Retell has under our id; None when it has nothing, or does not answer."""
    try:
        if call.get("retell_id"):
            return _poll(client, call)
        page = client.list_calls(
            {
                "metadata": [
                    {
                        "type": "string",
                        "op": "eq",
                        "key": "attempt_id",
                        "value": call["_id"],
                    }
                ]
            },
            limit=2,
        )
    except RetellError as error:
        log.warning("call %s not looked up: %s", call["_id"], error)
        return None
    if not page.items:
        return None
    if len(page.items) > 1:
        log.critical("call %s exists more than once at Retell", call["_id"])
    reply = page.items[0]
    return results.Report(call["_id"], results.event_of(reply), reply)


def _poll(client: RetellClient, call: Document) -> results.Report | None:
    if not call.get("retell_id"):
        return None
    try:
        reply = client.get_call(call["retell_id"])
    except RetellError as error:
        log.warning("call %s not polled: %s", call["_id"], error)
        return None
    return results.Report(call["_id"], results.event_of(reply), reply)


def _postpone(calls: list[Document]) -> None:
    """Look again later; a row that changed meanwhile has its own time."""
    for status in {call["status"] for call in calls}:
        collection(Call, fast=True).update_many(
            {
                "_id": {"$in": [c["_id"] for c in calls if c["status"] == status]},
                "status": status,
                "next_check_wall": {"$lte": clock.wall()},
            },
            {
                "$set": {
                    "next_check_wall": clock.wall()
                    + timedelta(seconds=settings.POLL_AFTER)
                }
            },
        )


def _is_overlong(call: Document) -> bool:
    """Longer than ringing and the longest call could take, with a grace (wall)."""
    batch = collection(Batch).find_one(
        {"_id": call["batch_id"]}, {"ring_seconds": 1, "max_call_seconds": 1}
    )
    limit = (batch["ring_seconds"] + batch["max_call_seconds"]) / clock.rate()
    age = (clock.wall() - call["first_sent_wall"]).total_seconds()
    return age > limit + OVERLONG_GRACE


def _stop_or_lose(client: RetellClient, call: Document) -> None:
    """Hang an over-long call up; one that still shows no end next time is lost."""
    if call["error_code"] == "stopped_overlong":
        _lose(call, "never_ended")
        return
    try:
        client.stop_call(call["retell_id"])
    except RetellError as error:
        log.warning("call %s not stopped: %s", call["_id"], error)
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
