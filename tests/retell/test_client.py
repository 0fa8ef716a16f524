"""The client's manners: exact bytes, one request, errors that callers decide by."""

import json
from decimal import Decimal

import pytest

from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from tests.retell.recorder import CALL, Recorder, Reply

BODY = b'{"to_number" :  "+56955550101","n":"\xc3\xb1"}'


def error_of(client: RetellClient, reply: Reply, recorder: Recorder) -> RetellError:
    recorder.reply = reply
    with pytest.raises(RetellError) as caught:
        client.create_phone_call(BODY)
    return caught.value


def test_create_sends_exactly_the_given_bytes(
    client: RetellClient, recorder: Recorder
) -> None:
    recorder.reply = Reply(201, CALL)
    client.create_phone_call(BODY)
    assert [request.body for request in recorder.received] == [BODY]


ERRORS = [
    (400, "rejected", "invalid_request", True),
    (401, "rejected", "unauthorized", False),
    (402, "rejected", "payment_required", False),
    (403, "rejected", "forbidden", False),
    (404, "rejected", "not_found", True),
    (422, "rejected", "unknown_asset", True),
    (429, "rate_limited", "rate_limited", False),
    (408, "unknown", "timeout", False),
    (409, "unknown", "conflict", False),
    (418, "unknown", "unexpected_status", False),
    (500, "unknown", "server_error", False),
    (503, "unknown", "server_error", False),
]


@pytest.mark.parametrize(("status", "kind", "code", "permanent"), ERRORS)
def test_each_status_has_its_kind(
    client: RetellClient,
    recorder: Recorder,
    status: int,
    kind: str,
    code: str,
    permanent: bool,
) -> None:
    error = error_of(client, Reply(status, {"message": "no"}), recorder)
    assert (error.kind, error.code, error.permanent, error.status) == (
        kind,
        code,
        permanent,
        status,
    )
    assert len(recorder.received) == 1


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "No outbound agent id set up for phone number", "no_outbound_agent"),
        (400, "contact for to_number is marked do_not_call", "do_not_call"),
        (404, "Item +56222222222 not found from phone-number", "number_not_found"),
    ],
)
@pytest.mark.parametrize("field", ["message", "error_message", "error"])
def test_what_retell_says_tells_refusals_apart(
    client: RetellClient,
    recorder: Recorder,
    status: int,
    message: str,
    code: str,
    field: str,
) -> None:
    assert error_of(client, Reply(status, {field: message}), recorder).code == code


def test_a_timeout_is_unknown(impatient: RetellClient, recorder: Recorder) -> None:
    error = error_of(impatient, recorder.never, recorder)
    assert (error.kind, error.code, error.status) == ("unknown", "timeout", None)
    assert len(recorder.received) == 1


def test_a_reset_after_the_request_is_unknown(
    client: RetellClient, recorder: Recorder
) -> None:
    error = error_of(client, recorder.reset, recorder)
    assert (error.kind, error.code) == ("unknown", "connection")
    assert len(recorder.received) == 1


def test_nobody_listening_is_unknown() -> None:
    with RetellServerThatLeft() as url, pytest.raises(RetellError) as caught:
        RetellClient(url, "key").create_phone_call(BODY)
    assert (caught.value.kind, caught.value.code) == ("unknown", "connection")


class RetellServerThatLeft:
    """An address where a server was a moment ago."""

    def __enter__(self) -> str:
        with Recorder() as recorder:
            return recorder.url

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.mark.parametrize(
    "body", [b"", b'{"call_id": "ca', b"[]", b"null", b'"x"', {}, {"call_id": ""}]
)
def test_a_2xx_that_cannot_be_read_is_unknown(
    client: RetellClient, recorder: Recorder, body: object
) -> None:
    error = error_of(client, Reply(201, body), recorder)
    assert (error.kind, error.code, error.status) == ("unknown", "undecodable", 201)


def test_a_redirect_is_not_followed(client: RetellClient, recorder: Recorder) -> None:
    reply = Reply(307, headers={"Location": recorder.url + "/elsewhere"})
    assert error_of(client, reply, recorder).kind == "unknown"
    assert len(recorder.received) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_seconds(
    client: RetellClient, recorder: Recorder, headers: dict, seconds: float | None
) -> None:
    error = error_of(client, Reply(429, {}, headers), recorder)
    assert error.retry_after == seconds


def test_no_phone_number_reaches_the_error_text(
    client: RetellClient, recorder: Recorder
) -> None:
    reply = Reply(404, {"message": "Item +56912345678 not found from phone-number"})
    error = error_of(client, reply, recorder)
    assert "569" not in f"{error} {error!r}"
    assert "+56912345678" in error.reply


def test_the_environments_proxy_is_not_used(
    client: RetellClient, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    recorder.reply = Reply(201, CALL)
    assert client.create_phone_call(BODY).call_id == "call_1"


def test_the_environment_is_checked_before_the_first_create_only(
    recorder: Recorder,
) -> None:
    recorder.reply = Reply(201, CALL)
    checked = []
    client = RetellClient(recorder.url, "key", before_first_create=checked.append)
    client.create_phone_call(BODY)
    client.create_phone_call(BODY)
    assert checked == [client]


def test_nothing_is_sent_when_the_environment_does_not_match(
    recorder: Recorder,
) -> None:
    def refuse(_client: RetellClient) -> None:
        raise RuntimeError("another organisation")

    client = RetellClient(recorder.url, "key", before_first_create=refuse)
    for _time in range(2):
        with pytest.raises(RuntimeError, match="organisation"):
            client.create_phone_call(BODY)
    assert recorder.received == []


def test_a_call_of_the_future_is_kept_whole(
    client: RetellClient, recorder: Recorder
) -> None:
    sent = CALL | {
        "call_status": "teleported",
        "disconnection_reason": "moon_phase",
        "duration_ms": "long",
        "hologram": {"size": 3},
        "call_cost": {"combined_cost": 12.3456},
    }
    recorder.reply = Reply(200, sent)
    call = client.get_call("call_1")
    assert (call.call_status, call.disconnection_reason) == ("teleported", "moon_phase")
    assert call.duration_ms is None
    assert call.cost_usd == Decimal("0.123456")
    assert json.loads(call.raw) == sent


def test_lists_are_read_to_their_last_page(
    client: RetellClient, recorder: Recorder
) -> None:
    pages = iter(
        [
            {
                "items": [{"agent_id": "a"}],
                "has_more": True,
                "pagination_key": "next",
            },
            {"items": [{"agent_id": "b"}], "has_more": False},
        ]
    )

    class Paged(Reply):
        @property
        def content(self) -> bytes:
            return json.dumps(next(pages)).encode()

    recorder.reply = Paged()
    assert [agent.agent_id for agent in client.list_agents()] == ["a", "b"]
    assert recorder.received[1].query["pagination_key"] == "next"


@pytest.mark.parametrize("body", [[], {"items": None}, {"items": [{}]}, b"{"])
def test_a_list_that_cannot_be_read_is_an_error(
    client: RetellClient, recorder: Recorder, body: object
) -> None:
    recorder.reply = Reply(200, body)
    with pytest.raises(RetellError) as caught:
        client.list_calls({})
    assert caught.value.code == "undecodable"


def test_ids_cannot_change_the_path(client: RetellClient, recorder: Recorder) -> None:
    recorder.reply = Reply(204)
    client.stop_call("../v2/delete-call/x")
    assert recorder.received[0].path == "/v2/stop-call/..%2Fv2%2Fdelete-call%2Fx"


@pytest.mark.parametrize("fault", ["never", "reset"])
def test_a_read_is_not_repeated_either(
    impatient: RetellClient, recorder: Recorder, fault: str
) -> None:
    recorder.reply = getattr(recorder, fault)
    with pytest.raises(RetellError):
        impatient.get_call("call_1")
    assert len(recorder.received) == 1
