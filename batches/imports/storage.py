"""Cases as rows of the database, written in bulk and invisible until the last step.

An upload is `storing` while its jobs are written, and its batch is a draft that cannot
start. `finish` makes all of it count in one transaction; `discard` removes whatever a
broken import left behind. Jobs are written raw: ORM bulk writes cost seven times as
much (0.11 against 0.015 ms a row).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, time
from itertools import islice
from typing import Any

import gridfs
from bson import Decimal128, Int64, ObjectId
from django.db import connection, models
from pymongo.errors import BulkWriteError

from batches.imports import error_workbook
from batches.imports.cases import Case, Cases
from batches.imports.normalizers.phones import kind_of
from batches.imports.normalizers.places import places_of
from batches.imports.normalizers.text import text_of
from batches.imports.ordering import reorder
from batches.imports.problems import WorkbookError, sentence
from batches.imports.rows import RowError
from batches.imports.sniffer import Source, open_source
from batches.models import Batch, Job, Upload, UploadError
from batches.states import OPEN_BATCH, OPEN_JOB, BatchStatus, JobStatus, UploadStatus
from batches.use_cases.base import Subject
from speechai_site.runtime import clock, keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction

CHUNK = 2000
_WRITERS = 2  # MongoDB writes one chunk while the next is made
_DUPLICATE_KEY = 11000
NO_PHONE = "no_phone"
UNFINISHED = [*OPEN_JOB, JobStatus.REVIEW]


def keep_file(upload: Upload, source: Source) -> None:
    """The workbook as it came, in GridFS under the upload's id."""
    with open_source(source) as file:
        _files().upload_from_stream_with_id(
            upload.pk, upload.file_name, file, metadata={"sha256": upload.sha256}
        )


def open_file(upload: Upload) -> gridfs.GridOut:
    """The workbook that was kept, as a stream."""
    return _files().open_download_stream(upload.pk)


def store_jobs(
    cases: Cases, upload: Upload, *, by: str, keep_alive: Callable[[], object]
) -> None:
    """Write the jobs of an upload; `keep_alive` is called after every chunk."""
    template, moment = blank_document(Job), clock.now()
    documents = (
        job_document(cases, case, upload, template, rank=rank, moment=moment, by=by)
        for rank, case in enumerate(cases.cases)
    )
    _insert(Job, documents, keep_alive)


def store_errors(
    errors: Iterable[RowError], upload: Upload, *, keep_alive: Callable[[], object]
) -> None:
    """Write the reported rows of an upload."""
    documents = (
        {
            "_id": ObjectId(),
            "upload_id": upload.pk,
            "row": Int64(error.row),
            "column": error.column,
            "value": error.value,
            "code": error.code,
            "message": error.message,
            "cells": [text_of(cell) for cell in error.cells],
        }
        for error in errors
    )
    _insert(UploadError, documents, keep_alive)


def finish(upload: Upload) -> None:
    """The one step that makes an upload count: it is stored, its batch has its rows.

    Raises WorkbookError when the batch is no draft any more.
    """

    def work() -> None:
        stored = Upload.objects.filter(pk=upload.pk, status=UploadStatus.STORING)
        draft = Batch.objects.filter(pk=upload.batch_id, status=BatchStatus.DRAFT)
        counted = draft.update(
            rows=models.F("rows") + upload.rows,
            row_errors=models.F("row_errors") + upload.error_count,
            total_amount=models.F("total_amount") + upload.total_amount,
            counters_dirty=True,
        )
        if not counted or not stored.update(status=UploadStatus.STORED):
            raise WorkbookError("import_interrupted")

    in_transaction(work)
    reorder(upload.batch_id)
    upload.refresh_from_db()


def discard(upload: Upload) -> None:
    """Remove an upload that was not finished, and the batch that was made for it."""
    if not Upload.objects.filter(pk=upload.pk, status=UploadStatus.STORING).exists():
        return
    for model in (Job, UploadError):
        collection(model).delete_many({"upload_id": upload.pk})
    with suppress(gridfs.NoFile):
        _files().delete(upload.pk)
    error_workbook.path_for(upload.pk).unlink(missing_ok=True)
    collection(Upload).delete_one({"_id": upload.pk})
    if upload.batch_id == upload.pk:  # it was made for this upload
        collection(Batch).delete_one({"_id": upload.pk, "rows": 0})


def known_cases(cases: Cases, account_id: Any) -> int:
    """How many cases have an unfinished job in another open batch of the account."""
    open_batches = list(
        Batch.objects.filter(
            account_id=account_id,
            status__in=OPEN_BATCH,
            rows__gt=0,
        ).values_list("pk", flat=True)
    )
    if not open_batches:
        return 0
    count = 0
    for chunk in _chunks(iter(cases.cases)):
        wanted = {(case.person_key(account_id), case.subject_key) for case in chunk}
        found = collection(Job).find(
            {
                "person_key": {"$in": [person for person, _subject in wanted]},
                "account_id": account_id,
                "batch_id": {"$in": open_batches},
                "status": {"$in": UNFINISHED},
            },
            {"person_key": 1, "creditor_key": 1},
            hint="job_person",  # trying other indexes takes longer than the answer
        )
        known = {(job["person_key"], job["creditor_key"]) for job in found}
        count += len(wanted & known)
    return count


def job_document(
    cases: Cases,
    case: Case,
    upload: Upload,
    template: dict[str, Any],
    *,
    rank: int,
    moment: datetime,
    by: str,
) -> dict[str, Any]:
    """One case as a document of the job collection."""
    subject = cases.use_case.describe(case.rows, cases.context)
    phones, first = case.phones(), cases.reader.other_columns(case.rows[0])
    person_key = case.person_key(upload.account_id)
    document = template | {
        "_id": _job_id(upload, person_key, subject.creditor_key, rank),
        "account_id": upload.account_id,
        "batch_id": upload.batch_id,
        "upload_id": upload.pk,
        "name": case.name,
        "document": case.document,
        "phones": [
            {"e164": phone, "kind": kind_of(phone), "state": "ok"} for phone in phones
        ],
        "extra": [pair for pair in first if pair[1]],
        "warnings": _warnings(case),
        "source_rows": [row.number for row in case.rows],
        "person_key": person_key,
        "document_key": keys.document_key(case.document) if case.document else "",
        "phone_keys": [keys.phone_key(phone) for phone in phones],
        "name_keys": keys.name_keys(case.name),
        "rank": Int64(rank),
        "created_at": moment,
        "places": places_of(subject.places, phones, upload.account.country),
        **_about(subject, cases, case, first),
    }
    return document | (_callable(moment) if phones else _denied(moment, by))


def _about(
    subject: Subject, cases: Cases, case: Case, first: list[list[str]]
) -> dict[str, Any]:
    """The subject's columns. A later debt line keeps the other columns in which its
    row differs from the first, which are the job's own."""
    debts: list[dict[str, Any]] = [dict(line) for line in subject.debts]
    for line, row in zip(debts[1:], case.rows[1:], strict=True):
        pairs = zip(cases.reader.other_columns(row), first, strict=True)
        if other := [pair for pair, of_first in pairs if pair != of_first]:
            line["extra"] = other
    return {
        "creditor": subject.creditor,
        "creditor_key": subject.creditor_key,
        "amount": Decimal128(subject.amount),
        "coupons": Int64(subject.coupons),
        "limit_date": _midnight(subject.limit_date),
        "max_date": _midnight(subject.max_date),
        "debts": debts,
        "variables": subject.variables,
    }


def _warnings(case: Case) -> list[dict[str, str]]:
    return [
        {
            "row": str(warning.row),
            "column": warning.column,
            "value": warning.value,
            "code": warning.code,
            "message": sentence(warning.code, warning.column),
        }
        for row in case.rows
        for warning in row.warnings
    ]


def _callable(moment: datetime) -> dict[str, Any]:
    return {"status": JobStatus.QUEUED.value, "next_attempt_at": moment}


def _denied(moment: datetime, by: str) -> dict[str, Any]:
    entry = {
        "to": JobStatus.DENIED.value,
        "at": moment.isoformat(),
        "by": by,
        "reason": NO_PHONE,
    }
    return {
        "status": JobStatus.DENIED.value,
        "status_reason": NO_PHONE,
        "next_attempt_at": None,
        "finished_at": moment,
        "history": [entry],
    }


def _job_id(upload: Upload, person_key: str, creditor_key: str, rank: int) -> ObjectId:
    """The same for the same case of an upload, so that a repeat can't double it.

    It begins with the upload's time and the place in the file: lists by id, newest
    first, stay true, and the index grows at its end.
    """
    seed = f"{upload.pk}|{person_key}|{creditor_key}".encode()
    digest = hashlib.sha256(seed).digest()
    return ObjectId(upload.pk.binary[:4] + rank.to_bytes(3, "big") + digest[:5])


def blank_document(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of a model holds in the database when nothing is given."""
    instance = model()
    return {
        field.column: field.get_db_prep_save(field.pre_save(instance, True), connection)  # noqa: FBT003 Django's signature
        for field in model._meta.local_concrete_fields
        if not field.primary_key
    }


def _midnight(day: date | None) -> datetime | None:
    return day and datetime.combine(day, time.min)


def _insert(
    model: type[models.Model],
    documents: Iterator[dict[str, Any]],
    keep_alive: Callable[[], object],
) -> None:
    target = collection(model, fast=True)  # `finish` is majority, and later
    with ThreadPoolExecutor(_WRITERS) as writers:
        running = []
        for chunk in _chunks(documents):
            running.append(writers.submit(_insert_chunk, target, chunk))
            if len(running) > _WRITERS:
                running.pop(0).result()
            keep_alive()
        for write in running:
            write.result()


def _insert_chunk(target: Any, chunk: list[dict[str, Any]]) -> None:
    try:
        target.insert_many(chunk, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def _files() -> gridfs.GridFSBucket:
    return gridfs.GridFSBucket(connection.database, bucket_name="uploads")
