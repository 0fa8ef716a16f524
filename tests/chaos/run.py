"""One chaos run: the whole program twice over, faults, kills, and what must hold.

All lengths of time are wall seconds, shortened on both sides (design.md, section 1,
"Two clocks"): the key's life stays above RETELL_RESEND_UNTIL, which stays above three
times the bound of a recovery.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from pymongo.errors import PyMongoError

from speechai_site.runtime.processes import whole_program
from speechai_site.runtime.supervisor import Service, StartFailed, Supervisor
from tests.chaos import scene
from tests.chaos.database import Rows
from tests.chaos.oracle import Interval, Log, Rung

KINDS = [
    "qcluster/worker",
    "qcluster/pusher",
    "qcluster/monitor",
    "qcluster/sentinel",
    "qcluster",
    "clock",
    "web/worker",
    "web",
    "mongod",
]
KEY_TTL = 60
ENV = {
    "SANDBOX_CLOCK_RATE": "7200",  # a business day lasts 12 s
    "SANDBOX_POLICY": "open",
    "POLL_AFTER": "2",
    "ANALYSIS_GRACE": "5",
    "COST_LOOK_AFTER": "8",
    "OVERLONG_GRACE": "5",
    "DIAL_LEASE": "3",
    "DIAL_THREADS": "20",
    "RETELL_CREATE_TIMEOUT": "5",
    "RETELL_TIMEOUT": "5",
    "RETELL_RESEND_UNTIL": "48",
    "RETELL_API_KEY": "",
    "RETELL_BASE_URL": "",
    "MONGODB_URI": "",
}
# Conversations last as long as they say, at this many business seconds a second.
SPEED = 200
# A call that was allowed may ring so long after its campaign was stopped (seconds).
ON_ITS_WAY = 5
# What is left behind when everything is over is waited for (seconds).
SETTLE_SECONDS = 60


@dataclass
class Result:
    """The figures of one seed. `problems`: what does not hold, one sentence each."""

    seed: int
    jobs: int
    seconds: float = 0
    calls: int = 0
    replays: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, tuple[int, int]] = field(default_factory=dict)
    cost: Decimal = Decimal(0)
    cost_at_retell: Decimal = Decimal(0)
    problems: list[str] = field(default_factory=list)


class Killer:
    """SIGKILL, every few seconds, to one process of the next kind; seeded."""

    def __init__(self, seed: int, pause: tuple[float, float]) -> None:
        self.random = Random(f"kills:{seed}")
        self.pause = pause
        self.left: list[str] = []
        self.killed: Counter[str] = Counter()
        self.due = time.monotonic() + self.random.uniform(*pause)

    @property
    def has_killed_all(self) -> bool:
        return set(self.killed) == set(KINDS)

    def look(self, program: Supervisor) -> None:
        if time.monotonic() < self.due:
            return
        if not self.left:
            self.left = self.random.sample(KINDS, len(KINDS))
        pids = program.pids().get(self.left[0])
        if not pids:
            return  # it is being started: the next look finds it
        with suppress(ProcessLookupError):
            os.kill(self.random.choice(pids), signal.SIGKILL)
            self.killed[self.left.pop(0)] += 1
        self.due = time.monotonic() + self.random.uniform(*self.pause)


class Operator:
    """Pauses, resumes and cancels campaigns while calls are placed.

    `stopped`: between which wall milliseconds a campaign, by id, was surely not to be
    dialed; what was on its way has had its time.
    """

    def __init__(self, program: Supervisor, rows: Rows, ids: dict[str, str]) -> None:
        self.program, self.rows = program, rows
        self.stopped: dict[str, list[Interval]] = {}
        self.plan = [
            (4, lambda: self._stop(ids["paused"], "pause", "paused")),
            (7, lambda: self._stop(ids["cancelled"], "cancel", "cancelled")),
            (14, lambda: self._resume(ids["paused"])),
        ]
        self.began = time.monotonic()

    def look(self) -> None:
        if self.plan and time.monotonic() > self.began + self.plan[0][0]:
            self.plan.pop(0)[1]()

    def _stop(self, batch: str, action: str, status: str) -> None:
        self._command(action, batch, status)
        from_ms = (time.time() + ON_ITS_WAY) * 1000
        self.stopped[batch] = [(from_ms, float("inf"))]

    def _resume(self, batch: str) -> None:
        from_ms = self.stopped[batch][0][0]
        self.stopped[batch] = [(from_ms, time.time() * 1000)]
        self._command("resume", batch, "running")

    def _command(self, action: str, batch: str, status: str) -> None:
        """Until the campaign has that status: the database may be away."""
        for _try in range(20):
            with suppress(StartFailed):
                self.program.manage("batch", action, batch)
            with suppress(PyMongoError):
                if self.rows.batch_status(batch) == status:
                    return
        raise AssertionError(f"the campaign was not brought to {status}")


def run(
    seed: int,
    jobs: int,
    *,
    timeout: float,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda _line: None,
    pause: tuple[float, float] = (5.0, 8.0),
) -> Result:
    """Run one seed. `keep`: where logs are left when something does not hold."""
    began = time.monotonic()
    result = Result(seed, jobs)
    with tempfile.TemporaryDirectory(prefix="speechai-chaos-") as name:
        folder = Path(name)
        program = _program(folder, seed, say)
        rows = None
        try:
            program.start()
            rows = Rows(program.env["MONGODB_URI"])
            command = (sys.executable, "-m", "tests.chaos.scene", str(jobs))
            ids = json.loads(program.run_once(Service("scene", command, once=True)))
            say(f"calls begin after {time.monotonic() - began:.0f} s")
            killer = Killer(seed, pause)
            operator = Operator(program, rows, ids)

            def over() -> bool:
                killer.look(program)
                operator.look()
                is_done = killer.has_killed_all and not operator.plan
                return is_done and _away(rows.is_over)

            ended = program.wait(over, timeout)
            log_file = folder / "simulator.jsonl"

            say(f"the campaigns ended after {time.monotonic() - began:.0f} s")

            def quiet() -> bool:
                return Log.read(log_file).is_quiet() and _away(rows.is_settled)

            settled = ended and program.wait(quiet, SETTLE_SECONDS)
            log = Log.read(log_file)
            _compare(result, log, rows, operator.stopped, ids)
            result.kills = killer.killed
        finally:
            program.stop()
            if rows is not None:
                rows.close()
        result.seconds = time.monotonic() - began
        if not ended:
            result.problems.insert(0, "the campaigns did not end in time")
        elif not settled:
            result.problems.insert(0, "something was left behind")
        if result.problems and keep is not None:
            shutil.copytree(folder / "log", keep, dirs_exist_ok=True)
            shutil.copy(log_file, keep)
    return result


def _program(folder: Path, seed: int, say: Callable[[str], None]) -> Supervisor:
    options = [
        *("--scenario", "chaos", "--seed", str(seed), "--speed", str(SPEED)),
        *("--concurrency", str(scene.WORKSPACE_LIMIT), "--key-ttl", str(KEY_TTL)),
        *("--log", str(folder / "simulator.jsonl")),
    ]
    return whole_program(
        folder,
        env=ENV,
        throw_away=True,
        web_port=None,
        simulator_port=None,
        simulator_options=options,
        copies=2,
        report=say,
    )


def _away(ask: Callable[[], bool]) -> bool:
    """The answer; False while the database is being started again."""
    try:
        return ask()
    except PyMongoError:
        return False


def _compare(
    result: Result,
    log: Log,
    rows: Rows,
    stopped: dict[str, list[Interval]],
    ids: dict[str, str],
) -> None:
    """Fill the figures, and say what does not hold."""
    result.calls, result.replays = log.count("create"), log.count("replay")
    result.rejects = log.rejects()
    result.peaks = _peaks(log, ids)
    result.cost_at_retell = sum(
        (rung.cost_usd for rung in log.calls.values()), Decimal(0)
    )
    calls = rows.calls()
    result.cost = sum((call["cost_usd"] for call in calls.values()), Decimal(0))
    problems = result.problems
    problems += [f"{attempt} was rung twice" for attempt in log.rung_twice()]
    problems += [
        f"{scope}: {peak} calls at once, {limit} allowed"
        for scope, (peak, limit) in result.peaks.items()
        if peak > limit
    ]
    problems += [f"{call} was made while stopped" for call in log.made_within(stopped)]
    problems += rows.sent_within(stopped)
    problems += [
        f"{rung.call_id}: {difference}"
        for rung in log.calls.values()
        for difference in _differences(rung, calls.get(rung.attempt_id))
    ]
    at_retell = {rung.attempt_id for rung in log.calls.values()}
    problems += [
        f"{call} is {row['status']}, and was never made"
        for call, row in calls.items()
        if row["status"] in ("ended", "not_connected", "error")
        and call not in at_retell
    ]
    if result.cost != result.cost_at_retell:
        problems.append(f"cost {result.cost}, at Retell {result.cost_at_retell}")
    problems += rows.leftovers(result.jobs)


def _differences(rung: Rung, row: dict[str, Any] | None) -> list[str]:
    """Where our row of a call that was made is not what the other side says."""
    if row is None:
        return ["it has no row"]
    pairs = {
        "id": (row["retell_id"], rung.call_id),
        "status": (row["status"], rung.status),
        "reason": (row["reason"], rung.reason),
        "cost": (row["cost_usd"], rung.cost_usd),
    }
    return [
        f"{name} is {ours}, at Retell {theirs}"
        for name, (ours, theirs) in pairs.items()
        if ours != theirs
    ]


def _peaks(log: Log, ids: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Most calls at once and the limit, by scope."""
    campaigns = {ids[campaign.name]: campaign for campaign in scene.CAMPAIGNS}
    limits: dict[str, int] = {"workspace": scene.WORKSPACE_LIMIT}
    limits |= {f"account {slug}": row[2] for slug, row in scene.ACCOUNTS.items()}
    limits |= {f"number {e164}": limit for e164, limit in scene.NUMBERS.items()}
    limits |= {f"batch {c.name}": c.limit for c in scene.CAMPAIGNS if c.limit}

    def scopes(rung: Rung) -> list[Hashable]:
        campaign = campaigns[rung.batch_id]
        return [
            "workspace",
            f"account {campaign.account}",
            f"number {rung.from_number}",
            f"batch {campaign.name}",
        ]

    peaks = log.peaks(scopes)
    return {scope: (peaks.get(scope, 0), limit) for scope, limit in limits.items()}
