"""A large list or file that changes a campaign is worked on by a worker, and waited for."""

import pytest
from django.urls import reverse

from batches.imports import changing, loading, modes, pending, working
from batches.models import Batch, Job
from batches.states import BatchStatus
from speechai_site import roles
from tests.admin.mode_steps import (
    PEOPLE,
    confirm,
    kept_files,
    line,
    paste,
    running_batch,
    rut,
    said,
    send,
    statuses,
)
from tests.builders import make_user
from tests.imports.test_locked import encrypted
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.usefixtures("tasks")
CORRECTED = workbook([line(n, 99_000) for n in range(10, PEOPLE)], KEYED)


@pytest.fixture
def batch(ours, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return running_batch(ours.account)


@pytest.fixture
def client(ours, sign_in):
    return sign_in(ours.operator)


@pytest.fixture
def large(monkeypatch, tasks):
    monkeypatch.setattr(changing, "SMALL_BYTES", 0)
    return tasks


def token_of(response):
    return response.url.strip("/").split("/")[-1]


def at(page, batch, response):
    return reverse(f"admin:batches_batch_{page}", args=[batch.pk, token_of(response)])


def work(tasks):
    _name, token = tasks.pop(0)
    return working.run(token)


def update(client, batch):
    return send(client, batch, "update", CORRECTED, absent="withdraw")


def test_a_large_file_is_looked_at_and_done_by_a_worker(client, batch, large):
    response = update(client, batch)
    assert large == [(working.TASK, token_of(response))]  # an id, and nothing else
    page = client.get(response.url)
    assert page.context["told"]["status"] == "queued"
    work(large)
    page = client.get(response.url)
    assert page.context["found"].figures["changed"] == 30
    assert statuses(batch) == ["queued"] * PEOPLE
    page = confirm(client, response)
    assert page.context["told"]["status"] == "queued"
    assert "sigue" in page.content.decode()
    work(large)
    page = client.get(response.url, follow=True)
    assert page.redirect_chain[-1][0].endswith("/change/")
    assert said(page).startswith("Casos que cambiaron: 30;")
    assert statuses(batch).count("withdrawn") == 10
    # who comes back to it is told again, and does nothing more
    assert said(confirm(client, response)).startswith("Casos que cambiaron: 30;")
    assert large == []


@pytest.mark.parametrize("mode", ["update", "add", "payments", "withdraw"])
def test_a_large_one_shows_and_does_what_a_small_one_does(
    client, batch, tasks, monkeypatch, mode
):
    if mode == "payments":
        rows = [[rut(n), f"OP-{n}", "01/11/2025", 90_000, "Web"] for n in (1, 2, 99)]
        content = workbook(rows, PAID)
    else:
        content = workbook([line(1, 9_000), line(60), row(rut="x")], KEYED)
    values = {"absent": "keep", "scope": "batch", "why": "client"}
    small = client.get(send(client, batch, mode, content, **values).url).context
    assert tasks == []
    monkeypatch.setattr(changing, "SMALL_BYTES", 0)
    response = send(client, batch, mode, content, **values)
    work(tasks)
    shown = client.get(response.url).context
    for name in ("figures", "found", "questions", "leaving", "unread", "everywhere"):
        assert shown[name] == small[name], name
    confirm(client, response)
    work(tasks)
    page = client.get(response.url, follow=True)
    done = modes.Look.of(
        pending.find(token_of(response), page.context["user"].pk).choices["done"]
    )
    assert done.figures == small["found"].figures


def test_its_progress_is_told(client, batch, large, monkeypatch):
    monkeypatch.setattr(loading, "BEAT_SECONDS", 0)
    response, seen = update(client, batch), []
    tell = working.Watch.tell

    def told(self, **what):
        tell(self, **what)
        seen.append(client.get(at("look_state", batch, response)).json())

    monkeypatch.setattr(working.Watch, "tell", told)
    work(large)
    doing = [one["doing"] for one in seen]
    assert "0 de 30 comparados con la campaña" in doing
    assert not any(one["ended"] or one["cancelling"] for one in seen)
    assert {one["label"] for one in seen} == {"Leyéndose"}
    seen.clear()
    confirm(client, response)
    work(large)
    assert "40 de 40 casos guardados" in [one["doing"] for one in seen]
    # the file is read again, but that is not what it is there for
    labels = {one["cancelling"]: one["label"] for one in seen}
    assert labels == {False: "Comprobándose otra vez", True: "Aplicándose"}
    percents = [one["percent"] for one in seen]
    assert percents == sorted(percents)
    assert (percents[-1], seen[-1]["cancelling"]) == (100, True)
    assert client.get(at("look_state", batch, response)).json()["ended"]


def test_a_double_click_has_it_done_once(client, batch, large):
    response = update(client, batch)
    work(large)
    confirm(client, response)
    page = confirm(client, response)
    assert page.context["told"]["status"] == "queued"
    assert len(large) == 1
    work(large)
    assert Batch.objects.get(pk=batch.pk).uploads.count() == 2


def test_a_first_look_that_is_stopped_leaves_nothing(client, batch, large):
    response = update(client, batch)
    cancel = at("look_cancel", batch, response)
    assert client.get(cancel).url == response.url
    assert kept_files() == 1  # a look stops nothing
    assert client.post(cancel).url.endswith("/change/")
    assert kept_files() == 0
    assert work(large) == "nothing to do"


def test_a_stopped_confirmation_leads_back_to_what_was_looked_at(client, batch, large):
    response = update(client, batch)
    work(large)
    confirm(client, response)
    page = client.post(at("look_cancel", batch, response), follow=True)
    assert page.context["found"].figures["changed"] == 30
    assert work(large) == "nothing to do"
    assert statuses(batch) == ["queued"] * PEOPLE


def test_what_has_begun_is_not_stopped_nor_discarded(client, batch, large, monkeypatch):
    response, seen = update(client, batch), []
    work(large)
    confirm(client, response)
    act = modes._ACTS["update"]

    def late(*args):
        page = client.post(at("look_cancel", batch, response), follow=True)
        seen.append(said(page))
        client.post(response.url, {"act": "discard"})
        return act(*args)

    monkeypatch.setitem(modes._ACTS, "update", late)
    assert work(large) == "done"
    assert seen == ["Ya era tarde para detenerlo."]
    assert statuses(batch).count("withdrawn") == 10


def test_an_answer_has_the_file_read_again(client, batch, large):
    rows = [line(1, "2,500"), line(2, "1,234.56")]
    response = send(client, batch, "update", workbook(rows, KEYED), absent="keep")
    work(large)
    [question] = client.get(response.url).context["questions"]
    assert question["name"] == "amounts"
    client.post(response.url, {"act": "answer", "amounts": "."})
    assert client.get(response.url).context["told"]["status"] == "queued"
    work(large)
    page = client.get(response.url)
    assert page.context["found"].figures["changed"] == 2


def test_a_file_that_cannot_be_read_is_refused_on_the_waiting_page(
    client, batch, large
):
    response = send(client, batch, "payments", workbook([["x", "y"]], ["A1", "B1"]))
    work(large)
    page = client.get(response.url)
    assert page.context["told"]["status"] == "failed"
    assert "columnas" in page.context["told"]["doing"]
    assert "Elegir otro archivo" in page.content.decode()


def test_a_campaign_that_ended_meanwhile_is_told_of(client, batch, large):
    response = update(client, batch)
    work(large)
    confirm(client, response)
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.CANCELLED)
    assert work(large) == "batch_ended"
    page = client.get(response.url)
    assert "terminó" in str(page.context["problems"])
    assert Job.objects.filter(batch=batch).count() == PEOPLE


def test_the_campaigns_page_leads_back_to_what_waits(client, batch, large):
    response = update(client, batch)
    url = reverse("admin:batches_batch_change", args=[batch.pk])
    page = client.get(url).content.decode()
    assert response.url in page
    assert "Se está trabajando en ella." in page
    work(large)
    assert "no la ha confirmado" in client.get(url).content.decode()
    confirm(client, response)
    work(large)
    assert response.url not in client.get(url).content.decode()


@pytest.mark.parametrize("who", ["theirs", "colleague"])
def test_another_person_sees_and_stops_nothing(
    client, batch, ours, theirs, sign_in, large, who
):
    response = update(client, batch)
    user = theirs.operator
    if who == "colleague":
        user = make_user(roles.OPERATOR, [ours.account], username="colleague")
    other = sign_in(user)
    assert other.get(response.url).url.endswith("/batch/")
    assert other.get(at("look_state", batch, response)).status_code == 404
    assert other.post(at("look_cancel", batch, response)).url.endswith("/batch/")
    own = reverse("admin:batches_batch_change", args=[batch.pk])
    assert response.url not in other.get(own).content.decode()
    assert pending.find(token_of(response), ours.operator.pk)


def test_the_two_kinds_of_kept_files_are_not_taken_for_each_other(client, batch):
    response = paste(client, batch, rut(1))
    for page in ("reading", "preview"):
        url = reverse(f"admin:batches_upload_{page}", args=[token_of(response)])
        assert client.get(url).url == reverse("admin:batches_upload_add")


# --- files with a password ----------------------------------------------------------


def test_a_file_with_a_password_is_opened_with_it(client, batch, settings):
    locked = encrypted("clave")
    page = send(client, batch, "update", locked, absent="keep")
    assert page.context["form"].errors["password"]
    said = {"absent": "keep", "password": "otra"}
    page = send(client, batch, "update", locked, **said)
    assert page.context["form"].errors["password"]
    assert b"otra" not in page.content
    assert kept_files() == 0
    response = send(client, batch, "update", locked, **said | {"password": "clave"})
    page = client.get(response.url)
    assert page.context["found"].figures["rows"] == 1
    kept = pending.find(token_of(response), page.context["user"].pk)
    assert "clave" not in str(kept.choices)
    assert kept.content().startswith(b"PK")
