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
    "RETELL_API_KEY": "",
    "RETELL_BASE_URL": "",
    "MONGODB_URI": "",
}
SIMULATOR = ("--concurrency", "200", "--cps", "150")
FINAL = {"done", "exhausted", "review", "denied"}


class Command(BaseCommand):
    help = "A sample of 2,000 rows from workbook to report; exit 0 if it adds up."
    requires_system_checks = ()  # it brings its own database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--timeout", type=float, default=170, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        output = settings.VAR_DIR / "demo"
        output.mkdir(parents=True, exist_ok=True)
        workbook = output / "cobranza.xlsx"
        expected = write_collections_workbook(
            workbook, rows=options["rows"], seed=options["seed"]
        )
        interrupt_on_signals()
        with tempfile.TemporaryDirectory(prefix="speechai-demo-") as folder:
            program = whole_program(
                Path(folder),
                env=ENV,
                throw_away=True,
                web_port=None,
                simulator_port=None,
                simulator_options=(*SIMULATOR, "--seed", str(options["seed"])),
                report=self._say,
            )
            try:
                program.start()
                self._say(f"http: {program.published['web_url']}/admin/")
                problems = self._run(program, workbook, output, expected, options)
            finally:
                program.stop()
        self._say(f"{time.monotonic() - began:.0f} s")
        if problems:
            raise CommandError("; ".join(problems))

    def _run(
        self,
        program: Supervisor,
        workbook: Path,
        output: Path,
        expected: Any,
        options: dict[str, Any],
    ) -> list[str]:
        loaded = json.loads(
            program.manage(
                "import_batch",
                str(workbook),
                *("--account", "demo", "--use-case", "debt_collection"),
                # its due dates are long past: whoever pays does so within three weeks
                *("--option", "limit_days=7", "--option", "max_days=20"),
                *("--start", "--json"),
            )
        )
        self._say(json.dumps({k: v for k, v in loaded.items() if k != "errors"}))
        batch = loaded["batch"]
        finished = program.wait(_completed(program, batch), options["timeout"])
        status = json.loads(program.manage("batch", "status", batch, "--json"))
        report = output / "report.xlsx"
        totals = json.loads(
            program.manage("report", batch, "--output", str(report), "--json")
        )
        self._say(json.dumps(status))
        self._say(f"{report}")
        return _problems(finished, expected, loaded, status, totals)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


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
