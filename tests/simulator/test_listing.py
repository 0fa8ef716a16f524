"""`POST /v3/list-calls`: filters, order and pages."""

import pytest

from calls.retell.errors import RetellError
from calls.simulator.scenarios import NORMAL, change
from tests.simulator.conftest import all_analyzed, create_body, everybody


@pytest.fixture
def five_calls(simulate, connect):
    """A client of a workspace with five answered calls of two batches."""
    server = simulate(scenario=change(NORMAL, {"outcomes": everybody("answered")}))
    client = connect(server)
    for number in range(5):
        batch = "b1" if number < 3 else "b2"
        client.create_phone_call(create_body(number, batch_id=batch))
    assert all_analyzed(server)
    return client


def attempts(client, criteria: dict, **options) -> list[str]:
    return [call.attempt_id for call in client.list_calls(criteria, **options).items]


def text(key: str, op: str, value: str) -> dict:
    return {"type": "string", "op": op, "key": key, "value": value}


def test_a_call_is_found_by_its_attempt(five_calls) -> None:
    criteria = {"metadata": [text("attempt_id", "eq", "att_3")]}
    assert attempts(five_calls, criteria) == ["att_3"]
    criteria = {"metadata": [text("attempt_id", "eq", "att_9")]}
    assert attempts(five_calls, criteria) == []


def test_all_conditions_must_hold(five_calls) -> None:
    criteria = {
        "metadata": [text("batch_id", "eq", "b1"), text("job_id", "ne", "j1")],
        "call_status": {"type": "enum", "op": "in", "value": ["ended"]},
    }
    assert sorted(attempts(five_calls, criteria)) == ["att_0", "att_2"]


def test_calls_are_found_by_their_start(five_calls) -> None:
    calls = five_calls.list_calls({}, sort_order="ascending").items
    starts = [call.start_timestamp for call in calls]
    assert starts == sorted(starts)
    since = {"type": "number", "op": "ge", "value": starts[3]}
    found = five_calls.list_calls({"start_timestamp": since}).items
    assert {call.start_timestamp for call in found} == set(starts[3:])
    between = {"type": "range", "op": "bt", "value": [starts[1], starts[2]]}
    found = five_calls.list_calls({"start_timestamp": between}).items
    assert {call.start_timestamp for call in found} == set(starts[1:3])


@pytest.mark.parametrize(
    "criteria",
    [
        {"from_number": {"type": "string", "op": "sw", "value": "+56600"}},
        {"agent": [{"agent_id": "agent_sandbox_cobranza", "version": [1]}]},
        {"in_voicemail": {"type": "boolean", "op": "eq", "value": False}},
        {"metadata": [{"type": "present", "op": "pr", "key": "env"}]},
        {"dynamic_variables": [text("nombre", "co", "Soto")]},
        {"combined_cost": {"type": "number", "op": "gt", "value": 0}},
        {"custom_analysis_data": [text("contacto", "ne", "nobody")]},
    ],
)
def test_filters_of_each_kind_match(five_calls, criteria: dict) -> None:
    assert len(attempts(five_calls, criteria)) == 5


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_pages_hold_every_call_once(five_calls, order: str) -> None:
    found, key = [], None
    for _page in range(3):
        page = five_calls.list_calls({}, sort_order=order, limit=2, pagination_key=key)
        found += [call.attempt_id for call in page.items]
        key = page.pagination_key
    assert sorted(found) == [f"att_{number}" for number in range(5)]
    assert not page.has_more


def test_items_have_no_transcript_but_a_cost(five_calls) -> None:
    item = five_calls.list_calls({}).items[0]
    assert item.transcript is None
    assert item.cost_usd > 0


def test_a_dialing_call_is_found_by_its_attempt_and_not_by_start(
    simulate, connect
) -> None:
    client = connect(simulate(rate=0.01))
    client.create_phone_call(create_body(1))
    criteria = {"metadata": [text("attempt_id", "eq", "att_1")]}
    assert attempts(client, criteria) == ["att_1"]
    since = {"type": "number", "op": "ge", "value": 0}
    assert attempts(client, {"start_timestamp": since}) == []


@pytest.mark.parametrize(
    "criteria",
    [
        {"call_status": {"type": "enum", "op": "in", "value": ["registered"]}},
        {"call_status": ["ended"]},
        {"metadata.attempt_id": ["att_1"]},
        {"metadata": {"attempt_id": "att_1"}},
        {"metadata": [{"type": "string", "op": "eq", "value": "x"}]},
        {"start_timestamp": {"lower_threshold": 1}},
        {"start_timestamp": {"type": "range", "op": "bt", "value": [1]}},
        {"to_number": {"type": "string", "op": "like", "value": "x"}},
        {"weather": {"type": "string", "op": "eq", "value": "x"}},
    ],
)
def test_filters_that_retell_does_not_take_are_refused(
    simulate, connect, criteria: dict
) -> None:
    with pytest.raises(RetellError) as caught:
        connect(simulate()).list_calls(criteria)
    assert caught.value.status == 400


def test_skip_and_pagination_key_exclude_each_other(simulate, official) -> None:
    import retell

    sdk = official(simulate())
    with pytest.raises(retell.BadRequestError):
        sdk.call.list(skip=1, pagination_key="x")
