"""Imports that the queue's workers do, while people go on with their work.

The upload's row is the truth and a task is only a hint: whatever was lost, killed or
asked for meanwhile is found by `tend`, which the clock process calls.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import translation
from django_q.tasks import async_task

from batches.imports import loading, slots, storage
from batches.imports.loading import Begun, Cancelled
from batches.imports.problems import FILE_SENTENCES, WorkbookError
from batches.models import Upload
from batches.states import LOADING, UPLOAD, UploadStatus
from speechai_site.runtime import audit, clock, leases

log = logging.getLogger(__name__)
TASK = "batches.tasks.load"
# A task that was not begun so long after it was queued may be lost.
REQUEUE_AFTER = timedelta(seconds=60)
# Until a process that lost its lease has surely noticed.
SWEEP_AFTER = timedelta(seconds=120)
MOST_ATTEMPTS = 5
# A file of some hundred thousand rows on a busy machine; `retry` of the queue may come
# before, and finds the lease taken.
TIMEOUT = 3600
BY = "importer"


def submit(wanted: Begun, *, start: bool = False) -> Upload:
    """Keep the file and queue its import; `start`: then its campaign is started.

    Returns at once with an upload that is `queued`. Raises WorkbookError for what can
    be known without reading it.
    """
    upload = loading.begin(
        wanted,
        status=UploadStatus.QUEUED,
        queued_wall=clock.wall(),
        start_by=wanted.actor if start else "",
    )
    _queue(upload.pk)
    return upload


def wait(upload: Upload, seconds: float) -> bool:
    """Wait until it has ended; False when it has not after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        upload.refresh_from_db()
        if upload.status not in LOADING:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)


def cancel(upload: Upload, *, by: str) -> bool:
    """Ask for an upload to be cancelled; False when it has ended already.

    Who loads it hears of it within a second; what nobody loads is cancelled here.
    """
    loads = Upload.objects.filter(pk=upload.pk, status__in=LOADING, cancel_by="")
    if not loads.update(cancel_by=by):
        return False
    audit.record("upload.cancel", upload, by=by)
    held = loading.hold(upload.pk)
    if held:
        upload.refresh_from_db()
        loading.end(upload, held, UploadStatus.CANCELLED, by=by)
        leases.release(held)
    return True


# --- in a worker --------------------------------------------------------------------


def run(upload_id: str) -> str:
    """Load a queued upload; how it ended, for the log. Harmless when repeated."""
    slot = slots.take()
    if slot is None:
        return "no slot"
    try:
        return _run(ObjectId(upload_id), slot)
    finally:
        slots.give_back(slot)


def _run(upload_id: ObjectId, slot: leases.Held) -> str:
    held = loading.hold(upload_id)
    if held is None:
        return "another loads it"
    taken = UPLOAD.move(
        {"_id": upload_id, "cancel_by": ""},
        UploadStatus.READING,
        by=BY,
        started_wall=clock.wall(),
        rows_read=0,
        jobs_stored=0,
        attempts__inc=1,
    )
    if not taken:
        leases.release(held)
        return "not waiting"
    upload = Upload.objects.get(pk=upload_id)
    try:
        with translation.override(upload.language or settings.LANGUAGE_CODE):
            return _load(upload, loading.Watch(upload, held, slot), slot)
    except Exception as error:
        # The type alone: a message may hold personal data. The lease lapses on its
        # own, which is the pause before the next attempt.
        log.error("upload %s failed: %s", upload_id, type(error).__name__)
        return type(error).__name__


def _load(upload: Upload, watch: loading.Watch, slot: leases.Held) -> str:
    try:
        loading.load(upload, watch, children=slots.children(slot))
        start(upload)
    except (Cancelled, storage.LeaseLost):
        upload.refresh_from_db()
        if upload.cancel_by and upload.status in LOADING:
            _cancelled(upload, watch.held)
        elif upload.status in (UploadStatus.FAILED, UploadStatus.CANCELLED):
            storage.remove_rows(upload)  # what was written after it had ended
    except WorkbookError as error:
        text = error.message[:500]
        failed = UploadStatus.FAILED
        loading.end(
            *(upload, watch.held, failed),
            by=BY,
            problem=error.code,
            problem_text=text,
        )
    leases.release(watch.held)
    upload.refresh_from_db()
    return upload.status


def _cancelled(upload: Upload, held: leases.Held) -> None:
    loading.end(upload, held, UploadStatus.CANCELLED, by=upload.cancel_by)


def start(upload: Upload) -> None:
    """Start the campaign of a loaded upload, when that was asked for with it."""
    if not upload.start_by:
        return
    problem = {}
    try:
        upload.batch.refresh_from_db()
        upload.batch.start(by=upload.start_by)
    except ValidationError as error:
        told = " ".join(error.messages)[:500]
        problem = {"problem": "not_started", "problem_text": told}
    Upload.objects.filter(pk=upload.pk).update(start_by="", to_tend=False, **problem)


def _queue(upload_id: Any) -> None:
    async_task(TASK, str(upload_id), timeout=TIMEOUT)


def _queue_next() -> None:
    """The upload that waits longest, since there is a slot for it now."""
    waiting = Upload.objects.filter(to_tend=True, status=UploadStatus.QUEUED)
    if upload := waiting.order_by("pk").first():
        _queue(upload.pk)


slots.WAITING.append(_queue_next)


# --- in the clock process -----------------------------------------------------------


def tend() -> None:
    """Go on with whatever stands still: lost tasks, killed workers, wishes."""
    for upload in Upload.objects.filter(to_tend=True):
        try:
            _tend(upload)
        except Exception as error:
            log.error("upload %s not tended: %s", upload.pk, type(error).__name__)


def _tend(upload: Upload) -> None:
    if upload.status == UploadStatus.STORED:
        start(upload)
    elif upload.status not in LOADING:
        _sweep(upload)
    elif upload.status == UploadStatus.QUEUED and not upload.cancel_by:
        _queue_again(upload)
    elif held := loading.hold(upload.pk):
        _take_up(upload.pk, held)
        leases.release(held)


def _queue_again(upload: Upload) -> None:
    old = Q(pk=upload.pk, queued_wall__lte=clock.wall() - REQUEUE_AFTER)
    if Upload.objects.filter(old).update(queued_wall=clock.wall()):
        _queue(upload.pk)


def _take_up(upload_id: Any, held: leases.Held) -> None:
    """Nobody loads it, though it was begun, or it is to be cancelled."""
    upload = Upload.objects.filter(pk=upload_id, status__in=LOADING).first()
    if upload is None:
        return
    if upload.cancel_by:
        _cancelled(upload, held)
    elif upload.queued_wall is None:  # a command, which would have kept nothing
        storage.discard(upload)
    elif upload.attempts >= MOST_ATTEMPTS:
        code = "import_failed"
        with translation.override(upload.language or settings.LANGUAGE_CODE):
            text = str(FILE_SENTENCES[code])
        failed = UploadStatus.FAILED
        loading.end(upload, held, failed, by=BY, problem=code, problem_text=text)
    elif UPLOAD.move(
        {"_id": upload.pk}, UploadStatus.QUEUED, by=BY, queued_wall=clock.wall()
    ):
        _queue(upload.pk)


def _sweep(upload: Upload) -> None:
    """Remove the rows of an ended upload again: a process that had lost its lease may
    have written some before it noticed."""
    storage.remove_rows(upload)
    if upload.ended_wall < clock.wall() - SWEEP_AFTER:
        Upload.objects.filter(pk=upload.pk).update(to_tend=False)
