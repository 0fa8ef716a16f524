"""What Retell saw: the creates in the simulator's log, in their order."""

import json
from pathlib import Path
from typing import NamedTuple


class Create(NamedTuple):
    """One call that was made."""

    wall_ms: int
    attempt_id: str


class Oracle:
    """`look` reads what was written since the last look into `creates`."""

    def __init__(self, path: Path) -> None:
        self.creates: list[Create] = []
        self.path = path
        self._at = 0

    def look(self) -> list[Create]:
        """All creates so far."""
        with self.path.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                self._at += len(line)
                event = json.loads(line)
                if event["kind"] == "create":
                    self.creates.append(Create(event["wall_ms"], event["key"]))
        return self.creates

    def twice(self) -> int:
        """How many attempts were created more than once."""
        return len(self.creates) - len({create.attempt_id for create in self.creates})
