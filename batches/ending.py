"""Ending the cases of a set at once: withdrawn, or cancelled since they are paid.

What waits ends now. What is being called ends with its call: that was asked for, and
the gate and the end of the call see it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from batches.models import Batch, Job
from batches.states import JOB, MAY_BE_CALLED, JobStatus
from speechai_site.runtime import clock, fences
from speechai_site.runtime.documents import collection

CHUNK = 1000


@dataclass(frozen=True)
class Ended:
    """`now`: waited and have ended. `later`: end with the call that is under way."""

    now: int = 0
    later: int = 0


def _untold(_done: int, _total: int) -> None:
    pass


def end_jobs(
    ids: Sequence[Any],
    to: str,
    *,
    code: str,
    by: str,
    said: str = "",
    only_from: Iterable[str] = MAY_BE_CALLED,
    told: Callable[[int, int], object] = _untold,
) -> Ended:
    """End jobs by id as `to`; `code` is their reason, `said` what a person wrote; `told`
    is called with how many of how many were looked at, and may stop it.

    When this returns, none of them is sent that was not `sending` already, and what
    has ended is called no more by a rerun either. Repeating it changes nothing.
    """
    ended = later = 0
    wanted = {"status": {"$in": list(only_from)}}
    for place, chunk in enumerate(_chunks(ids)):
        these = {"_id": {"$in": chunk}}
        # asked first: a case that comes back from the dialer in between is asked too
        collection(Job).update_many(
            {**these, **wanted}, {"$set": {"stop_requested": to, "stop_reason": code}}
        )
        ended += JOB.move(
            {**these, "stop_requested": to},
            to,
            only_from=[JobStatus.QUEUED],
            by=by,
            reason=said[:64] or code,
            status_reason=code,
            next_attempt_at=None,
            callback_at=None,
            finished_at=clock.now(),
            stop_requested="",
        )
        under_way = {"$in": [JobStatus.CLAIMED, JobStatus.CALLING]}
        later += collection(Job).count_documents({**these, "status": under_way})
        told(min(len(ids), (place + 1) * CHUNK), len(ids))
    if ids:
        fences.close()  # a call that is sent again reads its case, and writes it not
        mark_dirty(ids)
    return Ended(ended, later)


def mark_dirty(job_ids: Sequence[Any]) -> None:
    """Have the campaigns of these jobs counted again."""
    for chunk in _chunks(job_ids):
        batches = collection(Job).distinct("batch_id", {"_id": {"$in": chunk}})
        collection(Batch, fast=True).update_many(
            {"_id": {"$in": batches}}, {"$set": {"counters_dirty": True}}
        )


def _chunks(ids: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))
