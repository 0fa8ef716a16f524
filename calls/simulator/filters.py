"""`filter_criteria`, order and paging of `POST /v3/list-calls`."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.validation import require

# type -> op -> test(the call's value, the filter's value)
OPERATORS: dict[str, dict[str, Callable[[Any, Any], bool]]] = {
    "string": {
        "eq": lambda ours, wanted: ours == wanted,
        "ne": lambda ours, wanted: ours != wanted,
        "sw": lambda ours, wanted: str(ours).startswith(wanted),
        "ew": lambda ours, wanted: str(ours).endswith(wanted),
        "co": lambda ours, wanted: wanted in str(ours),
    },
    "number": {
        "eq": lambda ours, wanted: ours == wanted,
        "ne": lambda ours, wanted: ours != wanted,
        "gt": lambda ours, wanted: ours > wanted,
        "ge": lambda ours, wanted: ours >= wanted,
        "lt": lambda ours, wanted: ours < wanted,
        "le": lambda ours, wanted: ours <= wanted,
    },
    "range": {"bt": lambda ours, wanted: wanted[0] <= ours <= wanted[1]},
    "enum": {"in": lambda ours, wanted: ours in wanted},
    "boolean": {"eq": lambda ours, wanted: ours is wanted},
    "present": {
        "pr": lambda ours, _wanted: ours is not None,
        "np": lambda ours, _wanted: ours is None,
    },
}

NUMERIC = {"number", "range"}
TEXT = {"string"}
KEYED = {"string", "number", "boolean", "range", "enum", "present"}


Read = Callable[[SimulatedCall], Any]
Test = Callable[[SimulatedCall], bool]


def _analysis(name: str) -> Read:
    return lambda call: call.analysis().get(name) if call.analyzed else None


# field -> (types it takes, how to read it from a call)
FIELDS: dict[str, tuple[set[str], Read]] = {
    "call_id": ({"string", "enum"}, lambda call: call.call_id),
    "call_status": ({"enum"}, lambda call: call.status),
    "call_type": ({"enum"}, lambda _call: "phone_call"),
    "direction": ({"enum"}, lambda _call: "outbound"),
    "data_storage_setting": ({"enum"}, lambda _call: "everything"),
    "disconnection_reason": ({"enum"}, lambda call: call.reason),
    "from_number": (TEXT, lambda call: call.from_number),
    "to_number": (TEXT, lambda call: call.to_number),
    "batch_call_id": (TEXT, lambda _call: None),
    "agent_tag": ({"enum"}, lambda _call: None),
    "start_timestamp": (NUMERIC, lambda call: call.start_ms),
    "end_timestamp": (NUMERIC, lambda call: call.end_ms),
    "duration_ms": (NUMERIC, lambda call: call.duration_ms),
    "combined_cost": (
        NUMERIC,
        lambda call: None if call.is_open else call.cost_cents,
    ),
    "call_successful": ({"boolean"}, _analysis("call_successful")),
    "in_voicemail": ({"boolean"}, _analysis("in_voicemail")),
    "user_sentiment": ({"enum"}, _analysis("user_sentiment")),
}
# Lists of filters, each with the key of an entry.
KEYED_FIELDS: dict[str, Read] = {
    "metadata": lambda call: call.metadata,
    "dynamic_variables": lambda call: call.variables,
    "custom_analysis_data": _analysis("custom_analysis_data"),
}
ENUMS = {
    "call_status": {"not_connected", "ongoing", "ended", "error"},
    "call_type": {"web_call", "phone_call"},
    "direction": {"inbound", "outbound"},
}
PARAMETERS = {
    "filter_criteria",
    "sort_order",
    "limit",
    "pagination_key",
    "skip",
    "include_total",
}


def list_page(
    body: dict[str, Any],
    calls: Iterable[SimulatedCall],
    by_attempt: dict[str, list[SimulatedCall]],
) -> dict[str, Any]:
    """One page of the calls that the body asks for. Raises Rejection (400)."""
    require(set(body) <= PARAMETERS, "unknown property in request body")
    require(
        not ("skip" in body and "pagination_key" in body),
        "skip and pagination_key cannot be used together",
    )
    order = body.get("sort_order", "descending")
    require(order in {"ascending", "descending"}, "unknown sort_order")
    limit, skip = body.get("limit", 50), body.get("skip", 0)
    require(type(limit) is int and 1 <= limit <= 1000, "limit must be from 1 to 1000")
    require(type(skip) is int and skip >= 0, "skip must not be negative")
    criteria = body.get("filter_criteria") or {}
    tests = compile_filters(criteria)

    sign = 1 if order == "ascending" else -1
    after = _decode(body["pagination_key"]) if "pagination_key" in body else None
    found = []
    for call in _candidates(criteria, calls, by_attempt):
        if all(test(call) for test in tests):
            found.append((sign * (call.start_ms or 0), sign * call.sequence, call))
    found.sort(key=lambda item: item[:2])
    total = len(found)
    if after is not None:
        found = [item for item in found if list(item[:2]) > after]
    page = found[skip : skip + limit]
    has_more = len(found) > skip + limit
    reply: dict[str, Any] = {
        "items": [call.as_json(transcripts=False) for _, _, call in page],
        "has_more": has_more,
    }
    if has_more:
        reply["pagination_key"] = _encode(page[-1][:2])
    if body.get("include_total"):
        reply["total"] = total
    return reply


def compile_filters(criteria: object) -> list[Test]:
    """A test for each condition; all must hold. Raises Rejection (400)."""
    require(isinstance(criteria, dict), "filter_criteria must be object")
    tests: list[Test] = []
    for name, condition in criteria.items():
        if name == "agent":
            tests.append(_agent_test(condition))
        elif name in KEYED_FIELDS:
            require(isinstance(condition, list), f"{name} must be array")
            tests += [_keyed_test(name, item) for item in condition]
        else:
            require(name in FIELDS, f"unknown filter '{name}'")
            types, read = FIELDS[name]
            tests.append(_test(name, condition, types, read))
    return tests


def _agent_test(condition: object) -> Test:
    require(
        isinstance(condition, list)
        and condition
        and all(isinstance(item, dict) and "agent_id" in item for item in condition),
        "agent must be an array of agent_id",
    )
    return lambda call: any(
        call.agent_id == item["agent_id"]
        and (not item.get("version") or call.agent_version in item["version"])
        for item in condition
    )


def _keyed_test(name: str, condition: object) -> Test:
    require(isinstance(condition, dict), f"{name} must hold objects")
    key = condition.get("key")
    require(isinstance(key, str), f"{name} needs a key")
    read = KEYED_FIELDS[name]
    return _test(name, condition, KEYED, lambda call: (read(call) or {}).get(key))


def _test(name: str, condition: object, types: set[str], read: Read) -> Test:
    require(isinstance(condition, dict), f"{name} must be object")
    kind, op = str(condition.get("type")), str(condition.get("op"))
    wanted = condition.get("value")
    require(kind in types, f"{name} does not take type {kind!r}")
    require(op in OPERATORS[kind], f"{name} does not take op {op!r}")
    _check_value(name, kind, wanted)
    compare = OPERATORS[kind][op]

    def test(call: SimulatedCall) -> bool:
        ours = read(call)
        if ours is None and kind != "present":
            return op == "ne"
        try:
            return compare(ours, wanted)
        except TypeError:
            return False

    return test


def _check_value(name: str, kind: str, wanted: object) -> None:
    numbers = (int, float)
    fits = {
        "string": isinstance(wanted, str),
        "number": isinstance(wanted, numbers) and not isinstance(wanted, bool),
        "boolean": isinstance(wanted, bool),
        "present": True,
        "enum": isinstance(wanted, list)
        and bool(wanted)
        and all(isinstance(item, str) for item in wanted),
        "range": isinstance(wanted, list)
        and len(wanted) == 2
        and all(isinstance(bound, numbers) for bound in wanted),
    }[kind]
    require(fits, f"{name} has a wrong value")
    if kind == "enum" and name in ENUMS:
        require(set(wanted) <= ENUMS[name], f"{name} has an unknown value")


def _candidates(
    criteria: dict[str, Any],
    calls: Iterable[SimulatedCall],
    by_attempt: dict[str, list[SimulatedCall]],
) -> Iterable[SimulatedCall]:
    """The look-up by attempt id need not go through every call there ever was."""
    for item in criteria.get("metadata", []):
        if item.get("key") == "attempt_id" and item.get("op") == "eq":
            return by_attempt.get(item.get("value"), [])
    return calls


def _encode(position: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(key: object) -> list[int]:
    try:
        position = json.loads(base64.urlsafe_b64decode(str(key)))
    except ValueError:
        position = None
    valid = isinstance(position, list) and len(position) == 2
    require(valid, "unknown pagination_key")
    return position
