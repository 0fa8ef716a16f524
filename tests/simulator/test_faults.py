"""Scenarios: what goes wrong on request, and what the log says of it."""

import json

import pytest

from calls.retell.errors import RetellError
from calls.simulator.scenarios import (
    CALL_FAULTS,
    CREATE_FAULTS,
    NORMAL,
    SCENARIOS,
    change,
    find_scenario,
)
from calls.simulator.workspace import LATE_ANALYSIS
from tests.simulator.conftest import all_analyzed, create_body, everybody
from tests.simulator.sink import Sink

LIMIT = "limit_after_accept"


def faulty(fault: str, **changes):
    return change(NORMAL, {"create_faults": {fault: 1}, **changes})


# fault -> (kind of error, code, is the call made)
OUTCOMES = [
    ("rate_limited", "rate_limited", "rate_limited", False),
    ("rate_limited_silent", "rate_limited", "rate_limited", False),
    ("payment_required", "rejected", "payment_required", False),
    ("conflict", "unknown", "conflict", False),
    ("error_before_accept", "unknown", "server_error", False),
    ("reset_before_accept", "unknown", "connection", False),
    ("error_after_accept", "unknown", "server_error", True),
    ("reset_after_accept", "unknown", "connection", True),
    ("hang_after_accept", "unknown", "timeout", True),
    ("garbled", "unknown", "undecodable", True),
]


@pytest.mark.parametrize(("fault", "kind", "code", "made"), OUTCOMES)
def test_each_fault_of_create(
    simulate, connect, fault: str, kind: str, code: str, made: bool
) -> None:
    server = simulate(scenario=faulty(fault))
    patience = 0.3 if code == "timeout" else 30
    with pytest.raises(RetellError) as caught:
        connect(server, create_timeout=patience).create_phone_call(create_body())
    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert len(server.calls) == made


def test_a_slow_create_is_a_call_all_the_same(simulate, connect) -> None:
    server = simulate(scenario=faulty("slow", slow_seconds=0.2))
    call = connect(server).create_phone_call(create_body())
    assert [call.call_id] == [made.call_id for made in server.calls]


def test_a_webhook_can_come_before_the_reply(simulate, connect) -> None:
    with Sink() as sink:
        server = simulate(scenario=faulty("webhook_first"), webhook_url=sink.url)
        connect(server).create_phone_call(create_body())
        assert sink.deliveries


def test_a_resend_after_a_fault_finds_the_first_call(simulate, connect) -> None:
    scenario = change(NORMAL, {"create_faults": {"error_after_accept": 0.5}})
    server = simulate(scenario=scenario)
    client = connect(server)
    for number in range(20):
        for _try in range(20):
            try:
                client.create_phone_call(create_body(number))
            except RetellError:
                continue
            break
    assert len(server.calls) == 20


def test_the_reasons_of_the_operator_can_be_set_by_number(simulate, connect) -> None:
    scenario = change(NORMAL, {"numbers": {"+56955500002": "credit_exhausted"}})
    server = simulate(scenario=scenario)
    connect(server).create_phone_call(create_body(2))
    assert all_analyzed(server)
    assert server.calls[0].reason == "credit_exhausted"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("stuck_registered", "registered"), ("stuck_ongoing", "ongoing")],
)
def test_a_stuck_call_stays_open_until_it_is_stopped(
    simulate, connect, fault: str, status: str
) -> None:
    changes = {"call_faults": {fault: 1}, "outcomes": everybody("answered")}
    server = simulate(scenario=change(NORMAL, changes))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert server.wait_for(lambda: server.calls[0].status == status)
    assert server.calls[0].timer is None or status == "ongoing"
    client.stop_call(call_id)
    assert client.get_call(call_id).disconnection_reason == "manual_stopped"


def test_unknown_reasons_and_fields_reach_our_client(simulate, connect) -> None:
    changes = {"call_faults": {"unknown_reason": 1}}
    server = simulate(scenario=change(NORMAL, changes))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert all_analyzed(server)
    reply = client.get_call(call_id)
    assert reply.disconnection_reason == "carrier_mystery"
    assert json.loads(reply.raw)["carrier_details"] == {"hops": 3}


def test_a_cost_can_change_after_the_end(simulate, connect) -> None:
    changes = {"call_faults": {"cost_changes": 1}, "outcomes": everybody("answered")}
    server = simulate(scenario=change(NORMAL, changes))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    kinds = lambda kind: [e for e in server.events if e["kind"] == kind]  # noqa: E731
    assert server.wait_for(lambda: bool(kinds("cost")))
    ended, changed = kinds("end")[0]["cost_cents"], kinds("cost")[0]["cost_cents"]
    assert changed > ended
    assert client.get_call(call_id).call_cost.combined_cost == changed


def test_an_analysis_can_be_lost(simulate, connect) -> None:
    changes = {"call_faults": {"analysis_lost": 1}}
    server = simulate(scenario=change(NORMAL, changes))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    assert server.wait_for(lambda: not server.calls[0].is_open)
    assert client.get_call(call_id).call_analysis is None


def test_an_analysis_can_be_late(simulate, connect) -> None:
    changes = {"call_faults": {"analysis_late": 1}, "outcomes": everybody("busy")}
    server = simulate(scenario=change(NORMAL, changes))
    connect(server).create_phone_call(create_body())
    assert all_analyzed(server)
    at = {event["kind"]: event["wall_ms"] for event in server.events}
    late = (at["analyzed"] - at["end"]) * 36  # business seconds
    assert late >= LATE_ANALYSIS - 36  # the log's milliseconds are rounded


def test_a_call_can_end_for_want_of_a_slot(simulate, connect) -> None:
    server = simulate(scenario=change(NORMAL, {"call_faults": {LIMIT: 1}}))
    connect(server).create_phone_call(create_body())
    assert all_analyzed(server)
    assert server.calls[0].reason == "concurrency_limit_reached"


@pytest.mark.parametrize("number", [0, 1])
def test_in_a_storm_every_create_is_refused(simulate, connect, number: int) -> None:
    server = simulate(scenario=change(NORMAL, {"rate_limit_storms": [60, 60]}))
    server._routes._started -= 60 * number
    for _try in range(3):
        with pytest.raises(RetellError) as caught:
            connect(server).create_phone_call(create_body())
        assert caught.value.kind == "rate_limited"
        assert (caught.value.retry_after is None) == (number == 1)
    assert not server.calls


def test_between_storms_calls_are_made(simulate, connect) -> None:
    server = simulate(scenario=change(NORMAL, {"rate_limit_storms": [60, 1]}))
    connect(server).create_phone_call(create_body())
    assert server.calls


@pytest.mark.parametrize(
    ("fault", "status"), [("error", 500), ("unknown_call", 422), ("rate_limited", 429)]
)
def test_reads_can_fail(simulate, connect, fault: str, status: int) -> None:
    server = simulate(scenario=change(NORMAL, {"read_faults": {fault: 1}}))
    client = connect(server)
    call_id = client.create_phone_call(create_body()).call_id
    with pytest.raises(RetellError) as caught:
        client.get_call(call_id)
    assert caught.value.status == status


def test_a_call_can_be_missing_from_the_list(simulate, connect) -> None:
    server = simulate(scenario=change(NORMAL, {"read_faults": {"unlisted": 1}}))
    client = connect(server)
    call = client.create_phone_call(create_body())
    ours = {"type": "string", "op": "eq", "key": "attempt_id", "value": "att_1"}
    assert client.list_calls({"metadata": [ours]}).items == []
    assert client.get_call(call.call_id).call_id == call.call_id


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_can_be_found(name: str) -> None:
    assert find_scenario(name) is SCENARIOS[name]


@pytest.mark.parametrize("fault", [*CREATE_FAULTS, *CALL_FAULTS])
def test_each_fault_has_a_scenario_of_its_own(fault: str) -> None:
    assert fault in SCENARIOS


def test_a_file_changes_a_named_scenario(tmp_path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"base": "bench", "create_seconds": 2, "talk_seconds": [1, 3]}')
    scenario = find_scenario(str(path))
    assert (scenario.create_seconds, scenario.talk_seconds) == (2, (1, 3))
    assert scenario.outcomes == SCENARIOS["bench"].outcomes


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"base": "nothing"}',
        '{"weather": 1}',
        '{"create_faults": {"earthquake": 1}}',
        '{"outcomes": {"moon": 1}}',
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path, content: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="scenario"):
        find_scenario(str(path))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="No scenario"):
        find_scenario("nothing_like_it")
