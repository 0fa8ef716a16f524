"""A worker that reads a draft is helped by children, as one that loads an upload is."""

import os
import signal

import pytest
from bson import ObjectId

from batches.imports import (
    background,
    cases,
    drafting,
    helpers,
    importer,
    pending,
    slots,
    working,
)
from batches.imports.drafts import Draft
from batches.imports.loading import Begun
from batches.models import Upload
from batches.states import UploadStatus
from speechai_site.runtime import leases
from tests.builders import make_account, make_agent
from tests.imports.test_helpers import messy_rows
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
DEBT = "debt_collection"


@pytest.fixture(autouse=True)
def tasks(monkeypatch):
    for module in (background, working):
        monkeypatch.setattr(module, "async_task", lambda *_task, **_options: None)


@pytest.fixture
def account(settings, tmp_path, monkeypatch):
    """Of whom every file is large, on a machine with three cores."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    monkeypatch.setattr(helpers, "LARGE_FILE", 0)
    monkeypatch.setattr(cases, "CHUNK", 2)
    monkeypatch.setattr(importer, "CHUNK", 2)
    cores(monkeypatch, 3)
    agent = make_agent(variables=["nombre_deudor", "apodo", "monto_total"])
    return make_account(default_agent=agent)


def cores(monkeypatch, count):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(count)))


@pytest.fixture
def asked(monkeypatch):
    """Which children were asked for chunks."""
    pids, ask = [], helpers.Child.ask
    monkeypatch.setattr(
        helpers.Child, "ask", lambda child, *a: pids.append(child.pid) or ask(child, *a)
    )
    return pids


def put(account, file):
    """A draft that waits for a worker."""
    user = ObjectId()
    choices = {"account": str(account.pk), "use_case": DEBT, "batch": ""}
    token = pending.keep(file, file_name="x.xlsx", user_id=user, choices=choices)
    draft = Draft.of(pending.find(token, user), account)
    draft.said["options"] = {}
    assert not drafting.do(draft, "first")
    return token, user


def read(account, file):
    """What a worker reads of a file."""
    token, user = put(account, file)
    assert working.run(token) == "done"
    return pending.find(token, user).choices


def test_what_was_read_is_the_same(account, asked, monkeypatch):
    file = workbook(messy_rows())
    helped = read(account, file)
    assert len(set(asked)) == 2
    preview = dict(helped["preview"])
    assert dict(preview["unfed"])["apodo"] == preview["jobs"] > 2
    assert "monto_total" not in dict(preview["unfed"])
    asked.clear()
    cores(monkeypatch, 1)
    assert read(account, file) == helped
    assert asked == []


def test_a_child_that_is_killed_changes_nothing(account, asked, monkeypatch):
    file = workbook(messy_rows())
    ask = helpers.Child.ask

    def killed(child, *args):
        if len(asked) == 3:
            os.kill(child.pid, signal.SIGKILL)
        return ask(child, *args)

    with monkeypatch.context() as patched:
        patched.setattr(helpers.Child, "ask", killed)
        helped = read(account, file)
    cores(monkeypatch, 1)
    assert read(account, file) == helped


def test_who_stops_reading_leaves_no_child_behind(account, asked, monkeypatch):
    def stop(_watch, read, _expected):
        if read:
            raise working.Stopped

    monkeypatch.setattr(working.Watch, "rows", stop)
    token, _user = put(account, workbook(messy_rows()))
    assert working.run(token) == "stopped"
    assert asked
    for pid in set(asked):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 8, 64])
def test_all_who_read_have_fewer_children_than_the_machine_has_cores(
    settings, monkeypatch, count
):
    settings.Q_WORKERS = 16
    cores(monkeypatch, count)
    taken = [slots.take() for _ in range(8)]
    told = [slots.children(slot) for slot in taken]
    assert sum(told) == min(count - 1, 8 * helpers.MOST)
    assert max(told) == told[0] <= helpers.MOST


@pytest.mark.parametrize("kind", ["draft", "upload"])
def test_a_second_reader_has_no_children_where_there_are_few_cores(
    settings, account, asked, kind
):
    settings.Q_WORKERS = 4
    first = slots.take()
    rows = [row(), row(title="T-2")]
    if kind == "draft":
        read(account, workbook(rows))
    else:
        upload = background.submit(
            Begun(workbook(rows), account, DEBT, {}, "user:ana", file_name="x.xlsx")
        )
        assert background.run(str(upload.pk)) == UploadStatus.STORED
    assert asked == []
    leases.release(first)
    assert Upload.objects.count() == (kind == "upload")
    read(account, workbook(rows))
    assert asked
