"""Cases as rows of the database, written in bulk and invisible until the last step.

An upload is `storing` while its jobs are written, and its batch is a draft that cannot
start. `finish` makes all of it count in one transaction; `remove_rows` removes whatever
was written. Ids come from the upload and the place in the file: a repetition doubles
nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count, islice
from typing import Any

import gridfs
from bson import Int64, ObjectId, encode
from bson.raw_bson import RawBSONDocument
from django.db import connection, models

from batches.imports import error_workbook
from batches.imports.cases import Cases
from batches.imports.documents import JobDocuments
from batches.imports.helpers import ALONE, Helpers
from batches.imports.normalizers.text import text_of
from batches.imports.ordering import reorder
from batches.imports.problems import WorkbookError
from batches.imports.rows import RowError
from batches.imports.sniffer import Source, open_source
from batches.models import Batch, Job, Upload, UploadError
from batches.states import LOADING, UPLOAD, BatchStatus, UploadStatus
from speechai_site.runtime import audit, clock, leases
from speechai_site.runtime.documents import collection, insert_missing
from speechai_site.runtime.transactions import in_transaction, session

CHUNK = 2000
_WRITERS = 2  # MongoDB writes one chunk while the next is made
BY = "importer"


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
    cases: Cases,
    upload: Upload,
    *,
    keep_alive: Callable[[int], object],
    helpers: Helpers = ALONE,
) -> None:
    """Write the jobs of an upload that are not there yet; `keep_alive` is told after
    every chunk how many are."""
    carried = (case.carried() for case in cases.cases)
    ranked = zip(count(0, CHUNK), _chunks(carried), strict=False)
    made = helpers.share(_encoded, JobDocuments(cases, upload), ranked)
    _insert(Job, upload, made, keep_alive)


def _encoded(documents: JobDocuments, ranked: tuple[int, list[Any]]) -> list[bytes]:
    """A chunk of carried cases as documents; the number is the place of the first."""
    first, carried = ranked
    cases = map(documents.cases.case_of, carried)
    return [documents.encoded(case, rank) for rank, case in enumerate(cases, first)]


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
    encoded = (list(map(encode, chunk)) for chunk in _chunks(documents))
    _insert(UploadError, upload, encoded, keep_alive)


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


def _row_id(upload: Upload, row: int) -> ObjectId:
    digest = hashlib.sha256(f"{upload.pk}|{row}".encode()).digest()
    return ObjectId(upload.pk.binary[:4] + row.to_bytes(3, "big") + digest[:5])


def _insert(
    model: type[models.Model],
    upload: Upload,
    chunks: Iterable[list[bytes]],
    keep_alive: Callable[[int], object],
) -> None:
    target = collection(model, fast=True)  # `finish` is majority, and later
    known = {row["_id"] for row in target.find({"upload_id": upload.pk}, {"_id": 1})}
    done = 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        running = []
        for encoded in chunks:
            done += len(encoded)
            rows = map(RawBSONDocument, encoded)
            if missing := [row for row in rows if not known or row["_id"] not in known]:
                running.append(writers.submit(insert_missing, target, missing))
            if len(running) > _WRITERS:
                running.pop(0).result()
            keep_alive(done)
        for write in running:
            write.result()


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def _files() -> gridfs.GridFSBucket:
    return gridfs.GridFSBucket(connection.database, bucket_name="uploads")
