"""The body of `POST /v2/create-phone-call`, made once per call and kept.

A resend must be byte-identical, so the text is deterministic and is stored.
"""

import json
from collections.abc import Mapping
from typing import Any

from calls.retell.analysis import POST_CALL_ANALYSIS

HANG_UP: dict[str, Any] = {"action": {"type": "hangup"}}

# Retell's own limits (agent_override.agent), in milliseconds.
_LIMITS = {
    "ring_duration_ms": (5_000, 300_000),
    "max_call_duration_ms": (60_000, 7_200_000),
    "end_call_after_silence_ms": (10_000, 7_200_000),
}


def build_create_body(
    *,
    from_number: str,
    to_number: str,
    agent_id: str,
    agent_version: int | str,
    attempt_id: str,
    batch_id: str,
    job_id: str,
    env: str,
    variables: Mapping[str, str],
    webhook_url: str = "",
    ring_duration_ms: int = 30_000,
    max_call_duration_ms: int = 300_000,
    end_call_after_silence_ms: int = 20_000,
    voicemail_option: Mapping[str, Any] = HANG_UP,
    ivr_option: Mapping[str, Any] = HANG_UP,
    honor_internal_dnc: bool = True,
    begin_message: str = "",
) -> bytes:
    """Return the exact bytes to send; the same arguments give the same bytes.

    `attempt_id` is the idempotency key as well. Metadata holds ids only: Retell
    keeps it whatever the storage setting says. Raises ValueError naming the field,
    never its value, when something is outside Retell's contract.
    """
    limits = {
        "ring_duration_ms": ring_duration_ms,
        "max_call_duration_ms": max_call_duration_ms,
        "end_call_after_silence_ms": end_call_after_silence_ms,
    }
    for name, value in limits.items():
        low, high = _LIMITS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} must be from {low} to {high} milliseconds")
    metadata = {
        "attempt_id": attempt_id,
        "batch_id": batch_id,
        "job_id": job_id,
        "env": env,
    }
    _only_text("metadata", metadata)
    _only_text("variables", variables)
    agent = {
        **limits,
        # Retell ends the call as user_requested_dnc as soon as it is asked for
        "enable_dnc_detection": True,
        "voicemail_option": dict(voicemail_option),
        "ivr_option": dict(ivr_option),
        "post_call_analysis_data": POST_CALL_ANALYSIS,
    }
    if webhook_url:
        agent["webhook_url"] = webhook_url
    override: dict[str, Any] = {"agent": agent}
    if begin_message:  # instead of the script's own; for agents on a Retell LLM
        override["retell_llm"] = {"begin_message": begin_message}
    body = {
        "from_number": from_number,
        "to_number": to_number,
        "override_agent_id": agent_id,
        "override_agent_version": agent_version,
        "idempotency_key": attempt_id,
        "honor_internal_dnc": honor_internal_dnc,
        "metadata": metadata,
        "retell_llm_dynamic_variables": dict(variables),
        "agent_override": override,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _only_text(field: str, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"{field}: {name!r} must be text")
