"""A running campaign is changed by lists and files: looked at, confirmed, done once."""

import pytest
from django.urls import reverse

from batches.imports import modes, payments
from batches.models import Batch, Job, Payment, Upload
from batches.states import BatchStatus, JobStatus
from tests.admin.mode_steps import (
    PEOPLE,
    confirm,
    figures,
    kept_files,
    line,
    paste,
    running_batch,
    rut,
    said,
    send,
    statuses,
)
from tests.builders import make_batch, make_rut
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook


@pytest.fixture
def batch(ours, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return running_batch(ours.account)


@pytest.fixture
def client(ours, sign_in):
    return sign_in(ours.operator)


def test_thirty_pasted_documents_are_withdrawn_in_three_steps(client, batch):
    text = "\n".join([*(rut(n) for n in range(30)), rut(99), rut(0)])
    response = paste(client, batch, text)
    seen = figures(client, response)
    assert (seen["entries"], seen["matched"], seen["waiting"]) == (32, 30, 30)
    assert (seen["missing"], seen["repeated"]) == (1, 1)
    assert statuses(batch) == ["queued"] * PEOPLE  # nothing before the confirmation
    page = confirm(client, response)
    assert statuses(batch) == ["queued"] * 10 + ["withdrawn"] * 30
    assert "30" in said(page)
    job = Job.objects.filter(status=JobStatus.WITHDRAWN).first()
    assert "correo" in job.history[-1]["reason"]


def test_a_list_is_for_one_campaign_where_that_is_chosen(client, batch, ours):
    other = make_batch(ours.account, status=BatchStatus.RUNNING)
    Job.objects.filter(document=f"CL:RUT:{make_rut(10_000_001)}").update(batch=other)
    response = paste(client, batch, f"{rut(1)}\n{rut(2)}", scope="batch")
    assert figures(client, response)["missing"] == 1
    confirm(client, response)
    assert statuses(other) == ["queued"]


@pytest.mark.parametrize(
    "values", [{"text": ""}, {"why": ""}, {"why": "other", "note": ""}]
)
def test_a_list_needs_entries_and_a_reason(client, batch, values):
    response = paste(client, batch, **{"text": rut(1), **values})
    assert response.status_code == 200
    assert response.context["form"].errors


def test_payments_cancel_and_recalculate_once_they_are_confirmed(client, batch):
    rows = [[rut(n), f"OP-{n}", "01/11/2025", 150_000, "Web"] for n in range(5)]
    rows += [[rut(5), "OP-5", "01/11/2025", 50_000, "Web"]]
    rows += [[rut(99), "OP-99", "01/11/2025", 50_000, "Web"]]
    response = send(client, batch, "payments", workbook(rows, PAID))
    seen = figures(client, response)
    assert (seen["cancelled"], seen["recalculated"]) == (5, 1)
    assert (seen["unknown_payments"], seen["amount_paid"]) == (1, 800_000)
    assert not Payment.objects.exists()
    reported = client.get(response.url).context["found"].errors
    assert [(e["row"], e["column"], e["value"]) for e in reported] == [
        (8, PAID[0], rut(99).replace("-", ""))
    ]
    page = confirm(client, response)
    # what changed is counted at once, not when the clock comes to it
    assert page.context["summary"]["progress"].closed == 5
    assert statuses(batch) == ["cancelled"] * 5 + ["queued"] * 35
    assert Job.objects.get(document=f"CL:RUT:{make_rut(10_000_005)}").amount == 100_000


def test_an_update_asks_about_absent_cases_and_guesses_nothing(client, batch):
    page = send(client, batch, "update", workbook([line(1)], KEYED))
    assert page.context["form"].errors["absent"]


@pytest.mark.parametrize(("absent", "withdrawn"), [("keep", 0), ("withdraw", 10)])
def test_an_update_does_what_was_looked_at(client, batch, absent, withdrawn):
    lines = [line(n, 99_000 if n < 7 else 150_000) for n in range(10, PEOPLE)]
    lines += [line(n, 120_000) for n in (50, 51)]
    lines[0] = line(10, 99_000)
    response = send(client, batch, "update", workbook(lines, KEYED), absent=absent)
    seen = figures(client, response)
    assert (seen["changed"], seen["new_cases"], seen["leaving"]) == (1, 2, 10)
    page = confirm(client, response)
    done = "retiraron" if withdrawn else "mantienen"
    assert f"No vienen en la planilla y se {done}: 10." in said(page)
    assert statuses(batch).count("withdrawn") == withdrawn
    assert Job.objects.filter(batch=batch).count() == PEOPLE + 2


def test_rows_are_added_to_a_running_campaign(client, batch):
    file = workbook([line(1, 99_000), line(60)], KEYED)
    response = send(client, batch, "add", file)
    seen = figures(client, response)
    assert (seen["new_cases"], seen["there_already"]) == (1, 1)
    confirm(client, response)
    assert Job.objects.filter(batch=batch).count() == PEOPLE + 1
    same = Job.objects.get(document=f"CL:RUT:{make_rut(10_000_001)}")
    assert same.amount == 150_000


@pytest.mark.parametrize("mode", ["add", "update"])
def test_a_duplicate_of_another_campaign_is_left_out_where_that_is_chosen(
    client, batch, ours, mode
):
    Job.objects.filter(document=f"CL:RUT:{make_rut(10_000_001)}").update(
        batch=make_batch(ours.account, status=BatchStatus.RUNNING, rows=1)
    )
    said = {"act": "skip", "by": "person", "duplicates_in": "open", "days": "30"}
    response = send(
        *(client, batch, mode, workbook([line(1), line(60)], KEYED)),
        absent="keep",
        **said,
    )
    seen = figures(client, response)
    assert (seen["new_cases"], seen["left_out"], seen["errors"]) == (1, 1, 1)
    confirm(client, response)
    assert Job.objects.filter(batch=batch).count() == PEOPLE


def test_added_rows_join_their_case_where_that_is_chosen(client, batch):
    more = row(rut=rut(1), title="OP-1-B", mobile=960_100_001, amount=500)
    response = send(client, batch, "add", workbook([more], KEYED), act="merge")
    seen = figures(client, response)
    assert (seen["joined"], seen["new_cases"], seen["there_already"]) == (1, 0, 0)
    confirm(client, response)
    same = Job.objects.get(document=f"CL:RUT:{make_rut(10_000_001)}")
    assert same.amount == 150_500


def test_what_others_did_meanwhile_is_shown_before_anything_is_done(client, batch):
    response = send(
        client, batch, "update", workbook([line(1, 99_000)], KEYED), absent="withdraw"
    )
    figures(client, response)
    other = send(client, batch, "add", workbook([line(70)], KEYED))
    figures(client, other)
    confirm(client, other)
    page = confirm(client, response)
    assert page.context["found"].figures["leaving"] == PEOPLE  # was PEOPLE - 1
    assert "withdrawn" not in statuses(batch)
    confirm(client, response)
    assert statuses(batch).count("withdrawn") == PEOPLE


def test_payments_that_somebody_else_loaded_meanwhile_are_not_counted_twice(
    client, batch, ours
):
    file = workbook([[rut(1), "OP-1", "01/11/2025", 50_000, "Web"]], PAID)
    response = send(client, batch, "payments", file)
    assert figures(client, response)["new_payments"] == 1
    payments.load(file, ours.account, by="user:eva")
    page = confirm(client, response)
    assert page.context["found"].figures["known_payments"] == 1
    assert Payment.objects.count() == 1


def test_calls_that_end_meanwhile_do_not_keep_one_from_confirming(client, batch):
    response = paste(client, batch, f"{rut(1)}\n{rut(2)}")
    figures(client, response)
    job = Job.objects.get(document=f"CL:RUT:{make_rut(10_000_001)}")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.DONE)
    confirm(client, response)
    assert statuses(batch).count("withdrawn") == 1


def test_a_second_click_does_nothing_more(client, batch, monkeypatch):
    response = paste(client, batch, rut(1))
    first, done = modes._ACTS["withdraw"], []

    def act(*args):
        client.post(response.url, {"act": "confirm"})
        done.append(args)
        return first(*args)

    monkeypatch.setitem(modes._ACTS, "withdraw", act)
    confirm(client, response)
    confirm(client, response)
    assert len(done) == 1
    assert statuses(batch).count("withdrawn") == 1


def test_a_discarded_list_changes_nothing_and_is_gone(client, batch):
    response = paste(client, batch, rut(1))
    client.post(response.url, {"act": "discard"})
    assert client.get(response.url).status_code == 302
    assert "withdrawn" not in statuses(batch)


def test_a_kept_list_belongs_to_who_pasted_it(client, batch, ours, sign_in):
    response = paste(client, batch, rut(1))
    assert sign_in(ours.supervisor).get(response.url).status_code == 302


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(client, batch):
    response = send(client, batch, "payments", b"%PDF-1.7 no es una planilla")
    assert response.status_code == 200
    assert response.context["form"].errors["file"]
    assert kept_files() == 0


def test_a_file_above_the_limit_of_uploads_is_refused(client, batch, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    page = send(client, batch, "add", workbook([line(60)], KEYED))
    assert page.context["form"].errors["file"]


@pytest.mark.parametrize("mode", ["withdraw", "payments", "update", "add"])
def test_each_page_opens_for_who_may_and_for_nobody_else(
    mode, ours, theirs, batch, sign_in
):
    url = reverse("admin:batches_batch_mode", args=[batch.pk, mode])
    for person, expected in (
        (ours.operator, 200),
        (ours.supervisor, 200),
        (ours.auditor, 403),
        (theirs.operator, 404),
    ):
        assert sign_in(person).get(url).status_code == expected


def test_the_campaigns_page_shows_the_ways(client, batch, ours, sign_in):
    url = reverse("admin:batches_batch_change", args=[batch.pk])
    for mode in ("withdraw", "payments", "update", "add"):
        way = reverse("admin:batches_batch_mode", args=[batch.pk, mode])
        assert way in client.get(url).content.decode()
        assert way not in sign_in(ours.auditor).get(url).content.decode()


# --- taking an upload back


def take_back(client, upload, **values):
    url = reverse("admin:batches_upload_take_back", args=[upload.pk])
    return client.post(url, values, follow=True) if values else client.get(url)


def test_what_of_an_upload_was_not_called_is_withdrawn(client, batch):
    upload = Upload.objects.get(batch=batch)
    Job.objects.filter(document=f"CL:RUT:{make_rut(10_000_001)}").update(attempts=1)
    page = take_back(client, upload)
    assert (page.context["waiting"], page.context["may_undo"]) == (39, False)
    take_back(client, upload, act="withdraw", seen=39, reason="Monto errado")
    assert statuses(batch) == ["queued"] + ["withdrawn"] * 39


def test_an_upload_of_which_nobody_was_called_is_undone(client, batch):
    upload = Upload.objects.get(batch=batch)
    assert take_back(client, upload).context["may_undo"]
    take_back(client, upload, act="undo", seen=40, reason="")
    upload.refresh_from_db()
    assert upload.status == Upload.Status.UNDONE
    assert statuses(batch) == ["withdrawn"] * 40


def test_more_cases_than_were_seen_are_not_withdrawn(client, batch):
    upload = Upload.objects.get(batch=batch)
    take_back(client, upload, act="withdraw", seen=39)
    assert statuses(batch) == ["queued"] * 40


def test_an_upload_is_taken_back_by_who_may_only(ours, theirs, batch, sign_in):
    upload = Upload.objects.get(batch=batch)
    assert take_back(sign_in(ours.auditor), upload).status_code == 403
    assert take_back(sign_in(theirs.operator), upload).status_code == 404
    page = take_back(sign_in(theirs.operator), upload, act="undo", seen=40)
    assert page.status_code == 404


# --- the order of calling


def test_the_order_is_looked_at_and_put_in_force(client, batch):
    one = Job.objects.get(document=f"CL:RUT:{make_rut(10_000_007)}")
    Job.objects.filter(pk=one.pk).update(amount=900_000)
    url = reverse("admin:batches_batch_order", args=[batch.pk])
    wanted = {"column": "amount", "first": "high"}
    page = client.get(url, wanted)
    assert page.context["first"][0][1] == "900 000"
    assert Batch.objects.get(pk=batch.pk).order_by == ""
    client.post(url, wanted)
    assert Batch.objects.get(pk=batch.pk).order_by == "-amount"
    first = Job.objects.filter(batch=batch).order_by("rank").first()
    assert first.pk == one.pk


def test_the_order_is_changed_by_who_may_only(ours, theirs, batch, sign_in):
    url = reverse("admin:batches_batch_order", args=[batch.pk])
    assert sign_in(ours.auditor).get(url).status_code == 403
    assert sign_in(theirs.operator).get(url).status_code == 404
