"""The buttons of a campaign obey its state and the person's role."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from openpyxl import load_workbook

from batches.models import Batch
from calls import pacing
from speechai_site.runtime.models import AuditEntry

S = Batch.Status


def act(client, batch, verb, **more):
    url = reverse("admin:batches_batch_control", args=[batch.pk])
    response = client.post(url, {"verb": verb, **more})
    batch.refresh_from_db()
    return response


def force(batch, status):
    Batch.objects.filter(pk=batch.pk).update(status=status)
    batch.refresh_from_db()


@pytest.mark.parametrize(
    ("status", "verb", "becomes"),
    [
        (S.DRAFT, "start", S.RUNNING),
        (S.RUNNING, "pause", S.PAUSED),
        (S.PAUSED, "resume", S.RUNNING),
        (S.PAUSED, "cancel", S.CANCELLED),
        (S.PAUSED, "start", S.PAUSED),
        (S.DRAFT, "pause", S.DRAFT),
        (S.CANCELLED, "start", S.CANCELLED),
    ],
)
def test_a_button_does_what_the_state_allows(status, verb, becomes, ours, sign_in):
    force(ours.batch, status)
    act(sign_in(ours.supervisor), ours.batch, verb)
    assert ours.batch.status == becomes


def test_what_changed_since_the_last_count_is_in_the_figures(ours, sign_in):
    stale = {"jobs": {"queued": 7}}
    rows = Batch.objects.filter(pk=ours.batch.pk)
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    for is_dirty, shown in ((False, 7), (True, 1)):
        rows.update(counters=stale, counters_dirty=is_dirty)
        summary = sign_in(ours.operator).get(url).context["summary"]
        assert summary["progress"].total == shown
    assert rows.get().counters == stale


def test_who_may_not_control_is_refused(ours, sign_in):
    assert act(sign_in(ours.auditor), ours.batch, "start").status_code == 403
    assert ours.batch.status == S.DRAFT


def test_a_link_alone_starts_nothing(ours, sign_in):
    url = reverse("admin:batches_batch_control", args=[ours.batch.pk])
    assert sign_in(ours.supervisor).get(url, {"verb": "start"}).status_code == 405


def test_an_unknown_verb_is_refused(ours, sign_in):
    response = act(sign_in(ours.supervisor), ours.batch, "delete")
    assert response.status_code == 400


def test_what_stands_in_the_way_is_said(ours, sign_in):
    Batch.objects.filter(pk=ours.batch.pk).update(agent=None)
    client = sign_in(ours.supervisor)
    response = act(client, ours.batch, "start")
    ours.batch.refresh_from_db()
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert ours.batch.status == S.DRAFT
    assert said == Batch.objects.get(pk=ours.batch.pk).obstacles()


def test_an_act_is_on_record_with_who_and_why(ours, sign_in):
    force(ours.batch, S.RUNNING)
    act(sign_in(ours.supervisor), ours.batch, "pause", reason="wrong amount")
    entry = AuditEntry.objects.get(action="batch.pause")
    assert (entry.actor, entry.reason) == ("user:supervisor-ours", "wrong amount")


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (S.DRAFT, ["start", "cancel"]),
        (S.RUNNING, ["pause", "cancel", "stop_now"]),
        (S.PAUSED, ["resume", "cancel", "stop_now"]),
        (S.COMPLETED, []),
    ],
)
def test_the_page_offers_what_the_state_allows(status, offered, ours, sign_in):
    force(ours.batch, status)
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    page = sign_in(ours.supervisor).get(url)
    assert [verb for verb, _ in page.context["summary"]["controls"]] == offered


def settings_of(batch, **changed):
    return {
        "name": batch.name,
        "priority": 1,
        "agent": str(batch.agent_id),
        "number": str(batch.number_id),
        "max_attempts": 3,
        "retry_days": 1,
        "ring_seconds": 30,
        "max_call_seconds": 300,
    } | changed


@pytest.mark.parametrize(
    ("status", "saved"), [(S.DRAFT, True), (S.PAUSED, True), (S.RUNNING, False)]
)
def test_call_settings_are_edited_while_draft_or_paused(status, saved, ours, sign_in):
    force(ours.batch, status)
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    sign_in(ours.supervisor).post(url, settings_of(ours.batch, max_attempts=5))
    ours.batch.refresh_from_db()
    assert (ours.batch.max_attempts == 5) is saved
    assert ours.batch.status == status


def test_saving_settings_leaves_what_the_machine_counts_alone(ours, sign_in):
    Batch.objects.filter(pk=ours.batch.pk).update(rows=77, counters={"jobs": {}})
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    sign_in(ours.supervisor).post(url, settings_of(ours.batch, name="Renamed"))
    ours.batch.refresh_from_db()
    assert (ours.batch.name, ours.batch.rows) == ("Renamed", 77)


def test_a_change_of_settings_is_on_record(ours, sign_in):
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    sign_in(ours.supervisor).post(url, settings_of(ours.batch, name="Renamed"))
    entry = AuditEntry.objects.get(action="batch.change")
    assert entry.account_id == str(ours.account.pk)


def test_a_campaign_is_never_deleted(root, ours, sign_in):
    url = reverse("admin:batches_batch_delete", args=[ours.batch.pk])
    assert sign_in(root).post(url, {"post": "yes"}).status_code == 403


def test_the_report_is_a_workbook(ours, sign_in, tmp_path):
    url = reverse("admin:batch_report", args=[ours.batch.pk])
    response = sign_in(ours.supervisor).get(url)
    path = tmp_path / "report.xlsx"
    path.write_bytes(b"".join(response.streaming_content))
    assert load_workbook(path).sheetnames


def test_a_running_campaign_says_which_limit_holds_it_back(ours, sign_in):
    force(ours.batch, S.RUNNING)
    pacing.remember_holds({str(ours.batch.pk): "account_day"})
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    page = sign_in(ours.supervisor).get(url).content.decode()
    assert "Llamadas por día de la cuenta" in page
