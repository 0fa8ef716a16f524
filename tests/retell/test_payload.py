"""The create body is deterministic and stays inside Retell's contract."""

import json
from typing import Any

import pytest

from calls.retell.analysis import POST_CALL_ANALYSIS
from calls.retell.payload import build_create_body

ARGUMENTS: dict[str, Any] = {
    "from_number": "+566005550100",
    "to_number": "+56955550101",
    "agent_id": "agent_1",
    "agent_version": 7,
    "attempt_id": "att_1",
    "batch_id": "b1",
    "job_id": "j1",
    "env": "sandbox",
    "variables": {"nombre": "Íñigo Muñoz", "monto_total": "cien mil pesos"},
    "webhook_url": "http://127.0.0.1:8000/webhooks/retell/",
}


def test_the_body_is_what_retell_expects() -> None:
    assert json.loads(build_create_body(**ARGUMENTS)) == {
        "from_number": "+566005550100",
        "to_number": "+56955550101",
        "override_agent_id": "agent_1",
        "override_agent_version": 7,
        "idempotency_key": "att_1",
        "honor_internal_dnc": True,
        "metadata": {
            "attempt_id": "att_1",
            "batch_id": "b1",
            "job_id": "j1",
            "env": "sandbox",
        },
        "retell_llm_dynamic_variables": {
            "nombre": "Íñigo Muñoz",
            "monto_total": "cien mil pesos",
        },
        "agent_override": {
            "agent": {
                "ring_duration_ms": 30000,
                "max_call_duration_ms": 300000,
                "end_call_after_silence_ms": 20000,
                "enable_dnc_detection": True,
                "voicemail_option": {"action": {"type": "hangup"}},
                "ivr_option": {"action": {"type": "hangup"}},
                "webhook_url": "http://127.0.0.1:8000/webhooks/retell/",
                "post_call_analysis_data": POST_CALL_ANALYSIS,
            }
        },
    }


def test_the_order_of_variables_does_not_change_the_bytes() -> None:
    variables = dict(reversed(ARGUMENTS["variables"].items()))
    again = ARGUMENTS | {"variables": variables}
    assert build_create_body(**again) == build_create_body(**ARGUMENTS)


def test_without_webhook_address_none_is_sent() -> None:
    body = json.loads(build_create_body(**ARGUMENTS | {"webhook_url": ""}))
    assert "webhook_url" not in body["agent_override"]["agent"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"variables": {"monto": 5}}, "monto"),
        ({"variables": {"monto": None}}, "monto"),
        ({"batch_id": 42}, "batch_id"),
        ({"ring_duration_ms": 4_999}, "ring_duration_ms"),
        ({"ring_duration_ms": 300_001}, "ring_duration_ms"),
        ({"max_call_duration_ms": 59_999}, "max_call_duration_ms"),
        ({"end_call_after_silence_ms": 9_999}, "end_call_after_silence_ms"),
    ],
)
def test_what_is_outside_the_contract_is_refused(changes: dict, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        build_create_body(**ARGUMENTS | changes)
