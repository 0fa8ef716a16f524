import pytest

from batches.imports import background, cases, loading, storage
from batches.models import Batch, Upload
from batches.states import UploadStatus
from tests.builders import make_account
from tests.imports.background.steps import jobs, run, submit


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
