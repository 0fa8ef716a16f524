"""Statuses of batches, jobs and uploads, and the arrows between them.

Batch draft ─► running ⇄ paused ─► completed
      draft|running|paused ─► cancelled|expired ; completed ─► running
Job   queued ─► claimed ─► calling ─► queued | done | exhausted | review
      claimed ─► queued (deferred, 429, pause, lapsed)
      queued|claimed ─► denied|withdrawn|cancelled|expired
      review ─► queued|done (a person)
      calling ─► denied|withdrawn|cancelled|expired (asked for meanwhile)
      done|exhausted|expired ─► queued (rerun, a person)
Upload queued ─► reading ─► storing ─► stored ─► undone ; reading|storing ─► queued (lapsed)
       queued|reading|storing ─► failed|cancelled
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from speechai_site.runtime.machines import Machine


class BatchStatus(TextChoices):
    DRAFT = "draft", pgettext_lazy("batch", "Draft")
    RUNNING = "running", pgettext_lazy("batch", "Running")
    PAUSED = "paused", pgettext_lazy("batch", "Paused")
    COMPLETED = "completed", pgettext_lazy("batch", "Completed")
    CANCELLED = "cancelled", pgettext_lazy("batch", "Cancelled")
    EXPIRED = "expired", pgettext_lazy("batch", "Expired")


class JobStatus(TextChoices):
    QUEUED = "queued", pgettext_lazy("job", "Waiting")
    CLAIMED = "claimed", pgettext_lazy("job", "Claimed")
    CALLING = "calling", pgettext_lazy("job", "Calling")
    DONE = "done", pgettext_lazy("job", "Closed")
    EXHAUSTED = "exhausted", pgettext_lazy("job", "Exhausted")
    REVIEW = "review", pgettext_lazy("job", "In review")
    DENIED = "denied", pgettext_lazy("job", "Cannot be called")
    WITHDRAWN = "withdrawn", pgettext_lazy("job", "Withdrawn")
    CANCELLED = "cancelled", pgettext_lazy("job", "Cancelled")
    EXPIRED = "expired", pgettext_lazy("job", "Expired")


class UploadStatus(TextChoices):
    QUEUED = "queued", pgettext_lazy("upload", "Waiting")
    READING = "reading", pgettext_lazy("upload", "Being read")
    STORING = "storing", _("Loading")
    STORED = "stored", _("Loaded")
    FAILED = "failed", pgettext_lazy("upload", "Failed")
    CANCELLED = "cancelled", pgettext_lazy("upload", "Cancelled")
    UNDONE = "undone", pgettext_lazy("upload", "Undone")


B, J, U = BatchStatus, JobStatus, UploadStatus
OPEN_BATCH = (B.DRAFT, B.RUNNING, B.PAUSED)
LOADING = (U.QUEUED, U.READING, U.STORING)
OPEN_JOB = (J.QUEUED, J.CLAIMED, J.CALLING)
# Nobody calls them, or not now: `status_reason` says why.
NOT_CALLED = (J.QUEUED, J.DENIED)
# What may be asked of a job while its call is live; it takes effect at the call's end.
ENDED_BY_REQUEST = (J.DENIED, J.WITHDRAWN, J.CANCELLED, J.EXPIRED)

# From these it may be called, now or again.
MAY_BE_CALLED = (*OPEN_JOB, J.REVIEW, J.DONE, J.EXHAUSTED, J.EXPIRED)

BATCH = Machine(
    "batches_batch",
    {
        B.DRAFT: frozenset({B.RUNNING, B.CANCELLED, B.EXPIRED}),
        B.RUNNING: frozenset({B.PAUSED, B.COMPLETED, B.CANCELLED, B.EXPIRED}),
        B.PAUSED: frozenset({B.RUNNING, B.COMPLETED, B.CANCELLED, B.EXPIRED}),
        B.COMPLETED: frozenset({B.RUNNING}),
        B.CANCELLED: frozenset(),
        B.EXPIRED: frozenset(),
    },
)
JOB = Machine(
    "batches_job",
    {
        J.QUEUED: frozenset({J.CLAIMED, *ENDED_BY_REQUEST}),
        J.CLAIMED: frozenset({J.CALLING, J.QUEUED, *ENDED_BY_REQUEST}),
        J.CALLING: frozenset(
            {J.QUEUED, J.DONE, J.EXHAUSTED, J.REVIEW, *ENDED_BY_REQUEST}
        ),
        J.REVIEW: frozenset({J.QUEUED, J.DONE}),
        J.DONE: frozenset({J.QUEUED}),
        J.EXHAUSTED: frozenset({J.QUEUED}),
        J.EXPIRED: frozenset({J.QUEUED}),
        J.DENIED: frozenset(),
        J.WITHDRAWN: frozenset(),
        J.CANCELLED: frozenset(),
    },
)
UPLOAD = Machine(
    "batches_upload",
    {
        U.QUEUED: frozenset({U.READING, U.FAILED, U.CANCELLED}),
        U.READING: frozenset({U.STORING, U.QUEUED, U.FAILED, U.CANCELLED}),
        U.STORING: frozenset({U.STORED, U.QUEUED, U.FAILED, U.CANCELLED}),
        U.STORED: frozenset({U.UNDONE}),
        U.FAILED: frozenset(),
        U.CANCELLED: frozenset(),
        U.UNDONE: frozenset(),
    },
)


def asked(job: Mapping[str, Any]) -> tuple[str, str]:
    """How a job ends for which a stop was asked, and its reason's code."""
    to = job["stop_requested"]
    return to, job.get("stop_reason") or f"asked_{to}"
