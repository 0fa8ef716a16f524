"""A workbook is looked at first; only a confirmation makes a campaign of it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from batches import use_cases
from batches.imports import pending
from batches.models import Batch, Job, Upload
from calls.models import Call
from speechai_site.runtime import clock
from tests.admin.wizard import (
    CHOOSE,
    SAMPLE,
    choose,
    confirm,
    go_to_preview,
    send_columns,
)
from tests.builders import make_agent, make_batch, make_number


@pytest.fixture
def client(ours, sign_in):
    ours.account.default_agent, ours.account.default_number = (
        make_agent(),
        make_number(),
    )
    ours.account.save()
    Batch.objects.all().delete()
    Job.objects.all().delete()
    Call.objects.all().delete()
    return sign_in(ours.operator)


def test_a_preview_counts_and_stores_nothing(client, ours):
    page = client.get(go_to_preview(client, ours.account).url)
    assert page.status_code == 200
    assert page.context["samples"]
    assert page.context["error_count"] > 0
    assert not Upload.objects.exists()


def test_what_was_previewed_is_what_is_made(client, ours):
    response = go_to_preview(client, ours.account, name="November")
    kept = pending.find(response.url.split("/")[-2], ours.operator.pk)
    seen = dict(kept.choices["preview"])
    client.post(response.url, {"act": "create"})
    batch = Batch.objects.get()
    assert (batch.name, batch.status) == ("November", Batch.Status.DRAFT)
    assert Job.objects.count() == seen["jobs"]
    assert batch.total_amount == Decimal(seen["total_amount"])


def test_a_new_campaign_calls_with_what_the_account_calls_with(client, ours):
    confirm(client, ours.account)
    batch = Batch.objects.get()
    assert batch.agent_id == ours.account.default_agent_id
    assert batch.number_id == ours.account.default_number_id


def test_a_campaign_can_be_started_at_once(client, ours):
    confirm(client, ours.account, act="start")
    assert Batch.objects.get().status == Batch.Status.RUNNING


def test_rows_are_added_to_a_draft(client, ours):
    batch = make_batch(ours.account, rows=0)
    response = go_to_preview(client, ours.account, batch=str(batch.pk))
    client.post(response.url, {"act": "create"})
    assert Upload.objects.get().batch_id == batch.pk


def test_a_discarded_workbook_is_gone(client, ours):
    response = go_to_preview(client, ours.account)
    client.post(response.url, {"act": "discard"})
    assert client.get(response.url).status_code == 302
    assert not Batch.objects.exists()


def test_a_workbook_is_imported_once_however_often_it_is_confirmed(client, ours):
    response = go_to_preview(client, ours.account)
    client.post(response.url, {"act": "create"})
    client.post(response.url, {"act": "create"})
    assert Upload.objects.count() == 1


def test_a_second_click_during_the_import_does_nothing(client, ours):
    response = go_to_preview(client, ours.account)
    pending.claim(response.url.split("/")[-2])
    client.post(response.url, {"act": "create"})
    assert not Upload.objects.exists()


def test_an_import_that_failed_can_be_confirmed_again(client, ours, monkeypatch):
    from batches.imports import background
    from batches.imports.problems import WorkbookError

    def fail(*args, **kwargs):
        raise WorkbookError("already_importing")

    response = go_to_preview(client, ours.account)
    with monkeypatch.context() as patched:
        patched.setattr(background, "submit", fail)
        client.post(response.url, {"act": "create"})
    client.post(response.url, {"act": "create"})
    assert Upload.objects.count() == 1


def test_a_kept_workbook_belongs_to_who_chose_it(client, ours, sign_in):
    response = go_to_preview(client, ours.account)
    assert sign_in(ours.supervisor).get(response.url).status_code == 302


def test_a_workbook_that_nobody_confirms_is_removed(client, ours, monkeypatch):
    token = choose(client, ours.account).url.split("/")[-2]
    later = clock.wall() + pending.KEPT * 2
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert pending.find(token, ours.operator.pk) is None
    pending.drop_expired()
    monkeypatch.undo()
    assert pending.find(token, ours.operator.pk) is None


def test_a_file_that_is_no_workbook_is_refused_with_its_reason(client, ours):
    page = choose(client, ours.account, content=b"%PDF-1.7\x00")
    assert page.context["form"].errors.as_data()["file"][0].code == "file_not_workbook"


def test_a_text_file_is_read_as_well(client, ours):
    text = "RUT;Nombre;Saldo;Celular\n12.345.678-5;Ana;1.500;960012345\n"
    page = client.get(go_to_preview(client, ours.account, text.encode()).url)
    assert not page.context["errors"]
    assert len(page.context["samples"]) == 1


def test_each_use_case_has_a_template_beside_the_form(client, ours):
    page = client.get(reverse(CHOOSE))
    links = [url for _label, _country, url in page.context["templates"]]
    assert len(links) == len(use_cases.choices())
    for url in links:
        assert url in page.content.decode()
        response = client.get(url)
        assert response.content.startswith(b"PK")
        assert "attachment" in response["Content-Disposition"]


@pytest.mark.parametrize("address", ["no_such_case", "survey/?country=XX"])
def test_there_is_no_template_of_what_is_unknown(client, address):
    name, _slash, query = address.partition("/")
    url = reverse("admin:batches_upload_template", args=[name]) + query
    assert client.get(url).status_code == 404


def test_who_uploads_nothing_gets_no_template(ours, sign_in):
    url = reverse("admin:batches_upload_template", args=["survey"])
    assert sign_in(ours.auditor).get(url).status_code == 403


def test_days_that_cannot_be_are_refused(client, ours):
    url = choose(client, ours.account).url.replace("/sheet/", "/columns/")
    page = send_columns(client, url, option_limit_days="10", option_max_days="5")
    assert page.status_code == 200
    assert len(page.context["problems"]) == 1


def test_an_account_of_others_cannot_be_chosen(client, ours, theirs):
    page = choose(client, theirs.account)
    assert "account" in page.context["form"].errors


def test_anothers_agent_cannot_be_chosen(client, ours, theirs):
    foreign = make_agent(account=theirs.account)
    page = choose(client, ours.account, agent=str(foreign.pk))
    assert "agent" in page.context["form"].errors


def test_an_auditor_uploads_nothing(ours, sign_in):
    assert choose(sign_in(ours.auditor), ours.account).status_code == 403


def test_the_same_file_again_is_pointed_out(client, ours):
    confirm(client, ours.account)
    page = client.get(go_to_preview(client, ours.account).url)
    assert page.context["before"]["url"].endswith(f"{Upload.objects.get().pk}/change/")


def test_the_workbook_as_it_came_can_be_had_again(client, ours):
    confirm(client, ours.account)
    url = reverse("admin:batches_upload_file", args=[Upload.objects.get().pk])
    assert b"".join(client.get(url).streaming_content) == SAMPLE.read_bytes()


def test_reported_rows_can_be_downloaded(client, ours):
    confirm(client, ours.account)
    url = reverse("admin:batches_upload_errors", args=[Upload.objects.get().pk])
    assert b"".join(client.get(url).streaming_content).startswith(b"PK")


def test_each_step_stands_in_the_menu_where_the_first_one_does(ours, sign_in):
    client = sign_in(ours.operator)
    steps = [reverse(CHOOSE), go_to_preview(client, ours.account).url]
    for step in steps:
        menu = client.get(step).context["sidebar_navigation"]
        here = [i["link"] for group in menu for i in group["items"] if i["active"]]
        assert here == [reverse(CHOOSE)]
