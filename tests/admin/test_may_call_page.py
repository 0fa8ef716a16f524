"""“May they be called?”: every rule that objects, with its source, for who reads policies."""

import pytest
from django.urls import reverse

from calls import policy_changes
from calls.models import ContactLedger, DoNotCall
from speechai_site.runtime import keys
from tests.builders import make_job
from tests.policies.building import CALLER, local

URL = "admin:may_call"


def ask(client, **values):
    given = {
        "country": "CL",
        "use_case": "debt_collection",
        "account": "",
        "at": "2026-11-24T10:00",
        "phone": "",
        "region": "",
        "consent": "none",
        "case": "",
    }
    answer = client.post(reverse(URL), given | values)
    assert answer.status_code == 200
    return answer


def said(answer):
    return " ".join(answer.content.decode().split())


def codes(answer):
    return [each["label"] for each in answer.context["answer"]["checks"]]


@pytest.mark.parametrize("role", ["administrator", "supervisor", "auditor"])
def test_who_reads_policies_asks(role, ours, sign_in):
    client = sign_in(getattr(ours, role))
    assert client.get(reverse(URL)).status_code == 200
    shown = ask(client).context["answer"]
    assert (shown["decision"], shown["checks"]) == ("Permitida", [])
    assert shown["zones"] == "America/Santiago"


def test_what_objects_is_said_with_its_source_and_until_when(ours, sign_in):
    answer = ask(sign_in(ours.supervisor), at="2026-11-28T20:30")
    shown = answer.context["answer"]
    assert (shown["decision"], shown["next"]) == (
        "Postergada",
        "lunes 30/11/2026 09:00",
    )
    (check,) = shown["checks"]
    assert check["source"].startswith("Ley 19.496")
    assert "sábado 28/11/2026 20:30" in said(answer)
    assert check["policy"]["name"] == "Chile · Cobranza, versión 1"
    assert "kind=CL%7C%7Cdebt_collection" in check["policy"]["url"]


def test_a_draft_country_is_denied_unless_the_draft_is_imagined_accepted(ours, sign_in):
    client = sign_in(ours.supervisor)
    given = {"country": "CO", "at": "2026-11-24T10:00", "consent": "prior"}
    assert ask(client, **given).context["answer"]["decision"] == "Denegada"
    accepted = ask(client, **given, accept_drafts="on").context["answer"]
    assert accepted["decision"] == "Permitida"


def test_a_region_or_a_phone_says_the_time_zone(ours, sign_in):
    client = sign_in(ours.supervisor)
    for given in ({"region": "Magallanes"}, {"phone": "+56 61 221 2345"}):
        zones = ask(client, **given).context["answer"]["zones"]
        assert zones == "America/Punta_Arenas", given


@pytest.mark.parametrize("country", ["CL", "AR", "CO", "MX", "PE", "ES", "BR", "US"])
def test_every_country_is_answered_without_a_phone(country, ours, sign_in):
    shown = ask(sign_in(ours.supervisor), country=country, accept_drafts="on")
    assert shown.context["answer"]["zones"] != "–"


def test_a_wrong_phone_region_or_case_is_said(ours, theirs, sign_in):
    client = sign_in(ours.supervisor)
    for field, value in (
        ("phone", "abc"),
        ("region", "Atlantis"),
        ("case", "x"),
        ("case", str(theirs.job.pk)),
        ("at", "mañana"),
    ):
        answer = ask(client, **{field: value})
        assert list(answer.context["form"].errors) == [field]
        assert "answer" not in answer.context


def test_a_case_counts_its_contacts_blocks_and_own_rules(ours, sign_in):
    ours.batch.number.e164 = CALLER
    ours.batch.number.save()
    job = make_job(ours.batch)
    e164 = job.phones[0]["e164"]
    client, case = sign_in(ours.supervisor), str(job.pk)
    assert ask(client, case=case).context["answer"]["decision"] == "Permitida"
    ContactLedger.objects.create(
        pk="x",
        phone_slot="x",
        call_id="",
        account=ours.account,
        person_key=job.person_key,
        phone_key=keys.phone_key(e164),
        creditor_key=job.creditor_key,
        kind="conversation",
        at=local("2026-11-23T10:00"),
    )
    DoNotCall.objects.create(
        kind="person", key=job.person_key, account=ours.account, reason="optout"
    )
    answer = ask(client, case=case)
    shown = answer.context["answer"]
    assert (shown["decision"], shown["contacts"]) == ("Postergada", 1)
    assert "Hubo una conversación en los últimos siete días" in codes(answer)
    assert "En la lista “No llamar”" in said(answer)
    before = ask(client, case=case, at="2026-11-23T09:30").context["answer"]
    assert (before["decision"], before["contacts"]) == ("Permitida", 0)


def test_an_accounts_own_rules_count_for_it(ours, sign_in):
    closed = {
        "days": ["tue"],
        "windows": [],
        "source": {"text": "Asueto", "status": "company_default"},
    }
    written = {
        "country": "CL",
        "use_case": "debt_collection",
        "status": "active",
        "valid_from": "2026-01-01",
        "hours": [closed],
    }
    policy_changes.propose(written, by="user:ana", reason="x", account=ours.account)
    client = sign_in(ours.supervisor)
    assert ask(client).context["answer"]["decision"] == "Permitida"
    answer = ask(client, account=str(ours.account.pk))
    assert "Asueto" in said(answer)
    (check,) = answer.context["answer"]["checks"]
    assert check["policy"]["name"] == "ours · Chile · Cobranza, versión 1"
    assert str(ours.account.pk) in check["policy"]["url"]
    assert "Asueto" in said(ask(client, case=str(make_job(ours.batch).pk)))


def test_names_are_masked_for_who_sees_none(ours, sign_in):
    answer = ask(sign_in(ours.auditor), case=str(ours.job.pk))
    assert "Rosa" not in said(answer)
    assert "Rosa" in said(ask(sign_in(ours.supervisor), case=str(ours.job.pk)))


def test_a_phone_is_never_in_an_address(ours, sign_in):
    page = sign_in(ours.supervisor).get(reverse(URL), {"phone": "+56912345678"})
    assert "56912345678" not in page.content.decode()
