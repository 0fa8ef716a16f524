import pytest

from batches.models import Batch, batches
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_batch, make_job


@pytest.fixture
def batch(db: None) -> Batch:
    batch = make_batch()
    make_job(batch)
    return batch


def test_start_answers_with_the_status(batch: Batch, run_json) -> None:
    answer = run_json("batch", "start", batch.pk)
    assert (answer["batch"], answer["status"]) == (str(batch.pk), "running")
    assert answer["jobs"] == {"queued": 1}


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("running", "pause", "paused"),
        ("paused", "resume", "running"),
        ("paused", "cancel", "cancelled"),
    ],
)
def test_action_changes_the_status(
    batch: Batch, run_json, before: str, action: str, after: str
) -> None:
    Batch.objects.update(status=before)
    assert run_json("batch", action, batch.pk)["status"] == after


def test_action_is_recorded(batch: Batch, run) -> None:
    run("batch", "start", batch.pk)
    assert AuditEntry.objects.get(action="batch.start").actor == "command"


@pytest.mark.parametrize(
    ("before", "action"),
    [("draft", "pause"), ("running", "start"), ("cancelled", "cancel")],
)
def test_action_that_the_status_forbids_is_refused(
    batch: Batch, refuse, before: str, action: str
) -> None:
    Batch.objects.update(status=before)
    assert refuse("batch", action, batch.pk)
    assert Batch.objects.get().status == before


def test_start_with_an_obstacle_is_refused(batch: Batch, refuse) -> None:
    Batch.objects.update(rows=0)
    assert refuse("batch", "start", batch.pk)


@pytest.mark.parametrize("text", ["nonsense", "000000000000000000000000"])
def test_unknown_batch_is_refused(db: None, refuse, text: str) -> None:
    assert text in refuse("batch", "status", text)


@pytest.mark.parametrize("status", ["running", "cancelled"])
def test_stop_now_cancels_and_hangs_up(
    batch: Batch, run_json, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    stopped = []
    monkeypatch.setattr(batches, "ON_STOP_NOW", [stopped.append])
    Batch.objects.update(status=status)
    assert run_json("batch", "stop-now", batch.pk)["status"] == "cancelled"
    assert stopped == [batch]


def test_status_can_be_read_by_people(batch: Batch, run) -> None:
    assert "jobs: queued=1" in run("batch", "status", batch.pk)
