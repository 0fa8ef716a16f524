"""Units are converted once; what a prompt needs is found."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.retell.schemas import (
    CallReply,
    Concurrency,
    LlmReply,
    dollars,
    milliseconds,
    moment,
)


@pytest.mark.parametrize(
    ("cents", "usd"),
    [
        (0, "0"),
        (1, "0.01"),
        (12.3456, "0.123456"),
        (0.00004, "0"),
        (0.00005, "0.000001"),
    ],
)
def test_cents_become_dollars_with_six_decimals(cents: float, usd: str) -> None:
    assert dollars(cents) == Decimal(usd)
    assert dollars(cents).as_tuple().exponent == -6


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_milliseconds_survive_the_way_there_and_back(naive: datetime) -> None:
    when = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    assert moment(milliseconds(when)) == when


GARBAGE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([])
)


@given(st.dictionaries(st.sampled_from(sorted(CallReply.model_fields)), GARBAGE))
def test_a_call_with_an_id_is_always_readable(fields: dict) -> None:
    call = CallReply.parse(fields | {"call_id": "call_1"})
    assert call.call_id == "call_1"
    assert call.cost_usd is None or call.cost_usd.is_finite()
    assert call.started_at is None or call.started_at.tzinfo is UTC


@pytest.mark.parametrize("metadata", [None, [], "x", {}, {"attempt_id": 5}])
def test_a_call_that_is_not_ours_has_no_attempt(metadata: object) -> None:
    call = CallReply.parse({"call_id": "call_1", "metadata": metadata})
    assert call.attempt_id is None


def test_variables_are_found_in_all_prompts() -> None:
    llm = LlmReply.parse(
        {
            "llm_id": "llm_1",
            "begin_message": "Hola {{nombre}}, son las {{current_time}}",
            "general_prompt": "{{ empresa }} {{current_time_America/Santiago}} {{nombre}}",
            "states": [{"state_prompt": "Debe {{monto_total}} a {{acreedor}}"}, {}],
            "default_dynamic_variables": {"acreedor": "Tienda"},
        }
    )
    assert llm.required_variables == ["empresa", "monto_total", "nombre"]


def test_what_is_reserved_for_inbound_calls_is_not_ours() -> None:
    limits = {"concurrency_limit": 20, "reserved_inbound_concurrency": 5}
    assert Concurrency.parse(limits).outbound_limit == 15


@pytest.mark.parametrize("whole", [True, False])
def test_half_an_emoji_is_replaced_and_a_whole_one_kept(whole: bool) -> None:
    said = "\\ud83d\\ude00" if whole else "\\ud83d"
    body = f'{{"call_id": "call_1", "transcript": "Agent: hola {said}"}}'

    reply = CallReply.parse(body)

    assert reply.transcript == "Agent: hola " + ("😀" if whole else "?")
    assert reply.raw.encode()


def test_half_an_emoji_in_an_object_is_replaced_too() -> None:
    reply = CallReply.parse({"call_id": "call_1", "transcript": "\ud83d"})
    assert (reply.transcript, reply.raw.encode()[-3:]) == ("?", b'?"}')
