"""A workbook on its way into a campaign: begun, read, stored, counted, or ended.

Whoever loads an upload holds its lease; its row tells how far it has come. Killed at
any line, it is loaded again by another (`background.py`): the file is kept, cases have
the same ids each time, and nothing counts before the one transaction at the end.
"""

import gc
import hashlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bson import Decimal128, ObjectId
from django.db import IntegrityError, models
from django.utils.translation import get_language

from batches import use_cases
from batches.imports import (
    duplicates,
    error_workbook,
    helpers,
    joining,
    layouts,
    storage,
    totals,
)
from batches.imports.cases import Cases, read_cases
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers
from batches.imports.rows import RowError
from batches.imports.sniffer import Source, open_source, unpacked
from batches.imports.watching import Unwatched
from batches.models import (
    Account,
    Agent,
    Batch,
    LayoutProfile,
    PhoneNumber,
    Upload,
)
from batches.states import LOADING, UPLOAD, BatchStatus, UploadStatus
from speechai_site.runtime import clock, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction

# The longest silence of one that lives: calamine unpacks a whole sheet in one go.
LEASE_SECONDS = 30
BEAT_SECONDS = 1.0
BY = "importer"


class Cancelled(Exception):
    """Somebody wants this upload no more."""


@dataclass
class Counts:
    """What a workbook's rows are: in a case, or reported.

    `contacts` are persons, `jobs` person × creditor, `duplicates` the cases that are
    there already, as `Answers.duplicates` has it: left out, or stored all the same.
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
class Begun:
    """What is to be loaded, and how: what the doors of an import ask for."""

    source: Source
    account: Account
    use_case: str
    options: Mapping[str, Any]
    actor: str
    batch: Batch | None = None  # a draft; none: a new one is made
    name: str = ""
    file_name: str = ""
    agent: Agent | None = None
    number: PhoneNumber | None = None
    answers: Answers = NO_ANSWERS
    layout: LayoutProfile | None = None  # by which the answers were given


def lease_name(upload_id: Any) -> str:
    """The lease of who loads an upload."""
    return f"import:{upload_id}"


def hold(upload_id: Any) -> leases.Held | None:
    """Take the lease of an upload for this call alone; None: another loads it."""
    return leases.take(lease_name(upload_id), owner(), LEASE_SECONDS)


def owner() -> str:
    """Who holds a lease for one call: this process, and no other call in it."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


class Watch:
    """Keeps the lease of who loads an upload, tells how far it is, and hears of a
    cancellation: all of it once in BEAT_SECONDS, however often it is called."""

    def __init__(
        self, upload: Upload, held: leases.Held, slot: leases.Held | None = None
    ) -> None:
        self.upload, self.held, self.slot = upload, held, slot
        self.next_beat = 0.0

    def rows(self, read: int, expected: int) -> None:
        self.beat(rows_read=read, rows_expected=expected)

    def jobs(self, stored: int) -> None:
        self.beat(jobs_stored=stored)

    def beat(self, **progress: int) -> None:
        """Raises Cancelled, LeaseLost."""
        if time.monotonic() < self.next_beat:
            return
        held = self.held
        kept = leases.take(held.name, held.owner, LEASE_SECONDS)
        if kept is None or kept.token > held.token + 1:
            if kept:
                leases.release(kept)
            raise storage.LeaseLost
        if self.slot:
            leases.take(self.slot.name, self.slot.owner, LEASE_SECONDS)
        self.held = kept  # one more: it had lapsed, and nobody has taken it
        told = collection(Upload, fast=True).find_one_and_update(
            {"_id": self.upload.pk}, {"$set": progress}, {"cancel_by": 1}
        )
        if told is None:
            raise storage.LeaseLost
        if told["cancel_by"]:
            raise Cancelled
        self.next_beat = time.monotonic() + BEAT_SECONDS


# --- the beginning ------------------------------------------------------------------


def begin(wanted: Begun, **values: Any) -> Upload:
    """Keep the file under a new upload of `wanted.batch`, or of a new campaign.

    `values` are columns of the upload. Raises WorkbookError when the campaign takes no
    rows, or the same file is being loaded. The upload is there before its file, so
    that whatever a kill leaves is found.
    """
    upload_id = values.pop("pk", None) or ObjectId()
    check_batch(wanted.batch, wanted.account, wanted.use_case)
    digest, size = fingerprint(wanted.source)
    source = _without_password(wanted)
    batch = wanted.batch or _new_batch(wanted, upload_id)
    upload = Upload(
        pk=upload_id,
        account=wanted.account,
        batch=batch,
        file_name=wanted.file_name[:255],
        sha256=digest,
        size=size,
        options={key: str(value) for key, value in wanted.options.items()},
        answers=wanted.answers.as_json(),
        layout=wanted.layout,
        language=get_language() or "",
        created_by=wanted.actor,
        to_tend=True,
        **values,
    )
    try:
        _insert(upload, batch)
    except IntegrityError as error:
        if not _remove_leftover(upload):
            raise WorkbookError("already_importing") from error
        _insert(upload, batch)
    storage.keep_file(upload, source)
    return upload


def check_batch(batch: Batch | None, account: Account, use_case: str) -> None:
    """Raise WorkbookError when rows can't be added to this campaign."""
    use_cases.get(use_case)
    if batch is None:
        return
    if batch.account_id != account.pk:
        raise WorkbookError("batch_of_other_account")
    if batch.use_case != use_case:
        raise WorkbookError("batch_of_other_use_case")
    if batch.status != BatchStatus.DRAFT:
        raise WorkbookError("batch_not_draft")


def _new_batch(wanted: Begun, upload_id: ObjectId) -> Batch:
    """It has the id of its upload, with which it goes when that fails."""
    name = wanted.name or Path(wanted.file_name).stem or wanted.use_case
    return Batch(
        pk=upload_id,
        account=wanted.account,
        name=name[:120],
        use_case=wanted.use_case,
        agent=wanted.agent,
        number=wanted.number,
        created_by=wanted.actor,
        loads=1,
    )


def _insert(upload: Upload, batch: Batch) -> None:
    """Upload and campaign in one step, which no start of the campaign overlaps."""

    def work() -> None:
        upload.save(force_insert=True)
        if batch.pk == upload.pk:
            batch.save(force_insert=True)
            return
        drafts = Batch.objects.filter(pk=batch.pk, status=BatchStatus.DRAFT)
        if not drafts.update(loads=models.F("loads") + 1):
            raise WorkbookError("batch_not_draft")

    in_transaction(work)


def _remove_leftover(upload: Upload) -> bool:
    """Whether the same file was being loaded by a command that was killed, and what it
    left is gone now. (What workers load, they take up again.)"""
    same = Upload.objects.filter(
        account=upload.account_id,
        sha256=upload.sha256,
        status__in=LOADING,
        queued_wall=None,
    )
    leftover = same.first()
    held = hold(leftover.pk) if leftover else None
    if held is None:
        return False
    storage.discard(leftover)
    leases.release(held)
    return True


def _without_password(wanted: Begun) -> Source:
    """The file as it can be read later: a password is used now and forgotten."""
    password = wanted.answers.password
    return unpacked(wanted.source, password) if password else wanted.source


def fingerprint(source: Source) -> tuple[str, int]:
    """SHA-256 and size of the file."""
    with open_source(source) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.seek(0, 2)


# --- the work -----------------------------------------------------------------------


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without Python's cycle collector, which would walk over every row again and
    again: a third of the time of a large file. Rows hold no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any],
    answers: Answers,
    *,
    moment: Any = None,
    **how: Any,
) -> Cases:
    """The whole workbook, as of the day of `moment` (default: today); `how`: who
    watches and who helps `read_cases`."""
    today = (moment or clock.now()).astimezone(ZoneInfo(account.time_zone)).date()
    case = use_cases.get(use_case)
    return read_cases(source, account, case, options, today, answers, **how)


def counts_of(cases: Cases) -> Counts:
    """What a file holds, once its duplicates are settled."""
    return Counts(
        rows=cases.rows,
        contacts=cases.contacts,
        jobs=len(cases.cases),
        without_phone=cases.without_phone,
        duplicates=cases.known,
        error_count=len(cases.errors),
        warning_count=cases.warning_count,
        total_amount=cases.total_amount,
    )


def load(
    upload: Upload,
    watch: Watch,
    at_hand: Begun | None = None,
    *,
    children: int = helpers.MOST,
) -> Cases:
    """Read and store an upload that is `reading`, and make it count.

    `at_hand`: what it was begun with; else it is taken from where it is kept. At most
    so many `children` help.
    Raises WorkbookError, Cancelled and LeaseLost, having undone nothing. All that is
    stored depends on the upload alone, never on when or how often this runs.
    """
    batch = Batch.objects.filter(pk=upload.batch_id, status=BatchStatus.DRAFT).first()
    if batch is None:
        raise WorkbookError("import_interrupted")
    with collector_paused(), helpers.forked(upload.size, children) as helping:
        cases = read(
            at_hand.source if at_hand else storage.content(upload),
            upload.account,
            batch.use_case,
            upload.options,
            Answers.from_json(upload.answers),
            moment=upload.created_at,
            on_rows=watch.rows,
            helpers=helping,
        )
        joined = joining.take_out(cases, upload)
        duplicates.settle(cases, upload.account_id, batch.pk, upload.pk)
        _told(upload, cases)
        if upload.attempts > 1 and (joined or cases.answers.duplicates.act != "allow"):
            storage.remove_jobs(upload)  # others may be left out than the last time
        storage.store_jobs(cases, upload, keep_alive=watch.jobs, helpers=helping)
        storage.store_errors(cases.errors, upload, keep_alive=lambda _n: watch.beat())
        if cases.errors:
            path = error_workbook.path_for(upload.pk)
            error_workbook.write(path, cases.headers, watched(cases.errors, watch))
    told = {"changes": [["joined", str(len(joined))]]} if joined else {}
    storage.finish(upload, watch.held, lambda: joining.write(joined, upload), told)
    totals.restate(upload.batch_id)
    _tell_layout(upload, cases)
    return cases


def _told(upload: Upload, cases: Cases) -> None:
    """From `reading` to `storing`, with what was read."""
    figures = vars(counts_of(cases))
    figures["options"] = {k: str(v) for k, v in cases.context.options.items()}
    for name, value in figures.items():
        setattr(upload, name, value)
    stored = {**figures, "total_amount": Decimal128(cases.total_amount)}
    where = {"_id": upload.pk, "cancel_by": ""}
    if not UPLOAD.move(
        where, UploadStatus.STORING, by=BY, rows_read=cases.rows, **stored
    ):
        raise Cancelled


def _tell_layout(upload: Upload, cases: Cases) -> None:
    """What the next file is compared with: only what was really loaded."""
    if upload.layout_id:
        phones = sum(len(case.phones()) for case in cases.cases)
        figures = layouts.figures_of(vars(counts_of(cases)) | {"phones": phones})
        layouts.tell(upload.layout_id, figures, upload)


def watched(errors: list[RowError], watch: Watch | Unwatched) -> Iterator[RowError]:
    """Errors that are about to be written."""
    for error in errors:
        watch.beat()
        yield error


# --- the end, when it is not loaded -------------------------------------------------


def end(upload: Upload, held: leases.Held, to: str, *, by: str, **why: str) -> bool:
    """Fail or cancel an upload, and remove all that was stored of it.

    `why`: `problem` and `problem_text`. A campaign that was made for it goes as well.
    False: the lease was lost; nothing was done.
    """

    def work() -> bool:
        if not leases.touch(held):
            return False
        batch_id = None if storage.remove_batch(upload) else upload.batch_id
        ended = clock.wall()
        return bool(
            UPLOAD.move(
                {"_id": upload.pk},
                to,
                by=by,
                batch_id=batch_id,
                ended_wall=ended,
                **why,
            )
        )

    if not in_transaction(work):
        return False
    storage.remove_rows(upload)
    return True
