"""The main job with every kind of process killed once, while calls are placed."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from speechai_site.management.commands import demo
from speechai_site.runtime.supervisor import Supervisor

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
EVERY = 6.0  # wall seconds between two kills


class Killer:
    """Kills one process of the next kind every EVERY seconds."""

    def __init__(self) -> None:
        self.left = list(KINDS)
        self.killed: list[str] = []
        self.due = time.monotonic() + EVERY

    def __call__(self, program: Supervisor) -> None:
        if not self.left or time.monotonic() < self.due:
            return
        pids = program.pids().get(self.left[0])
        if pids:  # else it is being started: the next look finds it
            os.kill(pids[0], signal.SIGKILL)
            self.killed.append(self.left.pop(0))
            self.due = time.monotonic() + EVERY


def test_the_demo_adds_up_although_every_kind_of_process_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIAL_LEASE", "3")
    killer = Killer()
    problems = demo.run(
        tmp_path,
        rows=300,
        seed=7,
        timeout=170,
        say=sys.stdout.write,
        meanwhile=killer,
    )
    assert (problems, killer.killed) == ([], KINDS)
