"""The hardened cluster, as real processes on the run's throw-away server."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from django.conf import settings
from pymongo import MongoClient

from speechai_site.runtime import clock
from speechai_site.runtime.broker import COLLECTION
from speechai_site.runtime.cluster import FROZEN_SECONDS, Ages
from speechai_site.runtime.supervisor import BASE_DIR, role_of
from tests.runtime.observing import family, living, queue, wait_for_work, wait_until

LONG = FROZEN_SECONDS + 1


@pytest.mark.parametrize(
    ("guarded", "looked", "started", "waiting", "frozen"),
    [
        pytest.param(0, 0, 0, None, False, id="fresh"),
        pytest.param(0, 0, LONG, None, False, id="idle, no work"),
        pytest.param(0, 0, LONG, LONG, True, id="idle, and work waits"),
        pytest.param(0, 0, LONG, 1, False, id="work came just now"),
        pytest.param(0, LONG, LONG, LONG, False, id="busy with long tasks"),
        pytest.param(0, 0, 1, LONG, False, id="a backlog, worked on"),
        pytest.param(LONG, 0, 0, None, True, id="the sentinel hangs"),
    ],
)
def test_a_frozen_cluster_is_told_from_a_busy_one(
    guarded, looked, started, waiting, frozen
):
    assert bool(Ages(guarded, looked, started).frozen(waiting)) == frozen


class Cluster:
    """`manage.py qcluster` in a process group of its own, and its queue."""

    def __init__(self):
        client = MongoClient(os.environ["MONGODB_URI"])
        self.database = client[settings.MONGODB_NAME]
        self.tasks = self.database[COLLECTION]
        self.tasks.delete_many({})
        self.main = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=BASE_DIR,
            env={
                **os.environ,
                "Q_WORKERS": "2",
                "LOG_LEVEL": "ERROR",
            },
            start_new_session=True,
        )
        wait_until(lambda: len(self.pids("worker")) == 2)
        wait_for_work(self.database)

    def pids(self, part):
        found = []
        for process in psutil.Process(self.main.pid).children(recursive=True):
            try:
                if role_of("qcluster", self.main.pid, process) == f"qcluster/{part}":
                    found.append(process.pid)
            except psutil.NoSuchProcess:
                continue
        return found

    def kill(self, part):
        for pid in self.pids(part):
            os.kill(pid, signal.SIGKILL)

    def replace(self, part):
        """Kill the processes of `part` and wait for as many new ones."""
        killed = set(self.pids(part))
        self.kill(part)
        wait_until(lambda: len(set(self.pids(part)) - killed) == len(killed))


@pytest.fixture
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.main.kill()
    cluster.main.wait()


@pytest.mark.parametrize("part", ["worker", "monitor", "pusher"])
def test_it_works_on_after_idle_processes_are_killed(cluster, part):
    for _ in range(2):
        cluster.replace(part)
        wait_for_work(cluster.database)


def test_a_killed_sentinel_ends_the_cluster_with_an_error(cluster):
    everybody = family(cluster.main.pid)
    cluster.kill("sentinel")
    assert cluster.main.wait(10) == 1
    wait_until(lambda: not living(everybody), seconds=5)


def test_a_killed_main_process_leaves_no_orphan(cluster):
    everybody = family(cluster.main.pid)
    assert len(everybody) == 6
    cluster.main.kill()
    cluster.main.wait()
    wait_until(lambda: not living(everybody), seconds=5)


@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_sigterm_finishes_what_runs(cluster, send):
    task = queue(cluster.database, "time.sleep", 1)
    wait_until(lambda: cluster.tasks.find_one({"lock": {"$gt": clock.wall()}}))
    send(cluster.main.pid, signal.SIGTERM)
    assert cluster.main.wait(15) == 0
    assert cluster.tasks.find_one({"_id": task}) is None
