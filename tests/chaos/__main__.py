"""`python -m tests.chaos`: seeds one after the other, and their table."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
HEADER = (
    "| seed | cases | calls | replays | refused | kills | peak / limit | cost, USD "
    "| cost at Retell | s |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def main() -> int:
    django.setup()
    from tests.chaos.run import Result, run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--timeout", type=float, default=400, help="seconds a seed")
    parser.add_argument("--output", type=Path, default=Path("var/chaos"))
    parser.add_argument("--into", type=Path, help="a document that shows the table")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "table.md"
    results: list[Result] = []
    for seed in range(options.first, options.first + options.seeds):
        keep = options.output / f"seed-{seed}"
        results.append(
            run(seed, options.jobs, timeout=options.timeout, keep=keep, say=_say)
        )
        rows = "\n".join([*HEADER, *map(_row, results), ""])
        table.write_text(rows)
        if options.into:
            _put_into(options.into, rows)
        for line in (*HEADER, _row(results[-1]), *results[-1].problems):
            _say(line)
    _say(f"written: {table}")
    return 1 if any(result.problems for result in results) else 0


def _put_into(document: Path, rows: str) -> None:
    """Between the two marks of the document."""
    before, mark, rest = document.read_text().partition("<!-- seeds -->\n")
    _old, end, after = rest.partition("<!-- /seeds -->")
    if not mark or not end:
        raise ValueError(f"{document} has no place for the table")
    document.write_text(before + mark + rows + end + after)


def _row(result: "Result") -> str:  # noqa: F821 - known after django.setup()
    cells = [
        str(result.seed),
        str(result.jobs),
        str(result.calls),
        str(result.replays),
        _list(sorted(result.rejects.items())),
        _list(sorted(result.kills.items())),
        ", ".join(f"{k} {peak}/{most}" for k, (peak, most) in result.peaks.items()),
        f"{result.cost:.6f}",
        f"{result.cost_at_retell:.6f}",
        f"{result.seconds:.0f}" + (" **failed**" if result.problems else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _list(counts: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the command's product


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
