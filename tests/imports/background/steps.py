"""What a person, a worker and death do with an upload."""

import pytest
from django.db import connection

from batches.imports import (
    background,
    cases,
    error_workbook,
    loading,
    storage,
)
from batches.imports.loading import Begun
from batches.models import Batch, Job, UploadError
from speechai_site.runtime import clock, leases
from speechai_site.runtime.models import Lease
from tests.imports.workbooks import row, workbook

DEBT = "debt_collection"

# Eight cases and two reported rows, in chunks of three.
ROWS = [row(company=f"Acreedor {i}", title=f"T-{i}") for i in range(8)]
ROWS[3:3] = [row(rut="x"), row(rut="y")]


def submit(account, rows=ROWS, start=False, **chosen):
    content = rows if isinstance(rows, bytes) else workbook(rows)
    begun = Begun(content, account, DEBT, {}, "user:test", file_name="c.xlsx", **chosen)
    return background.submit(begun, start=start)


def run(upload) -> str:
    background.run(str(upload.pk))
    upload.refresh_from_db()
    return upload.status


def lapse():
    """As if LEASE_SECONDS had passed since everybody died."""
    storage.collection(Lease).update_many({}, {"$set": {"expires_at": clock.wall()}})


def jobs():
    """The jobs that there are, but for what names their upload."""
    names = ("rank", "person_key", "creditor_key", "amount", "source_rows", "variables")
    return sorted(Job.objects.values_list(*names), key=lambda job: job[0])


def left_behind():
    files = connection.database["uploads.files"].count_documents({})
    rows = [model.objects.count() for model in (Batch, Job, UploadError)]
    return [*rows, files]


class Killed(BaseException):
    """Stands for the death of the process: nothing may be cleaned up after it."""


POINTS = {
    "while reading": (cases.RowReader, "read", 5),
    "before storing": (loading, "_told", 1),
    "in the first chunk": (storage, "insert_missing", 1),
    "in the last chunk": (storage, "insert_missing", 3),
    "before the reported rows": (storage, "store_errors", 1),
    "before the error workbook": (error_workbook, "write", 1),
    "before the end": (storage, "finish", 1),
    "after the end": (background, "start", 1),
}


def kill(upload, monkeypatch, point, *, after):
    """Let its worker die at the n-th call of a function, or after it."""
    where, name, time = point
    real, calls = getattr(where, name), []

    def die(*args, **kwargs):
        calls.append(1)
        if len(calls) == time and after:
            real(*args, **kwargs)
        if len(calls) == time:
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as dying:
        dying.setattr(where, name, die)
        dying.setattr(leases, "release", lambda held: None)
        dying.setattr(storage, "_WRITERS", 1)
        with pytest.raises(Killed):
            run(upload)


def take_up(tasks):
    """What follows once its lease has lapsed."""
    tasks.clear()
    lapse()
    background.tend()
    for _name, upload_id in tasks:
        background.run(upload_id)
