"""A confirmed change of a campaign: killed at any line, it is done once."""

import os
import signal
from datetime import timedelta

import pytest
from bson import ObjectId
from django.db import connection
from pymongo import monitoring

from batches import ending
from batches.imports import (
    changing,
    compare,
    payments,
    pending,
    rewriting,
    updates,
    working,
)
from batches.imports.changing import Change
from batches.imports.importer import import_workbook
from batches.imports.modes import Look
from batches.models import Batch, Job, Payment, Upload, UploadError
from batches.states import BatchStatus
from speechai_site.runtime import clock, cluster
from speechai_site.runtime.models import AuditEntry, Lease
from tests.builders import make_account, make_rut
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED, paid
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
PEOPLE = 6
SHARE = 8  # of all writes, one in so many
USER = ObjectId()
WRITES = {"insert", "update", "delete", "findAndModify", "commitTransaction"}
_PLACES = {"row", "since"}


def rut(n):
    return make_rut(10_000_000 + n)


def line(n, amount=150_000, **values):
    mobile = 960_100_000 + n
    return row(rut=rut(n), title=f"OP-{n}", mobile=mobile, amount=amount, **values)


# Three amounts change, one person leaves, two are new, one row is reported.
CORRECTED = [line(1), *(line(n, 99_000) for n in (2, 3, 4)), line(5), line(8), line(9)]
CORRECTED += [row(rut="x")]
FILES = {
    "update": workbook(CORRECTED, KEYED),
    "add": workbook([line(1), line(8), line(9), row(rut="x")], KEYED),
    "payments": workbook(
        [paid(rut(n), f"OP-{n}", 150_000) for n in (0, 1, 2)]
        + [paid(rut(3), "OP-3", 50_000), paid(rut(50), "OP-50", 1)],
        PAID,
    ),
    "withdraw": "\n".join(map(rut, (0, 1, 2, 50))).encode(),
}


@pytest.fixture(autouse=True)
def tasks(monkeypatch, settings, tmp_path):
    """No worker is there: what was queued, and for whom. Whatever goes by chunks has
    several of them."""
    settings.VAR_DIR = tmp_path
    for module in (compare, ending, payments, rewriting):
        monkeypatch.setattr(module, "CHUNK", 2)
    queued = []
    monkeypatch.setattr(working, "async_task", lambda *task, **_o: queued.append(task))
    return queued


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(changing, "SMALL_BYTES", 0)


def campaign(slug="banco") -> Batch:
    result = import_workbook(
        workbook([line(n) for n in range(PEOPLE)], KEYED),
        make_account(slug=slug),
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def chosen(batch, mode, **values) -> Change:
    """A file that was chosen, and looked at."""
    said = {"mode": mode, "batch": str(batch.pk)}
    said |= {"absent": "withdraw"} if mode == "update" else {}
    said |= {"pasted": True, "reason": "correo"} if mode == "withdraw" else {}
    token = pending.keep(
        FILES[mode], file_name="x.xlsx", user_id=USER, choices=said | values
    )
    change = found(token)
    if not changing.look(change):
        working.run(token)
    return found(token)


def found(token) -> Change:
    return Change.of(pending.find(token, USER))


def lapse():
    """As if LEASE_SECONDS had passed since everybody died: before that the server ends
    the transactions of the dead (`transactionLifetimeLimitSeconds`)."""
    connection.database.client.admin.command("killAllSessions", [])
    Lease.objects.update(expires_at=clock.wall() - timedelta(seconds=1))


def told(batch):
    """All that a change leaves behind, but for ids and times."""
    batch.refresh_from_db()
    jobs = [
        (
            job.document,
            str(job.amount),
            job.status,
            job.status_reason,
            job.variables,
            [[(k, v) for k, v in d.items() if k not in _PLACES] for d in job.debts],
            job.next_attempt_at is None,
            [entry["to"] for entry in job.history],
        )
        for job in Job.objects.filter(batch=batch).order_by("document")
    ]
    uploads = Upload.objects.filter(batch=batch).order_by("mode")
    return {
        "jobs": jobs,
        "batch": [batch.rows, batch.row_errors, str(batch.total_amount)],
        "uploads": [(u.mode, u.status, u.jobs, u.changes) for u in uploads],
        "errors": UploadError.objects.filter(upload__in=uploads).count(),
        "payments": Payment.objects.filter(account=batch.account).count(),
        "audit": set(
            AuditEntry.objects.filter(account_id=str(batch.account_id)).values_list(
                "action", flat=True
            )
        ),
    }


# --- killed -------------------------------------------------------------------------


class Killer(monitoring.CommandListener):
    """SIGKILL before the nth write to the database."""

    def __init__(self, nth):
        self.left = nth

    def started(self, event):
        self.left -= event.command_name in WRITES
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


def killed_at(nth, token) -> bool:
    """A worker does what is queued; whether it was killed before its nth write."""
    pid = os.fork()
    if not pid:
        try:
            cluster._forget_clients()
            monitoring.register(Killer(nth))
            working.run(token)
        finally:
            os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def confirmed(batch, mode):
    change = chosen(batch, mode)
    assert changing.confirm(change, by="user:ana")
    return change.kept.token


@pytest.mark.parametrize(
    ("mode", "first"), [("update", 1), ("add", 2), ("payments", 3), ("withdraw", 4)]
)
def test_killed_before_any_write_a_change_is_done_once_by_the_next(mode, first, large):
    undisturbed = campaign("nadie")
    token = confirmed(undisturbed, mode)
    assert working.run(token) == "done"
    expected, figures = told(undisturbed), found(token).done.figures
    for nth in range(first, 500, SHARE):
        batch = campaign(f"banco-{nth}")
        token = confirmed(batch, mode)
        was_killed = killed_at(nth, token)
        lapse()
        if was_killed:
            assert working.run(token) in ("done", "nothing to do"), nth
        assert told(batch) == expected, nth
        assert found(token).done.figures == figures, nth
        if not was_killed:
            break
    assert nth > 20


def test_what_was_begun_and_killed_is_queued_for_another(large, tasks):
    token = confirmed(campaign(), "update")
    assert killed_at(20, token)
    tasks.clear()
    working.tend()
    assert tasks == []  # as long as its leases live
    lapse()
    working.tend()
    assert tasks == [(working.TASK, token)]
    assert working.run(token) == "done"


def test_a_small_change_whose_process_was_killed_is_done_by_a_worker(
    tasks, monkeypatch
):
    batch = campaign()
    token = chosen(batch, "update").kept.token

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    change, finish = found(token), updates._finish
    monkeypatch.setattr(updates, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        changing.confirm(change, by="user:ana")
    monkeypatch.setattr(updates, "_finish", finish)
    lapse()
    working.tend()
    assert tasks == [(working.TASK, token)]
    assert working.run(token) == "done"
    assert told(batch)["uploads"][-1][:2] == ("update", "stored")


@pytest.mark.parametrize("mode", ["update", "add"])
def test_what_counts_already_is_not_done_again(mode, large, monkeypatch):
    batch = campaign()
    token, follow = confirmed(batch, mode), updates.follow
    monkeypatch.setattr(updates, "follow", lambda *args: 1 / 0)
    assert working.run(token) == "ZeroDivisionError"
    monkeypatch.setattr(updates, "follow", follow)
    hidden = Job.objects.filter(batch=batch, next_attempt_at=None, status="queued")
    assert hidden.count() == 2
    lapse()
    assert working.run(token) == "done"
    assert hidden.count() == 0
    assert Upload.objects.filter(batch=batch, mode=mode).count() == 1
    assert found(token).done.figures["new_cases"] == 2


def test_who_lost_its_lease_makes_nothing_count(large, monkeypatch):
    batch = campaign()
    token = confirmed(batch, "update")
    finish, second = updates._finish, []

    def late(*args):
        lapse()
        monkeypatch.setattr(updates, "_finish", finish)
        second.append(working.run(token))
        finish(*args)

    monkeypatch.setattr(updates, "_finish", late)
    assert working.run(token) == "stopped"
    assert second == ["done"]
    assert Upload.objects.filter(batch=batch, mode="update").count() == 1
    assert Job.objects.filter(batch=batch).count() == PEOPLE + 2


# --- asked for twice, stopped, failing ----------------------------------------------


def test_two_tabs_confirm_one_change(large, tasks):
    first = chosen(campaign(), "update")
    second = found(first.kept.token)
    assert changing.confirm(first, by="user:ana")
    assert not changing.confirm(second, by="user:ana")
    tasks.clear()
    assert working.run(first.kept.token) == "done"
    assert working.run(first.kept.token) == "nothing to do"
    assert not changing.confirm(found(first.kept.token), by="user:ana")
    assert tasks == []


def test_what_waits_can_be_stopped_and_what_has_begun_can_not(large):
    batch = campaign()
    token = confirmed(batch, "update")
    assert working.cancel(found(token).kept)
    assert working.run(token) == "nothing to do"
    change = found(token)
    assert change.look
    assert changing.confirm(change, by="user:ana")
    assert killed_at(20, token)
    assert found(token).kept.work["begun"]
    assert not working.cancel(found(token).kept)
    lapse()
    assert working.run(token) == "done"


def test_what_is_confirmed_and_would_do_something_else_is_shown_again(large):
    batch = campaign()
    token = confirmed(batch, "update")
    updates.apply(workbook([line(70)], KEYED), batch, by="eva", mode="add")
    assert working.run(token) == "done"
    change = found(token)
    assert change.said["problems"]
    assert change.look.figures["leaving"] == 2
    assert change.done is None
    assert told(batch)["jobs"][2][1] == "150000"


def test_what_fails_again_and_again_is_looked_at_again(large, tasks, monkeypatch):
    batch = campaign()
    token = confirmed(batch, "update")
    with monkeypatch.context() as patch:
        patch.setattr(updates, "_finish", lambda *args: 1 / 0)
        for _attempt in range(working.MOST_ATTEMPTS):
            assert working.run(token) == "ZeroDivisionError"
            lapse()
            working.tend()
    change = found(token)
    assert (change.kept.work, change.look) == (None, None)
    assert change.said["problems"]
    changing.look(change)
    working.run(token)
    # the amounts are written already; what is new is not
    left = found(token).look.figures
    assert (left["changed"], left["new_cases"], left["leaving"]) == (0, 2, 0)
    assert changing.confirm(found(token), by="user:ana")
    assert working.run(token) == "done"
    assert told(batch)["uploads"][-1][:3] == ("update", "stored", 2)


def test_what_a_worker_has_to_do_is_not_dropped_as_too_old(large):
    token = confirmed(campaign(), "update")
    files = connection.database["pending_uploads.files"]
    old = clock.wall() - 2 * pending.KEPT
    files.update_one({"_id": token}, {"$set": {"metadata.kept_wall": old}})
    pending.drop_expired()
    assert working.run(token) == "done"
    assert found(token).done  # told to who comes now


def test_nothing_about_persons_is_kept_of_what_was_done(large):
    token = confirmed(campaign(), "withdraw")
    working.run(token)
    kept = pending.find(token, USER)
    assert set(kept.choices) == {"mode", "batch", "absent", "done"}
    assert Look.of(kept.choices["done"]).missing == []
    assert connection.database["pending_uploads.chunks"].count_documents({}) == 0


def test_a_small_file_is_large_in_a_large_campaign(tasks, monkeypatch):
    batch = campaign()
    monkeypatch.setattr(changing, "SMALL_CAMPAIGN", PEOPLE - 1)
    assert chosen(batch, "update").look
    assert len(tasks) == 1
    assert chosen(batch, "withdraw").look
    assert len(tasks) == 1  # a list reads its own cases alone
