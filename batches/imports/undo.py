"""Undoing an upload: as long as nobody of it was called, none of its cases is called.

The cases stay, as withdrawn: every row that came has a state. The same rows may be
added to their campaign again (`compare.py` passes over what was undone).
"""

from typing import Any

from django.db import models

from batches.ending import Ended, end_jobs
from batches.imports.problems import WorkbookError
from batches.models import Job, Upload
from batches.states import UPLOAD, JobStatus, UploadStatus
from speechai_site.runtime import audit
from speechai_site.runtime.documents import collection

UNDONE = "upload_undone"
_WAITS = [JobStatus.QUEUED, JobStatus.CLAIMED]
_WAS_DIALED = {
    "$or": [{"attempts": {"$gt": 0}}, {"history.to": JobStatus.CALLING}],
}


def figures_of(upload: Upload) -> dict[str, int]:
    """The cases of an upload: `dialed` (ever), `waiting` (never dialed), and the
    `rest`, which never were and won't be."""
    found = dict.fromkeys(("dialed", "waiting", "rest"), 0)
    rows = collection(Job).find(
        {"upload_id": upload.pk}, {"status": 1, "attempts": 1, "history.to": 1}
    )
    for job in rows:
        if job["attempts"] or any(h["to"] == JobStatus.CALLING for h in job["history"]):
            found["dialed"] += 1
        else:
            found["waiting" if job["status"] in _WAITS else "rest"] += 1
    return found


def undo(upload: Upload, *, by: str, reason: str) -> tuple[Ended, int]:
    """Withdraw all cases of an upload; what ended, and how many were dialed meanwhile.

    Unless that is 0 the upload is not undone: the others are withdrawn all the same.
    Raises WorkbookError when a case was dialed before, and for an update, of which
    nobody knows any more what was there before. Safe to repeat.
    """
    if upload.mode == Upload.Mode.UPDATE or upload.status != UploadStatus.STORED:
        raise WorkbookError("upload_not_undoable")
    if dialed(upload):
        raise WorkbookError("upload_was_dialed")
    waiting = collection(Job).find(
        {"upload_id": upload.pk, "status": {"$in": _WAITS}}, {"_id": 1}
    )
    ended = end_jobs(
        [job["_id"] for job in waiting],
        JobStatus.WITHDRAWN,
        code=UNDONE,
        by=by,
        said=reason,
        only_from=_WAITS,
    )
    # exact: whatever is sent from now on has read that it was withdrawn
    called = dialed(upload)
    if not called:
        UPLOAD.move({"_id": upload.pk}, UploadStatus.UNDONE, by=by, reason=reason)
        upload.refresh_from_db()
    audit.record(
        "upload.undo",
        upload,
        by=by,
        reason=reason,
        now=ended.now,
        later=ended.later,
        called=called,
    )
    return ended, called


def dialed(upload: Upload) -> int:
    """How many cases of an upload were ever dialed."""
    return collection(Job).count_documents({"upload_id": upload.pk, **_WAS_DIALED})


def without_effect(batch_id: Any) -> list[Any]:
    """The ids of a campaign's uploads that were undone, and of updates that do not
    count: they are being stored, or their process was killed."""
    undone = models.Q(status=UploadStatus.UNDONE)
    modes = [Upload.Mode.ADD, Upload.Mode.UPDATE]
    stored_not_yet = models.Q(status=UploadStatus.STORING, mode__in=modes)
    rows = Upload.objects.filter(undone | stored_not_yet, batch_id=batch_id)
    return list(rows.values_list("pk", flat=True))
