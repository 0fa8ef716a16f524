"""From a workbook to a batch: look at it first, then store it whole or not at all.

The command, the admin and the API all come through these two functions.
"""

import gc
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from bson import ObjectId

from batches import use_cases
from batches.imports import error_workbook, storage
from batches.imports.cases import Cases, read_cases
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.sniffer import Source, open_source
from batches.models import Account, Agent, Batch, PhoneNumber, Upload
from batches.states import BatchStatus, UploadStatus
from speechai_site.runtime import audit, clock, leases

SHOWN = 50  # errors in a preview or result; all of them are in the error workbook
SAMPLES = 5
LEASE_SECONDS = 30  # far longer than a chunk takes


@dataclass
class Sample:
    """A case of the file as it will be called."""

    name: str
    creditor: str
    amount: Decimal
    phones: list[str]
    variables: dict[str, str]


@dataclass
class Counts:
    """What a workbook's rows are: in a case, or reported.

    `contacts` are persons, `jobs` person × creditor, `duplicates` the cases that have
    an unfinished job in an open batch of the account.
    """

    rows: int
    contacts: int
    jobs: int
    without_phone: int
    duplicates: int
    error_count: int
    warning_count: int
    total_amount: Decimal


@dataclass
class Preview(Counts):
    """What an import would do; nothing was stored."""

    sheet: str
    header_row: int
    columns: dict[str, str]  # logical column → header
    unread_columns: list[str]  # fit several headers
    other_sheets: list[str]  # with data that is not read
    hidden_rows: int | None  # None: this kind of file does not tell
    questions: list[Question]
    errors: list[dict[str, Any]]  # the first SHOWN
    samples: list[Sample]  # the first SAMPLES


@dataclass
class ImportResult(Counts):
    """What an import did."""

    batch: Batch
    upload: Upload
    errors: list[dict[str, Any]]  # the first SHOWN
    error_workbook: Path | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object of `import_batch --json`; money is text, as everywhere."""
        path = self.error_workbook
        return {
            "batch": str(self.batch.pk),
            "upload": str(self.upload.pk),
            "rows": self.rows,
            "contacts": self.contacts,
            "jobs": self.jobs,
            "without_phone": self.without_phone,
            "duplicates": self.duplicates,
            "error_count": self.error_count,
            "errors": self.errors,
            "error_workbook": str(path) if path else None,
            "total_amount": format(self.total_amount.normalize(), "f"),
            "seconds": round(self.seconds, 3),
        }


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without Python's cycle collector, which would walk over every row again and
    again: a third of the time of a large file. Rows hold no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_collector_paused()
def preview(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any] | None = None,
    answers: Answers = NO_ANSWERS,
) -> Preview:
    """Read the whole workbook and say what it holds, and what has to be asked; raises
    WorkbookError, and PasswordNeeded."""
    cases = _read(source, account, use_case, options, answers)
    return Preview(
        sheet=cases.sheet,
        header_row=cases.header_row,
        columns=cases.columns,
        unread_columns=cases.unread,
        other_sheets=cases.other_sheets,
        hidden_rows=cases.hidden_rows,
        questions=cases.questions,
        errors=_shown_errors(cases),
        samples=_samples(cases),
        **vars(_counts(cases, account)),
    )


@_collector_paused()
def import_workbook(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any] | None = None,
    *,
    actor: str,
    batch: Batch | None = None,
    name: str = "",
    file_name: str = "",
    agent: Agent | None = None,
    number: PhoneNumber | None = None,
    answers: Answers = NO_ANSWERS,
) -> ImportResult:
    """Store a workbook in the draft `batch`, or in a new one that it makes.

    1. The whole file is read and checked: a WorkbookError leaves nothing behind.
    2. Leftovers of an interrupted import of the same file are removed.
    3. File, jobs and reported rows are written under an upload that is `storing`.
    4. One transaction makes them count. A failure before it removes them.
    """
    started = time.monotonic()
    if isinstance(source, str | Path):
        file_name = file_name or Path(source).name
    upload_id = ObjectId()
    batch = (
        batch
        or Batch(
            pk=upload_id,  # by which it goes with its upload when that fails
            account=account,
            name=(name or Path(file_name).stem or use_case)[:120],
            use_case=use_case,
            agent=agent,
            number=number,
            created_by=actor,
        )
    )
    _check_batch(batch, account, use_case)
    cases = _read(source, account, use_case, options, answers)
    counts = _counts(cases, account)
    digest, size = fingerprint(source)
    upload = Upload(
        pk=upload_id,
        account=account,
        batch=batch,
        file_name=file_name[:255],
        sha256=digest,
        size=size,
        options={key: str(value) for key, value in cases.context.options.items()},
        created_by=actor,
        **vars(counts),
    )
    path = _store_alone(upload, cases, source, actor)
    audit.record("upload.store", upload, by=actor, rows=counts.rows, jobs=counts.jobs)
    batch.refresh_from_db()
    return ImportResult(
        batch=batch,
        upload=upload,
        errors=_shown_errors(cases),
        error_workbook=path,
        seconds=time.monotonic() - started,
        **vars(counts),
    )


def _check_batch(batch: Batch, account: Account, use_case: str) -> None:
    if batch.account_id != account.pk:
        raise WorkbookError("batch_of_other_account")
    if batch.use_case != use_case:
        raise WorkbookError("batch_of_other_use_case")
    if batch.status != BatchStatus.DRAFT:
        raise WorkbookError("batch_not_draft")


def _read(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any] | None,
    answers: Answers,
) -> Cases:
    today = clock.today(account.time_zone)
    case = use_cases.get(use_case)
    return read_cases(source, account, case, options or {}, today, answers)


def _counts(cases: Cases, account: Account) -> Counts:
    return Counts(
        rows=cases.rows,
        contacts=cases.contacts,
        jobs=len(cases.cases),
        without_phone=cases.without_phone,
        duplicates=storage.known_cases(cases, account.pk),
        error_count=len(cases.errors),
        warning_count=cases.warning_count,
        total_amount=cases.total_amount,
    )


def _shown_errors(cases: Cases) -> list[dict[str, Any]]:
    return [
        {
            "row": error.row,
            "column": error.column,
            "value": error.value,
            "code": error.code,
            "message": error.message,
        }
        for error in cases.errors[:SHOWN]
    ]


def _samples(cases: Cases) -> list[Sample]:
    samples = []
    for case in cases.cases[:SAMPLES]:
        subject = cases.use_case.describe(case.rows, cases.context)
        samples.append(
            Sample(
                name=case.name,
                creditor=subject.creditor,
                amount=subject.amount,
                phones=case.phones(),
                variables=subject.variables,
            )
        )
    return samples


def fingerprint(source: Source) -> tuple[str, int]:
    """SHA-256 and size of the file."""
    with open_source(source) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.seek(0, 2)


def lease_name(digest: str) -> str:
    """The lease under which a file is imported: one import of it at a time."""
    return f"import:{digest[:24]}"


def _store_alone(
    upload: Upload, cases: Cases, source: Source, actor: str
) -> Path | None:
    """Write everything while holding the lease on this file; the error workbook."""
    name, owner = lease_name(upload.sha256), str(uuid4())

    def hold() -> leases.Held:
        held = leases.take(name, owner, LEASE_SECONDS)
        if held is None:
            raise WorkbookError("already_importing")
        return held

    held = hold()
    try:
        _remove_leftovers(upload)
        try:
            return _store(upload, cases, source, actor, keep_alive=hold)
        except BaseException:
            storage.discard(upload)
            raise
    finally:
        leases.release(held)


def _remove_leftovers(upload: Upload) -> None:
    """What an import of this file left when its process was killed: whoever holds
    the lease knows that no such import is alive."""
    for leftover in Upload.objects.filter(
        sha256=upload.sha256, account=upload.account_id, status=UploadStatus.STORING
    ):
        storage.discard(leftover)


def _store(
    upload: Upload,
    cases: Cases,
    source: Source,
    actor: str,
    keep_alive: Callable[[], object],
) -> Path | None:
    # The upload first: whatever follows is found through it when it has to go.
    upload.save(force_insert=True)
    if upload.batch._state.adding:
        upload.batch.save(force_insert=True)
    storage.keep_file(upload, source)
    storage.store_jobs(cases, upload, by=actor, keep_alive=keep_alive)
    storage.store_errors(cases.errors, upload, keep_alive=keep_alive)
    path = error_workbook.path_for(upload.pk) if cases.errors else None
    if path:
        error_workbook.write(path, cases.headers, cases.errors)
    storage.finish(upload)
    return path
