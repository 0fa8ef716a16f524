"""The hardened cluster, as real processes on the run's throw-away server."""

import os
import signal
import subprocess
import sys
import uuid

import psutil
import pytest
from django.conf import settings
from django_q.signing import SignedPackage
from pymongo import MongoClient

from speechai_site.runtime import clock
from speechai_site.runtime.broker import COLLECTION
from speechai_site.runtime.cluster import FROZEN_SECONDS, Ages
from speechai_site.runtime.supervisor import BASE_DIR, role_of
from tests.runtime.leftovers import processes_of, wait_until

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

    def __init__(self, folder):
        self.folder = folder
        client = MongoClient(os.environ["MONGODB_URI"])
        self.tasks = client[settings.MONGODB_NAME][COLLECTION]
        self.tasks.delete_many({})
        self.main = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=BASE_DIR,
            env={
                **os.environ,
                "Q_WORKERS": "2",
                "LOG_LEVEL": "ERROR",
                "M": str(folder),
            },
            start_new_session=True,
        )
        wait_until(lambda: len(self.pids("worker")) == 2)
        self.work()

    def pids(self, part):
        found = []
        for process in psutil.Process(self.main.pid).children(recursive=True):
            try:
                if role_of("qcluster", self.main.pid, process) == f"qcluster/{part}":
                    found.append(process.pid)
            except psutil.NoSuchProcess:
                continue
        return found

    def queue(self, function, *args):
        name = uuid.uuid4().hex
        task = {"id": name, "name": name, "func": function, "args": args}
        task |= {"kwargs": {}, "started": clock.wall(), "ack_failure": True}
        payload = SignedPackage.dumps(task)
        return self.tasks.insert_one(
            {"payload": payload, "lock": clock.wall()}
        ).inserted_id

    def work(self):
        """Queue one small task and wait until it was done and acknowledged."""
        task = self.queue("os.getpid")
        wait_until(lambda: not self.tasks.find_one({"_id": task}))

    def kill(self, part):
        for pid in self.pids(part):
            os.kill(pid, signal.SIGKILL)

    def replace(self, part):
        """Kill the processes of `part` and wait for as many new ones."""
        killed = set(self.pids(part))
        self.kill(part)
        wait_until(lambda: len(set(self.pids(part)) - killed) == len(killed))

    def orphans(self):
        return processes_of(self.folder)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.main.kill()
    cluster.main.wait()
    wait_until(lambda: not cluster.orphans())


@pytest.mark.parametrize("part", ["worker", "monitor", "pusher"])
def test_it_works_on_after_idle_processes_are_killed(cluster, part):
    for _ in range(2):
        cluster.replace(part)
        cluster.work()


def test_a_killed_sentinel_ends_the_cluster_with_an_error(cluster):
    cluster.kill("sentinel")
    assert cluster.main.wait(10) == 1
    wait_until(lambda: not cluster.orphans(), seconds=5)


def test_a_killed_main_process_leaves_no_orphan(cluster):
    cluster.main.kill()
    cluster.main.wait()
    wait_until(lambda: not cluster.orphans(), seconds=5)


@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_sigterm_finishes_what_runs(cluster, send):
    task = cluster.queue("time.sleep", 1)
    wait_until(lambda: cluster.tasks.find_one({"lock": {"$gt": clock.wall()}}))
    send(cluster.main.pid, signal.SIGTERM)
    assert cluster.main.wait(15) == 0
    assert cluster.tasks.find_one({"_id": task}) is None
