"""`manage.py demo`: the main job from workbook to report, without a person.

A throw-away database and ports, business time at 3,600 times the wall clock, a
simulator with 200 slots and 150 calls a second. Exit 0 only if the numbers add up.
"""

import json
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from samples.make_samples import write_collections_workbook
from speechai_site.management.commands.up import interrupt_on_signals
from speechai_site.runtime.processes import whole_program
from speechai_site.runtime.supervisor import Supervisor

ENV = {
    "SANDBOX_CLOCK_RATE": "3600",
    "SANDBOX_POLICY": "open",
    # wall seconds, shortened with the business day: it lasts 24 of them
    "POLL_AFTER": "3",
    "ANALYSIS_GRACE": "15",
    "COST_LOOK_AFTER": "5",
    "RETELL_API_KEY": "",
    "RETELL_BASE_URL": "",
    "MONGODB_URI": "",
}
SIMULATOR = ("--concurrency", "200", "--cps", "150")
# Whom the law lets be called again in a week only, expires before.
FINAL = {"done", "exhausted", "review", "denied", "expired"}


class Command(BaseCommand):
    help = "A sample of 2,000 rows from workbook to report; exit 0 if it adds up."
    requires_system_checks = ()  # it brings its own database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--timeout", type=float, default=300, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        interrupt_on_signals()
        problems = run(
            settings.VAR_DIR / "demo",
            rows=options["rows"],
            seed=options["seed"],
            timeout=options["timeout"],
            say=self._say,
        )
        self._say(f"{time.monotonic() - began:.0f} s")
        if problems:
            raise CommandError("; ".join(problems))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def run(
    output: Path,
    *,
    rows: int,
    seed: int,
    timeout: float,
    say: Callable[[str], None],
    meanwhile: Callable[[Supervisor], None] = lambda _program: None,
) -> list[str]:
    """Run the main job and return what does not add up, one sentence each.

    Workbook and report are left in `output`. `meanwhile` is called some ten times a
    second while calls are placed (the chaos tests kill processes in it).
    """
    output.mkdir(parents=True, exist_ok=True)
    workbook = output / "cobranza.xlsx"
    expected = write_collections_workbook(workbook, rows=rows, seed=seed)
    with tempfile.TemporaryDirectory(prefix="speechai-demo-") as folder:
        program = whole_program(
            Path(folder),
            env=ENV,
            throw_away=True,
            web_port=None,
            simulator_port=None,
            simulator_options=(*SIMULATOR, "--seed", str(seed)),
            report=say,
        )
        try:
            program.start()
            say(f"{program.published['web_url']}/admin/")
            loaded = json.loads(program.manage(*_import(workbook)))
            say(json.dumps({k: v for k, v in loaded.items() if k != "errors"}))
            batch = loaded["batch"]
            completed = _completed(program, batch)

            def ended() -> bool:
                meanwhile(program)
                return completed()

            finished = program.wait(ended, timeout)
            status = json.loads(program.manage("batch", "status", batch, "--json"))
            say(json.dumps(status))
            report = output / "report.xlsx"
            totals = json.loads(
                program.manage("report", batch, "--output", str(report), "--json")
            )
            say(str(report))
        finally:
            program.stop()
    return _problems(finished, expected, loaded, status, totals)


def _import(workbook: Path) -> list[str]:
    return [
        *("import_batch", str(workbook)),
        *("--account", "demo", "--use-case", "debt_collection"),
        # its due dates are long past: three attempts fit before these
        *("--option", "limit_days=6", "--option", "max_days=20"),
        *("--start", "--json"),
    ]


def _completed(program: Supervisor, batch: str) -> Callable[[], bool]:
    """Whether the batch is over, read from the throw-away database."""
    database = MongoClient(program.env["MONGODB_URI"])[settings.MONGODB_NAME]

    def completed() -> bool:
        try:
            row = database["batches_batch"].find_one({"_id": ObjectId(batch)})
        except PyMongoError:
            return False  # being started again
        return row["status"] == "completed"

    return completed


def _problems(
    finished: bool,  # noqa: FBT001
    expected: Any,
    loaded: dict[str, Any],
    status: dict[str, Any],
    totals: dict[str, Any],
) -> list[str]:
    """What does not add up, one sentence each."""
    jobs = sum(status["jobs"].values())
    checks = {
        "the campaign did not end in time": finished,
        "not every case is final": set(status["jobs"]) <= FINAL,
        "rows differ from the workbook's": loaded["rows"] == expected.rows,
        "rows in cases and rows reported don't add up": loaded["rows"]
        == totals["rows_in_jobs"] + loaded["error_count"],
        "cases differ from the workbook's": jobs == loaded["jobs"] == expected.jobs,
        "the total amount differs": Decimal(loaded["total_amount"])
        == Decimal(expected.total_amount)
        == Decimal(totals["total_amount"]),
        "nobody promised to pay": totals["promises"] > 0,
        "the report's totals differ from the database's": totals["matches_database"],
    }
    return [sentence for sentence, holds in checks.items() if not holds]
