"""One small seed of the chaos suite; `make chaos` runs ten large ones."""

import sys

from tests.chaos.run import KINDS, run


def test_every_call_is_made_once_and_recorded_under_faults_and_kills() -> None:
    result = run(7, 150, timeout=500, say=print_line, pause=(1.0, 2.0))
    assert result.problems == []
    assert set(result.kills) == set(KINDS)
    assert result.cost > 0


def print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
