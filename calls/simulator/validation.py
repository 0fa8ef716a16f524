"""What Retell accepts as a call: each rule answers with Retell's status."""

import json
import re
from collections.abc import Container
from typing import Any

from calls.simulator.catalogue import Agent, Catalogue

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
MOST_METADATA = 50_000  # bytes

BODY_FIELDS = {
    "from_number": str,
    "to_number": str,
    "agent_override": dict,
    "custom_sip_headers": dict,
    "honor_internal_dnc": bool,
    "idempotency_key": str,
    "ignore_e164_validation": bool,
    "metadata": dict,
    "override_agent_id": str,
    "override_agent_version": int | str,
    "retell_llm_dynamic_variables": dict,
}
OVERRIDE_PARTS = {"agent", "retell_llm", "conversation_flow"}
AGENT_RANGES = {
    "ring_duration_ms": (5_000, 300_000),
    "max_call_duration_ms": (60_000, 7_200_000),
    "end_call_after_silence_ms": (10_000, None),
    "webhook_timeout_ms": (1, None),
    "data_storage_retention_days": (1, 730),
}
VOICEMAIL_ACTIONS = {
    "hangup": (),
    "static_text": ("text",),
    "prompt": ("text",),
    "bridge_transfer": (),
}
ANALYSIS_TYPES = {"string", "enum", "boolean", "number", "system-presets"}
PRESETS = {"call_summary", "call_successful", "user_sentiment"}


class Rejection(Exception):
    """A request that Retell refuses."""

    def __init__(
        self, status: int, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def require(condition: object, message: str, status: int = 400) -> None:
    if not condition:
        raise Rejection(status, message)


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request; nothing at all is an empty one."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise Rejection(400, "request body is not JSON") from None
    require(isinstance(body, dict), "request body must be object")
    return body


def validate_create(
    body: dict[str, Any], catalogue: Catalogue, do_not_call: Container[str]
) -> tuple[Agent, int]:
    """The agent and version that will speak. Raises Rejection."""
    _check_fields(body)
    number = catalogue.numbers.get(body["from_number"])
    require(number, f"Item {body['from_number']} not found from phone-number", 404)
    agent_id = body.get("override_agent_id") or number.outbound_agent
    require(agent_id, f"No outbound agent id set up for phone number {number.number}")
    agent = catalogue.agents.get(agent_id)
    require(agent, f"Item {agent_id} not found from agent", 422)
    version = agent.resolve(body.get("override_agent_version"))
    require(version is not None, f"Item {agent_id} has no such version", 422)
    if body.get("honor_internal_dnc"):
        require(
            body["to_number"] not in do_not_call,
            "contact for to_number is marked do_not_call",
        )
    return agent, version


def _check_fields(body: dict[str, Any]) -> None:
    for name in ("from_number", "to_number"):
        require(name in body, f"request body must have required property '{name}'")
    for name, value in body.items():
        require(name in BODY_FIELDS, f"unknown property '{name}'")
        _check_type(name, value, BODY_FIELDS[name])
    require(E164.fullmatch(body["to_number"]), "to_number is not in E.164 format")
    if not body.get("ignore_e164_validation"):
        require(
            E164.fullmatch(body["from_number"]), "from_number is not in E.164 format"
        )
    for name in ("retell_llm_dynamic_variables", "custom_sip_headers"):
        for key, value in body.get(name, {}).items():
            require(isinstance(value, str), f"{name}/{key} must be string")
    for key in body.get("custom_sip_headers", {}):
        require(key.lower().startswith("x-"), f"custom_sip_headers/{key} must be X-")
    metadata = json.dumps(body.get("metadata", {}), ensure_ascii=False)
    require(len(metadata.encode()) <= MOST_METADATA, "metadata is too large")
    override = body.get("agent_override", {})
    require(set(override) <= OVERRIDE_PARTS, "unknown property in agent_override")
    _check_agent(override.get("agent", {}))


def _check_type(name: str, value: object, kind: Any) -> None:
    wrong_boolean = isinstance(value, bool) and kind is not bool
    require(isinstance(value, kind) and not wrong_boolean, f"{name} has a wrong type")


def _check_agent(agent: object) -> None:
    require(isinstance(agent, dict), "agent_override/agent must be object")
    for name, (low, high) in AGENT_RANGES.items():
        if agent.get(name) is None:
            continue
        _check_type(f"agent_override/agent/{name}", agent[name], int)
        require(
            agent[name] >= low and (high is None or agent[name] <= high),
            f"agent_override/agent/{name} is out of range",
        )
    for name, actions in (
        ("voicemail_option", VOICEMAIL_ACTIONS),
        ("ivr_option", {"hangup": ()}),
    ):
        if agent.get(name) is not None:
            _check_action(name, agent[name], actions)
    url = agent.get("webhook_url")
    require(url is None or isinstance(url, str), "webhook_url must be string")
    items = agent.get("post_call_analysis_data")
    require(items is None or isinstance(items, list), "analysis must be array")
    for item in items or []:
        _check_analysis_item(item)


def _check_action(
    name: str, option: object, actions: dict[str, tuple[str, ...]]
) -> None:
    action = option.get("action") if isinstance(option, dict) else None
    kind = action.get("type") if isinstance(action, dict) else None
    require(kind in actions, f"agent_override/agent/{name} has no known action")
    for text in actions[kind]:
        require(isinstance(action.get(text), str), f"{name}/action/{text} missing")


def _check_analysis_item(item: object) -> None:
    where = "agent_override/agent/post_call_analysis_data"
    require(isinstance(item, dict), f"{where} must hold objects")
    kind, name = item.get("type"), item.get("name")
    require(kind in ANALYSIS_TYPES, f"{where}: unknown type")
    require(isinstance(name, str) and name, f"{where}: name missing")
    if kind == "system-presets":
        require(name in PRESETS, f"{where}: unknown preset")
        return
    require(isinstance(item.get("description"), str), f"{where}/{name}: description")
    if kind == "enum":
        choices = item.get("choices")
        require(
            isinstance(choices, list)
            and choices
            and all(isinstance(choice, str) for choice in choices),
            f"{where}/{name}: choices must be a non-empty array of strings",
        )
