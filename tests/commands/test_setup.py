import pytest
from django.core.management import CommandError

from batches.models import Account
from speechai_site.management.commands import setup
from speechai_site.runtime import leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.environment import EnvironmentMismatch
from speechai_site.runtime.models import Heartbeat, User


def test_first_setup_makes_an_administrator(db: None, run_json) -> None:
    answer = run_json("setup")
    user = User.objects.get(is_superuser=True)
    assert user.get_username() == answer["admin"] == "admin"
    assert user.check_password(answer["password"])


def test_second_setup_tells_no_password(db: None, run_json) -> None:
    run_json("setup")
    assert run_json("setup")["password"] is None
    assert User.objects.count() == 1


def test_sandbox_has_an_account_to_try_with(db: None, run) -> None:
    run("setup")
    run("setup")
    account = Account.objects.get()
    assert (account.slug, account.country) == ("demo", "CL")


def test_live_gets_no_demo_account(db: None, run, settings, monkeypatch) -> None:
    monkeypatch.setattr(setup.environment, "verify_environment", lambda: None)
    settings.SANDBOX = False
    run("setup")
    assert not Account.objects.exists()


def test_silent_processes_are_forgotten_by_the_database(db: None, run) -> None:
    run("setup")
    indexes = collection(Heartbeat).index_information()
    assert indexes["at_expires"]["expireAfterSeconds"] == 60


def test_setup_waits_for_another_one(db: None, run, monkeypatch) -> None:
    monkeypatch.setattr(setup, "PATIENCE_SECONDS", 0)
    assert leases.take("setup", "another", 30)
    with pytest.raises(CommandError):
        run("setup")


def test_setup_of_a_foreign_database_stops_before_any_change(
    db: None, run, monkeypatch
) -> None:
    def mismatch() -> None:
        raise EnvironmentMismatch("one sentence")

    monkeypatch.setattr(setup.environment, "verify_environment", mismatch)
    with pytest.raises(CommandError, match="one sentence"):
        run("setup")
    assert not User.objects.exists()
