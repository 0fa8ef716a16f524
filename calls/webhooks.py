"""Retell's webhooks: verified, stored raw, answered; applied later by one applier."""

import logging
import queue
import threading
import time
from concurrent.futures import Future
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pymongo.errors import PyMongoError

from calls import results, staff_results
from calls.models import Call, WebhookEvent
from calls.retell import signature
from calls.retell.schemas import CallReply, read_json
from speechai_site.runtime import clock, environment, keys
from speechai_site.runtime.documents import collection, insert_missing, unique

log = logging.getLogger(__name__)
PATH = "/webhooks/retell/"
# A request waits this long for its batch to be on disk (seconds; Retell waits 10).
STORE_TIMEOUT = 8
BATCH = 200
# Stored and not applied yet.
WAITING = {"result": ""}
# So long the first of a batch waits for others (seconds): one insert serves all.
GATHER = 0.025
# That the key works is written down once in so many seconds.
CONFIRM_EVERY = 60
_confirm_at = 0.0


@csrf_exempt  # authenticated by its signature on the raw bytes
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Who may: whoever holds the webhook key. 204 once it is stored, for good.

    401 for a wrong signature; 503 when the database is away, so that Retell repeats.
    A signed message that can never be used is answered 204: repeating won't help.
    """
    body = request.body
    now_ms = int(clock.wall().timestamp() * 1000)
    given = request.headers.get("X-Retell-Signature")
    if not signature.verify(body, settings.RETELL_WEBHOOK_KEY, given, now_ms):
        return HttpResponse(status=401)
    _confirm_key()
    row = event_row(body)
    if row is None:
        log.warning("webhook ignored: not an event of a call")
        return HttpResponse(status=204)
    try:
        COMMITTER.submit(row).result(STORE_TIMEOUT)
    except (PyMongoError, TimeoutError) as error:
        log.error("webhook not stored: %s", type(error).__name__)
        return HttpResponse(status=503)
    return HttpResponse(status=204)


def _confirm_key() -> None:
    """The webhook key has verified a message: arming live asks for that."""
    global _confirm_at
    if time.monotonic() < _confirm_at:
        return
    try:
        environment.remember_webhook(keys.key_fingerprint(settings.RETELL_WEBHOOK_KEY))
    except PyMongoError as error:  # the next message tries again
        log.error("webhook key not noted: %s", type(error).__name__)
        return
    _confirm_at = time.monotonic() + CONFIRM_EVERY


def event_row(body: bytes) -> dict[str, Any] | None:
    """The row of an event; None when it names no event or no call."""
    try:
        message = read_json(body)
        event, call_id = message["event"], message["call"]["call_id"]
    except (ValueError, KeyError, TypeError):
        return None
    if not all(isinstance(name, str) and name.isascii() for name in (event, call_id)):
        return None  # no name of Retell's; half an emoji could not even be stored
    return {
        "_id": ObjectId(),
        "key": f"{event[:40]}:{call_id[:100]}",
        "event": event[:40],
        "body": body,
        "received_wall": clock.wall(),
        "applied_wall": None,
        "result": "",
    }


class GroupCommit:
    """One insert for all requests that wait: a flusher thread, made on first use."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[tuple[dict, Future]] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.flusher: threading.Thread | None = None

    def submit(self, row: dict[str, Any]) -> "Future[None]":
        """A future that is done when the row, or its twin, is on disk (majority)."""
        future: Future[None] = Future()
        self.waiting.put((row, future))
        with self.lock:
            if self.flusher is None or not self.flusher.is_alive():
                self.flusher = threading.Thread(target=self._flush, daemon=True)
                self.flusher.start()
        return future

    def _flush(self) -> None:
        while True:
            group = [self.waiting.get()]
            time.sleep(GATHER)
            while len(group) < BATCH:
                try:
                    group.append(self.waiting.get_nowait())
                except queue.Empty:
                    break
            error = self._store([row for row, _future in group])
            for _row, future in group:
                if error:
                    future.set_exception(error)
                else:
                    future.set_result(None)

    @staticmethod
    def _store(rows: list[dict[str, Any]]) -> Exception | None:
        try:
            insert_missing(collection(WebhookEvent), rows)
        except Exception as error:
            return error
        return None


COMMITTER = GroupCommit()


def apply_waiting() -> int:
    """Merge up to BATCH stored events into their calls; how many were taken.

    Safe to run twice at once: merging is idempotent, and an event is marked as
    applied only after its call was written.
    """
    events = list(
        collection(WebhookEvent)
        .find(WAITING, {"event": 1, "body": 1})
        .sort([("result", 1), ("_id", 1)])
        .hint("webhook_waiting")
        .limit(BATCH)
    )
    if not events:
        return 0
    read = {event["_id"]: _read(event) for event in events}
    known = _known_calls([reply for reply in read.values() if reply is not None])
    reports: list[results.Report] = []
    of_staff: list[results.Report] = []
    taken: dict[str, list[Any]] = {}
    for event in events:
        reply = read[event["_id"]]
        call_id = known.get(reply.call_id) if reply else None
        if reply is None or event["event"] not in results.RANKS:
            result = "ignored"
        elif staff_results.is_staff(reply.attempt_id):
            result = "of_staff"
            of_staff.append(results.Report(reply.attempt_id, event["event"], reply))
        elif call_id is None:
            result = "no_such_call"
        else:
            result = "applied"
            reports.append(results.Report(call_id, event["event"], reply))
        taken.setdefault(result, []).append(event["_id"])
    results.merge(reports)
    staff_results.merge(of_staff)
    for result, ids in taken.items():
        collection(WebhookEvent, fast=True).update_many(
            {"_id": {"$in": ids}},
            {"$set": {"applied_wall": clock.wall(), "result": result}},
        )
    return len(events)


def _read(event: dict[str, Any]) -> CallReply | None:
    try:
        return CallReply.parse(read_json(event["body"])["call"])
    except (ValueError, KeyError, TypeError):
        log.warning("webhook %s could not be read", event["_id"])
        return None


def _known_calls(replies: list[CallReply]) -> dict[str, str]:
    """Retell's id → ours: by metadata first, by the stored Retell id second."""
    wanted = {reply.call_id: reply.attempt_id for reply in replies}
    rows = collection(Call).find(
        {"_id": {"$in": [attempt for attempt in wanted.values() if attempt]}},
        {"retell_id": 1},
    )
    by_attempt = {row["_id"]: row.get("retell_id") for row in rows}
    known = {}
    for retell_id, attempt in wanted.items():
        if attempt not in by_attempt:
            continue
        if by_attempt[attempt] in (None, retell_id):
            known[retell_id] = attempt
        else:
            log.critical("call %s exists more than once at Retell", attempt)
    rest = [retell_id for retell_id in wanted if retell_id not in known]
    if rest:
        rows = collection(Call).find({"retell_id": unique(*rest)}, {"retell_id": 1})
        known |= {row["retell_id"]: row["_id"] for row in rows}
    return known
