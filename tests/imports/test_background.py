"""Workers load workbooks: killed, cancelled or sent twice, each case comes once."""

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
    cases,
    error_workbook,
    loading,
    slots,
    storage,
)
from batches.imports.loading import Begun
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers, DuplicatePolicy
from batches.models import Batch, Job, Upload, UploadError
from batches.states import BatchStatus, UploadStatus
from speechai_site.runtime import clock, leases
from speechai_site.runtime.models import AuditEntry, Lease
from tests.builders import make_account, make_agent, make_batch, make_number
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
DEBT = "debt_collection"
# Eight cases and two reported rows, in chunks of three.
ROWS = [row(company=f"Acreedor {i}", title=f"T-{i}") for i in range(8)]
ROWS[3:3] = [row(rut="x"), row(rut="y")]


@pytest.fixture
def account(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(storage, "CHUNK", 3)
    monkeypatch.setattr(cases, "CHUNK", 1)
    monkeypatch.setattr(loading, "BEAT_SECONDS", 0)
    return make_account(name="Cuenta Uno")


@pytest.fixture(autouse=True)
def tasks(monkeypatch):
    """What was queued: names and arguments; nothing runs by itself."""
    queued = []
    monkeypatch.setattr(
        background, "async_task", lambda *task, **_options: queued.append(task)
    )
    return queued


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


@pytest.fixture
def undisturbed(account):
    """The jobs of an import that nothing happened to."""
    upload = submit(make_account())
    assert run(upload) == UploadStatus.STORED
    told = jobs()
    Upload.objects.all().delete()
    Batch.objects.all().delete()
    assert len(told) == 8
    return told


# --- from beginning to end ----------------------------------------------------------


def test_a_workbook_waits_until_a_worker_loads_it(account, tasks):
    upload = submit(account)
    assert upload.status == UploadStatus.QUEUED
    assert not Job.objects.exists()
    assert run(upload) == UploadStatus.STORED
    assert (upload.rows, upload.jobs, upload.error_count) == (10, 8, 2)
    assert (upload.rows_read, upload.jobs_stored, upload.to_tend) == (10, 8, False)
    batch = Batch.objects.get()
    assert (batch.rows, batch.row_errors, batch.name) == (10, 2, "c")
    assert error_workbook.path_for(upload.pk).exists()
    assert tasks == [(background.TASK, str(upload.pk))]  # an id, and nothing else


def test_its_row_tells_how_far_it_is(account, monkeypatch):
    upload, seen = submit(account), []
    insert, read = storage._insert_chunk, cases.RowReader.read

    def look():
        upload.refresh_from_db()
        seen.append((upload.status, upload.rows_read, upload.rows_expected))

    monkeypatch.setattr(cases.RowReader, "read", lambda *args: look() or read(*args))
    monkeypatch.setattr(storage, "_insert_chunk", lambda *args: look() or insert(*args))
    monkeypatch.setattr(storage, "_WRITERS", 1)
    run(upload)
    assert seen[4] == ("reading", 4, 10)
    assert seen[-1] == ("storing", 10, 10)


def test_a_task_that_comes_twice_loads_once(account):
    upload = submit(account)
    run(upload)
    assert run(upload) == UploadStatus.STORED
    assert Job.objects.count() == 8
    assert Batch.objects.get().rows == 10


def test_what_was_decided_about_the_file_is_kept_for_the_worker(account):
    answers = Answers(
        header_row=1, columns={"name": [1]}, call_kinds=frozenset({"work"})
    )
    upload = submit(account, answers=answers)
    upload.refresh_from_db()
    assert Answers.from_json(upload.answers) == answers


def test_a_password_is_not_kept(account):
    upload = submit(account, answers=Answers(password="secreto"))
    upload.refresh_from_db()
    assert "secreto" not in str(upload.answers)


def test_the_campaign_starts_when_that_was_asked_for(account):
    upload = submit(account, start=True, agent=make_agent(), number=make_number())
    assert Batch.objects.get().status == BatchStatus.DRAFT
    run(upload)
    assert Batch.objects.get().status == BatchStatus.RUNNING
    assert AuditEntry.objects.get(action="batch.start").actor == "user:test"


def test_why_the_campaign_did_not_start_is_told(account):
    upload = submit(account, start=True)
    assert run(upload) == UploadStatus.STORED
    assert upload.problem == "not_started"
    assert upload.problem_text
    assert not upload.to_tend


def test_a_campaign_cannot_start_while_a_workbook_waits(account, monkeypatch):
    """Even when it was looked at before the upload came."""
    batch = make_batch(account)
    submit(account, batch=batch)
    monkeypatch.setattr(Batch, "obstacles", lambda self: [])
    assert not batch.start(by="user:other")
    assert Batch.objects.get().status == BatchStatus.DRAFT


def test_the_same_file_is_not_taken_again_while_it_waits(account):
    submit(account)
    with pytest.raises(WorkbookError) as raised:
        submit(account)
    assert raised.value.code == "already_importing"
    assert Batch.objects.count() == Upload.objects.count() == 1


def test_half_of_the_workers_are_left_for_calls(account, settings, tasks):
    settings.Q_WORKERS = 2
    slot = slots.take()
    upload = submit(account)
    assert run(upload) == UploadStatus.QUEUED
    leases.release(slot)
    assert run(upload) == UploadStatus.STORED


def test_a_killed_worker_keeps_its_slot_no_longer_than_its_upload(account):
    slots.take()
    lease = Lease.objects.get()
    assert (lease.expires_at - clock.wall()).total_seconds() <= loading.LEASE_SECONDS


def test_who_has_loaded_one_queues_the_next(account, tasks):
    first, second = submit(account), submit(account, ROWS[:2])
    tasks.clear()
    run(first)
    assert tasks == [(background.TASK, str(second.pk))]


# --- refused and cancelled ----------------------------------------------------------


def test_a_file_that_cannot_be_loaded_says_why_and_leaves_nothing(account):
    upload = submit(account, b"no workbook at all")
    assert run(upload) == UploadStatus.FAILED
    assert (upload.problem, upload.batch) == ("columns_missing", None)
    assert "columnas" in upload.problem_text
    assert left_behind() == [0, 0, 0, 0]


def test_a_waiting_upload_is_cancelled_at_once(account):
    upload = submit(account)
    assert background.cancel(upload, by="user:test")
    upload.refresh_from_db()
    assert upload.status == UploadStatus.CANCELLED
    assert left_behind() == [0, 0, 0, 0]
    assert run(upload) == UploadStatus.CANCELLED


@pytest.mark.parametrize("chunk", [1, 3])
def test_a_cancelled_upload_leaves_nothing_in_a_campaign_that_was_there(
    account, monkeypatch, chunk
):
    batch = make_batch(account, rows=0)
    upload, insert, chunks = submit(account, batch=batch), storage._insert_chunk, []

    def insert_and_cancel(*args):
        insert(*args)
        chunks.append(1)
        if len(chunks) == chunk:
            assert background.cancel(upload, by="user:test")

    monkeypatch.setattr(storage, "_insert_chunk", insert_and_cancel)
    assert run(upload) == UploadStatus.CANCELLED
    assert left_behind() == [1, 0, 0, 0]
    assert (Batch.objects.get().rows, upload.batch) == (0, batch)


def test_what_was_loaded_cannot_be_cancelled(account):
    upload = submit(account)
    run(upload)
    assert not background.cancel(upload, by="user:test")
    assert Job.objects.count() == 8


def test_a_cancellation_at_the_last_moment_wins_or_comes_too_late(account, monkeypatch):
    upload, finish = submit(account), storage.finish

    def cancel_and_finish(*args):
        background.cancel(upload, by="user:test")
        finish(*args)

    monkeypatch.setattr(storage, "finish", cancel_and_finish)
    assert run(upload) == UploadStatus.CANCELLED
    assert left_behind() == [0, 0, 0, 0]


# --- killed -------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the death of the process: nothing may be cleaned up after it."""


POINTS = {
    "while reading": (cases.RowReader, "read", 5),
    "before storing": (loading, "_told", 1),
    "in the first chunk": (storage, "_insert_chunk", 1),
    "in the last chunk": (storage, "_insert_chunk", 3),
    "before the reported rows": (storage, "store_errors", 1),
    "before the error workbook": (error_workbook, "write", 1),
    "before the end": (storage, "finish", 1),
    "after the end": (background, "start", 1),
}


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


WORKER = """
import os, signal, django
django.setup()
from batches.imports import background, slots, storage
insert, chunks = storage._insert_chunk, []
storage.CHUNK, storage._WRITERS = 3, 1
def die(*args):
    insert(*args)
    chunks.append(1)
    if len(chunks) == {chunk}:
        os.kill(os.getpid(), signal.SIGKILL)
storage._insert_chunk = die
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
    upload, insert = submit(account), storage._insert_chunk

    def end_and_insert(*args):
        lapse()
        background.cancel(upload, by="user:test")
        insert(*args)

    monkeypatch.setattr(storage, "_insert_chunk", end_and_insert)
    assert run(upload) == UploadStatus.CANCELLED
    assert left_behind() == [0, 0, 0, 0]
    with monkeypatch.context() as killed:  # and when it is killed before it notices
        killed.setattr(storage, "_insert_chunk", insert)
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
