"""The supervisor with real processes; `manage.py up` itself is in test_up.py."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from speechai_site.runtime import listening
from speechai_site.runtime.supervisor import (
    BASE_DIR,
    AlreadyRunning,
    Service,
    StartFailed,
    Supervisor,
    read_run,
)
from tests.runtime.observing import processes_of, wait_until

# Writes its name on SIGTERM, and ends.
POLITE = """
import pathlib, signal, sys
def leave(*_):
    with pathlib.Path(sys.argv[1]).open("a") as file: print(sys.argv[2], file=file)
    sys.exit()
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True: signal.pause()
"""
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True)\n"
DEAF += "while True: signal.pause()"


def python(name, script, *arguments, **options):
    command = (sys.executable, "-c", script, *map(str, arguments))
    return Service(name, command, **options)


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(*services, **options):
        supervisor = Supervisor(tmp_path, services, env=os.environ, **options)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop(seconds=1)
    wait_until(lambda: not processes_of(tmp_path), seconds=5)


def ready(supervisor, name):
    log = supervisor.log_of(name)
    return lambda: log.exists() and "ready" in log.read_text()


@pytest.mark.parametrize("code", [0, 1])
def test_what_ends_is_started_again_whatever_its_code(supervise, tmp_path, code):
    lives = tmp_path / "lives"
    supervisor = supervise(
        python("short", f"open({str(lives)!r}, 'a').write('x'); exit({code})")
    )
    assert supervisor.wait(lambda: lives.exists() and len(lives.read_text()) > 2, 10)


def test_copies_of_a_service_are_found_under_its_name(supervise, tmp_path):
    copies = [python(name, POLITE, tmp_path / "order", name) for name in ("a", "a-2")]
    assert len(supervise(*copies).pids()["a"]) == 2


def test_a_killed_service_gets_a_new_process(supervise, tmp_path):
    supervisor = supervise(python("polite", POLITE, tmp_path / "order", "a"))
    (pid,) = supervisor.pids()["polite"]
    os.kill(pid, signal.SIGKILL)
    assert supervisor.wait(
        lambda: supervisor.pids().get("polite") not in (None, [pid]), 5
    )


def test_services_stop_in_reverse_order(supervise, tmp_path):
    order = tmp_path / "order"
    supervisor = supervise(
        *[python(name, POLITE, order, name) for name in ("first", "second", "third")]
    )
    for name in ("first", "second", "third"):
        assert supervisor.wait(ready(supervisor, name), 10)
    supervisor.stop()
    assert order.read_text().split() == ["third", "second", "first"]


def test_a_deaf_service_is_killed_after_the_time_to_stop(supervise, tmp_path):
    supervisor = supervise(python("deaf", DEAF, tmp_path))
    assert supervisor.wait(ready(supervisor, "deaf"), 10)
    supervisor.stop(seconds=0)
    assert not processes_of(tmp_path)


def test_a_step_runs_to_its_end_before_the_next_service(supervise, tmp_path):
    mark = tmp_path / "mark"
    step = python("step", f"open({str(mark)!r}, 'w'); print('done')", once=True)
    supervisor = supervise(step, python("polite", POLITE, tmp_path / "order", "a"))
    assert supervisor.outputs["step"] == "done\n"
    assert mark.exists()


def test_a_failed_step_says_its_last_line(supervise):
    with pytest.raises(StartFailed, match=r"step .*1.*: no such luck"):
        supervise(python("step", "exit('first\\nno such luck')", once=True))


def test_a_service_with_a_port_has_started_when_the_port_answers(supervise):
    port = listening.free_port()
    supervise(
        Service(
            "web",
            (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)),
            port=port,
        )
    )
    assert listening.answers(port)


def test_a_second_supervisor_learns_of_the_first(supervise, tmp_path):
    supervise(published={"web_url": "http://127.0.0.1:1"})
    with pytest.raises(AlreadyRunning) as error:
        Supervisor(tmp_path, [], env=os.environ).start()
    assert error.value.run["web_url"] == "http://127.0.0.1:1"
    assert error.value.run["pid"] == os.getpid()


def test_nothing_is_published_after_the_stop(supervise, tmp_path):
    supervise().stop()
    assert read_run(tmp_path) == {}


def test_waiting_ends_with_the_parent(tmp_path):
    script = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]])\n"
        "import time; time.sleep(600)"
    )
    supervisor = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from speechai_site.runtime.supervisor import *\n"
        "service = Service('sleeper', ('sleep', '600'))\n"
        "with Supervisor(Path(sys.argv[1]), [service], env=os.environ) as s: s.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, supervisor, str(tmp_path)], cwd=BASE_DIR
    )
    wait_until(lambda: read_run(tmp_path))
    parent.kill()
    parent.wait()
    wait_until(lambda: not processes_of(tmp_path), seconds=5)


def test_ports_are_the_wanted_ones_or_the_next(tmp_path):
    with listening.listen() as first:
        port = first.getsockname()[1]
        with listening.listen(port) as second:
            assert second.getsockname()[1] > port


def test_a_visitor_waits_while_the_web_server_starts_again(supervise):
    listener = listening.listen()
    fd = listener.fileno()
    script = (
        "import socket\n"
        f"listener = socket.socket(fileno={fd})\n"
        "while True: listener.accept()[0].sendall(b'hello')"
    )
    supervisor = supervise(python("web", script, pass_fds=(fd,)), sockets=(listener,))
    os.kill(supervisor.pids()["web"][0], signal.SIGKILL)
    answers = []
    visitor = threading.Thread(target=lambda: answers.append(visit(listener)))
    visitor.start()
    assert supervisor.wait(lambda: answers == [b"hello"], 10)
    visitor.join()


def visit(listener):
    with socket.create_connection(listener.getsockname(), timeout=10) as connection:
        return connection.recv(5)
