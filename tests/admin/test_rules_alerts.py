"""The home page counts calls without a decision, and warns of rules that age."""

from datetime import timedelta

import pytest
from django.urls import reverse

from batches.models import Account, Batch
from calls import invariants
from calls.admin import alerts
from calls.models import Call, RegistrySnapshot
from speechai_site.runtime import clock
from tests.builders import make_call

LABEL = "Llamadas sin decisión"


def home(client):
    return client.get(reverse("admin:index")).context["home"]


def undecided(client):
    cards = {str(card.label): card for card in home(client)["cards"]}
    card = cards.get(LABEL)
    return card and (card.value, card.tone)


def titles(client) -> list[str]:
    return [str(notice.title) for notice in home(client)["notices"]]


def allow(**where) -> None:
    Call.objects.filter(**where).update(policy="CL/debt_collection@1 */*@1")


def test_a_call_that_no_policy_allowed_turns_the_figure_red(ours, theirs, sign_in):
    allow()
    client = sign_in(ours.auditor)
    assert undecided(client) == ("0", "")
    make_call(ours.job, status="sending")
    assert undecided(client) == ("1", "danger")


def test_only_placed_calls_of_today_and_of_ones_accounts_count(ours, theirs, sign_in):
    allow(job=ours.job)  # theirs has none
    for status in ("planned", "withdrawn"):
        make_call(ours.job, status=status)
    yesterday = clock.now() - timedelta(days=1)
    make_call(ours.job, status="ended", planned_at=yesterday)
    assert undecided(sign_in(ours.administrator)) == ("0", "")
    assert invariants.undecided_calls() == 1


def test_the_figure_is_for_who_answers_for_the_rules(ours, sign_in):
    assert undecided(sign_in(ours.supervisor)) is None
    assert undecided(sign_in(ours.operator)) is None


def test_a_call_says_what_allowed_it(ours, sign_in):
    client, url = (
        sign_in(ours.operator),
        reverse("admin:calls_call_change", args=[ours.call.pk]),
    )
    assert "ninguna norma" in client.get(url).content.decode()
    Call.objects.update(policy="CL/debt_collection@1 */*@1", contacts_counted=7)
    page = client.get(url).content.decode()
    assert "CL/debt_collection@1<br>*/*@1" in page
    assert "<dt>contactos anteriores contados</dt><dd>7</dd>" in page


def test_a_campaign_under_a_draft_is_named(ours, theirs, sign_in):
    Account.objects.filter(pk__in=[ours.account.pk, theirs.account.pk]).update(
        country="CO"
    )
    client = sign_in(ours.operator)
    named = next(n for n in home(client)["notices"] if n.icon == "gavel")
    assert "Campaign of ours" in named.text
    assert "theirs" not in named.text
    Batch.objects.update(status="completed")
    assert "Campañas sin norma de llamada vigente" not in titles(client)


def test_rules_that_nobody_reviewed_for_a_year_are_named(ours, sign_in, monkeypatch):
    title, client = "Normas de llamada por revisar", sign_in(ours.auditor)
    assert title not in titles(client)
    monkeypatch.setattr(alerts, "REVIEW_DAYS", -10_000)
    named = next(n for n in home(client)["notices"] if n.icon == "event_busy")
    assert "CL/debt_collection@1" in named.text
    assert "AR/" not in named.text
    assert title not in titles(sign_in(ours.operator))


@pytest.mark.parametrize(("days", "warned"), [(None, True), (2, True), (0, False)])
def test_a_registry_older_than_the_rule_accepts_is_named(days, warned, ours, sign_in):
    Batch.objects.filter(pk=ours.batch.pk).update(use_case="marketing")
    if days is not None:
        at = clock.now() - timedelta(days=days)
        RegistrySnapshot.objects.create(
            registry="cl_no_molestar", country="CL", loaded_by="user:x", loaded_at=at
        )
    said = titles(sign_in(ours.administrator))
    assert ("Registro público por cargar: No Molestar" in said) is warned


def test_debt_collection_needs_no_registry(ours, sign_in):
    said = titles(sign_in(ours.administrator))
    assert not [title for title in said if title.startswith("Registro público")]
