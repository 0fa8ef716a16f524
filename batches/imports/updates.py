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
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from batches import use_cases
from batches.ending import end_jobs, mark_dirty
from batches.imports import error_workbook, layouts, storage
from batches.imports.balances import Contexts
from batches.imports.cases import Case, Cases, read_cases
from batches.imports.compare import CHANGEABLE, Change, Comparer, Comparison
from batches.imports.listed import chunked
from batches.imports.loading import fingerprint
from batches.imports.ordering import reorder
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.rows import RowError
from batches.imports.sniffer import Source
from batches.imports.totals import restate_total
from batches.models import Batch, Job, Upload
from batches.states import OPEN_BATCH, UPLOAD, JobStatus, UploadStatus
from speechai_site.runtime import audit, clock, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction

ABSENT = "absent_in_file"
KEEP, WITHDRAW = "keep", "withdraw"
Mode = Upload.Mode
CHUNK = 1000
TRIES = 10
LEASE_SECONDS = 60  # far longer than a chunk takes
_DUPLICATE_KEY = 11000


@dataclass
class Changes:
    """What a file does to a campaign, in cases: `new` + `changed` + `same` + `closed`
    are those of the file. `amounts` and `called` are of the changed ones; `leaving`
    wait in the campaign and are not in the file."""

    rows: int
    cases: int
    new: int
    changed: int
    amounts: int
    called: int
    same: int
    closed: int
    leaving: int
    leaving_called: int
    total_amount: Decimal  # of the file
    without_phone: int
    errors: list[RowError]
    questions: list[Question]

    def counts(self) -> dict[str, int]:
        return {
            name: value for name, value in vars(self).items() if isinstance(value, int)
        }


@dataclass
class Result:
    """What was done. `upload` holds the record of it."""

    changes: Changes
    upload: Upload


def preview(
    source: Source,
    batch: Batch,
    *,
    absent: str = KEEP,
    answers: Answers = NO_ANSWERS,
) -> Changes:
    """What an update with the file would do, to the unit; nothing is changed. Raises
    WorkbookError."""
    cases = _read(source, batch, answers)
    upload = Upload(pk=ObjectId(), account=batch.account, batch=batch)
    found = Comparer(cases, upload, keep=absent == KEEP).all()
    return _changes(cases, found)


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
    """Update a campaign by a file, or (`mode` add) only add its new cases.

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
        contacts=cases.contacts,
        error_count=len(cases.errors),
        warning_count=cases.warning_count,
        total_amount=cases.total_amount,
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


def _changes(cases: Cases, found: Comparison) -> Changes:
    changes = [change for _case, change in found.changed]
    return Changes(
        rows=cases.rows,
        cases=len(cases.cases),
        new=len(found.new),
        changed=len(found.changed),
        amounts=sum(change.of_amount for change in changes),
        called=sum(change.was_called for change in changes),
        same=found.same,
        closed=found.closed,
        leaving=len(found.leaving),
        leaving_called=sum(found.leaving.values()),
        total_amount=cases.total_amount,
        without_phone=sum(not case.phones() for case in found.new),
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
    storage.store_errors(cases.errors, upload, keep_alive=lambda _n: hold())
    if cases.errors:
        path = error_workbook.path_for(upload.pk)
        error_workbook.write(path, cases.headers, cases.errors)
    comparer = Comparer(cases, upload, keep=absent == KEEP)
    found = comparer.all()
    changes = _changes(cases, found)
    _store_new(comparer, found.new, hold)
    if mode == Mode.UPDATE:
        _write_changed(comparer, found.changed, hold)
        if absent == WITHDRAW:
            end_jobs(
                list(found.leaving),
                JobStatus.WITHDRAWN,
                code=ABSENT,
                by=upload.created_by,
            )
    _finish(upload, changes, found.new)
    release(upload)
    reorder(upload.batch_id)
    restate_total(upload.batch_id)
    mark_dirty([change.job["_id"] for _case, change in found.changed])
    return changes


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


def _write_changed(
    comparer: Comparer,
    changed: Sequence[tuple[Case, Change]],
    hold: Callable[[], object],
) -> None:
    """Each case unless its debts or phones changed meanwhile: then it is compared
    anew."""
    left = list(changed)
    for _try in range(TRIES):
        again: list[tuple[Case, Change]] = []
        for chunk in chunked(left, CHUNK):
            _write(chunk, comparer.upload)
            hold()
            again += _missed(comparer, chunk)
        left = again
        if not left:
            return


def _write(chunk: Sequence[tuple[Case, Change]], upload: Upload) -> None:
    collection(Job).bulk_write(
        [
            UpdateOne(
                {
                    "_id": change.job["_id"],
                    "status": {"$in": list(CHANGEABLE)},
                    "debts": change.job["debts"],
                    "phones": change.job["phones"],
                },
                {"$set": change.values},
            )
            for _case, change in chunk
        ],
        ordered=False,
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


def _finish(upload: Upload, changes: Changes, new: Sequence[Case]) -> None:
    """The one step that makes the new cases count. Raises WorkbookError when the
    campaign has ended meanwhile."""
    rows = sum(len(case.rows) for case in new)

    def work() -> None:
        counted = Batch.objects.filter(
            pk=upload.batch_id, status__in=OPEN_BATCH
        ).update(
            rows=models.F("rows") + rows + upload.error_count,
            row_errors=models.F("row_errors") + upload.error_count,
            counters_dirty=True,
        )
        if not counted or not UPLOAD.move(
            {"_id": upload.pk},
            UploadStatus.STORED,
            by=upload.created_by,
            ended_wall=clock.wall(),
            to_release=True,
            jobs=len(new),
            without_phone=changes.without_phone,
            changes=[[name, str(count)] for name, count in changes.counts().items()],
        ):
            raise WorkbookError("batch_ended")

    in_transaction(work)
    upload.refresh_from_db()


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
