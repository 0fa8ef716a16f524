"""Workers that load a workbook are killed, slow or lost: each case comes once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection

from batches.imports import (
    background,
    error_workbook,
    loading,
    storage,
)
from batches.imports.loading import Begun
from batches.imports.questions import Answers, DuplicatePolicy
from batches.models import Batch, Job, Upload, UploadError
from batches.states import UploadStatus
from speechai_site.runtime import clock, leases
from tests.builders import make_batch
from tests.imports.background.steps import (
    DEBT,
    POINTS,
    ROWS,
    Killed,
    jobs,
    kill,
    lapse,
    left_behind,
    run,
    submit,
    take_up,
)
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_a_worker_killed_at_any_line_doubles_and_loses_nothing(
    account, undisturbed, monkeypatch, tasks, point, after
):
    upload = submit(account)
    kill(upload, monkeypatch, point, after=after)
    tasks.clear()
    background.tend()  # its lease still stands: nobody touches it
    assert not tasks
    take_up(tasks)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.STORED
    assert jobs() == undisturbed
    assert UploadError.objects.count() == 2
    assert (Batch.objects.get().rows, upload.to_tend) == (10, False)


@pytest.mark.parametrize("scope", ["batch", "days", "open"])
def test_a_killed_worker_takes_its_own_cases_for_no_duplicates(
    account, monkeypatch, tasks, scope
):
    batch = make_batch(account)
    first = submit(account, [row(company="Acreedor 0")], batch=batch)
    run(first)
    batch.refresh_from_db()
    leaving_out = Answers(duplicates=DuplicatePolicy(scope=scope, act="skip"))
    upload = submit(account, batch=batch, answers=leaving_out)
    kill(upload, monkeypatch, POINTS["in the last chunk"], after=True)
    Job.objects.filter(upload=first).delete()  # no duplicate of it any more
    take_up(tasks)
    upload.refresh_from_db()
    assert (upload.status, upload.jobs) == (UploadStatus.STORED, 8)
    assert sorted(job[0] for job in jobs()) == list(range(8))
    assert UploadError.objects.count() == 2


WORKER = """
import os, signal, django
django.setup()
from batches.imports import background, slots, storage
insert, chunks = storage.insert_missing, []
storage.CHUNK, storage._WRITERS = 3, 1
def die(*args):
    insert(*args)
    chunks.append(1)
    if len(chunks) == {chunk}:
        os.kill(os.getpid(), signal.SIGKILL)
storage.insert_missing = die
slots.WAITING.clear()
background.run("{upload}")
"""


@pytest.mark.parametrize("chunk", [1, 2])
def test_after_a_real_kill_another_process_goes_on(account, undisturbed, tasks, chunk):
    upload = submit(account)
    name = connection.settings_dict["NAME"].removesuffix("_sandbox")
    killed = subprocess.run(
        [sys.executable, "-c", WORKER.format(chunk=chunk, upload=upload.pk)],
        env={
            **os.environ,
            "MONGODB_NAME": name,
            "DJANGO_SETTINGS_MODULE": "speechai_site.settings",
        },
        cwd=django_settings.BASE_DIR,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert Job.objects.count() == 3 * chunk
    lapse()
    background.tend()
    assert run(upload) == UploadStatus.STORED
    assert jobs() == undisturbed
    assert upload.attempts == 2


def test_a_kill_between_the_row_and_its_file_ends_in_a_sentence(account, monkeypatch):
    def die(*args):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(storage, "keep_file", die)
        with pytest.raises(Killed):
            submit(account)
    upload = Upload.objects.get()
    assert run(upload) == UploadStatus.FAILED
    assert upload.problem == "import_failed"
    assert left_behind() == [0, 0, 0, 0]


def test_who_was_slow_writes_nothing_that_counts(account, undisturbed, monkeypatch):
    """It wakes up after another has taken its upload over, and loaded it."""
    upload, finish = submit(account), storage.finish

    def sleep_and_finish(*args):
        monkeypatch.setattr(storage, "finish", finish)
        lapse()
        background.tend()
        assert run(upload) == UploadStatus.STORED
        finish(*args)

    monkeypatch.setattr(storage, "finish", sleep_and_finish)
    run(upload)
    assert jobs() == undisturbed
    assert Batch.objects.get().rows == 10


def test_rows_written_after_an_upload_had_ended_are_removed(account, monkeypatch):
    upload, insert = submit(account), storage.insert_missing

    def end_and_insert(*args):
        lapse()
        background.cancel(upload, by="user:test")
        insert(*args)

    monkeypatch.setattr(storage, "insert_missing", end_and_insert)
    assert run(upload) == UploadStatus.CANCELLED
    assert left_behind() == [0, 0, 0, 0]
    with monkeypatch.context() as killed:  # and when it is killed before it notices
        killed.setattr(storage, "insert_missing", insert)
        collection = storage.collection(Job)
        collection.insert_one({"upload_id": upload.pk})
    background.tend()
    assert collection.count_documents({}) == 0


def test_rows_that_a_server_lost_are_written_again(account, undisturbed, monkeypatch):
    upload, write = submit(account), error_workbook.write

    def write_and_lose(*args):
        write(*args)
        storage.collection(Job).delete_one({"upload_id": upload.pk})

    with monkeypatch.context() as losing:
        losing.setattr(error_workbook, "write", write_and_lose)
        assert run(upload) == UploadStatus.STORING
    lapse()
    background.tend()
    assert run(upload) == UploadStatus.STORED
    assert jobs() == undisturbed


def test_what_fails_every_time_is_given_up(account, monkeypatch):
    upload = submit(account)
    monkeypatch.setattr(storage, "finish", lambda *args: 1 / 0)
    for _ in range(background.MOST_ATTEMPTS):
        assert run(upload) == UploadStatus.STORING
        lapse()
        background.tend()
    upload.refresh_from_db()
    assert (upload.status, upload.problem) == (UploadStatus.FAILED, "import_failed")
    assert left_behind() == [0, 0, 0, 0]


def test_a_lost_task_is_queued_again(account, tasks, monkeypatch):
    upload = submit(account)
    tasks.clear()
    background.tend()
    assert not tasks
    later = clock.wall() + background.REQUEUE_AFTER + timedelta(seconds=1)
    monkeypatch.setattr(clock, "wall", lambda: later)
    background.tend()
    background.tend()
    assert tasks == [(background.TASK, str(upload.pk))]


def test_what_a_killed_command_left_is_removed(account):
    begun = Begun(workbook(ROWS), account, DEBT, {}, "command")
    upload = loading.begin(begun, status=UploadStatus.READING)
    held = loading.hold(upload.pk)
    background.tend()
    assert Upload.objects.exists()
    leases.release(held)
    background.tend()
    assert not Upload.objects.exists()
    assert left_behind() == [0, 0, 0, 0]
