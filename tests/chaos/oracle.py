"""What the simulator's log proves: who was rung, when, and how many at once. Pure.

The log is the other side's own record (calls/simulator/oracle.py), so a mistake of
ours cannot hide in it. Ids only: no line names a person who was called.
"""

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Event = dict[str, Any]
# The wall milliseconds between which something held.
Interval = tuple[float, float]


@dataclass
class Rung:
    """One accepted call, as the other side saw it."""

    call_id: str
    attempt_id: str
    batch_id: str
    from_number: str
    created_ms: int
    faults: frozenset[str]
    status: str = ""  # final, once it has ended
    reason: str = ""
    cost_cents: float = 0
    kinds: set[str] = field(default_factory=set)  # of its later lines

    @property
    def is_pending(self) -> bool:
        """Something of it is still to come: its end, analysis or another cost."""
        if "end" not in self.kinds:
            return True
        if "analysis_lost" in self.faults:
            return False
        if "analyzed" not in self.kinds:
            return True
        return "cost_changes" in self.faults and "cost" not in self.kinds

    @property
    def cost_usd(self) -> Decimal:
        return Decimal(str(self.cost_cents)) / 100


class Log:
    """The answers, from the lines in their order."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)
        self.calls: dict[str, Rung] = {}
        for event in self.events:
            if event["kind"] == "create":
                rung = _rung(event)
                self.calls[rung.call_id] = rung
            elif rung := self.calls.get(event.get("call_id", "")):
                rung.kinds.add(event["kind"])
                if event["kind"] == "end":
                    rung.status, rung.reason = event["status"], event["reason"]
                if "cost_cents" in event:
                    rung.cost_cents = event["cost_cents"]

    @classmethod
    def read(cls, path: Path) -> "Log":
        """A line that is still being written is left for the next reading."""
        text = path.read_text() if path.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()
        return cls(json.loads(line) for line in lines)

    def count(self, kind: str) -> int:
        return sum(event["kind"] == kind for event in self.events)

    def rejects(self) -> Counter[str]:
        """How many creates were refused, by status (`reset` without one)."""
        return Counter(
            str(event["status"] or "reset")
            for event in self.events
            if event["kind"] == "reject"
        )

    def is_quiet(self) -> bool:
        return not any(rung.is_pending for rung in self.calls.values())

    def rung_twice(self) -> list[str]:
        """Attempts for which more than one call was made: there must be none."""
        made = Counter(rung.attempt_id for rung in self.calls.values())
        return [attempt for attempt, times in made.items() if times > 1]

    def peaks(
        self, scopes_of: Callable[[Rung], Iterable[Hashable]]
    ) -> dict[Hashable, int]:
        """The most calls that were ever open at once, in each scope of any call."""
        open_now: Counter[Hashable] = Counter()
        most: dict[Hashable, int] = {}
        for event in self.events:
            if event["kind"] not in ("create", "end"):
                continue
            step = 1 if event["kind"] == "create" else -1
            for scope in scopes_of(self.calls[event["call_id"]]):
                open_now[scope] += step
                most[scope] = max(most.get(scope, 0), open_now[scope])
        return most

    def made_within(self, stopped: dict[str, list[Interval]]) -> list[str]:
        """Calls that were made while their batch (by id) was not to be dialed."""
        return [
            rung.call_id
            for rung in self.calls.values()
            if any(
                start <= rung.created_ms < end
                for start, end in stopped.get(rung.batch_id, ())
            )
        ]


def _rung(event: Event) -> Rung:
    return Rung(
        call_id=event["call_id"],
        attempt_id=event["metadata"]["attempt_id"],
        batch_id=event["metadata"]["batch_id"],
        from_number=event["from_number"],
        created_ms=event["wall_ms"],
        faults=frozenset(event["faults"]),
    )
