"""The official SDK, strict, against the simulator: each endpoint, each event."""

import json

import pytest
import retell
from retell.types import PhoneCallResponse
from retell.types import call_create_phone_call_params as sdk_params

from calls.simulator import validation
from calls.simulator.outcomes import OUTCOMES
from calls.simulator.scenarios import NORMAL, change
from tests.simulator.conftest import all_analyzed, create_body, everybody
from tests.simulator.sink import Sink

MIX = [name for name, outcome in OUTCOMES.items() if name != "unheard_of"]


def test_create_returns_a_registered_call(simulate, official) -> None:
    sdk = official(simulate(rate=1))
    call = sdk.call.create_phone_call(**json.loads(create_body()))
    assert (call.call_status, call.agent_version) == ("registered", 1)
    assert call.metadata["attempt_id"] == "att_1"


@pytest.mark.parametrize("outcome", MIX)
def test_get_shows_a_finished_call_of_each_outcome(
    simulate, official, outcome: str
) -> None:
    server = simulate(scenario=change(NORMAL, {"outcomes": everybody(outcome)}))
    sdk = official(server)
    created = sdk.call.create_phone_call(**json.loads(create_body()))
    assert all_analyzed(server)
    call = sdk.call.retrieve(created.call_id)
    assert call.call_status == OUTCOMES[outcome].status
    assert call.call_analysis is not None
    assert call.call_cost is not None


def test_list_returns_calls_without_transcripts(simulate, official) -> None:
    server = simulate(scenario=change(NORMAL, {"outcomes": everybody("answered")}))
    sdk = official(server)
    for number in range(3):
        sdk.call.create_phone_call(**json.loads(create_body(number)))
    assert all_analyzed(server)
    page = sdk.call.list(
        filter_criteria={
            "call_status": {"type": "enum", "op": "in", "value": ["ended"]}
        },
        limit=2,
        include_total=True,
    )
    assert (len(page.items), page.has_more, page.total) == (2, True, 3)
    assert not any(hasattr(item, "transcript") for item in page.items)


def test_one_attempt_is_found_by_its_id(simulate, official) -> None:
    sdk = official(simulate(rate=1))
    calls = [
        sdk.call.create_phone_call(**json.loads(create_body(number)))
        for number in range(3)
    ]
    wanted = calls[1].metadata["attempt_id"]
    ours = {"type": "string", "op": "eq", "key": "attempt_id", "value": wanted}
    page = sdk.call.list(filter_criteria={"metadata": [ours]}, limit=2)
    assert [item.call_id for item in page.items] == [calls[1].call_id]


def test_ended_calls_are_found_by_the_time_of_their_end(simulate, official) -> None:
    server = simulate(scenario=change(NORMAL, {"outcomes": everybody("answered")}))
    sdk = official(server)
    for number in range(3):
        sdk.call.create_phone_call(**json.loads(create_body(number)))
    assert all_analyzed(server)

    def since(moment: int) -> list[int]:
        ended = {"end_timestamp": {"type": "number", "op": "ge", "value": moment}}
        page = sdk.call.list(filter_criteria=ended, sort_order="ascending")
        return sorted(item.end_timestamp for item in page.items)

    ends = since(0)
    assert len(ends) == 3
    assert since(ends[1]) == [end for end in ends if end >= ends[1]]
    assert since(ends[2] + 1) == []


def test_stop_ends_a_live_call(simulate, official) -> None:
    server = simulate(rate=1)
    sdk = official(server)
    created = sdk.call.create_phone_call(**json.loads(create_body()))
    sdk.call.stop(created.call_id)
    assert sdk.call.retrieve(created.call_id).disconnection_reason == "manual_stopped"


def test_agents_versions_prompts_and_numbers_are_listed(simulate, official) -> None:
    sdk = official(simulate())
    agents = sdk.agent.list(limit=1)
    assert agents.has_more
    rest = sdk.agent.list(limit=1, pagination_key=agents.pagination_key)
    assert not rest.has_more
    agent_id = agents.items[0].agent_id
    versions = sdk.agent.list_versions(agent_id).items
    agent = sdk.agent.retrieve(agent_id, version="latest_published")
    assert agent.version == max(item.version for item in versions if item.is_published)
    llm = sdk.llm.retrieve(agent.response_engine.llm_id, version=agent.version)
    assert "{{monto_total}}" in llm.general_prompt
    assert len(sdk.phone_number.list().items) == 3


def test_concurrency_moves_with_live_calls(simulate, official) -> None:
    sdk = official(simulate(rate=1, concurrency=5))
    assert sdk.concurrency.retrieve().current_concurrency == 0
    created = sdk.call.create_phone_call(**json.loads(create_body()))
    now = sdk.concurrency.retrieve()
    assert (now.current_concurrency, now.concurrency_limit) == (1, 5)
    sdk.call.stop(created.call_id)
    assert sdk.concurrency.retrieve().current_concurrency == 0


def test_the_key_tells_its_organisation(simulate, official) -> None:
    assert official(simulate()).identity.retrieve().org_id == "org_sandbox"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"to_number": "955500001"}, retell.BadRequestError),
        ({"to_number": "+0123456789"}, retell.BadRequestError),
        ({"from_number": "+56229999999"}, retell.NotFoundError),
        (
            {"from_number": "+541155550100", "override_agent_id": None},
            retell.BadRequestError,
        ),
        ({"override_agent_id": "agent_x"}, retell.UnprocessableEntityError),
        ({"override_agent_version": 99}, retell.UnprocessableEntityError),
        ({"retell_llm_dynamic_variables": {"n": 5}}, retell.BadRequestError),
        ({"metadata": ["x"]}, retell.BadRequestError),
        ({"metadata": {"x": "y" * 50_000}}, retell.BadRequestError),
        ({"extra_body": {"webhook_url": "http://x"}}, retell.BadRequestError),
        (
            {"agent_override": {"agent": {"ring_duration_ms": 4_000}}},
            retell.BadRequestError,
        ),
        (
            {"agent_override": {"agent": {"voicemail_option": {"action": {}}}}},
            retell.BadRequestError,
        ),
        (
            {
                "agent_override": {
                    "agent": {
                        "post_call_analysis_data": [
                            {"type": "enum", "name": "x", "description": "y"}
                        ]
                    }
                }
            },
            retell.BadRequestError,
        ),
    ],
)
def test_what_retell_refuses_is_refused(
    simulate, official, changes: dict, error: type[Exception]
) -> None:
    server = simulate()
    body = json.loads(create_body()) | changes
    arguments = {name: value for name, value in body.items() if value is not None}
    with pytest.raises(error):
        official(server).call.create_phone_call(**arguments)
    assert server.calls == []


def test_a_wrong_key_is_refused(simulate, official) -> None:
    with pytest.raises(retell.AuthenticationError):
        official(simulate(), key="key_other").concurrency.retrieve()


def test_an_unknown_call_is_422(simulate, official) -> None:
    with pytest.raises(retell.UnprocessableEntityError):
        official(simulate()).call.retrieve("call_nobody")


def test_every_webhook_holds_a_call_that_the_sdk_understands(
    simulate, official
) -> None:
    with Sink() as sink:
        server = simulate(
            webhook_url=sink.url,
            scenario=change(NORMAL, {"outcomes": dict.fromkeys(MIX, 1)}),
        )
        sdk = official(server)
        for number in range(60):
            sdk.call.create_phone_call(**json.loads(create_body(number)))
        assert sink.wait_for(lambda: sink.events.count("call_analyzed") == 60)
        for delivery in sink.deliveries:
            PhoneCallResponse.model_validate(delivery.payload["call"], strict=True)
            assert retell.lib.webhook_auth.symmetric["verify"](
                delivery.body.decode(),
                "key_sandbox",
                delivery.signature,
                {"timestamp": int(delivery.signature[2:15])},
            )


def test_the_simulator_knows_the_sdks_fields_of_create() -> None:
    known = set(sdk_params.CallCreatePhoneCallParams.__annotations__)
    assert set(validation.BODY_FIELDS) == known
    parts = sdk_params.AgentOverride.__annotations__
    assert set(parts) == validation.OVERRIDE_PARTS
    assert set(validation.AGENT_RANGES) <= set(
        sdk_params.AgentOverrideAgent.__annotations__
    )
