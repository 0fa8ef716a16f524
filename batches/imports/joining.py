"""Rows of a draft's further file that belong to cases which the draft has already.

Corrected rows of an error workbook always join their case, as they would have done had
they been right at first; rows of other files where that was chosen. Cases are the same
person and creditor. Jobs change only in the transaction that makes the file count.

A case that can't be called takes rows too, and stays so. One that was withdrawn takes
none, and is not made anew: nobody is called again whom somebody took out.
"""

from collections.abc import Sequence
from typing import Any

from batches.imports import totals
from batches.imports.balances import Contexts
from batches.imports.cases import Case, Cases
from batches.imports.compare import CHANGEABLE, Change, Comparer
from batches.imports.duplicates import leave_out
from batches.imports.listed import chunked
from batches.imports.storage import Incomplete
from batches.models import Upload
from batches.states import JobStatus

_CHUNK = 1000


def take_out(cases: Cases, upload: Upload) -> list[Change]:
    """Take the cases that join others out of a file; what those become.

    Rows that would change nothing, or are of a case that has ended, are reported.
    """
    if not (cases.corrects or cases.answers.duplicates.act == "merge"):
        return []
    comparer = Comparer(cases, upload, keep=True, joins=True)
    changes: list[Change] = []
    joined: set[int] = set()
    nothing_new: set[int] = set()
    for start, chunk in enumerate(chunked(cases.cases, _CHUNK)):
        jobs = comparer.jobs_of(chunk)
        contexts = Contexts([j for of in jobs.values() for j in of], upload.account)
        for place, case in enumerate(chunk, start * _CHUNK):
            mine = jobs.get((case.person_key(upload.account_id), case.subject_key), [])
            if comparer.is_new(case, mine):
                continue
            job = _able(mine)
            if job is None:
                nothing_new.add(place)
                continue
            change = comparer.change(case, job, contexts)
            (joined if change.values else nothing_new).add(place)
            changes += [change] if change.values else []
    _settle(cases, joined, nothing_new)
    return changes


def _able(jobs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one that rows join: one that may be called, if there is one."""
    able = [job for job in jobs if job["status"] in (*CHANGEABLE, JobStatus.DENIED)]
    return min(able, key=lambda job: job["status"] == JobStatus.DENIED, default=None)


def _settle(cases: Cases, joined: set[int], nothing_new: set[int]) -> None:
    cases.joined = len(joined)
    cases.joined_rows = sum(cases.cases[place].row_count for place in joined)
    gone: list[Case] = [cases.cases[place] for place in joined]
    leave_out(cases, nothing_new, "duplicate")
    ids = set(map(id, gone))
    cases.cases = [case for case in cases.cases if id(case) not in ids]


def write(changes: Sequence[Change], upload: Upload) -> None:
    """In the transaction that makes the file count; raises Incomplete when a job changed
    meanwhile. The campaign's total is marked where adding the file's is not enough."""
    if not changes:
        totals.mark_changed(upload.batch_id)
        return
    updates = [change.update() for change in changes]
    if totals.change(updates, [upload.batch_id]) < len(changes):
        raise Incomplete
