"""Rows of a draft's further file that belong to cases which the draft has already.

Corrected rows of an error workbook always join their case, as they would have done had
they been right at first; rows of other files where that was chosen. Cases are the same
person and creditor. Jobs change only in the transaction that makes the file count.
"""

from collections.abc import Sequence
from typing import Any

from batches.imports.balances import Contexts
from batches.imports.cases import Case, Cases
from batches.imports.compare import CHANGEABLE, Change, Comparer
from batches.imports.duplicates import leave_out
from batches.imports.listed import chunked
from batches.imports.storage import Incomplete
from batches.models import Job, Upload
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

_CHUNK = 1000


def take_out(cases: Cases, upload: Upload) -> list[Change]:
    """Take the cases that join others out of a file; what those become.

    Rows that would change nothing stand in the campaign already: they are reported.
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
            job = _open(
                jobs.get((case.person_key(upload.account_id), case.subject_key))
            )
            if job is None:
                continue
            change = comparer.change(case, job, contexts)
            (joined if change.values else nothing_new).add(place)
            changes += [change] if change.values else []
    _settle(cases, joined, nothing_new)
    return changes


def _open(jobs: Sequence[dict[str, Any]] | None) -> dict[str, Any] | None:
    return next((job for job in jobs or () if job["status"] in CHANGEABLE), None)


def _settle(cases: Cases, joined: set[int], nothing_new: set[int]) -> None:
    cases.joined = len(joined)
    cases.joined_rows = sum(cases.cases[place].row_count for place in joined)
    gone: list[Case] = [cases.cases[place] for place in joined]
    leave_out(cases, nothing_new, "duplicate")
    ids = set(map(id, gone))
    cases.cases = [case for case in cases.cases if id(case) not in ids]


def write(changes: Sequence[Change]) -> None:
    """In the running transaction; raises Incomplete when a job changed meanwhile."""
    if not changes:
        return
    done = collection(Job).bulk_write(
        [change.update() for change in changes],
        ordered=False,
        session=session(),
    )
    if done.matched_count < len(changes):
        raise Incomplete
