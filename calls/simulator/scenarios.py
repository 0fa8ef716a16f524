"""How the simulated people and the simulated provider behave, as data.

A scenario is one of the table below or a JSON file with the same fields; `base` in
the file names the scenario it changes. Faults are probabilities from 0 to 1.
"""

import json
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from calls.simulator.outcomes import OUTCOMES

# Drawn for each request to create; a resend draws again.
CREATE_FAULTS = {
    "rate_limited": "429 with Retry-After",
    "rate_limited_silent": "429 without Retry-After",
    "payment_required": "402",
    "conflict": "409, not accepted",
    "error_before_accept": "500, not accepted",
    "reset_before_accept": "connection reset, not accepted",
    "error_after_accept": "500, and the call is made",
    "reset_after_accept": "connection reset, and the call is made",
    "hang_after_accept": "no reply for hang_seconds, and the call is made",
    "garbled": "201 with half a body, and the call is made",
    "slow": "201 after slow_seconds",
    "webhook_first": "201 only after the call's first webhook was delivered",
}
# Drawn for each call.
CALL_FAULTS = {
    "stuck_registered": "rings for ever",
    "stuck_ongoing": "talks until it is stopped",
    "limit_after_accept": "201, then ends as error/concurrency_limit_reached",
    "unknown_reason": "ends for a reason that no SDK knows, with unknown fields",
    "analysis_lost": "no analysis, no call_analyzed",
    "analysis_late": "analysis after 40 minutes",
    "cost_changes": "costs a tenth more, ten minutes after the end",
}
# Drawn for each conversation: what the voice agent does wrong (misconduct.py).
AGENT_FAULTS = {
    "threatens": "says what may never be said",
    "denies_ai": "says that it is a person",
    "debt_first": "names the debt before it knows who listens",
    "no_ai_notice": "does not say that it is a machine",
    "no_notices": "says no notice at all",
}
# Drawn for each webhook.
WEBHOOK_FAULTS = {
    "lost": "never sent",
    "duplicated": "sent three times",
    "late": "sent after up to late_seconds, so out of order",
    "reordered": "a call's events in the opposite order, all after the last one",
    "forged": "sent a second time, altered and signed with another key",
}
# Drawn for each get-call and list-calls.
READ_FAULTS = {
    "error": "500",
    "unknown_call": "422 for a call that exists",
    "rate_limited": "429 with Retry-After",
    "unlisted": "list-calls does not show its calls yet",
}


@dataclass(frozen=True)
class Scenario:
    """Seconds of speech are business time, seconds of HTTP are wall time."""

    outcomes: dict[str, float] = field(
        default_factory=lambda: {name: item.weight for name, item in OUTCOMES.items()}
    )
    # to_number -> the outcome that it always has
    numbers: dict[str, str] = field(default_factory=dict)
    ring_seconds: tuple[float, float] | None = None  # instead of the outcome's own
    talk_seconds: tuple[float, float] | None = None
    analysis_seconds: tuple[float, float] = (2, 20)
    create_seconds: float = 0
    create_faults: dict[str, float] = field(default_factory=dict)
    # (every, lasts): at the end of every so many seconds each create is refused with
    # 429 for so long; with Retry-After in the first storm, without in the second, …
    rate_limit_storms: tuple[float, float] | None = None
    call_faults: dict[str, float] = field(default_factory=dict)
    agent_faults: dict[str, float] = field(default_factory=dict)
    webhook_faults: dict[str, float] = field(default_factory=dict)
    read_faults: dict[str, float] = field(default_factory=dict)
    hang_seconds: float = 120
    slow_seconds: float = 20
    late_seconds: float = 5
    webhook_backoff: tuple[float, float, float] = (1, 5, 15)


NORMAL = Scenario()

SCENARIOS: dict[str, Scenario] = {
    "normal": NORMAL,
    # The loop's benchmark: everybody answers; creates of 200 ms, calls of 2 s.
    "bench": Scenario(
        outcomes={"answered": 1},
        ring_seconds=(0, 0),
        talk_seconds=(2, 2),
        analysis_seconds=(0.2, 0.2),
        create_seconds=0.2,
    ),
    **{fault: replace(NORMAL, create_faults={fault: 0.2}) for fault in CREATE_FAULTS},
    **{fault: replace(NORMAL, call_faults={fault: 0.2}) for fault in CALL_FAULTS},
    "bad_agent": replace(NORMAL, agent_faults=dict.fromkeys(AGENT_FAULTS, 0.1)),
    "webhooks_lost": replace(NORMAL, webhook_faults={"lost": 1}),
    "webhooks_tripled": replace(NORMAL, webhook_faults={"duplicated": 1, "late": 0.7}),
    "webhooks_reordered": replace(NORMAL, webhook_faults={"reordered": 1}),
    "rate_limit_storms": replace(NORMAL, rate_limit_storms=(20, 4)),
    "webhooks_forged": replace(NORMAL, webhook_faults={"forged": 0.3}),
    "reads_fail": replace(
        NORMAL, read_faults={"error": 0.2, "unknown_call": 0.1, "rate_limited": 0.1}
    ),
    "chaos": Scenario(
        create_faults={
            **dict.fromkeys(CREATE_FAULTS, 0.02),
            # everybody slows down after each, and there are storms of them
            "rate_limited": 0.005,
            "rate_limited_silent": 0.005,
            "payment_required": 0,  # it would stop the campaign
        },
        rate_limit_storms=(15, 2),
        call_faults=dict.fromkeys(CALL_FAULTS, 0.01),
        webhook_faults={
            "lost": 0.1,
            "duplicated": 0.1,
            "late": 0.2,
            "reordered": 0.1,
            "forged": 0.02,
        },
        read_faults={
            "error": 0.02,
            "unknown_call": 0.02,
            "rate_limited": 0.02,
            "unlisted": 0.3,
        },
        hang_seconds=10,
        slow_seconds=3,
        late_seconds=3,
    ),
}

_TABLES = {
    "outcomes": OUTCOMES,
    "create_faults": CREATE_FAULTS,
    "call_faults": CALL_FAULTS,
    "agent_faults": AGENT_FAULTS,
    "webhook_faults": WEBHOOK_FAULTS,
    "read_faults": READ_FAULTS,
}


def find_scenario(name_or_file: str) -> Scenario:
    """A scenario by name or from a JSON file. Raises ValueError with one sentence."""
    if name_or_file in SCENARIOS:
        return SCENARIOS[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        known = ", ".join(sorted(SCENARIOS))
        raise ValueError(
            f"No scenario {name_or_file!r}: give a file or one of {known}."
        )
    try:
        changes = json.loads(path.read_text())
        base = SCENARIOS[changes.pop("base", "normal")]
        return change(base, changes)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a scenario: {error}.") from None


def change(base: Scenario, changes: dict) -> Scenario:
    """`base` with other values; ValueError for a name that nothing knows."""
    known = {item.name: _TABLES.get(item.name) for item in fields(Scenario)}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"nothing is called {name!r}")
        names = value.values() if name == "numbers" else value
        table = OUTCOMES if name == "numbers" else known[name]
        if table is not None and (unknown := set(names) - set(table)):
            raise ValueError(f"{name} has no {', '.join(sorted(unknown))}")
    return replace(
        base,
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in changes.items()
        },
    )
