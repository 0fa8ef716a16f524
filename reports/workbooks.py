"""The report of a batch, as a workbook: summary, cases, calls, rows not loaded."""

import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from batches.models import Batch, Job, Upload, UploadError
from calls.models import Call, CallDetail
from reports import columns
from reports.sheets import Book, Column
from reports.summary import write_summary
from reports.totals import Totals
from speechai_site.runtime import audit
from speechai_site.runtime.documents import collection

CHUNK = 500  # cases whose calls are read at once
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# Columns of documents that no sheet shows.
NOT_SHOWN = {
    Job: ("history", "variables", "debts", "extra", "name_keys", "phone_keys"),
    Call: ("history",),
}


# What is money in them.
AMOUNTS = {Job: ("amount", "promise_amount"), Call: ("promise_amount", "cost_usd")}


def write_report(
    batch: Batch, target: Path | BinaryIO, *, by: str, cost: bool = False
) -> Totals:
    """Write the report of `batch` to a path or an open binary file.

    `by` names who asked (`user:NAME`, `command`), for the activity log. `cost` adds
    the columns of money paid to the provider: only for who may see them. A path is
    replaced when the report is whole, and is readable by its owner only.
    """
    if isinstance(target, Path):
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(draft, NEW_FILE, 0o600), "wb") as file:
                totals = _write(batch, file, cost=cost)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    else:
        totals = _write(batch, target, cost=cost)
    audit.record("report.export", batch, by=by, cost=cost, jobs=totals.jobs.total())
    return totals


def _write(batch: Batch, target: BinaryIO, *, cost: bool) -> Totals:
    totals = Totals()
    with TemporaryDirectory(prefix="speechai-report-") as folder:
        book = Book(target, ZoneInfo(batch.account.time_zone), folder)
        # The first sheet is written last: it adds up what stands in the others.
        summary = book.add_worksheet(_("Summary"))
        _write_jobs_and_calls(book, batch, totals, cost=cost)
        _write_reported_rows(book, batch, totals)
        write_summary(book, summary, batch, totals, cost=cost)
        book.close()
    return totals


def _write_jobs_and_calls(
    book: Book, batch: Batch, totals: Totals, *, cost: bool
) -> None:
    jobs = book.sheet(_("Cases"), _shown(columns.JOBS, cost=cost))
    calls = book.sheet(_("Calls"), _shown(columns.CALLS, cost=cost))
    for chunk in _chunks(_rows(Job, {"batch_id": batch.pk})):
        calls_of = _calls_of(chunk)
        details = _details_of(calls_of)
        for job in chunk:
            own = calls_of.get(job["_id"], [])
            totals.add_job(job)
            jobs.write(job | _results(own))
            for call in own:
                totals.add_call(call)
                calls.write(call | {"job": job, "detail": details.get(call["_id"], {})})


def _write_reported_rows(book: Book, batch: Batch, totals: Totals) -> None:
    uploads = {upload.pk: upload for upload in Upload.objects.filter(batch=batch)}
    errors = collection(UploadError)
    of_batch = {"upload_id": {"$in": list(uploads)}}
    widest = errors.aggregate(
        [
            {"$match": of_batch},
            {"$group": {"_id": None, "cells": {"$max": {"$size": "$cells"}}}},
        ]
    )
    cells = next(iter(widest), {}).get("cells", 0)
    sheet = book.sheet(_("Rows not loaded"), columns.reported_rows(uploads, cells))
    for upload_id in sorted(uploads):
        for row in errors.find({"upload_id": upload_id}).sort("row", 1):
            totals.rows_reported += 1
            sheet.write(row)


def _shown(wanted: Iterable[Column], *, cost: bool) -> list[Column]:
    return [column for column in wanted if cost or not column.cost]


def _rows(model: type, where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Documents in the order of their ids, with amounts as Decimal (or None)."""
    cursor = collection(model).find(where, dict.fromkeys(NOT_SHOWN[model], 0))
    # A reply of MongoDB's own choice is 16 MB, ten times that much in memory.
    for row in cursor.sort("_id", 1).batch_size(CHUNK):
        for name in AMOUNTS[model]:
            if row[name] is not None:
                row[name] = row[name].to_decimal()
        yield row


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _calls_of(jobs: list[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    """The calls of each job, oldest first."""
    found: dict[Any, list[dict[str, Any]]] = {}
    ids = [job["_id"] for job in jobs]
    for call in _rows(Call, {"job_id": {"$in": ids}}):
        found.setdefault(call["job_id"], []).append(call)
    return found


def _details_of(calls_of: dict[Any, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    ids = [call["_id"] for calls in calls_of.values() for call in calls]
    found = collection(CallDetail).find(
        {"_id": {"$in": ids}}, {"transcript": 1, "recording_url": 1}
    )
    return {detail["_id"]: detail for detail in found}


def _results(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """What the sheet of cases says of a case's calls."""
    costs = [call["cost_usd"] for call in calls if call["cost_usd"] is not None]
    return {
        "call": calls[-1] if calls else {},
        "duration_ms": sum(call["duration_ms"] or 0 for call in calls) or None,
        "cost_usd": sum(costs, Decimal(0)) if costs else None,
    }
