"""Webhooks: signed, retried, and with the faults that a scenario asks for."""

import json
from collections import Counter

import pytest

from calls.retell.schemas import CallReply
from calls.retell.signature import verify
from calls.simulator.scenarios import NORMAL, change
from tests.simulator.conftest import all_analyzed, create_body, everybody
from tests.simulator.sink import Delivery, Sink

ANSWERED = change(
    NORMAL, {"outcomes": everybody("answered"), "webhook_backoff": [0, 0, 0]}
)
ALL = ["call_started", "call_ended", "call_analyzed"]


def is_ours(delivery: Delivery) -> bool:
    """Signed with the sandbox's key; the age is not looked at."""
    at = int(delivery.signature[2:].split(",")[0])
    return verify(delivery.body, "key_sandbox", delivery.signature, at)


@pytest.mark.parametrize(
    ("outcome", "events"),
    [("answered", ALL), ("voicemail", ALL), ("no_answer", ALL[1:])],
)
def test_only_connected_calls_start(
    simulate, connect, outcome: str, events: list[str]
) -> None:
    with Sink() as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(ANSWERED, {"outcomes": everybody(outcome)}),
        )
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == len(events))
        assert sorted(sink.events) == sorted(events)
        assert all(is_ours(delivery) for delivery in sink.deliveries)


def test_the_calls_own_address_wins(simulate, connect) -> None:
    with Sink() as own, Sink() as general:
        server = simulate(webhook_url=general.url, scenario=ANSWERED)
        connect(server).create_phone_call(create_body(webhook_url=own.url))
        assert own.wait_for(lambda: len(own.deliveries) == 3)
        assert general.deliveries == []


def test_only_the_events_that_the_call_asked_for_are_sent(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(webhook_url=sink.url, scenario=ANSWERED)
        body = json.loads(create_body())
        body["agent_override"]["agent"]["webhook_events"] = ["call_ended"]
        connect(server).create_phone_call(json.dumps(body).encode())
        assert all_analyzed(server)
        assert sink.wait_for(lambda: bool(sink.deliveries))
        logged = [e["event"] for e in server.events if e["kind"] == "webhook"]
    assert set(sink.events) | set(logged) == {"call_ended"}


def test_the_analysis_comes_with_call_analyzed_only(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(webhook_url=sink.url, scenario=ANSWERED)
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == 3)
        calls = {
            delivery.payload["event"]: CallReply.parse(delivery.payload["call"])
            for delivery in sink.deliveries
        }
    assert calls["call_started"].call_status == "ongoing"
    assert calls["call_ended"].call_analysis is None
    assert calls["call_ended"].transcript
    assert calls["call_analyzed"].call_analysis.custom_analysis_data["contacto"]
    assert calls["call_analyzed"].attempt_id == "att_1"


def test_a_refused_webhook_is_tried_four_times(simulate, connect) -> None:
    with Sink([500] * 100) as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(ANSWERED, {"outcomes": everybody("no_answer")}),
        )
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == 8)
        assert server.wait_for(
            lambda: (
                [e["attempt"] for e in server.events if "attempt" in e].count(4) == 2
            )
        )
        assert len(sink.deliveries) == 8


def test_a_webhook_that_arrives_at_last_is_not_repeated(simulate, connect) -> None:
    with Sink([503, 503]) as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(ANSWERED, {"outcomes": everybody("no_answer")}),
        )
        connect(server).create_phone_call(create_body())
        delivered = lambda: [  # noqa: E731
            event for event in server.events if event.get("status") == 204
        ]
        assert server.wait_for(lambda: len(delivered()) == 2)
        assert len(sink.deliveries) == 4


def test_nobody_listening_is_logged(simulate, connect) -> None:
    with Sink() as sink:
        gone = sink.url
    server = simulate(webhook_url=gone, scenario=ANSWERED)
    connect(server).create_phone_call(create_body())
    tries = lambda: [e for e in server.events if e["kind"] == "webhook"]  # noqa: E731
    assert server.wait_for(lambda: len(tries()) == 12)
    assert {event["status"] for event in tries()} == {None}


def test_lost_webhooks_never_come(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(ANSWERED, {"webhook_faults": {"lost": 1}}),
        )
        connect(server).create_phone_call(create_body())
        assert all_analyzed(server)
        assert sink.deliveries == []


def test_duplicated_webhooks_come_three_times(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(
                ANSWERED,
                {"webhook_faults": {"duplicated": 1, "late": 1}, "late_seconds": 0.05},
            ),
        )
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == 9)
        assert Counter(sink.events) == dict.fromkeys(ALL, 3)


def test_forged_webhooks_are_signed_with_another_key(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(ANSWERED, {"webhook_faults": {"forged": 1}}),
        )
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == 6)
        forged = [item for item in sink.deliveries if not is_ours(item)]
    assert len(forged) == 3


@pytest.mark.parametrize(
    ("faults", "order"),
    [({}, ALL[::-1]), ({"analysis_lost": 1}, ["call_ended", "call_started"])],
)
def test_reordered_webhooks_come_backwards(
    simulate, connect, faults: dict, order: list[str]
) -> None:
    with Sink() as sink:
        scenario = change(
            ANSWERED, {"webhook_faults": {"reordered": 1}, "call_faults": faults}
        )
        server = simulate(webhook_url=sink.url, scenario=scenario)
        connect(server).create_phone_call(create_body())
        assert sink.wait_for(lambda: len(sink.deliveries) == len(order))
    assert sink.events == order
