"""The do-not-call list over the API: of the key's account alone, added once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batches.models import Account
from calls import suppression
from calls.models import DoNotCall
from speechai_site.models import ApiKey
from speechai_site.runtime import keys
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_batch, make_job

Send = Callable[..., Any]
BOTH = {"phone": "9 8765 4321", "document": "12.345.678-5", "reason": "administrative"}


@pytest.fixture
def send(account: Account) -> Send:
    """`send(path, body, scopes)`: a POST with a key of `account`."""

    def send(path: str, body: dict, scopes: tuple = ("read", "do_not_call")) -> Any:
        _key, text = ApiKey.issue(account, "Integration", list(scopes))
        client = Client(headers={"X-API-Key": text})
        address = f"/api/v1/do-not-call{path}"
        return client.post(address, body, content_type="application/json")

    return send


def test_a_phone_and_a_person_are_added_once(send: Send, account: Account) -> None:
    first, second = send("", BOTH).json(), send("", BOTH).json()
    assert (first["added"], second["added"]) == (2, 0)
    ids = [{item["id"] for item in answer["items"]} for answer in (first, second)]
    assert ids[0] == ids[1]
    assert set(DoNotCall.objects.values_list("key", "account_id")) == {
        (keys.phone_key("+56987654321"), account.pk),
        (keys.person_key("CL:RUT:123456785", ""), account.pk),
    }


def test_waiting_cases_end_at_once(send: Send, account: Account) -> None:
    key = keys.person_key("CL:RUT:123456785", "")
    make_job(make_batch(account), person_key=key)
    assert send("", BOTH).json()["ended"] == 1


def test_an_answer_holds_no_phone_and_no_document(send: Send) -> None:
    text = send("", BOTH).content.decode()
    assert "98765" not in text
    assert "12.345" not in text


def test_adding_needs_the_scope(send: Send) -> None:
    assert send("", BOTH, ("read",)).status_code == 403
    assert not DoNotCall.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "1"},
        {"document": "12.345.678-9"},
        {"phone": "", "document": ""},
        {"reason": "provider"},
        {"reason": "wrong_number", "document": ""},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
    ],
)
def test_what_makes_no_sense_is_invalid(send: Send, change: dict) -> None:
    answer = send("", BOTH | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert not DoNotCall.objects.exists()


def test_a_list_and_a_search_show_the_accounts_own_entries(
    send: Send, get: Callable[..., Any], account: Account
) -> None:
    send("", BOTH)
    for other in (None, make_account().pk):
        for kind, key in list(DoNotCall.objects.values_list("kind", "key")):
            suppression.suppress(
                kind, key, account_id=other, reason="lawyer", source="user:x"
            )
    assert len(get("/do-not-call").json()["items"]) == 2
    assert len(get("/do-not-call", kind="person").json()["items"]) == 1
    found = send("/search", {"phone": "+56987654321"}).json()
    assert [item["kind"] for item in found] == ["phone"]


def test_an_entry_is_withdrawn_with_a_reason(send: Send) -> None:
    for item in send("", BOTH).json()["items"]:
        assert (
            send(f"/{item['id']}/withdraw", {"reason": "mistyped"}).status_code == 204
        )
        assert (
            send(f"/{item['id']}/withdraw", {"reason": "mistyped"}).status_code == 404
        )
    assert AuditEntry.objects.filter(reason="mistyped").count() == 2


def test_what_the_person_asked_for_stays(send: Send) -> None:
    items = send("", BOTH | {"reason": "opted_out"}).json()["items"]
    answer = send(f"/{items[0]['id']}/withdraw", {"reason": "mistyped"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("whose", ["agency", "another"])
def test_the_entry_of_another_is_not_found(send: Send, db: None, whose: str) -> None:
    owner = make_account() if whose == "another" else None
    entry = DoNotCall.objects.create(
        kind="phone", key="a", account=owner, reason="lawyer", source="x"
    )
    assert send(f"/{entry.pk}/withdraw", {"reason": "mine"}).status_code == 404
