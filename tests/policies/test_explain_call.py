"""`manage.py explain_call`: one object, in Spanish, by all rules or by the laws alone."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from calls.policies.countries import RECORDS
from calls.policies.records import to_json
from calls.policy_changes import propose
from tests.builders import make_account

pytestmark = pytest.mark.django_db
FIELDS = ["decision", "code", "reason", "next_allowed_at", "policy"]


def explain(country: str, at: str, *options: str, use_case: str = "debt_collection"):
    out = StringIO()
    given = ["--country", country, "--use-case", use_case, "--at", at, *options]
    call_command("explain_call", *given, "--json", stdout=out)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("country", "at", "options", "decision", "code", "opens"),
    [
        ("CL", "2026-11-24T10:00-03:00", [], "allow", "in_hours", None),
        ("CL", "2026-11-24T10:00", [], "allow", "in_hours", None),
        ("cl", "2026-11-24T13:00+00:00", [], "allow", "in_hours", None),
        ("CL", "2026-11-24T19:45-03:00", [], "defer", "outside_hours", "2026-11-25T12:00"),
        ("CL", "2026-11-24T19:45-03:00", ["--rules", "law"], "allow", "in_hours", None),
        ("CL", "2026-11-29T12:00", [], "defer", "closed_weekday", "2026-11-30T12:00"),
        ("CL", "2026-12-08T12:00", [], "defer", "holiday", "2026-12-09T12:00"),
        ("CL", "2026-07-14T08:30", ["--phone", "+56612212345"], "defer", "outside_hours",
         "2026-07-14T12:00"),
        ("CL", "2026-11-24T10:00", ["--phone", "+5491143210000"], "defer", "unknown_zone",
         None),
        ("CO", "2026-11-28T14:20-05:00", [], "deny", "policy_draft", None),
        ("CO", "2026-11-28T14:20-05:00", ["--draft", "--rules", "law"], "allow", "in_hours",
         None),
        ("CO", "2026-11-28T15:00-05:00", ["--draft", "--rules", "law"], "defer",
         "outside_hours", "2026-11-30T12:00"),
        ("BR", "2026-11-24T19:30-03:00", ["--draft", "--rules", "law", "--phone",
         "+5521987654321"], "defer", "outside_hours", "2026-11-25T12:00"),
        ("UY", "2026-11-24T10:00-03:00", [], "deny", "unknown_policy", None),
    ],
)  # fmt: skip
def test_a_moment_is_explained(country, at, options, decision, code, opens):
    answer = explain(country, at, *options)
    assert list(answer) == FIELDS
    assert (answer["decision"], answer["code"]) == (decision, code)
    expected = f"{opens}:00+00:00" if opens else None
    assert answer["next_allowed_at"] == expected


def test_the_reason_names_the_moment_the_rule_and_what_it_allows():
    answer = explain("CO", "2026-11-28T15:20-05:00", "--draft", "--rules", "law")
    assert answer["reason"] == (
        "No se llamó: sábado 28/11/2026 15:20, la norma (Ley 2300/2023) permite "
        "08:00–15:00. Se puede desde el lunes 30/11/2026 07:00."
    )
    assert answer["policy"] == "CO/debt_collection@1, */*@1"


def test_a_closed_day_is_explained_by_its_law():
    said = explain("CL", "2026-12-08T12:00")["reason"]
    assert said.startswith(
        "No se llamó: martes 8/12/2026 12:00, feriado; la norma (Ley 19.496"
    )


def test_a_moment_or_phone_that_is_none_is_refused():
    with pytest.raises(CommandError):
        explain("CL", "tomorrow")
    with pytest.raises(CommandError):
        explain("CL", "2026-11-24T10:00", "--phone", "abc")


def test_the_accounts_zone_places_mobiles():
    make_account(slug="far", time_zone="America/Punta_Arenas")
    at, mobile = "2026-07-14T08:30-04:00", ["--phone", "+56912345678"]
    assert explain("CL", at, *mobile)["decision"] == "defer"
    assert explain("CL", at, *mobile, "--account", "far")["decision"] == "allow"
    with pytest.raises(CommandError):
        explain("CL", at, "--account", "nobody")


def test_what_people_changed_is_explained_and_an_accounts_rules_to_it_alone():
    record = next(r for r in RECORDS if r.ref == "CL/debt_collection@1")
    us = {"text": "Cartera norte", "status": "company_default"}
    written = {
        "country": "CL",
        "use_case": "debt_collection",
        "status": "active",
        "valid_from": "2026-01-01",
        "hours": [{"days": ["tue"], "windows": [["09:00", "13:00"]], "source": us}],
    }
    account = make_account(slug="north")
    propose(written, by="user:ana", reason="almuerzo", account=account)
    at = "2026-11-24T14:00-03:00"
    assert explain("CL", at)["decision"] == "allow"
    answer = explain("CL", at, "--account", "north")
    assert (answer["decision"], answer["code"]) == ("defer", "outside_hours")
    assert "Cartera norte" in answer["reason"]
    closed = {**written["hours"][0], "windows": []}
    changed = {**to_json(record), "hours": [closed]}
    propose(changed, by="user:ana", reason="asueto")
    answer = explain("CL", at)
    assert (answer["code"], answer["policy"]) == (
        "closed_weekday",
        "CL/debt_collection@2, */*@1",
    )
