"""The page that waits for a reading: what a person does meanwhile, and who may."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from batches.imports import drafting, drafts, loading, pending
from batches.models import Membership, Upload
from speechai_site import roles
from speechai_site.runtime import clock
from tests.admin.uploads.waiting import ROWS, followed, state, token_of, work
from tests.admin.wizard import choose, send_columns, send_sheet
from tests.builders import make_user
from tests.imports.workbooks import row, workbook


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
