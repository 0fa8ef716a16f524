"""Stopping and calling again: for who may control, and within one's accounts."""

import pytest
from django.db import connection
from django.urls import reverse

from batches.imports.normalizers.regions import REGIONS
from batches.models import Batch, Job
from calls import halts
from calls.admin import halts as admin_halts
from calls.models import Call, Halt
from tests.builders import build_job, make_batch, make_job

URL = "admin:halts"


def act(client, verb, **values):
    return client.post(reverse(URL), {"verb": verb, **values})


def stopped():
    return {row.account_id for row in Halt.objects.filter(lifted_at__isnull=True)}


def test_everything_of_ones_accounts_is_stopped_and_nothing_else(ours, theirs, sign_in):
    act(sign_in(ours.operator), "halt")
    assert stopped() == {ours.account.pk}


def test_a_superuser_stops_all_accounts(root, ours, sign_in):
    act(sign_in(root), "halt")
    assert stopped() == {None}


def test_nobody_stops_anothers_account(ours, theirs, sign_in):
    answer = act(sign_in(ours.supervisor), "halt", account=str(theirs.account.pk))
    assert (answer.status_code, stopped()) == (404, set())


def test_nobody_lifts_anothers_stop(ours, theirs, sign_in):
    row = halts.halt(by="x", account=theirs.account)
    answer = act(sign_in(ours.supervisor), "lift", halt=str(row.pk))
    assert (answer.status_code, stopped()) == (404, {theirs.account.pk})


def test_a_stop_of_all_accounts_is_lifted_by_who_sees_them_all(ours, root, sign_in):
    row = halts.halt(by="x")
    assert act(sign_in(ours.supervisor), "lift", halt=str(row.pk)).status_code == 403
    act(sign_in(root), "lift", halt=str(row.pk))
    assert stopped() == set()


@pytest.mark.parametrize("verb", ["halt", "lift"])
def test_who_may_not_control_is_refused(verb, ours, sign_in):
    assert act(sign_in(ours.auditor), verb).status_code == 403
    assert sign_in(ours.auditor).get(reverse(URL)).status_code == 403


def test_the_form_offers_the_places_of_ones_open_campaigns(ours, theirs, sign_in):
    Batch.objects.update(status="running")
    Job.objects.filter(pk=ours.job.pk).update(places=["MAULE", "TALCA"])
    Job.objects.filter(pk=theirs.job.pk).update(places=["ARICA"])
    page = sign_in(ours.operator).get(reverse(URL))
    names = {place["name"] for place in page.context["halting"]["places"]}
    assert names == {"MAULE", "TALCA"}


def offered(client):
    """The labels of the places, as the form lists them."""
    page = client.get(reverse(URL))
    return [place["label"] for place in page.context["halting"]["places"]]


def test_one_place_is_offered_once_by_its_official_name(ours, sign_in):
    Batch.objects.update(status="running")
    Job.objects.filter(pk=ours.job.pk).update(places=["TALCA", "MAULE"])
    make_job(ours.batch, places=["CL-ML"])
    assert offered(sign_in(ours.operator)) == ["Maule", "Talca"]  # regions first


def test_places_of_older_cases_are_offered_too(ours, sign_in, monkeypatch):
    monkeypatch.setattr(admin_halts, "NEWEST", 1)
    Batch.objects.update(status="running")
    Job.objects.filter(pk=ours.job.pk).update(places=["A", "Z"])
    for places in (["M", "N"], ["B", "Z"], []):
        make_job(ours.batch, places=places)
    assert offered(sign_in(ours.operator)) == ["A", "B", "M", "N", "Z"]


def test_cases_without_a_place_are_counted_up_to_a_bound(ours, sign_in, monkeypatch):
    Batch.objects.update(status="running")
    Job.objects.filter(pk=ours.job.pk).update(places=[])
    make_job(ours.batch, places=[])
    make_job(ours.batch, places=[], status="done")
    for most, said in ((4, "2"), (3, "2 o más")):
        monkeypatch.setattr(admin_halts, "MOST_COUNTED", most)
        page = sign_in(ours.operator).get(reverse(URL))
        assert page.context["halting"]["unknown"] == said


def test_with_too_many_places_the_regions_are_offered(ours, sign_in, monkeypatch):
    monkeypatch.setattr(admin_halts, "MOST_PLACES", 2)
    Batch.objects.update(status="running")
    Job.objects.filter(pk=ours.job.pk).update(places=["A", "B", "C"])
    assert len(offered(sign_in(ours.operator))) == len(REGIONS) + 3


def test_listing_places_reads_an_index_and_not_the_cases(
    ours, root, sign_in, monkeypatch
):
    """Thirteen places, three thousand cases: seen through MongoDB's own profiler."""
    monkeypatch.setattr(admin_halts, "NEWEST", 10)
    Batch.objects.update(status="running")
    for batch in (ours.batch, make_batch(ours.account, status="running")):
        Job.objects.bulk_create(
            build_job(batch, places=[f"VILLA {n % 12}", "CL-ML"]) for n in range(1500)
        )
    client, database = sign_in(root), connection.database
    database.command("profile", 2)
    try:
        labels = offered(client)
    finally:
        database.command("profile", 0)
        jobs = {"ns": f"{database.name}.batches_job"}
        entries = list(database["system.profile"].find(jobs))
        database["system.profile"].drop()

    assert len(labels) == 13
    plans = {entry["planSummary"] for entry in entries}
    assert plans, "nothing was asked"
    assert all(plan.startswith("IXSCAN") for plan in plans), plans
    assert not any(entry.get("hasSortStage") for entry in entries)
    assert sum(entry["docsExamined"] for entry in entries) < 100
    assert sum(entry["keysExamined"] for entry in entries) < 1000


def test_a_region_is_stopped_with_those_whose_place_is_unknown(ours, sign_in):
    values = {"place": "MAULE", "unknown_too": "on", "hang_up": "", "reason": "sismo"}
    act(sign_in(ours.operator), "halt", **values)
    row = Halt.objects.get()
    assert (row.place, row.unknown_too, row.reason) == ("CL-ML", True, "sismo")


@pytest.mark.parametrize("page", ["home", "batch", "job", "halts"])
def test_what_is_stopped_is_said_where_people_look(page, ours, sign_in):
    halts.halt(by="user:ana", account=ours.account, place="CL-RM")
    Job.objects.filter(pk=ours.job.pk).update(places=["CL-RM"])
    url = {
        "home": reverse("admin:index"),
        "batch": reverse("admin:batches_batch_change", args=[ours.batch.pk]),
        "job": reverse("admin:batches_job_change", args=[ours.job.pk]),
        "halts": reverse(URL),
    }[page]
    said = sign_in(ours.operator).get(url).content.decode()
    assert "Región detenida: Región Metropolitana de Santiago" in said


def test_anothers_stop_is_not_shown(ours, theirs, sign_in):
    halts.halt(by="user:ana", account=theirs.account, reason="secreto")
    for url in (reverse("admin:index"), reverse(URL)):
        assert "secreto" not in sign_in(ours.supervisor).get(url).content.decode()


def test_a_campaign_says_how_many_calls_are_unconfirmed_and_why(ours, sign_in):
    Call.objects.update(status="unknown", error_code="timeout")
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    panels = sign_in(ours.operator).get(url).context["summary"]["panels"]
    (panel,) = (each for each in panels if "why" in str(each.context.get("rows")))
    assert panel.context["rows"][0]["count"] == "1"
    assert panel.context["rows"][0]["why"] != "timeout"
    assert f"batch={ours.batch.pk}" in panel.context["url"]


def test_an_edit_is_on_record_with_old_and_new(ours, sign_in):
    from speechai_site.runtime.models import AuditEntry
    from tests.admin.test_batch_page import settings_of

    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    sign_in(ours.supervisor).post(url, settings_of(ours.batch, max_attempts=5))
    entry = AuditEntry.objects.get(action="batch.change")
    assert entry.detail == {"max_attempts": "3 → 5"}
