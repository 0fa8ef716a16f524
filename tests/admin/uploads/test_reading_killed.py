"""Workers that read a draft: killed, lost, or called twice."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from batches.imports import drafts, loading, pending, slots, working
from speechai_site.runtime import clock
from speechai_site.runtime.models import Lease
from tests.admin.uploads.waiting import ROWS, followed, lapse, token_of, work
from tests.admin.wizard import choose
from tests.imports.workbooks import workbook


def test_the_work_of_a_killed_worker_is_done_again(client, ours, large, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    response = choose(client, ours.account, workbook(ROWS))
    monkeypatch.setattr(drafts.importer, "preview", die)
    with pytest.raises(Killed):
        work(large)
    monkeypatch.undo()
    monkeypatch.setattr(working, "async_task", lambda *task, **_o: large.append(task))
    working.tend()
    assert large == []  # as long as its lease lives
    lapse()
    working.tend()
    assert "/sheet/" in followed(client, large, response).url


WORKER = """
import os, signal, django
django.setup()
from batches.imports import drafting, drafts, working
drafts.Draft.read = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
working.run("{token}")
"""


def test_after_a_real_kill_another_process_does_it(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS))
    token = token_of(response)
    name = connection.settings_dict["NAME"].removesuffix("_sandbox")
    killed = subprocess.run(
        [sys.executable, "-c", WORKER.format(token=token)],
        env={
            **os.environ,
            "MONGODB_NAME": name,
            "DJANGO_SETTINGS_MODULE": "speechai_site.settings",
        },
        cwd=settings.BASE_DIR,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert work(large) == "no slot"  # as long as its leases live
    lapse()
    working.tend()
    assert work(large) == "done"
    assert "/sheet/" in client.get(response.url).url


def test_a_lost_task_is_queued_again(client, ours, large):
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    large.clear()
    working.tend()
    assert large == []  # it may only wait
    long_ago = clock.wall() - working.REQUEUE_AFTER - timedelta(seconds=1)
    kept = pending.find(token, ours.operator.pk)
    pending.tell_work(token, kept.work["id"], queued_wall=long_ago)
    working.tend()
    working.tend()
    assert large == [(working.TASK, token)]


def test_a_task_that_comes_twice_changes_nothing(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS))
    token = token_of(response)
    work(large)
    before = pending.find(token, ours.operator.pk)
    assert working.run(token) == "nothing to do"
    assert pending.find(token, ours.operator.pk) == before


def test_two_workers_do_not_read_one_draft(client, ours, large, monkeypatch):
    monkeypatch.setattr(settings, "Q_WORKERS", 4)
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    second = []
    original = drafts.Draft.read

    def read(self, **watched):
        second.append(working.run(token))
        return original(self, **watched)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drafts.Draft, "read", read)
        assert working.run(token) == "done"
    assert second == ["another reads it"]


def test_who_lost_its_lease_writes_no_more(client, ours, large, monkeypatch):
    monkeypatch.setattr(loading, "BEAT_SECONDS", 0)
    token = token_of(choose(client, ours.account, workbook(ROWS)))

    def taken(self, read, expected):
        Lease.objects.filter(pk=f"draft:{token}").update(owner="another")
        return watch_rows(self, read, expected)

    watch_rows = working.Watch.rows
    monkeypatch.setattr(working.Watch, "rows", taken)
    assert working.run(token) == "stopped"
    assert pending.find(token, ours.operator.pk).work is not None


def test_what_fails_again_and_again_ends_with_a_sentence(
    client, ours, large, monkeypatch
):
    response = choose(client, ours.account, workbook(ROWS))
    monkeypatch.setattr(drafts.Draft, "read", lambda *a, **k: 1 / 0)
    for _attempt in range(working.MOST_ATTEMPTS):
        assert work(large) == "ZeroDivisionError"
        lapse()
        working.tend()
    assert large == []
    page = client.get(response.url)
    assert page.context["told"]["status"] == "failed"
    assert "falló varias veces" in page.content.decode()


def test_half_of_the_workers_are_left_for_calls(client, ours, large, monkeypatch):
    monkeypatch.setattr(settings, "Q_WORKERS", 2)
    response = choose(client, ours.account, workbook(ROWS))
    slot = slots.take()
    assert work(large) == "no slot"
    slots.give_back(slot)
    assert large == [(working.TASK, token_of(response))]  # called again
