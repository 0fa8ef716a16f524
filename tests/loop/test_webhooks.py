"""What Retell sends: authenticated, stored before it is answered, applied once."""

import json
from typing import Any

import pytest
from django.test import Client
from pymongo.errors import AutoReconnect
from pytest_django import Settings

from calls import webhooks
from calls.models import WebhookEvent
from calls.retell import signature
from speechai_site.runtime import clock
from tests.builders import make_call

KEY = "key_sandbox"
PATH = "/webhooks/retell/"


def send(client: Client, body: bytes, *, key: str = KEY, **headers: str) -> int:
    given = headers.pop("given", None)
    if given is None:
        given = signature.sign(body, key, int(clock.wall().timestamp() * 1000))
    return client.post(
        PATH,
        body,
        content_type="application/json",
        headers={"X-Retell-Signature": given},
    ).status_code


def message(event: str = "call_started", **call: Any) -> bytes:
    return json.dumps({"event": event, "call": {"call_id": "call_1", **call}}).encode()


@pytest.fixture(autouse=True)
def _key(db: None, settings: Settings) -> None:
    settings.RETELL_WEBHOOK_KEY = KEY


def test_a_signed_webhook_is_stored_and_answered(client: Client) -> None:
    assert send(client, message()) == 204
    assert bytes(WebhookEvent.objects.get().body) == message()


def test_another_key_is_refused(client: Client) -> None:
    assert send(client, message(), key="key_other") == 401
    assert not WebhookEvent.objects.exists()


def test_a_missing_signature_is_refused(client: Client) -> None:
    assert send(client, message(), given="") == 401


def test_the_same_webhook_twice_is_one_row(client: Client) -> None:
    assert [send(client, message()) for _ in range(2)] == [204, 204]
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"event": "x"}',
        b'{"event": 1, "call": {}}',
        b'{"event": "call_ended", "call": {"call_id": "\\ud83d"}}',
        b"\xff",
    ],
)
def test_a_signed_message_that_can_never_be_used_is_answered(
    client: Client, body: bytes
) -> None:
    signed = signature.sign(body, KEY, int(clock.wall().timestamp() * 1000))
    assert send(client, body, given=signed) in (204, 401)
    assert not WebhookEvent.objects.exists()


def test_without_database_retell_is_asked_to_repeat(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        webhooks.GroupCommit, "_store", staticmethod(lambda rows: AutoReconnect("away"))
    )
    assert send(client, message()) == 503


@pytest.mark.parametrize(
    ("event", "result"),
    [("chat_started", "ignored"), ("call_started", "no_such_call")],
)
def test_an_event_that_fits_no_call_is_marked_and_left(
    client: Client, event: str, result: str
) -> None:
    send(client, message(event))
    webhooks.apply_waiting()
    assert WebhookEvent.objects.get().result == result


def test_an_event_is_matched_by_its_metadata_first(client: Client) -> None:
    call = make_call(status="sending")
    send(client, message(metadata={"attempt_id": call.pk}, call_status="ongoing"))
    webhooks.apply_waiting()
    call.refresh_from_db()
    assert (call.status, call.retell_id) == ("ongoing", "call_1")


def test_an_event_without_metadata_is_matched_by_retells_id(client: Client) -> None:
    call = make_call(status="registered", retell_id="call_1")
    send(client, message(call_status="ongoing"))
    webhooks.apply_waiting()
    call.refresh_from_db()
    assert call.status == "ongoing"
