"""Cases as rows of the database, written in bulk and invisible until the last step.

An upload is `storing` while its jobs are written, and its batch is a draft that cannot
start. `finish` makes all of it count in one transaction; `remove_rows` removes whatever
was written. Ids come from the upload and the place in the file: a repetition doubles
nothing. Jobs are written raw: ORM bulk writes cost seven times as
much (0.11 against 0.015 ms a row).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from batches.states import LOADING, UPLOAD, BatchStatus, JobStatus, UploadStatus
from batches.use_cases.base import Subject
from speechai_site.runtime import audit, clock, keys, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

CHUNK = 2000
_WRITERS = 2  # MongoDB writes one chunk while the next is made
_DUPLICATE_KEY = 11000
BY = "importer"
NO_PHONE = "no_phone"


class LeaseLost(Exception):
    """Another process loads this upload now, or it has ended."""


class Incomplete(Exception):
    """Not all that was written is there; a repetition writes what is missing."""


def keep_file(upload: Upload, source: Source) -> None:
    """The workbook as it came, in GridFS under the upload's id."""
    with open_source(source) as file:
        _files().upload_from_stream_with_id(
            upload.pk, upload.file_name, file, metadata={"sha256": upload.sha256}
        )


def open_file(upload: Upload) -> gridfs.GridOut:
    """The workbook that was kept, as a stream."""
    return _files().open_download_stream(upload.pk)


def content(upload: Upload) -> bytes:
    """The workbook that was kept; raises WorkbookError when it never arrived."""
    try:
        return open_file(upload).read()
    except gridfs.NoFile as error:
        raise WorkbookError("import_failed") from error


def store_jobs(
    cases: Cases, upload: Upload, *, keep_alive: Callable[[int], object]
) -> None:
    """Write the jobs of an upload that are not there yet; `keep_alive` is told after
    every chunk how many are."""
    template = blank_document(Job)
    documents = (
        job_document(cases, case, upload, template, rank=rank)
        for rank, case in enumerate(cases.cases)
    )
    _insert(Job, upload, documents, keep_alive)


def store_errors(
    errors: Iterable[RowError], upload: Upload, *, keep_alive: Callable[[int], object]
) -> None:
    """Write the reported rows of an upload that are not there yet."""
    documents = (
        {
            "_id": _row_id(upload, error.row),
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
    _insert(UploadError, upload, documents, keep_alive)


def finish(
    upload: Upload,
    held: leases.Held,
    join: Callable[[], None],
    values: Mapping[str, Any],
) -> None:
    """The one step that makes an upload count: it is stored, its batch has its rows.

    Raises WorkbookError when the batch is no draft any more, LeaseLost when another
    loads the upload or somebody cancelled it, Incomplete. `join` writes what joins
    cases of other uploads, `values` are columns of the upload.
    """
    # Jobs are written with w=1: what a server lost when it died shows here.
    if collection(Job).count_documents({"upload_id": upload.pk}) != upload.jobs:
        raise Incomplete

    def work() -> None:
        if not leases.touch(held):
            raise LeaseLost
        join()
        draft = Batch.objects.filter(pk=upload.batch_id, status=BatchStatus.DRAFT)
        counted = draft.update(
            rows=models.F("rows") + upload.rows,
            row_errors=models.F("row_errors") + upload.error_count,
            total_amount=models.F("total_amount") + upload.total_amount,
            counters_dirty=True,
        )
        if not counted:
            raise WorkbookError("import_interrupted")
        if not UPLOAD.move(
            {"_id": upload.pk, "cancel_by": ""},
            UploadStatus.STORED,
            by=BY,
            ended_wall=clock.wall(),
            jobs_stored=upload.jobs,
            to_tend=bool(upload.start_by),
            **values,
        ):
            raise LeaseLost
        audit.record(
            "upload.store",
            upload,
            by=upload.created_by,
            rows=upload.rows,
            jobs=upload.jobs,
        )

    in_transaction(work)
    reorder(upload.batch_id)
    upload.refresh_from_db()


def discard(upload: Upload) -> None:
    """Remove an upload that was not finished, and the batch that was made for it."""
    if not Upload.objects.filter(pk=upload.pk, status__in=LOADING).exists():
        return
    remove_rows(upload)
    collection(Upload).delete_one({"_id": upload.pk})
    remove_batch(upload)


def remove_jobs(upload: Upload) -> None:
    """Remove what was made of an upload's rows. Safe to repeat."""
    for model in (Job, UploadError):
        collection(model).delete_many({"upload_id": upload.pk})


def remove_rows(upload: Upload) -> None:
    """Remove all that was stored of an upload but itself. Safe to repeat."""
    remove_jobs(upload)
    with suppress(gridfs.NoFile):
        _files().delete(upload.pk)
    error_workbook.path_for(upload.pk).unlink(missing_ok=True)
    Batch.objects.filter(pk=upload.batch_id).update(counters_dirty=True)


def remove_batch(upload: Upload) -> bool:
    """Remove the batch that was made for an upload (it has its id), when nothing else
    is in it; inside the running transaction, if any."""
    empty = {"_id": upload.pk, "rows": 0}
    return bool(collection(Batch).delete_one(empty, session=session()).deleted_count)


def job_document(
    cases: Cases,
    case: Case,
    upload: Upload,
    template: dict[str, Any],
    *,
    rank: int,
) -> dict[str, Any]:
    """One case as a document of the job collection: the same at every attempt."""
    moment = upload.created_at
    subject = cases.describe(case)
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
        "balance_at": moment,
        "places": places_of(subject.places, phones, upload.account.country),
        **_about(subject, cases, case, first),
    }
    return document | (
        _callable(moment) if phones else _denied(moment, upload.created_by)
    )


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


def _row_id(upload: Upload, row: int) -> ObjectId:
    digest = hashlib.sha256(f"{upload.pk}|{row}".encode()).digest()
    return ObjectId(upload.pk.binary[:4] + row.to_bytes(3, "big") + digest[:5])


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
    upload: Upload,
    documents: Iterator[dict[str, Any]],
    keep_alive: Callable[[int], object],
) -> None:
    target = collection(model, fast=True)  # `finish` is majority, and later
    known = {row["_id"] for row in target.find({"upload_id": upload.pk}, {"_id": 1})}
    done = 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        running = []
        for chunk in _chunks(documents):
            done += len(chunk)
            if missing := [row for row in chunk if row["_id"] not in known]:
                running.append(writers.submit(_insert_chunk, target, missing))
            if len(running) > _WRITERS:
                running.pop(0).result()
            keep_alive(done)
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
