"""The simulator's own record of what happened: the oracle of the chaos tests."""

import json
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEPT_EVENTS = 50_000


class EventLog:
    """Append-only JSON lines, each written before the world sees what it records.

    kinds: create replay reject start end analyzed cost stop webhook. Every line has
    `wall_ms` and, after a change, `open` (calls that hold a slot); `create` also the
    metadata, the call's faults and `at_ms`, in business time. Lines hold ids and our own caller ids, never the
    number that was called.
    """

    def __init__(self, path: Path | None, wall_ms: Callable[[], int]) -> None:
        self.wall_ms = wall_ms
        self._file = path.open("a", buffering=1) if path else None
        self.events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self.changed = threading.Condition()

    def write(self, kind: str, **fields: Any) -> None:
        event = {"wall_ms": self.wall_ms(), "kind": kind, **fields}
        if self._file:
            self._file.write(json.dumps(event, separators=(",", ":")) + "\n")
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def close(self) -> None:
        if self._file:
            self._file.close()
