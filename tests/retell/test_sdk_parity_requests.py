"""Our client sends what the official SDK sends, and names failures as it does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import retell

from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.payload import build_create_body
from tests.retell.recorder import CALL, Recorder, Reply
from tests.retell.test_payload import ARGUMENTS

BODY = build_create_body(**ARGUMENTS)
FILTERS = {
    "metadata": [{"type": "string", "op": "eq", "key": "attempt_id", "value": "att_1"}],
    "start_timestamp": {"type": "range", "op": "bt", "value": [1, 2]},
}
ENDED = {"end_timestamp": {"type": "number", "op": "ge", "value": 1}}
# What the program looks for: one attempt (reconcile), and all that ended (sweep).
SEARCHES = {
    "list one attempt": (
        {
            "filter_criteria": {"metadata": FILTERS["metadata"]},
            "sort_order": "descending",
            "limit": 2,
        },
        lambda ours: ours.list_calls({"metadata": FILTERS["metadata"]}, limit=2),
    ),
    "list ended": (
        {"filter_criteria": ENDED, "sort_order": "ascending", "pagination_key": "k"},
        lambda ours: ours.list_calls(ENDED, sort_order="ascending", pagination_key="k"),
    ),
}
EMPTY_PAGE = {"items": [], "has_more": False}
AGENT = {
    "agent_id": "agent_1",
    "version": 3,
    "voice_id": "v",
    "last_modification_timestamp": 1,
    "response_engine": {"type": "retell-llm", "llm_id": "llm_1"},
}
LLM = {"llm_id": "llm_1", "last_modification_timestamp": 1}
INFO = {"org_id": "org_1", "org_name": "Org"}

# name -> (a successful reply, our request, the SDK's)
Pair = tuple[Reply, Callable[[RetellClient], Any], Callable[["retell.Retell"], Any]]
ENDPOINTS: dict[str, Pair] = {
    "create": (
        Reply(201, CALL),
        lambda ours: ours.create_phone_call(BODY),
        lambda sdk: sdk.call.create_phone_call(**json.loads(BODY)),
    ),
    "get": (
        Reply(200, CALL),
        lambda ours: ours.get_call("call_1"),
        lambda sdk: sdk.call.retrieve("call_1"),
    ),
    "list": (
        Reply(200, EMPTY_PAGE),
        lambda ours: ours.list_calls(
            FILTERS, sort_order="ascending", limit=7, pagination_key="next"
        ),
        lambda sdk: sdk.call.list(
            filter_criteria=FILTERS,
            sort_order="ascending",
            limit=7,
            pagination_key="next",
        ),
    ),
    "stop": (
        Reply(204),
        lambda ours: ours.stop_call("call_1"),
        lambda sdk: sdk.call.stop("call_1"),
    ),
    "agents": (
        Reply(200, EMPTY_PAGE),
        lambda ours: ours.list_agents(),
        lambda sdk: sdk.agent.list(limit=100),
    ),
    "agent": (
        Reply(200, AGENT),
        lambda ours: ours.get_agent("agent_1"),
        lambda sdk: sdk.agent.retrieve("agent_1"),
    ),
    "agent version": (
        Reply(200, AGENT),
        lambda ours: ours.get_agent("agent_1", 3),
        lambda sdk: sdk.agent.retrieve("agent_1", version=3),
    ),
    "agent versions": (
        Reply(200, EMPTY_PAGE),
        lambda ours: ours.list_agent_versions("agent_1"),
        lambda sdk: sdk.agent.list_versions("agent_1", limit=100),
    ),
    "llm": (
        Reply(200, LLM),
        lambda ours: ours.get_retell_llm("llm_1", 3),
        lambda sdk: sdk.llm.retrieve("llm_1", version=3),
    ),
    "numbers": (
        Reply(200, EMPTY_PAGE),
        lambda ours: ours.list_phone_numbers(),
        lambda sdk: sdk.phone_number.list(limit=100),
    ),
    "concurrency": (
        Reply(200, {}),
        lambda ours: ours.get_concurrency(),
        lambda sdk: sdk.concurrency.retrieve(),
    ),
    "key info": (
        Reply(200, INFO),
        lambda ours: ours.get_api_key_info(),
        lambda sdk: sdk.identity.retrieve(),
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_of_the_programs_own_is_the_sdks(
    recorder: Recorder, client: RetellClient, sdk: "retell.Retell", name: str
) -> None:
    recorder.reply = Reply(200, EMPTY_PAGE)
    arguments, ours = SEARCHES[name]
    ours(client)
    sent = recorder.received[0]
    sdk.call.list(**{"limit": sent.json["limit"], **arguments})
    expected = recorder.received[1]
    assert (sent.method, sent.path, sent.query, sent.json) == (
        expected.method,
        expected.path,
        expected.query,
        expected.json,
    )


@pytest.mark.parametrize("name", ENDPOINTS)
def test_method_path_query_key_and_json_are_the_sdks(
    recorder: Recorder, client: RetellClient, sdk: "retell.Retell", name: str
) -> None:
    recorder.reply, ours, official = ENDPOINTS[name]
    ours(client)
    official(sdk)
    sent, expected = recorder.received
    assert (sent.method, sent.path, sent.query) == (
        expected.method,
        expected.path,
        expected.query,
    )
    assert sent.authorization == expected.authorization == "Bearer key_test"
    assert sent.json == expected.json


# status -> (the SDK's class, our kind)
CLASSES = {
    400: (retell.BadRequestError, "rejected"),
    401: (retell.AuthenticationError, "rejected"),
    402: (retell.APIStatusError, "rejected"),
    403: (retell.PermissionDeniedError, "rejected"),
    404: (retell.NotFoundError, "rejected"),
    408: (retell.APIStatusError, "unknown"),
    409: (retell.ConflictError, "unknown"),
    422: (retell.UnprocessableEntityError, "rejected"),
    429: (retell.RateLimitError, "rate_limited"),
    500: (retell.InternalServerError, "unknown"),
    503: (retell.InternalServerError, "unknown"),
}


@pytest.mark.parametrize("status", CLASSES)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_both_fail_alike_and_after_one_request(
    recorder: Recorder,
    client: RetellClient,
    sdk: "retell.Retell",
    name: str,
    status: int,
) -> None:
    _reply, ours, official = ENDPOINTS[name]
    recorder.reply = Reply(status, {"status": "error", "message": "no"})
    sdk_class, kind = CLASSES[status]
    with pytest.raises(sdk_class):
        official(sdk)
    with pytest.raises(RetellError) as caught:
        ours(client)
    assert (caught.value.kind, caught.value.status) == (kind, status)
    assert len(recorder.received) == 2


@pytest.mark.parametrize("name", ENDPOINTS)
def test_both_give_up_on_silence_after_one_request(
    recorder: Recorder, impatient: RetellClient, sdk: "retell.Retell", name: str
) -> None:
    _reply, ours, official = ENDPOINTS[name]
    recorder.reply = recorder.never
    with pytest.raises(retell.APITimeoutError):
        official(sdk.with_options(timeout=0.3))
    with pytest.raises(RetellError) as caught:
        ours(impatient)
    assert (caught.value.kind, caught.value.code) == ("unknown", "timeout")
    assert len(recorder.received) == 2
