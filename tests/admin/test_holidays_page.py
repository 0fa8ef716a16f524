"""Holidays: seen by who reads policies, changed with a reason by administrators."""

import pytest
from django.urls import reverse

from calls.models import Holiday, HolidayYear

YEAR = {"country": "CL", "year": "2026"}
DAY = {
    "verb": "set",
    "day": "25/11/2026",
    "name": "Duelo nacional",
    "subdivision": "",
    "what": "holiday",
    "reason": "Decreto 1",
}


def page(client, **query):
    return client.get(reverse("admin:holidays"), YEAR | query)


def act(client, **values):
    query = "?country=CL&year=2026"
    return client.post(reverse("admin:holidays") + query, values)


def names(response):
    return {each["name"]: each for each in response.context["days"]}


@pytest.mark.parametrize("role", ["administrator", "supervisor", "auditor"])
def test_who_reads_sees_what_is_shipped(role, ours, sign_in):
    shown = page(sign_in(getattr(ours, role)))
    assert names(shown)["Navidad"]["state"][0] == "De fábrica"
    assert "viernes 25 de diciembre" in shown.content.decode()


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_who_only_reads_changes_nothing(role, ours, sign_in):
    client = sign_in(getattr(ours, role))
    assert act(client, **DAY).status_code == 403
    assert "Agregar o cambiar un día" not in page(client).content.decode()


def test_a_day_is_added_taken_out_and_undone(ours, sign_in):
    client = sign_in(ours.administrator)
    assert act(client, **DAY).status_code == 302
    assert names(page(client))["Duelo nacional"]["state"][0] == "Agregado"
    act(client, **DAY | {"day": "2026-12-25", "name": "Navidad", "what": "working"})
    christmas = names(page(client))["Navidad"]
    assert (christmas["state"][0], christmas["off"]) == ("Día hábil", True)
    for row in Holiday.objects.all():
        act(client, verb="undo", holiday=str(row.pk), reason="error")
    assert names(page(client))["Navidad"]["state"][0] == "De fábrica"
    assert not Holiday.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"reason": ""}, {"day": "nunca"}, {"subdivision": "Santiago"}]
)
def test_what_is_wrong_is_said_beside_its_field(changes, ours, sign_in):
    answer = act(sign_in(ours.administrator), **DAY | changes)
    assert (answer.status_code, Holiday.objects.exists()) == (200, False)
    assert answer.context["form"].errors


def test_a_regions_holidays_say_where_they_hold(ours, sign_in):
    shown = page(sign_in(ours.supervisor), year="2026")
    assert any("Arica y Parinacota" in each["where"] for each in shown.context["days"])


def test_a_year_is_reviewed_after_looking_at_it(ours, sign_in):
    client = sign_in(ours.administrator)
    shown = page(client, year="2029")
    assert "Nadie ha revisado este año" in shown.content.decode()
    assert "Navidad" in names(shown)
    url = reverse("admin:holidays") + "?country=CL&year=2029"
    client.post(url, {"verb": "review", "reason": ""})
    assert not HolidayYear.objects.exists()
    client.post(url, {"verb": "review", "reason": "Ley 2.977"})
    assert HolidayYear.objects.get().year == 2029
    said = page(client, year="2029").content.decode()
    assert "Revisado por administrator-ours" in said


@pytest.mark.parametrize("query", [{"country": "XX"}, {"country": ""}])
def test_a_country_that_is_not_known_is_not_found(query, ours, sign_in):
    assert page(sign_in(ours.supervisor), **query).status_code == 404


def test_another_year_is_this_one(ours, sign_in):
    assert page(sign_in(ours.supervisor), year="1492").status_code == 200
