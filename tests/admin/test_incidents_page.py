"""Incidents are worked off by who may, seen by who reads, and kept apart by account."""

import pytest
from django.urls import reverse

from batches.models import Batch
from calls.models import Incident
from speechai_site import roles
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_user

LIST = "admin:calls_incident_changelist"


def make_incident(cast, code="court", **values):
    values.setdefault("kind", Incident.Kind.FORBIDDEN_SPEECH)
    return Incident.objects.create(
        pk=f"{cast.call.pk}.{values['kind']}.{code}",
        call=cast.call,
        job=cast.job,
        batch=cast.batch,
        account=cast.account,
        code=code,
        utterance=2,
        **values,
    )


@pytest.fixture
def incident(ours):
    return make_incident(ours)


@pytest.fixture
def quality(ours):
    return make_user(roles.QUALITY, [ours.account], username="calidad")


def page(incident):
    return reverse("admin:calls_incident_change", args=[incident.pk])


def act(client, incident, verb, **values):
    url = reverse("admin:calls_incident_work", args=[incident.pk])
    return client.post(url, {"verb": verb, **values})


def fresh(incident):
    return Incident.objects.get(pk=incident.pk)


@pytest.mark.parametrize("role", ["supervisor", "operator", "auditor", "administrator"])
def test_who_reads_calls_reads_incidents(role, ours, incident, sign_in):
    client = sign_in(getattr(ours, role))
    listed = client.get(reverse(LIST))
    assert [row.pk for row in listed.context["cl"].result_list] == [incident.pk]
    said = client.get(page(incident)).content.decode()
    assert "Juicio o demanda" in said
    assert reverse("admin:calls_call_change", args=[ours.call.pk]) in said


def test_an_auditor_sees_the_person_masked(ours, incident, sign_in):
    assert "Rosa Tapia" in sign_in(ours.operator).get(page(incident)).content.decode()
    masked = sign_in(ours.auditor).get(page(incident)).content.decode()
    assert "Tapia" not in masked


def test_another_accounts_incident_is_not_found(theirs, incident, sign_in):
    client = sign_in(theirs.supervisor)
    assert client.get(page(incident)).status_code == 404
    assert act(client, incident, "take").status_code == 404
    assert client.get(reverse(LIST)).context["cl"].result_list == []


@pytest.mark.parametrize("who", ["supervisor", "quality"])
def test_it_is_taken_and_resolved_and_both_are_on_record(
    who, ours, quality, incident, sign_in
):
    user = quality if who == "quality" else ours.supervisor
    client = sign_in(user)
    act(client, incident, "take", owner="")
    assert fresh(incident).owner == f"user:{user.username}"
    act(client, incident, "resolve", resolution="Se corrigió el guion.")
    row = fresh(incident)
    assert (row.status, row.resolution) == ("resolved", "Se corrigió el guion.")
    assert row.resolved_at is not None
    entries = AuditEntry.objects.filter(target_id=incident.pk)
    assert {entry.action for entry in entries} == {"incident.take", "incident.resolve"}
    assert "guion" not in str([(e.reason, e.detail) for e in entries])


@pytest.mark.parametrize("role", ["operator", "auditor"])
@pytest.mark.parametrize("verb", ["take", "resolve"])
def test_who_only_reads_changes_nothing(role, verb, ours, incident, sign_in):
    answer = act(sign_in(getattr(ours, role)), incident, verb, resolution="x")
    assert answer.status_code == 403
    assert (fresh(incident).status, fresh(incident).owner) == ("open", "")


def test_it_is_not_taken_from_who_was_faster(ours, quality, incident, sign_in):
    act(sign_in(quality), incident, "take", owner="")
    act(sign_in(ours.supervisor), incident, "take", owner="")
    assert fresh(incident).owner == "user:calidad"
    act(sign_in(ours.supervisor), incident, "take", owner="user:calidad")
    assert fresh(incident).owner == f"user:{ours.supervisor.username}"


def test_a_resolution_needs_words_and_is_written_once(ours, incident, sign_in):
    client = sign_in(ours.supervisor)
    assert act(client, incident, "resolve", resolution="  ").status_code == 400
    act(client, incident, "resolve", resolution="una")
    act(client, incident, "resolve", resolution="otra")
    assert fresh(incident).resolution == "una"
    assert act(client, incident, "nothing").status_code == 400
    url = reverse("admin:calls_incident_work", args=[incident.pk])
    assert client.get(url).status_code == 405


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "open"}, 1),
        ({"status": "resolved"}, 1),
        ({"kind": "missing_disclosure"}, 1),
        ({"kind": "debt_before_identity"}, 0),
        ({}, 2),
    ],
)
def test_the_list_is_filtered(query, found, ours, incident, sign_in):
    make_incident(ours, "ai", kind=Incident.Kind.MISSING_DISCLOSURE, status="resolved")
    listed = sign_in(ours.supervisor).get(reverse(LIST), query)
    assert len(listed.context["cl"].result_list) == found
    batch = {"batch": str(ours.batch.pk), **query}
    listed = sign_in(ours.supervisor).get(reverse(LIST), batch)
    assert len(listed.context["cl"].result_list) == found


@pytest.mark.parametrize("where", ["home", "batch"])
def test_an_automatic_pause_is_said_where_people_look(
    where, ours, theirs, incident, sign_in
):
    Batch.objects.update(status="paused", pause_reason="speech_incidents")
    url = reverse("admin:index")
    if where == "batch":
        url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    said = sign_in(ours.operator).get(url).content.decode()
    assert f"Pausa automática: {ours.batch.name}" in said
    assert "Incidentes abiertos" in said
    assert theirs.batch.name not in said


def test_without_incidents_nothing_is_said(ours, sign_in):
    said = sign_in(ours.operator).get(reverse("admin:index")).content.decode()
    assert "Pausa automática" not in said
    assert "Incidentes abiertos" not in said


def test_the_calls_page_shows_its_incidents(ours, incident, sign_in):
    url = reverse("admin:calls_call_change", args=[ours.call.pk])
    said = sign_in(ours.supervisor).get(url).content.decode()
    assert "Palabras prohibidas" in said
    assert page(incident) in said


def test_a_campaign_shows_how_many_contacts_had_all_notices(ours, sign_in):
    ours.batch.counters = {"notices": {"direct": 8, "complete": 6}}
    ours.batch.save()
    url = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    cards = sign_in(ours.operator).get(url).context["summary"]["cards"]
    assert [c.value for c in cards if str(c.label) == "Avisos completos"] == ["75 %"]
