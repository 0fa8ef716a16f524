import pytest

from batches.models import Account
from speechai_site.models import ApiKey
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account

NEW = ("acme", "--name", "ACME", "--country", "CL", "--timezone", "America/Santiago")


def test_account_is_made(db: None, run) -> None:
    run("create_account", *NEW, "--plan", "minutes_based")
    account = Account.objects.get(slug="acme")
    assert (account.country, account.time_zone) == ("CL", "America/Santiago")
    assert account.plan == "minutes_based"
    assert AuditEntry.objects.get().action == "account.create"


def test_second_account_of_a_slug_is_refused(db: None, run, refuse) -> None:
    run("create_account", *NEW)
    assert refuse("create_account", *NEW)


@pytest.mark.parametrize("zone", ["America/Nowhere", "", "../etc/passwd"])
def test_unknown_time_zone_is_refused(db: None, refuse, zone: str) -> None:
    assert refuse("create_account", *NEW[:-1], zone)
    assert not Account.objects.exists()


def test_key_is_printed_alone_and_works(db: None, run) -> None:
    account = make_account()
    text = run("create_api_key", "--account", account.slug, "--name", "CRM").strip()
    key = ApiKey.find(text)
    assert (key.account_id, key.name, key.scopes) == (account.pk, "CRM", ["read"])


def test_key_of_an_unknown_account_is_refused(db: None, refuse) -> None:
    assert refuse("create_api_key", "--account", "nobody", "--name", "CRM")
