"""What an update writes: new cases, hidden as yet, and changed ones unless they changed
meanwhile: then they are compared anew."""

from collections.abc import Callable, Sequence
from typing import Any

from batches.imports import totals
from batches.imports.balances import Contexts
from batches.imports.cases import Case
from batches.imports.compare import CHANGEABLE, Change, Comparer
from batches.imports.listed import chunked
from batches.models import Job
from speechai_site.runtime.documents import collection, insert_missing

CHUNK = 1000
TRIES = 10


def write_changed(
    comparer: Comparer,
    changed: Sequence[tuple[Case, Change]],
    wrote: Callable[[int], object],
) -> None:
    """Each case unless its debts or phones changed meanwhile: then it is compared
    anew. `wrote` is told how many at a time."""
    left = list(changed)
    for _try in range(TRIES):
        again: list[tuple[Case, Change]] = []
        for chunk in chunked(left, CHUNK):
            _write(chunk)
            wrote(len(chunk))
            again += _missed(comparer, chunk)
        left = again
        if not left:
            return


def _write(chunk: Sequence[tuple[Case, Change]]) -> None:
    totals.change_some(
        [(change.update(), change.job["batch_id"]) for _case, change in chunk]
    )


def _missed(
    comparer: Comparer, chunk: Sequence[tuple[Case, Change]]
) -> list[tuple[Case, Change]]:
    """Those that are not as they should be, with what they are to become now."""
    jobs = {
        job["_id"]: job
        for of in comparer.jobs_of([case for case, _change in chunk]).values()
        for job in of
        if job["status"] in CHANGEABLE
    }
    contexts = Contexts(jobs.values(), comparer.account)
    found = []
    for case, change in chunk:
        job = jobs.get(change.job["_id"])
        if job is None:
            continue
        anew = comparer.change(case, job, contexts)
        if anew.values:
            found.append((case, anew))
    return found


def store_new(
    comparer: Comparer, new: Sequence[Case], wrote: Callable[[int], object]
) -> None:
    """Behind the cases that are there, and hidden: without a next attempt. `wrote` is
    told how many at a time."""
    upload = comparer.upload
    behind = _last_rank(upload.batch_id) + 1
    documents = (
        comparer.document(case, rank) | {"rank": behind + rank}
        for rank, case in enumerate(new)
    )
    for chunk in chunked([d | {"next_attempt_at": None} for d in documents], CHUNK):
        insert_missing(collection(Job), chunk)
        wrote(len(chunk))


def _last_rank(batch_id: Any) -> int:
    rows = collection(Job).aggregate(
        [
            {"$match": {"batch_id": batch_id}},
            {"$group": {"_id": None, "last": {"$max": "$rank"}}},
        ]
    )
    return next((row["last"] for row in rows), -1)
