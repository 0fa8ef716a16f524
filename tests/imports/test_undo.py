"""Undoing an upload: only while nobody of it was called, and its rows may come again."""

import pytest

from batches.imports import updates
from batches.imports.importer import import_workbook
from batches.imports.problems import WorkbookError
from batches.imports.undo import UNDONE, figures_of, undo
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, JobStatus, UploadStatus
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_rut
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
DAYS = {"limit_days": 10, "max_days": 20}


def rows(*people):
    return [
        row(rut=make_rut(10_000_000 + n), title=f"OP-{n}", mobile=960_100_000 + n)
        for n in people
    ]


@pytest.fixture
def batch(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    result = import_workbook(
        workbook(rows(1, 2, 3), KEYED),
        make_account(),
        "debt_collection",
        DAYS,
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def added(batch, *people):
    file = workbook(rows(*people), KEYED)
    return updates.apply(file, batch, by="user:ana", mode=Upload.Mode.ADD).upload


def test_an_undone_upload_leaves_its_cases_withdrawn_and_the_others_alone(batch):
    upload = added(batch, 4, 5)
    ended, called = undo(upload, by="user:ana", reason="Archivo equivocado")
    assert (ended.now, ended.later, called) == (2, 0, 0)
    assert upload.status == UploadStatus.UNDONE
    mine = Job.objects.filter(upload=upload)
    assert {(j.status, j.status_reason) for j in mine} == {
        (JobStatus.WITHDRAWN, UNDONE)
    }
    assert Job.objects.filter(batch=batch, status=JobStatus.QUEUED).count() == 3
    assert AuditEntry.objects.get(action="upload.undo").reason == "Archivo equivocado"


def test_rows_that_were_undone_may_be_added_again(batch):
    undo(added(batch, 4, 5), by="user:ana", reason="")
    again = added(batch, 4, 5, 6)
    waiting = Job.objects.filter(upload=again, status=JobStatus.QUEUED)
    assert waiting.count() == 3


@pytest.mark.parametrize(
    "called",
    [{"attempts": 1}, {"history": [{"to": "calling"}]}],
)
def test_nothing_is_undone_once_a_case_was_called(batch, called):
    upload = added(batch, 4, 5)
    one = Job.objects.filter(upload=upload).first()
    Job.objects.filter(pk=one.pk).update(**called)
    assert figures_of(upload) == {"dialed": 1, "waiting": 1, "rest": 0}
    with pytest.raises(WorkbookError) as refused:
        undo(upload, by="user:ana", reason="")
    assert refused.value.code == "upload_was_dialed"
    assert Job.objects.filter(upload=upload, status=JobStatus.QUEUED).count() == 2


def test_a_case_that_is_dialed_at_that_moment_keeps_the_upload_from_being_undone(
    batch, monkeypatch
):
    from batches.imports import undo as module

    upload = added(batch, 4, 5)
    one = Job.objects.filter(upload=upload).first()
    end = module.end_jobs

    def race(ids, *args, **kwargs):
        Job.objects.filter(pk=one.pk).update(
            status=JobStatus.CALLING, history=[{"to": "calling"}]
        )
        return end(ids, *args, **kwargs)

    monkeypatch.setattr(module, "end_jobs", race)
    ended, called = undo(upload, by="user:ana", reason="")
    assert (ended.now, called) == (1, 1)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.STORED


def test_an_update_is_not_undone(batch):
    file = workbook(rows(1, 2, 3, 4), KEYED)
    upload = updates.apply(file, batch, by="user:ana").upload
    with pytest.raises(WorkbookError) as refused:
        undo(upload, by="user:ana", reason="")
    assert refused.value.code == "upload_not_undoable"
