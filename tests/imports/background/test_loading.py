"""Workers load workbooks: from beginning to end, refused and cancelled."""

import pytest

from batches.imports import (
    background,
    cases,
    error_workbook,
    loading,
    slots,
    storage,
)
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, UploadStatus
from speechai_site.runtime import clock, leases
from speechai_site.runtime.models import AuditEntry, Lease
from tests.builders import make_agent, make_batch, make_number
from tests.imports.background.steps import ROWS, left_behind, run, submit

pytestmark = pytest.mark.django_db


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
    insert, read = storage.insert_missing, cases.RowReader.read

    def look():
        upload.refresh_from_db()
        seen.append((upload.status, upload.rows_read, upload.rows_expected))

    monkeypatch.setattr(cases.RowReader, "read", lambda *args: look() or read(*args))
    monkeypatch.setattr(
        storage, "insert_missing", lambda *args: look() or insert(*args)
    )
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
    upload, insert, chunks = submit(account, batch=batch), storage.insert_missing, []

    def insert_and_cancel(*args):
        insert(*args)
        chunks.append(1)
        if len(chunks) == chunk:
            assert background.cancel(upload, by="user:test")

    monkeypatch.setattr(storage, "insert_missing", insert_and_cancel)
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
