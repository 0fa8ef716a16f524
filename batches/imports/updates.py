"""A file for a campaign that exists, running or not: update its cases, or add to them.

New cases are stored where the dispatcher does not see them, until one transaction has
counted them. What is changed is written unless it changed meanwhile; attempts, status,
history and promises are never touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from bson import ObjectId
from django.db import IntegrityError, models

from batches import use_cases
from batches.ending import end_jobs
from batches.imports import (
    duplicates,
    error_workbook,
    helpers,
    joining,
    layouts,
    loading,
    storage,
    totals,
)
from batches.imports.cases import Cases, read_cases
from batches.imports.compare import Comparer, Comparison
from batches.imports.ordering import reorder
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.reader import open_book
from batches.imports.rewriting import TRIES, store_new, write_changed
from batches.imports.rows import RowError
from batches.imports.sniffer import Source
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Batch, Job, Upload
from batches.states import OPEN_BATCH, UPLOAD, JobStatus, UploadStatus
from speechai_site.runtime import audit, clock, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction

ABSENT = "absent_in_file"
KEEP, WITHDRAW = "keep", "withdraw"
Mode = Upload.Mode
LEASE_SECONDS = 60  # far longer than a chunk takes
# What of a look holds for an update that was begun and is repeated: part is done.
_BEGUN = ("changed", "amounts", "called", "same", "leaving", "leaving_called")
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
    watch: Unwatched = UNWATCHED,
) -> Changes:
    """What an update with the file, or adding its cases, would do, to the unit; nothing
    is changed. Raises WorkbookError."""
    cases = _read(source, batch, answers, watch)
    upload = Upload(pk=ObjectId(), account=batch.account, batch=batch)
    comparer = _comparer(cases, upload, mode, absent)
    return _changes(comparer, _compared(comparer, watch))


def apply(
    source: Source,
    batch: Batch,
    *,
    by: str,
    mode: str = Mode.UPDATE,
    absent: str = KEEP,
    file_name: str = "",
    answers: Answers = NO_ANSWERS,
    watch: Unwatched = UNWATCHED,
    owner: str = "",
    begun: Mapping[str, Any] | None = None,
) -> Result:
    """Update a campaign by a file, or (`mode` add) only add its new cases; corrected
    rows, or where duplicates are to be merged, then join the cases that are there.

    `absent`: whether cases that wait and are not in the file stay or are withdrawn.
    Raises WorkbookError. Repeating it with the same file changes nothing more.

    One that was killed is repeated by the same `owner`, who has seen to it that the
    other is dead or hears of it by `watch`; `begun` is what that one was to count.
    """
    cases = _read(source, batch, answers, watch)
    digest, size = loading.fingerprint(source)
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
    work = _Work(upload, absent, watch, owner or str(uuid4()), begun or {})
    held = work.hold()
    try:
        _remove_leftovers(batch)
        try:
            changes = _apply(work, cases, source)
        except BaseException:
            _remove(upload)
            raise
    finally:
        leases.release(held)
    return Result(changes, upload)


@dataclass
class _Work:
    """An update that is being done."""

    upload: Upload
    absent: str
    watch: Unwatched
    owner: str
    begun: Mapping[str, Any]
    to_write: int = 0
    written: int = 0

    @property
    def mode(self) -> str:
        return self.upload.mode

    def hold(self) -> leases.Held:
        """Keep the lease of the campaign's updates; raises WorkbookError, and what
        `watch` raises."""
        self.watch.beat()
        name = f"update:{self.upload.batch_id}"
        held = leases.take(name, self.owner, LEASE_SECONDS)
        if held is None:
            raise WorkbookError("batch_being_updated")
        return held

    def wrote(self, count: int) -> None:
        self.written = min(self.to_write, self.written + count)
        self.watch.writing(self.written, self.to_write)
        self.hold()

    def ended(self, done: int, total: int) -> None:
        """So many of those that leave; they are the last that is written."""
        self.watch.writing(self.to_write - total + done, self.to_write)
        self.hold()


def _read(source: Source, batch: Batch, answers: Answers, watch: Unwatched) -> Cases:
    if batch.status not in OPEN_BATCH:
        raise WorkbookError("batch_ended")
    account = batch.account
    use_case, today = use_cases.get(batch.use_case), clock.today(account.time_zone)
    options: Mapping[str, Any] = {}
    if last := batch.uploads.order_by("-pk").first():
        options = last.options
    size = loading.fingerprint(source)[1]
    with helpers.forked(size, watch.children) as helping, open_book(source) as book:
        watch.beat()
        answers = layouts.told(book, account, use_case, answers)
        return read_cases(
            *(book, account, use_case, options, today, answers),
            on_rows=watch.rows,
            helpers=helping,
        )


def _comparer(cases: Cases, upload: Upload, mode: str, absent: str) -> Comparer:
    merges = cases.corrects or cases.answers.duplicates.act == "merge"
    joins = mode == Mode.ADD and merges
    return Comparer(cases, upload, keep=absent == KEEP, joins=joins)


def _compared(comparer: Comparer, watch: Unwatched) -> Comparison:
    """The file against the campaign, and its new cases against the others."""
    found = comparer.all(watch)
    before = len(found.new)
    found.new = duplicates.settle_new(comparer.cases, found.new, comparer.upload, watch)
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


def _remove(upload: Upload) -> None:
    """All of an update that did not come to count; also what was written after another
    had removed it as a leftover."""
    storage.discard(upload)
    if not Upload.objects.filter(pk=upload.pk).exists():
        storage.remove_rows(upload)


def _apply(work: _Work, cases: Cases, source: Source) -> Changes:
    upload = work.upload
    try:
        upload.save(force_insert=True)  # whatever follows is found through it
    except IntegrityError as error:
        raise WorkbookError("already_importing") from error
    storage.keep_file(upload, source)
    comparer = _comparer(cases, upload, work.mode, work.absent)
    found = _compared(comparer, work.watch)
    _count(upload, cases)
    storage.store_errors(cases.errors, upload, keep_alive=lambda _n: work.hold())
    if cases.errors:
        path = error_workbook.path_for(upload.pk)
        errors = loading.watched(cases.errors, work.watch)
        error_workbook.write(path, cases.headers, errors)
    changes = _changes(comparer, found)
    _write(work, comparer, found)
    for name in _BEGUN:
        if name in work.begun and not comparer.joins:
            setattr(changes, name, work.begun[name])
    _finish(work, changes, found, comparer)
    follow(upload, work.watch)
    return changes


def _write(work: _Work, comparer: Comparer, found: Comparison) -> None:
    """All but what is to be one with the upload's counting."""
    is_update = work.mode == Mode.UPDATE
    leaving = list(found.leaving) if is_update and work.absent == WITHDRAW else []
    changed = found.changed if is_update else []
    work.to_write = len(found.new) + len(changed) + len(leaving)
    store_new(comparer, found.new, work.wrote)
    write_changed(comparer, changed, work.wrote)
    end_jobs(
        leaving,
        JobStatus.WITHDRAWN,
        code=ABSENT,
        by=work.upload.created_by,
        told=work.ended,
    )


def follow(upload: Upload, watch: Unwatched = UNWATCHED) -> None:
    """What comes after an update that counts; safe to repeat."""
    release(upload)
    watch.beat()
    reorder(upload.batch_id)
    watch.beat()
    totals.restate(upload.batch_id)


def _count(upload: Upload, cases: Cases) -> None:
    """What the upload says of its rows, once its duplicates are settled."""
    upload.contacts = cases.contacts
    upload.error_count = len(cases.errors)
    upload.warning_count = cases.warning_count
    upload.duplicates = cases.known
    upload.total_amount = cases.total_amount
    upload.save(update_fields=_COUNTED)


def _finish(
    work: _Work, changes: Changes, found: Comparison, comparer: Comparer
) -> None:
    """The one step that makes the new cases count, and what joins others. Raises
    WorkbookError when the campaign has ended meanwhile, and what `watch` raises."""
    upload = work.upload
    joined = found.changed if comparer.joins else []
    for _try in range(TRIES):
        cases = [case for case, _change in joined] + found.new
        rows = sum(case.row_count for case in cases) + upload.error_count

        def count(rows: int = rows, joined: Any = joined) -> None:
            work.watch.stored(upload.pk)
            joining.write([change for _case, change in joined], upload)
            _make_count(work, changes, rows, len(found.new))

        try:
            in_transaction(count)
        except storage.Incomplete:  # calls and payments went on meanwhile
            joined = comparer.all(work.watch).changed
            changes.changed = len(joined)
            continue
        upload.refresh_from_db()
        return
    raise WorkbookError("batch_being_updated")


def _make_count(work: _Work, changes: Changes, rows: int, jobs: int) -> None:
    upload = work.upload
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
    audit.record(
        f"upload.{work.mode}",
        upload,
        by=upload.created_by,
        absent=work.absent,
        **_recorded(changes, work.mode),
    )


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
