"""Children share the work of an import: whatever becomes of them, nothing changes."""

import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from bson import Decimal128

from batches import use_cases
from batches.imports import background, cases, helpers, storage
from batches.imports.cases import read_cases
from batches.imports.documents import decimal128
from batches.imports.loading import Begun
from batches.imports.questions import Answers, DuplicatePolicy
from batches.models import Batch, Job, Upload, UploadError
from batches.states import UploadStatus
from tests.builders import make_account
from tests.imports.workbooks import RUT_A, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
DEBT = "debt_collection"


def messy_rows():
    """Several debts of one case, far apart; rows of every fault; a repeated debt, and
    dates and amounts in two conventions, for which the file is read twice."""
    rows = []
    for place in range(60):
        rows.append(
            row(
                rut=(RUT_A, RUT_B, RUT_C)[place % 3],
                company=f"Acreedor {place % 7}",
                title=f"T-{place}",
                due=("05/03/2025", "25/03/2025", "03/25/2025")[place % 3],
                amount=("1.500", "1,234.56", "2500", "1.234,56")[place % 4],
            )
        )
    rows[7:7] = [row(rut="x"), row(mobile="12"), row(title="T-1"), row(title="T-1")]
    rows[40:40] = [row(rut="Total"), row(rut=""), row(mobile="")]
    return rows


@pytest.fixture
def forks(settings, tmp_path, monkeypatch):
    """Two children for every file, and how many chunks they made."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(helpers, "LARGE_FILE", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})
    monkeypatch.setattr(storage, "CHUNK", 3)
    monkeypatch.setattr(cases, "CHUNK", 2)
    made, answer = [], helpers.Child.answer

    def counted(child, asked):
        found = answer(child, asked)
        made.append(child.pid)
        return found

    monkeypatch.setattr(helpers.Child, "answer", counted)
    return made


@pytest.fixture(autouse=True)
def tasks(monkeypatch):
    monkeypatch.setattr(background, "async_task", lambda *_task, **_options: None)


def double(common, chunk):
    if chunk == "bad":
        raise ValueError(chunk)
    return [common, chunk, chunk]


def tell(_common, _chunk):
    os.write(1, b"at work\n")


def spin(_common, _chunk):
    tell(None, None)
    while True:
        pass


# --- the children -------------------------------------------------------------------


def test_chunks_come_back_in_their_order(forks):
    with helpers.forked(1) as shared:
        found = list(shared.share(double, "c", range(50)))
    assert found == [["c", number, number] for number in range(50)]
    assert len(set(forks)) == 2


def test_a_fault_of_the_work_is_raised_as_it_is(forks):
    with helpers.forked(1) as shared, pytest.raises(ValueError, match="bad"):
        list(shared.share(double, "c", [1, "bad", 3]))


def test_no_child_is_left_behind(forks):
    with helpers.forked(1) as shared:
        pids = [child.pid for child in shared.children]
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_small_file_has_none(forks, monkeypatch):
    monkeypatch.setattr(helpers, "LARGE_FILE", 1000)
    with helpers.forked(999) as shared:
        assert shared.children == []
        assert list(shared.share(double, "c", [1])) == [["c", 1, 1]]


def test_what_a_killed_child_had_is_made_here(forks):
    with helpers.forked(1) as shared:
        results = shared.share(double, "c", range(50))
        found = [next(results)]
        for child in shared.children:
            os.kill(child.pid, signal.SIGKILL)
        found += results
    assert found == [["c", number, number] for number in range(50)]


def test_a_child_that_stands_still_is_given_up(forks, monkeypatch):
    monkeypatch.setattr(helpers, "ANSWER_SECONDS", 0.2)
    with helpers.forked(1) as shared:
        for child in shared.children:
            os.kill(child.pid, signal.SIGSTOP)
        found = list(shared.share(double, "c", range(50)))
    assert found == [["c", number, number] for number in range(50)]


def test_a_daemon_such_as_a_worker_of_the_queue_has_children(forks):
    def work():
        with helpers.forked(1) as shared:
            found = list(shared.share(double, "c", range(50)))
            told = [made for made in found if made[1] % 2]
            os._exit(0 if len(told) == 25 and len(shared.children) == 2 else 1)

    daemon = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    daemon.start()
    daemon.join(60)
    assert daemon.exitcode == 0


@pytest.mark.parametrize("work", ["tell", "spin"])
def test_no_child_outlives_its_parent(work):
    """Its standard output is its parent's: it ends when both have ended."""
    code = f"""
import os, signal
os.environ["DJANGO_SETTINGS_MODULE"] = "speechai_site.settings"
import django
django.setup()
from batches.imports import helpers
from tests.imports import test_helpers
child = helpers.Child()
child.ask(test_helpers.{work}, helpers.pickle.dumps(None), [1])
signal.pause()
"""
    started = [sys.executable, "-c", code]
    with subprocess.Popen(started, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"at work\n"
        parent.kill()
        assert parent.communicate(timeout=60)[0] == b""


# --- an import ----------------------------------------------------------------------


def read(content, account, helping, **answers):
    return read_cases(
        content,
        account,
        use_cases.get(DEBT),
        {},
        date(2025, 3, 1),
        Answers(**answers),
        helpers=helping,
    )


@pytest.mark.parametrize("repeated", ["sum", "merge"])
def test_a_file_is_read_the_same_by_several(forks, repeated):
    account, content = make_account(), workbook(messy_rows())
    policy = {"duplicates": DuplicatePolicy(repeated=repeated)}
    alone = read(content, account, helpers.ALONE, **policy)
    with helpers.forked(1) as shared:
        found = read(content, account, shared, **policy)
    assert forks
    names = ("cases", "errors", "questions", "rows", "repeated", "warning_count")
    for name in (*names, "total_amount", "filtered", "hidden_rows"):
        assert getattr(found, name) == getattr(alone, name), name
    assert alone.errors
    assert alone.questions
    assert alone.repeated


def load(account, **chosen):
    begun = Begun(workbook(messy_rows()), account, DEBT, {}, "user:test", **chosen)
    upload = background.submit(begun)
    background.run(str(upload.pk))
    upload.refresh_from_db()
    assert upload.status == UploadStatus.STORED
    return stored(upload)


def stored(upload):
    """All that was written, without what no two uploads have in common."""
    own = {"_id", "upload_id", "batch_id", "created_at", "balance_at"}
    own |= {"next_attempt_at", "finished_at", "history"}
    rows = []
    for model in (Job, UploadError):
        documents = storage.collection(model).find({"upload_id": upload.pk})
        for document in documents.sort("_id"):
            kept = {k: v for k, v in document.items() if k not in own}
            rows.append((document["_id"].binary[4:7], kept))
    for model in (Job, UploadError, Batch, Upload):
        model.objects.all().delete()
    return rows


def test_an_import_is_the_same_by_several(forks, monkeypatch):
    account = make_account()
    by_several = load(account)
    assert forks
    monkeypatch.setattr(helpers, "LARGE_FILE", 10**9)
    del forks[:]
    assert by_several == load(account)
    assert not forks
    assert len(by_several) > 40


@pytest.mark.parametrize("at", [1, 8, 20])
def test_an_import_whose_children_are_killed_is_the_same(forks, monkeypatch, at):
    account = make_account()
    undisturbed = load(account)
    del forks[:]
    answer, killed = helpers.Child.answer, []

    def deadly(child, asked):
        found = answer(child, asked)
        if len(forks) == at:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
        return found

    monkeypatch.setattr(helpers.Child, "answer", deadly)
    assert load(account) == undisturbed
    assert killed


@pytest.mark.parametrize(
    "amount", ["0", "1", "82260", "1E+3", "0.50", "12.5", "9" * 30]
)
def test_an_amount_is_kept_as_the_driver_would(amount):
    assert decimal128(Decimal(amount)).bid == Decimal128(Decimal(amount)).bid
