"""`manage.py dialing`: stopping and calling again from a shell."""

import json

import pytest

from batches.models import Account
from calls import halts, hangups
from calls.models import Halt
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return make_account(slug="cuenta-uno")


@pytest.fixture
def hung_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each round of hanging up."""
    rounds: list[str] = []
    monkeypatch.setattr(hangups, "at_once", lambda: rounds.append("round"))
    return rounds


def acts() -> list[tuple[str, str, str]]:
    """(what, by whom, of which account), oldest first."""
    return [
        (entry.action, entry.actor, entry.account_id)
        for entry in AuditEntry.objects.order_by("pk")
    ]


def test_when_nothing_is_stopped_the_status_says_so(run, run_json) -> None:
    assert len(run("dialing", "status").splitlines()) == 1
    assert run_json("dialing", "status") == {"stopped": []}


def test_everything_is_stopped_and_allowed_again(run_json) -> None:
    (row,) = run_json("dialing", "stop", "--reason", "sismo")["stopped"]
    assert row.pop("since")
    assert row == {
        "account": None,
        "place": "",
        "unknown_too": True,
        "hang_up": False,
        "by": "command",
        "reason": "sismo",
    }
    assert run_json("dialing", "resume") == {"stopped": []}


def test_one_account_is_stopped_and_the_others_go_on(account, run_json) -> None:
    (row,) = run_json("dialing", "stop", "--account", account.slug)["stopped"]
    assert row["account"] == account.slug
    assert Halt.objects.get().account_id == account.pk


def test_a_region_is_stopped_under_its_one_spelling(run_json) -> None:
    (row,) = run_json("dialing", "stop", "--place", "Región del Maule")["stopped"]
    assert row["place"] == "CL-ML"
    assert run_json("dialing", "resume", "--place", "MAULE") == {"stopped": []}


def test_a_region_stopped_before_there_were_codes_is_allowed_again(run_json) -> None:
    halts.halt(by="user:x", place="MAULE")
    assert run_json("dialing", "resume", "--place", "CL-ML") == {"stopped": []}


def test_a_place_is_looked_for_in_the_accounts_country(account, run_json) -> None:
    ours = ("--account", account.slug, "--place", "Santa Cruz")
    (row,) = run_json("dialing", "stop", *ours)["stopped"]
    assert row["place"] == "SANTA CRUZ"  # a comuna in Chile, a province in Argentina


@pytest.mark.parametrize("flags", [(), ("--known-places-only",)])
def test_cases_without_a_place_stop_unless_said_otherwise(run_json, flags) -> None:
    (row,) = run_json("dialing", "stop", "--place", "Maule", *flags)["stopped"]
    assert row["unknown_too"] == (not flags)


@pytest.mark.parametrize("flags", [(), ("--hang-up",)])
def test_live_calls_are_hung_up_only_when_asked(run_json, hung_up, flags) -> None:
    (row,) = run_json("dialing", "stop", *flags)["stopped"]
    assert row["hang_up"] == bool(flags)
    assert len(hung_up) == len(flags)


def test_allowing_an_account_leaves_the_stop_of_its_region(account, run_json) -> None:
    run_json("dialing", "stop", "--account", account.slug)
    run_json("dialing", "stop", "--account", account.slug, "--place", "Maule")
    (left,) = run_json("dialing", "resume", "--account", account.slug)["stopped"]
    assert left["place"]


def test_allowing_everything_leaves_the_stop_of_an_account(account, run_json) -> None:
    run_json("dialing", "stop")
    run_json("dialing", "stop", "--account", account.slug)
    (left,) = run_json("dialing", "resume")["stopped"]
    assert left["account"] == account.slug


def test_stopping_twice_is_one_stop(run_json) -> None:
    run_json("dialing", "stop")
    assert len(run_json("dialing", "stop")["stopped"]) == 1


def test_what_was_not_stopped_is_refused(account, run, refuse) -> None:
    run("dialing", "stop", "--account", account.slug)
    assert refuse("dialing", "resume")
    assert refuse("dialing", "resume", "--account", account.slug, "--place", "Maule")
    run("dialing", "resume", "--account", account.slug)
    assert refuse("dialing", "resume", "--account", account.slug)


@pytest.mark.parametrize("action", ["stop", "resume", "status"])
def test_an_unknown_account_is_refused_and_stops_nobody(refuse, action) -> None:
    assert "nadie" in refuse("dialing", action, "--account", "nadie")
    assert not Halt.objects.exists()


def test_a_place_that_names_none_is_refused_and_stops_nobody(refuse) -> None:
    """Else "--place S/I" would stop everything."""
    assert refuse("dialing", "stop", "--place", "S/I")
    assert not Halt.objects.exists()


def test_json_is_one_object_and_nothing_else(
    account, run, capfd: pytest.CaptureFixture[str]
) -> None:
    for arguments in (("stop",), ("status",), ("resume",)):
        printed = run("dialing", *arguments, "--json")
        assert list(json.loads(printed)) == ["stopped"]
        assert len(printed.splitlines()) == 1
    assert capfd.readouterr().out == ""


def test_what_is_stopped_can_be_read_by_people(account, run) -> None:
    assert "account=cuenta-uno" in run("dialing", "stop", "--account", account.slug)


def test_stop_and_resume_are_on_record_and_status_is_not(account, run) -> None:
    run("dialing", "stop", "--account", account.slug, "--reason", "sismo")
    run("dialing", "status")
    run("dialing", "resume", "--account", account.slug)
    assert acts() == [
        ("calls.halt", "command", str(account.pk)),
        ("calls.lift", "command", str(account.pk)),
    ]
    assert AuditEntry.objects.get(action="calls.halt").reason == "sismo"


def test_what_is_refused_leaves_no_record(refuse) -> None:
    refuse("dialing", "resume")
    assert acts() == []
