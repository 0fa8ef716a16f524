"""A workbook being loaded is watched, left, found again and stopped."""

from datetime import timedelta

import pytest
from django.urls import reverse

from batches.admin import loading_pages
from batches.imports import background
from batches.imports.loading import Begun
from batches.models import Batch, Job, Upload
from batches.states import UploadStatus
from speechai_site.runtime import clock
from tests.admin.wizard import go_to_preview
from tests.imports.workbooks import row, workbook

ROWS = [row(), row(company="Otro")]


@pytest.fixture
def tasks(monkeypatch):
    """No worker is there; what was queued for one."""
    queued = []
    monkeypatch.setattr(
        background, "async_task", lambda _t, pk, **_o: queued.append(pk)
    )
    monkeypatch.setattr(loading_pages, "WAIT_SECONDS", 0)
    return queued


@pytest.fixture
def upload(ours, tasks):
    """A workbook of ours that waits for a worker."""
    begun = Begun(
        workbook(ROWS),
        ours.account,
        "debt_collection",
        {},
        "user:test",
        file_name="Septiembre.xlsx",
    )
    return background.submit(begun)


def url(name, upload):
    return reverse(f"admin:batches_upload_{name}", args=[upload.pk])


def at(upload, seconds, **values):
    """Where it is, `seconds` after a worker began."""
    started = clock.wall() - timedelta(seconds=seconds)
    Upload.objects.filter(pk=upload.pk).update(started_wall=started, **values)


def test_a_confirmed_workbook_leads_to_its_progress(ours, tasks, sign_in):
    client = sign_in(ours.operator)
    confirm = go_to_preview(client, ours.account, workbook(ROWS)).url
    page = client.post(confirm, {"act": "create"}, follow=True)
    upload = Upload.objects.get()
    assert page.redirect_chain == [(url("progress", upload), 302)]
    assert page.context["told"]["status"] == "queued"
    assert tasks == [str(upload.pk)]


def test_a_large_workbook_is_not_waited_for(ours, sign_in, monkeypatch, tasks):
    monkeypatch.setattr(loading_pages, "SMALL_ROWS", 2)
    monkeypatch.setattr(background, "wait", lambda *args: pytest.fail("it waited"))
    client = sign_in(ours.operator)
    confirm = go_to_preview(client, ours.account, workbook(ROWS)).url
    assert "/progress/" in client.post(confirm, {"act": "create"}).url


def test_progress_has_rate_and_time_left(upload, ours, sign_in):
    client = sign_in(ours.operator)
    at(upload, 10, status="reading", rows_read=500, rows_expected=1000)
    told = client.get(url("state", upload)).json()
    share = loading_pages.READING / 2
    assert told["percent"] == int(100 * share)
    assert told["doing"] == "500 de 1.000 filas leídas"
    left, rate = told["pace"].split(" · ")
    assert rate.split()[0] in {str(int(100 * share)), str(int(100 * share) - 1)}
    assert left.startswith("quedan unos ")
    assert "Leyéndose" in told["badge"]
    at(upload, 10, status="storing", rows=1000, jobs=800, jobs_stored=800)
    told = client.get(url("state", upload)).json()
    assert (told["percent"], told["ended"]) == (100, False)


def test_the_first_moments_promise_nothing(upload, ours, sign_in):
    at(upload, 0, status="reading", rows_read=1, rows_expected=1000)
    told = sign_in(ours.operator).get(url("state", upload)).json()
    assert told["pace"] == ""


def test_what_is_told_names_nobody(upload, ours, sign_in):
    background.run(str(upload.pk))
    told = sign_in(ours.operator).get(url("state", upload)).json()
    assert told["ended"]
    assert "SOTO" not in str(told)


def test_the_list_of_uploads_leads_back_to_it(upload, ours, sign_in):
    client = sign_in(ours.operator)
    listed = client.get(reverse("admin:batches_upload_changelist")).content.decode()
    assert "En espera" in listed
    assert client.get(url("change", upload)).url == url("progress", upload)


def test_when_it_is_loaded_the_page_leads_to_the_campaign(upload, ours, sign_in):
    background.run(str(upload.pk))
    page = sign_in(ours.operator).get(url("progress", upload), follow=True)
    upload.refresh_from_db()
    campaign = reverse("admin:batches_batch_change", args=[upload.batch_id])
    assert page.redirect_chain == [(campaign, 302)]
    assert "2 casos" in "".join(map(str, page.context["messages"]))


def test_rows_that_became_no_case_are_told_of_and_lead_to_where_they_are_corrected(
    ours, tasks, sign_in
):
    begun = Begun(
        workbook([row(), row(rut="x"), row(rut="")]),
        *(ours.account, "debt_collection", {}, "user:test"),
    )
    upload = background.submit(begun)
    background.run(str(upload.pk))
    page = sign_in(ours.operator).get(url("progress", upload), follow=True)
    _made, reported = map(str, page.context["messages"])
    assert "2 filas" in reported
    assert url("change", upload) in reported


def test_why_it_failed_is_read_there(ours, tasks, sign_in):
    begun = Begun(b"a;b\n1;2\n", ours.account, "debt_collection", {}, "user:test")
    upload = background.submit(begun)
    background.run(str(upload.pk))
    upload.refresh_from_db()
    client = sign_in(ours.operator)
    page = client.get(url("progress", upload)).content.decode()
    assert upload.problem_text
    assert "Falló" in page
    assert client.get(reverse("admin:batches_upload_changelist")).status_code == 200


def test_it_can_be_cancelled(upload, ours, sign_in):
    client = sign_in(ours.operator)
    page = client.post(url("cancel", upload), follow=True)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.CANCELLED
    assert "no se guardó nada" in page.content.decode()
    assert not Batch.objects.filter(pk=upload.pk).exists()
    assert not Job.objects.filter(upload_id=upload.pk).exists()


def test_a_look_cancels_nothing(upload, ours, sign_in):
    sign_in(ours.operator).get(url("cancel", upload))
    upload.refresh_from_db()
    assert (upload.status, upload.cancel_by) == (UploadStatus.QUEUED, "")


def test_an_auditor_watches_and_cancels_nothing(upload, ours, sign_in):
    client = sign_in(ours.auditor)
    page = client.get(url("progress", upload))
    assert url("cancel", upload) not in page.content.decode()
    assert client.post(url("cancel", upload)).status_code == 403


@pytest.mark.parametrize("name", ["progress", "state", "cancel"])
def test_anothers_upload_is_not_found(name, upload, theirs, sign_in):
    client = sign_in(theirs.supervisor)
    assert client.get(url(name, upload)).status_code == 404
    assert client.post(url(name, upload)).status_code == 404
    upload.refresh_from_db()
    assert upload.cancel_by == ""
