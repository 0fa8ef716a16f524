"""A large file with a password is opened by a process of its own; the password is
nowhere but in that."""

import os
from datetime import timedelta
from io import BytesIO

import pytest
from bson import json_util
from django.db import connection
from django.urls import reverse
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from batches.imports import drafting, pending, slots, unlocking, working
from batches.imports.problems import FILE_SENTENCES
from batches.models import Job
from speechai_site.runtime import clock
from tests.admin.uploads.waiting import lapse
from tests.admin.wizard import choose, send_columns, send_sheet
from tests.imports import locked_zips

PASSWORD = locked_zips.PASSWORD
LOCKED = locked_zips.read("clave-7zip-zipcrypto.zip")


@pytest.fixture
def processes(monkeypatch, tasks):
    """Every file is large; what processes are to open, none of which is started."""
    started = []
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    monkeypatch.setattr(unlocking, "start", lambda *said: started.append(said))
    return started


def token_of(url: str) -> str:
    return url.strip("/").split("/")[-1]


def password_page(client, ours, content=LOCKED) -> str:
    response = choose(client, ours.account, content, name="cartera.zip")
    assert "/password/" in response.url
    return response.url


def give(client, url: str, password: str = PASSWORD):
    response = client.post(url, {"password": password})
    assert "/reading/" in response.url
    return response.url


def everything() -> str:
    """All that the database holds, but for the files themselves."""
    return "".join(
        json_util.dumps(row)
        for name in connection.database.list_collection_names()
        if not name.endswith(".chunks")
        for row in connection.database[name].find()
    )


def test_a_process_opens_it_and_a_worker_reads_it(client, ours, processes, tasks):
    url = give(client, password_page(client, ours))
    assert client.get(url).context["told"]["label"]
    [said] = processes
    assert unlocking.run(*said) == "done"
    [(_name, token)] = tasks
    assert working.run(token) == "done"
    response = client.get(url)
    assert "/sheet/" in response.url
    url = send_columns(client, send_sheet(client, response.url).url).url
    working.run(token)
    client.post(url.replace("/reading/", "/preview/"), {"act": "create"})
    assert Job.objects.count() == 2


def test_the_page_that_waits_leads_to_what_was_in_it(client, ours, processes, tasks):
    url = give(client, password_page(client, ours))
    unlocking.run(*processes[0])
    [(_name, token)] = tasks
    state = client.get(
        reverse("admin:batches_upload_reading_state", args=[token_of(url)])
    ).json()
    assert token_of(state["url"]) == token != token_of(url)


def test_the_password_is_nowhere_in_the_database(client, ours, processes):
    give(client, password_page(client, ours), "una-clave-rara")
    assert "una-clave-rara" not in everything()
    assert unlocking.run(*processes[0]) == "password_wrong"
    assert "una-clave-rara" not in everything()


def test_nothing_is_left_of_the_encrypted_file(client, ours, processes):
    url = give(client, password_page(client, ours))
    unlocking.run(*processes[0])
    chunks = connection.database[f"{pending.BUCKET}.chunks"]
    assert chunks.count_documents({"files_id": token_of(url)}) == 0


def test_a_wrong_password_is_asked_for_again(client, ours, processes):
    url = give(client, password_page(client, ours), "otra")
    assert unlocking.run(*processes.pop()) == "password_wrong"
    again = client.get(url)
    assert "/password/" in again.url
    page = client.get(again.url)
    assert page.context["refusal"] == str(FILE_SENTENCES["password_wrong"])
    give(client, again.url)
    assert unlocking.run(*processes.pop()) == "done"


def test_step_one_leads_back_to_what_could_not_be_opened(client, ours, processes):
    add = reverse("admin:batches_upload_add")
    password_page(client, ours)
    assert client.get(add).context["unfinished"] == []
    url = give(client, password_page(client, ours), "otra")
    assert [one["url"] for one in client.get(add).context["unfinished"]] == [url]
    unlocking.run(*processes.pop())
    assert [one["url"] for one in client.get(add).context["unfinished"]] == [url]
    assert "/password/" in client.get(url).url


def test_what_is_no_table_inside_is_told_where_the_password_is_asked(
    client, ours, processes
):
    locked = ECMA376Agile.encrypt(PASSWORD, BytesIO(b"PK no workbook"), spin_count=1000)
    url = give(client, password_page(client, ours, locked))
    assert unlocking.run(*processes.pop()) != "done"
    page = client.get(client.get(url).url)
    assert page.context["refusal"]


def test_a_small_file_is_opened_at_once(client, ours, processes, monkeypatch):
    monkeypatch.setattr(drafting, "SMALL_BYTES", 500_000)
    url = password_page(client, ours)
    assert "/sheet/" in client.post(url, {"password": PASSWORD}).url
    assert processes == []


def test_a_few_are_opened_at_a_time(client, ours, processes):
    for _ in range(unlocking.MOST_AT_ONCE):
        give(client, password_page(client, ours))
    url = password_page(client, ours)
    page = client.post(url, {"password": PASSWORD})
    assert page.context["refusal"] == str(FILE_SENTENCES["unlock_busy"])
    assert unlocking.run(*processes[0]) == "done"
    give(client, url)


def test_a_cancelled_one_is_asked_for_its_password_again(
    client, ours, processes, tasks
):
    url = give(client, password_page(client, ours))
    client.post(reverse("admin:batches_upload_reading_cancel", args=[token_of(url)]))
    assert "/password/" in client.get(url).url
    assert unlocking.run(*processes[0]) == "nothing to do"
    assert tasks == []


def test_one_that_is_cancelled_meanwhile_keeps_nothing(
    client, ours, processes, tasks, monkeypatch
):
    url = give(client, password_page(client, ours))
    opened = unlocking._opened
    cancelled = reverse("admin:batches_upload_reading_cancel", args=[token_of(url)])

    def opened_late(*given):
        client.post(cancelled)
        return opened(*given)

    monkeypatch.setattr(unlocking, "_opened", opened_late)
    assert unlocking.run(*processes[0]) == "stopped"
    [(_name, token)] = tasks
    assert pending.find(token, ours.operator.pk) is None
    assert "/password/" in client.get(url).url


def test_a_process_of_an_earlier_password_does_nothing(client, ours, processes):
    first = give(client, password_page(client, ours), "otra")
    client.post(reverse("admin:batches_upload_reading_cancel", args=[token_of(first)]))
    give(client, client.get(first).url)
    old, new = processes
    assert unlocking.run(*old) == "nothing to do"
    assert unlocking.run(*new) == "done"


def test_no_worker_is_asked_to_open_one(client, ours, processes, tasks):
    give(client, password_page(client, ours))
    slots.give_back(slots.take())
    assert tasks == []


def test_a_process_that_never_began_is_given_up(client, ours, processes, tasks):
    url = give(client, password_page(client, ours))
    working.tend()
    assert client.get(url).status_code == 200  # it may only be slow
    token = token_of(url)
    kept = pending.find(token, ours.operator.pk)
    long_ago = clock.wall() - working.REQUEUE_AFTER - timedelta(seconds=1)
    pending.tell_work(token, kept.work["id"], queued_wall=long_ago)
    working.tend()
    page = client.get(client.get(url).url)
    assert page.context["refusal"] == str(FILE_SENTENCES["unlock_failed"])
    assert tasks == []
    assert unlocking.run(*processes[0]) == "nothing to do"


START = unlocking.start


@pytest.fixture
def real(monkeypatch, processes):
    """Starts a process on the tests' database, and gives the thread that waits for it."""
    name = connection.settings_dict["NAME"].removesuffix("_sandbox")
    monkeypatch.setenv("MONGODB_NAME", name)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
    return START


def test_a_real_process_opens_it(client, ours, processes, real):
    url = give(client, password_page(client, ours))
    real(*processes[0]).join()
    assert "/sheet/" in client.get(url).url


def test_a_process_gets_the_password_where_nobody_sees_it(monkeypatch):
    seen = []

    class Process:
        def __init__(self, *command, **how):
            seen.extend([str(command), str(how)])

        def communicate(self, said):
            seen.append(said)

    monkeypatch.setattr(unlocking.subprocess, "Popen", Process)
    START("token", "work", PASSWORD).join()
    command, how, said = seen
    assert PASSWORD not in command + how + str(os.environ)
    assert PASSWORD in said.decode()


KILLED = """
import os, signal, django
django.setup()
from batches.imports import unlocking
unlocking._opened = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
unlocking.main()
"""
CANCELLED = """
import threading, django
django.setup()
from batches.imports import loading, unlocking
loading.BEAT_SECONDS = 0.01
unlocking._opened = lambda *_given: threading.Event().wait()
unlocking.main()
"""


def test_a_killed_process_takes_the_password_along(
    client, ours, processes, real, monkeypatch
):
    url = give(client, password_page(client, ours))
    monkeypatch.setattr(unlocking, "CHILD", KILLED)
    real(*processes[0]).join()
    working.tend()
    assert client.get(url).status_code == 200  # as long as its lease lives
    lapse()
    working.tend()
    page = client.get(client.get(url).url)
    assert page.context["refusal"] == str(FILE_SENTENCES["unlock_failed"])


def test_a_process_ends_when_nobody_wants_its_work(
    client, ours, processes, real, monkeypatch
):
    url = give(client, password_page(client, ours))
    monkeypatch.setattr(unlocking, "CHILD", CANCELLED)
    waits = real(*processes[0])
    client.post(reverse("admin:batches_upload_reading_cancel", args=[token_of(url)]))
    waits.join()  # it would wait for ever
    assert "/password/" in client.get(url).url
