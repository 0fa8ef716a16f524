"""`make run`'s command, whole: every process of the program, on one folder."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager, suppress

import psutil
import pytest
from django.conf import settings
from pymongo import MongoClient

from speechai_site.runtime import listening
from speechai_site.runtime.supervisor import BASE_DIR, read_run
from tests.runtime.observing import family, living, wait_for_work, wait_until

# up, mongod, simulator, 2 of web, 5 of qcluster with one worker, clock
PROCESSES = 11


class Program:
    """`manage.py up` on one folder, started again by a test that finds it ended."""

    def __init__(self, folder):
        self.folder = folder
        self.up = None

    def runs(self):
        return self.up is not None and self.up.poll() is None

    def launch(self):
        """Start `manage.py up`, or what says that it runs already."""
        env = {**os.environ, "VAR_DIR": str(self.folder), "Q_WORKERS": "1"}
        env["LANGUAGE_CODE"] = "en"
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
        self.said = []
        while not self.said or "Logs" not in self.said[-1]:
            self.said.append(self.up.stdout.readline())
            assert self.said[-1], "it ended while starting"
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
        found = []
        for process in living(psutil.Process(self.up.pid).children()):
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile
                if title in " ".join(process.cmdline()[:2]):
                    found.append(process.pid)
        return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """One folder for all tests of this module, since a start takes seconds."""
    program = Program(tmp_path_factory.mktemp("up"))
    yield program
    if program.runs():
        program.end(signal.SIGKILL)


@pytest.fixture
def program(installed):
    """The program, running: still, or again when a test has ended it."""
    if not installed.runs():
        installed.start()
    return installed


def test_it_serves_the_admin(program):
    url = read_run(program.folder)["web_url"]
    with urllib.request.urlopen(f"{url}/admin/login/") as page:
        assert page.status == 200
    assert any("password" in line for line in program.said)


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


def test_sigterm_leaves_no_process(program):
    assert program.end(signal.SIGTERM) == 0


def test_the_data_is_found_again_when_the_port_was_taken(installed):
    if installed.up is None:
        installed.start()
    if installed.runs():
        installed.end(signal.SIGTERM)
    port = int((installed.folder / "mongo" / "port").read_text())
    with socket.create_server((listening.HOST, port)):
        installed.start()
    assert not any("password" in line for line in installed.said)


def test_ctrl_c_leaves_no_process(program):
    assert program.end(signal.SIGINT) == 0


def test_sigkill_leaves_no_process(program):
    assert program.end(signal.SIGKILL) == -signal.SIGKILL
