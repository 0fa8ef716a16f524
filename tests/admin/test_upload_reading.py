"""A large workbook is looked at and read by a worker; what follows is as of a small one."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse
from openpyxl import load_workbook

from batches.imports import (
    drafting,
    drafts,
    importer,
    loading,
    pending,
    slots,
    working,
)
from batches.imports.books import ExcelBook
from batches.models import Batch, Job, Membership, Upload
from speechai_site import roles
from speechai_site.runtime import clock
from speechai_site.runtime.models import Lease
from tests.admin.wizard import SAMPLE, choose, send_columns, send_sheet
from tests.builders import make_agent, make_number, make_user
from tests.imports.workbooks import HEADERS, RUT_C, row, workbook

ROWS = [row(amount="2,500"), row(rut=RUT_C, amount="1,234.56")]  # leaves a question


@pytest.fixture
def tasks(monkeypatch):
    """No worker is there: what was queued, and for whom."""
    queued = []
    monkeypatch.setattr(working, "async_task", lambda *task, **_o: queued.append(task))
    return queued


@pytest.fixture
def large(monkeypatch, tasks):
    """Every file is large."""
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    return tasks


@pytest.fixture
def client(ours, sign_in):
    ours.account.default_agent = make_agent()
    ours.account.default_number = make_number()
    ours.account.save()
    for model in (Batch, Job):
        model.objects.all().delete()
    return sign_in(ours.operator)


def token_of(response) -> str:
    return response.url.strip("/").split("/")[-1]


def work(tasks) -> str:
    """A worker does what is queued; how that ended."""
    name, token = tasks.pop(0)
    assert name == working.TASK
    return working.run(token)


def state(client, token):
    return client.get(reverse("admin:batches_upload_reading_state", args=[token]))


def followed(client, tasks, response):
    """Where a response leads once a worker has done what it waits for."""
    while "/reading/" in response.url:
        if tasks:
            work(tasks)
        response = client.get(response.url)
    return response


def lapse():
    Lease.objects.update(expires_at=clock.wall() - timedelta(seconds=1))


# --- small and large ----------------------------------------------------------------


def test_a_small_file_is_read_in_the_request(client, ours, tasks):
    response = choose(client, ours.account)
    assert "/sheet/" in response.url
    assert "/columns/" in send_sheet(client, response.url).url
    assert tasks == []


def test_a_large_file_is_left_to_a_worker_from_the_first_step(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS))
    token = token_of(response)
    assert response.url == reverse("admin:batches_upload_reading", args=[token])
    assert large == [(working.TASK, token)]  # an id, and nothing else
    page = client.get(response.url)
    assert page.context["told"]["status"] == "queued"
    assert not state(client, token).json()["ended"]
    work(large)
    assert state(client, token).json()["ended"]
    assert "/sheet/" in client.get(response.url).url


def test_xml_that_is_packed_tightly_makes_a_file_large(
    client, ours, tasks, monkeypatch
):
    rows = [row(name="X" * 100, company="Y" * 100)] * 3000
    file = workbook(rows)
    monkeypatch.setattr(drafting, "SMALL_BYTES", len(file) + 1)
    assert "/reading/" in choose(client, ours.account, file).url


def test_all_pages_are_those_of_the_immediate_way(client, ours, tasks, monkeypatch):
    def walk():
        seen = []
        response = followed(
            client, tasks, choose(client, ours.account, SAMPLE.read_bytes())
        )
        seen.append(client.get(response.url).context["seen"])
        response = followed(
            client, tasks, send_sheet(client, response.url, header_row=1)
        )
        seen.append(client.get(response.url).context["headers"])
        said = {"filter_0": 1, "test_0": "contains", "value_0": "a"}
        response = followed(client, tasks, send_columns(client, response.url, **said))
        page = client.get(response.url)
        kept = page.context["draft"].said
        names = ("preview", "layout", "asked", "refusal", "options", "answers")
        seen += [[kept[name] for name in names], page.context["figures"]]
        return seen

    small = walk()
    assert tasks == []
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    assert walk() == small


def test_a_large_file_is_loaded_to_its_end(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    response = followed(client, large, send_sheet(client, response.url))
    response = followed(client, large, send_columns(client, response.url))
    client.post(response.url, {"act": "create"})
    assert Job.objects.count() == Upload.objects.get().jobs == 1


def test_a_known_layout_leads_from_the_reading_to_the_review(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    response = followed(client, large, send_sheet(client, response.url))
    response = followed(client, large, send_columns(client, response.url))
    client.post(response.url, {"act": "create"})
    other = workbook([row(rut=RUT_C)])
    assert (
        "/preview/" in followed(client, large, choose(client, ours.account, other)).url
    )


# --- what is read once --------------------------------------------------------------


def test_what_was_read_as_it_is_decided_is_not_read_again(client, ours, monkeypatch):
    response = choose(client, ours.account, workbook([row()]))
    monkeypatch.setattr(importer, "preview", lambda *a, **k: pytest.fail("read again"))
    response = send_columns(client, send_sheet(client, response.url).url)
    assert "/preview/" in response.url


def test_a_count_that_is_asked_for_is_made_anew(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    url = send_sheet(client, response.url).url
    assert large == []
    response = send_columns(client, url, act="count")
    assert followed(client, large, response).url == url


@pytest.fixture
def two_sheets() -> bytes:
    book = load_workbook(BytesIO(workbook(ROWS)))
    second = book.create_sheet("Otra")
    for cells in (HEADERS, row(rut=RUT_C)):
        second.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_another_sheet_that_was_looked_at_is_read_too(client, ours, two_sheets):
    url = choose(client, ours.account, two_sheets).url
    send_sheet(client, url, sheet="Otra", act="look")
    page = client.get(send_sheet(client, url).url)
    assert page.context["kept"] == "1"


def test_a_sheet_that_is_come_back_to_asks_again(client, ours, two_sheets):
    url = choose(client, ours.account, two_sheets).url
    send_sheet(client, url, sheet="Otra", act="look")
    send_sheet(client, url, sheet="cobranza", act="look")
    page = client.get(send_sheet(client, url).url)
    assert [q["field"] for q in page.context["questions"]] == ["amounts"]


def test_a_step_unpacks_the_file_once(client, ours, monkeypatch):
    unpacked, original = [], ExcelBook._unpacked
    monkeypatch.setattr(
        ExcelBook,
        "_unpacked",
        lambda self, name: unpacked.append(name) or original(self, name),
    )
    choose(client, ours.account, workbook(ROWS))
    assert unpacked == ["cobranza"]


# --- killed, lost and repeated ------------------------------------------------------


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


# --- what a person does meanwhile ---------------------------------------------------


def test_the_first_reading_can_be_cancelled_and_nothing_is_kept(client, ours, large):
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    url = reverse("admin:batches_upload_reading_cancel", args=[token])
    assert client.get(url).status_code == 302
    assert pending.find(token, ours.operator.pk)  # a look cancels nothing
    assert client.post(url).url == reverse("admin:batches_upload_add")
    assert pending.find(token, ours.operator.pk) is None
    assert work(large) == "nothing to do"


def test_a_cancelled_count_keeps_what_was_decided(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    url = send_sheet(client, response.url).url
    response = send_columns(client, url, column_6="")
    token = token_of(response)
    cancel = reverse("admin:batches_upload_reading_cancel", args=[token])
    assert client.get(client.post(cancel).url).url == url
    page = client.get(url)
    assert page.context["headers"][6]["chosen"] == ""
    assert page.context["kept"] == ""
    assert "/columns/" in client.get(url.replace("columns", "preview")).url


def test_a_worker_hears_of_a_cancellation(client, ours, large, monkeypatch):
    monkeypatch.setattr(loading, "BEAT_SECONDS", 0)
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    original = drafts.Draft.read

    def read(self, **watched):
        client.post(reverse("admin:batches_upload_reading_cancel", args=[token]))
        return original(self, **watched)

    monkeypatch.setattr(drafts.Draft, "read", read)
    assert work(large) == "stopped"
    assert pending.find(token, ours.operator.pk) is None


def test_its_progress_is_told(client, ours, large, monkeypatch):
    monkeypatch.setattr(loading, "BEAT_SECONDS", 0)
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    kept = pending.start_work(token)
    assert state(client, token).json()["doing"] == "Se está abriendo el archivo."
    began = clock.wall() - timedelta(seconds=10)
    told = {"part": "rows", "done": 500, "total": 1000, "started_wall": began}
    pending.tell_work(token, kept.work["id"], **told)
    told = state(client, token).json()
    assert (told["percent"], told["doing"]) == (40, "500 de 1.000 filas leídas")
    assert told["pace"].startswith("quedan unos ")
    assert "SOTO" not in str(told)
    pending.tell_work(token, kept.work["id"], part="cases", done=0, total=0)
    told = state(client, token).json()
    assert (told["percent"], told["pace"], told["ended"]) == (65, "", False)
    assert "contando los casos" in told["doing"]


@pytest.mark.parametrize("step", ["sheet", "columns", "preview", "again"])
def test_every_step_waits_while_a_worker_reads(client, ours, large, step):
    response = choose(client, ours.account, workbook(ROWS))
    url = reverse(f"admin:batches_upload_{step}", args=[token_of(response)])
    assert client.get(url).url == response.url
    assert client.post(url, {"act": "create"}).url == response.url
    assert not Upload.objects.exists()


def test_it_is_not_imported_while_a_worker_reads_it(client, ours, large):
    token = token_of(choose(client, ours.account, workbook(ROWS)))
    assert not pending.claim(token)


def test_step_one_leads_back_to_what_is_being_read(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS), name="Septiembre.xlsx")
    page = client.get(reverse("admin:batches_upload_add"))
    [one] = page.context["unfinished"]
    assert (one["url"], one["file_name"]) == (response.url, "Septiembre.xlsx")
    assert "se está leyendo" in page.content.decode()
    work(large)
    assert "espera por usted" in client.get(page.request["PATH_INFO"]).content.decode()


# --- a bad file, and other people ---------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 damaged", b"%PDF-1.4", workbook([], [])]
)
def test_a_bad_file_is_refused_with_the_same_sentence(
    client, ours, tasks, monkeypatch, content
):
    form = choose(client, ours.account, content).context["form"]
    [sentence] = form.errors["file"]
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    response = choose(client, ours.account, content)
    if response.status_code == 200:  # known without reading it
        assert response.context["form"].errors["file"] == [sentence]
        return
    work(tasks)
    page = client.get(response.url)
    assert page.context["told"]["doing"] == sentence
    assert page.context["told"]["ended"]
    assert connection.database["pending_uploads.chunks"].count_documents({}) == 0
    assert client.get(reverse("admin:batches_upload_add")).context["unfinished"] == []


def test_a_file_without_its_columns_is_refused_on_the_same_page(client, ours, large):
    file = workbook([["x", "y"]], ["A1", "B1"])
    response = followed(client, large, choose(client, ours.account, file))
    url = send_sheet(client, response.url).url
    assert client.get(url).context["draft"].said["refusal"]


def test_a_header_that_is_not_there_is_said_on_the_sheets_page(client, ours, large):
    url = followed(client, large, choose(client, ours.account, workbook(ROWS))).url
    response = send_sheet(client, url, header_row=29)
    assert followed(client, large, response).url == url
    page = client.get(url)
    assert len(page.context["problems"]) == 1
    assert page.context["seen"].header_row == 1


@pytest.mark.parametrize("who", ["theirs", "colleague"])
def test_another_person_sees_and_stops_nothing(
    client, ours, theirs, sign_in, large, who
):
    response = choose(client, ours.account, workbook(ROWS))
    token = token_of(response)
    user = theirs.operator
    if who == "colleague":
        user = make_user(roles.OPERATOR, [ours.account], username="colleague")
    other = sign_in(user)
    away = reverse("admin:batches_upload_add")
    assert other.get(response.url).url == away
    assert state(other, token).status_code == 404
    cancel = reverse("admin:batches_upload_reading_cancel", args=[token])
    assert other.post(cancel).url == away
    assert other.get(away).context["unfinished"] == []
    assert pending.find(token, ours.operator.pk)


def test_who_lost_the_account_sees_nothing_of_it(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS))
    Membership.objects.filter(user=ours.operator).delete()
    assert client.get(response.url).status_code == 404
    assert state(client, token_of(response)).status_code == 404
    page = client.get(reverse("admin:batches_upload_add"))
    assert page.context["unfinished"] == []
