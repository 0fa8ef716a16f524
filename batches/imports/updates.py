"""A file for a campaign that exists, running or not: update its cases, or add to them.

New cases are stored where the dispatcher does not see them, until one transaction has
counted them. What is changed is written unless it changed meanwhile; attempts, status,
history and promises are never touched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from bson import ObjectId
from django.db import IntegrityError, models
from pymongo.errors import BulkWriteError

from batches import use_cases
from batches.ending import end_jobs, mark_dirty
from batches.imports import (
    duplicates,
    error_workbook,
    joining,
    layouts,
    storage,
    totals,
)
from batches.imports.cases import Case, Cases, read_cases
from batches.imports.compare import Comparer, Comparison
from batches.imports.listed import chunked
from batches.imports.loading import fingerprint
from batches.imports.ordering import reorder
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.rewriting import TRIES, write_changed
from batches.imports.rows import RowError
from batches.imports.sniffer import Source
from batches.models import Batch, Job, Upload
from batches.states import OPEN_BATCH, UPLOAD, JobStatus, UploadStatus
from speechai_site.runtime import audit, clock, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction

ABSENT = "absent_in_file"
KEEP, WITHDRAW = "keep", "withdraw"
Mode = Upload.Mode
CHUNK = 1000
LEASE_SECONDS = 60  # far longer than a chunk takes
_DUPLICATE_KEY = 11000
_COUNTED = ("contacts", "error_count", "warning_count", "duplicates", "total_amount")


@dataclass
class Changes:
    """What a file does to a campaign, in cases: `new` + `changed` + `same` + `closed`
    are those of the file, with `left_out`: of the `duplicates` that would be new, those
    that the policy leaves out (their rows are among the errors). `amounts` and `called`
    are of the changed ones; `leaving` wait in the campaign and are not in the file."""

    rows: int
    cases: int
    new: int
    changed: int
    amounts: int
    called: int
    same: int
    closed: int
    duplicates: int
    left_out: int
    leaving: int
    leaving_called: int
    total_amount: Decimal  # of the file
    without_phone: int
    joins: bool  # those that change take more rows, and keep all they had
    errors: list[RowError]
    questions: list[Question]

    def counts(self) -> dict[str, int]:
        return {name: value for name, value in vars(self).items() if type(value) is int}


@dataclass
class Result:
    """What was done. `upload` holds the record of it."""

    changes: Changes
    upload: Upload


def preview(
    source: Source,
    batch: Batch,
    *,
    mode: str = Mode.UPDATE,
    absent: str = KEEP,
    answers: Answers = NO_ANSWERS,
) -> Changes:
    """What an update with the file, or adding its cases, would do, to the unit; nothing
    is changed. Raises WorkbookError."""
    cases = _read(source, batch, answers)
    upload = Upload(pk=ObjectId(), account=batch.account, batch=batch)
    comparer = _comparer(cases, upload, mode, absent)
    return _changes(comparer, _compared(comparer))


def apply(
    source: Source,
    batch: Batch,
    *,
    by: str,
    mode: str = Mode.UPDATE,
    absent: str = KEEP,
    file_name: str = "",
    answers: Answers = NO_ANSWERS,
) -> Result:
    """Update a campaign by a file, or (`mode` add) only add its new cases; corrected
    rows, or where duplicates are to be merged, then join the cases that are there.

    `absent`: whether cases that wait and are not in the file stay or are withdrawn.
    Raises WorkbookError. Repeating it with the same file changes nothing more.
    """
    cases = _read(source, batch, answers)
    digest, size = fingerprint(source)
    upload = Upload(
        pk=ObjectId(),
        account=batch.account,
        batch=batch,
        mode=mode,
        file_name=file_name[:255],
        sha256=digest,
        size=size,
        status=UploadStatus.STORING,
        answers=cases.answers.as_json(),
        options={key: str(value) for key, value in cases.context.options.items()},
        created_by=by,
        rows=cases.rows,
    )
    name, owner = f"update:{batch.pk}", str(uuid4())

    def hold() -> leases.Held:
        held = leases.take(name, owner, LEASE_SECONDS)
        if held is None:
            raise WorkbookError("batch_being_updated")
        return held

    held = hold()
    try:
        _remove_leftovers(batch)
        try:
            changes = _apply(upload, cases, source, mode, absent, hold)
        except BaseException:
            storage.discard(upload)
            raise
    finally:
        leases.release(held)
    audit.record(
        f"upload.{mode}", upload, by=by, absent=absent, **_recorded(changes, mode)
    )
    return Result(changes, upload)


def _read(source: Source, batch: Batch, answers: Answers) -> Cases:
    if batch.status not in OPEN_BATCH:
        raise WorkbookError("batch_ended")
    account = batch.account
    use_case, today = use_cases.get(batch.use_case), clock.today(account.time_zone)
    answers = layouts.told(source, account, use_case, answers)
    options: Mapping[str, Any] = {}
    if last := batch.uploads.order_by("-pk").first():
        options = last.options
    return read_cases(source, account, use_case, options, today, answers)


def _comparer(cases: Cases, upload: Upload, mode: str, absent: str) -> Comparer:
    merges = cases.corrects or cases.answers.duplicates.act == "merge"
    joins = mode == Mode.ADD and merges
    return Comparer(cases, upload, keep=absent == KEEP, joins=joins)


def _compared(comparer: Comparer) -> Comparison:
    """The file against the campaign, and its new cases against the others."""
    cases, upload = comparer.cases, comparer.upload
    found = comparer.all()
    before = len(found.new)
    found.new = duplicates.settle_new(
        cases, found.new, upload.account_id, upload.batch_id, upload.pk
    )
    found.left_out = before - len(found.new)
    return found


def _changes(comparer: Comparer, found: Comparison) -> Changes:
    cases = comparer.cases
    changes = [change for _case, change in found.changed]
    return Changes(
        rows=cases.rows,
        cases=len(cases.cases) + found.left_out,
        new=len(found.new),
        changed=len(found.changed),
        amounts=sum(change.of_amount for change in changes),
        called=sum(change.was_called for change in changes),
        same=found.same,
        closed=found.closed,
        duplicates=cases.known,
        left_out=found.left_out,
        leaving=len(found.leaving),
        leaving_called=sum(found.leaving.values()),
        total_amount=cases.total_amount,
        without_phone=sum(not case.has_phone for case in found.new),
        joins=comparer.joins,
        errors=cases.errors,
        questions=cases.questions,
    )


def _recorded(changes: Changes, mode: str) -> dict[str, int]:
    wanted = ("rows", "new") if mode == Mode.ADD else ()
    counts = changes.counts()
    return {name: counts[name] for name in wanted} if wanted else counts


def _remove_leftovers(batch: Batch) -> None:
    """What an update left when its process was killed: whoever holds the lease knows
    that no such update is alive."""
    for leftover in Upload.objects.filter(
        batch=batch, mode__in=[Mode.ADD, Mode.UPDATE], status=UploadStatus.STORING
    ):
        storage.discard(leftover)


def _apply(
    upload: Upload,
    cases: Cases,
    source: Source,
    mode: str,
    absent: str,
    hold: Callable[[], object],
) -> Changes:
    try:
        upload.save(force_insert=True)  # whatever follows is found through it
    except IntegrityError as error:
        raise WorkbookError("already_importing") from error
    storage.keep_file(upload, source)
    comparer = _comparer(cases, upload, mode, absent)
    found = _compared(comparer)
    _count(upload, cases)
    storage.store_errors(cases.errors, upload, keep_alive=lambda _n: hold())
    if cases.errors:
        path = error_workbook.path_for(upload.pk)
        error_workbook.write(path, cases.headers, cases.errors)
    changes = _changes(comparer, found)
    _store_new(comparer, found.new, hold)
    if mode == Mode.UPDATE:
        write_changed(comparer, found.changed, hold)
        if absent == WITHDRAW:
            end_jobs(
                list(found.leaving),
                JobStatus.WITHDRAWN,
                code=ABSENT,
                by=upload.created_by,
            )
    _finish(upload, changes, found, comparer)
    release(upload)
    reorder(upload.batch_id)
    totals.restate(upload.batch_id)
    mark_dirty([change.job["_id"] for _case, change in found.changed])
    return changes


def _count(upload: Upload, cases: Cases) -> None:
    """What the upload says of its rows, once its duplicates are settled."""
    upload.contacts = cases.contacts
    upload.error_count = len(cases.errors)
    upload.warning_count = cases.warning_count
    upload.duplicates = cases.known
    upload.total_amount = cases.total_amount
    upload.save(update_fields=_COUNTED)


def _store_new(
    comparer: Comparer, new: Sequence[Case], hold: Callable[[], object]
) -> None:
    """Behind the cases that are there, and hidden: without a next attempt."""
    upload = comparer.upload
    behind = _last_rank(upload.batch_id) + 1
    documents = (
        comparer.document(case, rank) | {"rank": behind + rank}
        for rank, case in enumerate(new)
    )
    for chunk in chunked([d | {"next_attempt_at": None} for d in documents], CHUNK):
        try:
            collection(Job).insert_many(chunk, ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
                raise
        hold()


def _last_rank(batch_id: Any) -> int:
    rows = collection(Job).aggregate(
        [
            {"$match": {"batch_id": batch_id}},
            {"$group": {"_id": None, "last": {"$max": "$rank"}}},
        ]
    )
    return next((row["last"] for row in rows), -1)


def _finish(
    upload: Upload, changes: Changes, found: Comparison, comparer: Comparer
) -> None:
    """The one step that makes the new cases count, and what joins others. Raises
    WorkbookError when the campaign has ended meanwhile."""
    joined = found.changed if comparer.joins else []
    for _try in range(TRIES):
        cases = [case for case, _change in joined] + found.new
        rows = sum(case.row_count for case in cases) + upload.error_count

        def work(rows: int = rows, joined: Any = joined) -> None:
            joining.write([change for _case, change in joined], upload)
            _make_count(upload, changes, rows, len(found.new))

        try:
            in_transaction(work)
        except storage.Incomplete:  # calls and payments went on meanwhile
            joined = comparer.all().changed
            changes.changed = len(joined)
            continue
        upload.refresh_from_db()
        return
    raise WorkbookError("batch_being_updated")


def _make_count(upload: Upload, changes: Changes, rows: int, jobs: int) -> None:
    counted = Batch.objects.filter(pk=upload.batch_id, status__in=OPEN_BATCH).update(
        rows=models.F("rows") + rows,
        row_errors=models.F("row_errors") + upload.error_count,
        counters_dirty=True,
    )
    totals.mark([upload.batch_id])
    if not counted or not UPLOAD.move(
        {"_id": upload.pk},
        UploadStatus.STORED,
        by=upload.created_by,
        ended_wall=clock.wall(),
        to_release=True,
        jobs=jobs,
        without_phone=changes.without_phone,
        changes=[[name, str(count)] for name, count in changes.counts().items()],
    ):
        raise WorkbookError("batch_ended")


def release(upload: Upload) -> None:
    """Have the stored cases of an upload called; safe to repeat."""
    collection(Job).update_many(
        {
            "batch_id": upload.batch_id,
            "upload_id": upload.pk,
            "status": JobStatus.QUEUED,
            "next_attempt_at": None,
        },
        {"$set": {"next_attempt_at": clock.now()}},
    )
    Upload.objects.filter(pk=upload.pk).update(to_release=False)


def release_stored() -> None:
    """Release what a process that died has stored and counted (the clock does)."""
    for upload in Upload.objects.filter(to_release=True, status=UploadStatus.STORED):
        release(upload)
