import io

import pytest

from calls import arming
from speechai_site import roles
from speechai_site.runtime import environment
from tests.builders import make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def unarmed(settings, db) -> None:
    settings.SANDBOX = False
    settings.RETELL_API_KEY = "key_live"
    environment.verify_environment()
    user = make_user(roles.ADMINISTRATOR, username="ana")
    user.set_password(PASSWORD)
    user.save()


@pytest.fixture
def typed(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


def test_status_names_what_is_missing(unarmed, run_json) -> None:
    status = run_json("live", "status")
    assert (status["mode"], status["armed"]) == ("live", False)
    missing = {c["code"] for c in status["conditions"] if not c["met"]}
    assert missing == {"policy", "webhook", "test_call"}
    assert all(c["sentence"] for c in status["conditions"])


def test_arm_refuses_in_a_sentence(unarmed, typed, refuse) -> None:
    confirmed = ("--user", "ana", "--confirm", "ARMAR", "--password-stdin")
    assert "cuenta" in refuse("live", "arm", *confirmed)


def test_arm_wants_a_user(unarmed, refuse) -> None:
    assert "--user" in refuse("live", "arm")


def test_arm_and_disarm(unarmed, typed, run_json, monkeypatch) -> None:
    monkeypatch.setattr(arming, "CONDITIONS", [])
    confirmed = ("--user", "ana", "--confirm", "ARMAR", "--password-stdin")
    status = run_json("live", "arm", *confirmed)
    assert (status["armed"], status["armed_by"]) == (True, "user:ana")
    status = run_json("live", "disarm")
    assert (status["armed"], status["disarmed_by"]) == (False, "command")


def test_disarm_says_when_there_is_nothing_to_disarm(unarmed, refuse) -> None:
    assert refuse("live", "disarm")
