"""`make run`'s command, whole: every process of the program, on one folder."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import psutil
import pytest
from django.conf import settings
from pymongo import MongoClient

from speechai_site.runtime import listening
from speechai_site.runtime.supervisor import BASE_DIR, read_run
from tests.runtime.observing import family, living, wait_for_work, wait_until

# up, mongod, simulator, 2 of web, 5 of qcluster with one worker, clock
PROCESSES = 11
MARK = {"_id": "kept between the runs"}


class Program:
    """`manage.py up` on one folder, started again by a test that finds it ended."""

    def __init__(self, folder):
        self.folder = folder
        self.up = None

    def launch(self):
        """Start `manage.py up`, or what says that it runs already."""
        env = {**os.environ, "VAR_DIR": str(self.folder), "Q_WORKERS": "1"}
        env["SECRET_KEY"] = settings.SECRET_KEY  # so that tests may queue tasks
        del env["MONGODB_URI"]
        ports = f"--web-port={listening.free_port()}", "--simulator-port=21000"
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", *ports],
            cwd=BASE_DIR,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self):
        self.up = self.launch()
        assert "/admin/" in self.up.stdout.readline()
        with self.database() as database:
            wait_for_work(database)
        wait_until(lambda: len(family(self.up.pid)) == PROCESSES)

    def end(self, signum):
        """Send a signal; return the exit code when nothing is left."""
        everybody = family(self.up.pid)
        assert len(everybody) == PROCESSES
        self.up.send_signal(signum)
        code = self.up.wait(30)
        wait_until(lambda: not living(everybody), seconds=5)
        return code

    @contextmanager
    def database(self):
        with MongoClient(read_run(self.folder)["mongodb_uri"]) as client:
            yield client[settings.MONGODB_NAME]

    def pids(self, title):
        found = living(psutil.Process(self.up.pid).children())
        return [p.pid for p in found if title in " ".join(p.cmdline()[:2])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all tests of this module: only the first start sets up."""
    program = Program(tmp_path_factory.mktemp("up"))
    yield program
    if program.up.poll() is None:
        program.end(signal.SIGKILL)


@pytest.fixture
def program(folder):
    if folder.up is None or folder.up.poll() is not None:
        folder.start()
    return folder


def test_it_serves_the_admin(program):
    url = read_run(program.folder)["web_url"]
    with urllib.request.urlopen(f"{url}/admin/login/") as page:
        assert page.status == 200


def test_a_second_one_says_where_the_first_runs_and_succeeds(program):
    second = program.launch()
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 0
    assert read_run(program.folder)["web_url"] in said
    assert program.up.poll() is None


def test_workers_survive_a_killed_mongod(program):
    mongod, cluster = program.pids("bin/mongod"), program.pids("qcluster")
    os.kill(mongod[0], signal.SIGKILL)
    wait_until(lambda: program.pids("bin/mongod") not in ([], mongod))
    with program.database() as database:
        wait_for_work(database)
    assert program.pids("qcluster") == cluster


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_leaves_no_process(program, signum):
    assert program.end(signum) == 0


def test_sigkill_leaves_no_process(program):
    with program.database() as database:
        database.marks.insert_one(MARK)
    assert program.end(signal.SIGKILL) == -signal.SIGKILL


def test_the_data_is_found_again_when_the_port_was_taken(folder):
    port = int((folder.folder / "mongo" / "port").read_text())
    with socket.create_server((listening.HOST, port)):
        folder.start()
    with folder.database() as database:
        assert database.marks.find_one() == MARK
