"""Starts processes in order, starts again what ends, stops them in reverse order.

Each child dies with the supervisor, also when that is killed. All of it happens in
the thread that calls `start`, `wait` and `stop`, and that thread must live as long
as the children should: the kernel ties them to it.

Process managers were weighed: honcho ends everything when one process ends,
supervisord and circus leave orphans when they are killed and know no order.
"""

import fcntl
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil
from django.utils.translation import gettext as _

from .listening import answers
from .mongod import EmbeddedMongod, MongodUnavailable
from .parent_death import dying_with

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LOOK_SECONDS = 0.1
FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
STEADY_SECONDS = 30.0  # a process that lived so long starts again at once
PORT_SECONDS = 60.0
STOP_SECONDS = 20.0
MAX_LOG_BYTES = 20_000_000

logger = logging.getLogger(__name__)


class AlreadyRunning(RuntimeError):
    """Another supervisor has the folder; `run` is what it published (run.json)."""

    def __init__(self, run: dict[str, Any]) -> None:
        super().__init__(f"already running (process {run.get('pid', 'unknown')})")
        self.run = run


class StartFailed(RuntimeError):
    """A process that the others need did not come up; one sentence says which."""


@dataclass(frozen=True)
class Service:
    """One process. `once`: runs to its end, well, before the next one starts.

    `port`: the next one starts when something answers there.
    """

    name: str
    command: Sequence[str]
    once: bool = False
    port: int | None = None
    pass_fds: tuple[int, ...] = ()


class Backoff:
    """When to start again: at once after a long life, ever later after short ones."""

    def __init__(self) -> None:
        self.due = 0.0
        self._delay = FIRST_DELAY
        self._started = time.monotonic()

    def started(self) -> None:
        self._started = time.monotonic()

    def ended(self) -> float:
        """Note an end; return the seconds until the next start."""
        present = time.monotonic()
        if present - self._started > STEADY_SECONDS:
            self._delay = FIRST_DELAY
        delay = self._delay
        self.due = present + delay
        self._delay = min(2 * delay, LONGEST_DELAY)
        return delay


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    backoff: Backoff
    ended: bool = False


class Supervisor:
    """Runs `services` over `var_dir`, with a database of its own when given one.

    `env` is the children's whole environment (MONGODB_URI is added); `sockets` are
    what services inherit by `pass_fds`, open until the end; `published` goes to
    var_dir/run.json beside `pid` and `mongodb_uri`; `report` gets the operator's
    lines.
    """

    def __init__(
        self,
        var_dir: Path,
        services: Sequence[Service],
        *,
        env: Mapping[str, str],
        mongod: EmbeddedMongod | None = None,
        sockets: Sequence[socket.socket] = (),
        published: Mapping[str, str] | None = None,
        report: Callable[[str], None] = logger.info,
    ) -> None:
        self.var_dir = Path(var_dir)
        self.env = dict(env)
        self.published = dict(published or {})
        self.outputs: dict[str, str] = {}
        self.services = services
        self._sockets = sockets
        self._mongod = mongod
        self._mongod_backoff = Backoff()
        self._report = report
        self._children: list[_Child] = []
        self._lock: IO[str] | None = None
        self._parent = os.getppid()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # --- starting

    def start(self) -> None:
        """Start everything; returns when the last service has been started.

        Raises AlreadyRunning, MongodUnavailable or StartFailed; `stop` cleans up.
        """
        self._take_lock()
        if self._mongod is not None:
            self.env["MONGODB_URI"] = self._mongod.start()
        self._publish()
        for service in self.services:
            if service.once:
                self.outputs[service.name] = self.run_once(service)
            else:
                self._children.append(_Child(service, self._spawn(service), Backoff()))
            if service.port is not None:
                self._wait_for_port(service)

    def manage(self, *arguments: str, timeout: float = 600) -> str:
        """Run a management command beside the services; return what it printed.

        The services are looked after meanwhile. Raises StartFailed when it fails.
        """
        command = (sys.executable, str(BASE_DIR / "manage.py"), *arguments)
        return self.run_once(Service(arguments[0], command, once=True), timeout)

    def run_once(self, service: Service, timeout: float = 600) -> str:
        """Run `service` to its end and return its standard output."""
        with tempfile.TemporaryFile() as output:
            process = self._spawn(service, stdout=output)
            try:
                self.wait(lambda: process.poll() is not None, timeout)
            finally:
                process.kill()
                code = process.wait()
            if code != 0:
                raise StartFailed(self._why(service, code))
            output.seek(0)
            return output.read().decode()

    def _why(self, service: Service, code: int) -> str:
        """The last line that the process wrote to its log, and how it ended."""
        lines = self.log_of(service.name).read_text(errors="replace").splitlines()
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return _("%(name)s ended with code %(code)s: %(said)s") % {
            "name": service.name,
            "code": code,
            "said": said,
        }

    def _spawn(
        self, service: Service, stdout: IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        log = self.log_of(service.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - commands are our own
                service.command,
                cwd=BASE_DIR,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=stdout or file,
                stderr=file,
                pass_fds=service.pass_fds,
                # Ctrl-C reaches the supervisor alone, which stops them in order.
                start_new_session=True,
                preexec_fn=dying_with(os.getpid()),
            )

    def log_of(self, name: str) -> Path:
        return self.var_dir / "log" / f"{name}.log"

    def _wait_for_port(self, service: Service) -> None:
        if not self.wait(lambda: answers(service.port), timeout=PORT_SECONDS):
            raise StartFailed(
                _("%(name)s does not answer on port %(port)s; see %(log)s.")
                % {
                    "name": service.name,
                    "port": service.port,
                    "log": self.log_of(service.name),
                }
            )

    def _take_lock(self) -> None:
        self.var_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.var_dir / "run.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(read_run(self.var_dir)) from None
        (self.var_dir / "run.json").unlink(missing_ok=True)
        self._lock = lock

    def _publish(self) -> None:
        run = {
            "pid": os.getpid(),
            "mongodb_uri": self.env.get("MONGODB_URI", ""),
            **self.published,
        }
        draft = self.var_dir / "run.json.new"
        draft.write_text(json.dumps(run))
        draft.replace(self.var_dir / "run.json")

    # --- running

    def wait(
        self, until: Callable[[], bool] | None = None, timeout: float | None = None
    ) -> bool:
        """Look after the services until `until()` holds, and say whether it does.

        False: `timeout` seconds have passed, or the supervisor's parent has ended.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while True:
            self.tend()
            if until is not None and until():
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False
            if os.getppid() != self._parent:
                return False
            time.sleep(LOOK_SECONDS)

    def tend(self) -> None:
        """One look: start again what has ended and whose time has come."""
        self._tend_mongod()
        present = time.monotonic()
        for child in self._children:
            code = child.process.poll()
            if code is not None and not child.ended:
                child.ended = True
                delay = child.backoff.ended()
                self._report(
                    _(
                        "%(name)s ended with code %(code)s; starting it again in "
                        "%(seconds)s s."
                    )
                    % {
                        "name": child.service.name,
                        "code": code,
                        "seconds": f"{delay:g}",
                    }
                )
            if child.ended and present >= child.backoff.due:
                self._restart(child)

    def _restart(self, child: _Child) -> None:
        child.process = self._spawn(child.service)
        child.ended = False
        child.backoff.started()

    def _tend_mongod(self) -> None:
        mongod, backoff = self._mongod, self._mongod_backoff
        if mongod is None or mongod.is_running() or time.monotonic() < backoff.due:
            return
        self._report(_("mongod ended; starting it again."))
        backoff.ended()
        try:
            uri = mongod.start()
        except MongodUnavailable as error:
            self._report(str(error))
            return
        backoff.started()
        if uri != self.env["MONGODB_URI"]:
            # Its port was taken meanwhile; nobody would find it.
            self.env["MONGODB_URI"] = uri
            self._publish()
            for child in self._children:
                child.process.kill()

    def pids(self) -> dict[str, list[int]]:
        """The running processes by what they do, children's children included.

        Keys: each service's name without its copy's number, `mongod`, and what
        qcluster and the web server fork: `qcluster/sentinel`, `/worker`, `/pusher`,
        `/monitor`, `web/worker`.
        """
        found: dict[str, list[int]] = {}
        if self._mongod is not None and self._mongod.pid is not None:
            found["mongod"] = [self._mongod.pid]
        for child in self._children:
            name = re.sub(r"-\d+$", "", child.service.name)
            with suppress(psutil.NoSuchProcess):
                root = psutil.Process(child.process.pid)
                for process in (root, *root.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        key = role_of(name, root.pid, process)
                        found.setdefault(key, []).append(process.pid)
        return found

    # --- stopping

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the services, last started first, and then the database.

        They may finish what they do for `seconds` in all; an exception (a second
        Ctrl-C) ends them at once.
        """
        if self._mongod is not None and not self._mongod.is_running():
            seconds = 0  # without the database nobody can finish anything
        deadline = time.monotonic() + seconds
        try:
            for child in reversed(self._children):
                child.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(deadline - time.monotonic(), 1))
        except KeyboardInterrupt:
            self._report(_("Ending without waiting."))
        finally:
            for child in self._children:
                child.process.kill()
                child.process.wait()
            self._children.clear()
            if self._mongod is not None:
                self._mongod.stop()
            for listener in self._sockets:
                listener.close()
            if self._lock is not None:
                (self.var_dir / "run.json").unlink(missing_ok=True)
                self._lock.close()
                self._lock = None


def read_run(var_dir: Path) -> dict[str, Any]:
    """What the running supervisor published; empty when there is nothing to read."""
    try:
        return json.loads((Path(var_dir) / "run.json").read_text())
    except (OSError, ValueError):
        return {}


def role_of(name: str, root_pid: int, process: psutil.Process) -> str:
    """`name` itself, or `name/part` for what the service forked.

    The parts of qcluster are told by the titles that django-q2 gives them.
    """
    if process.pid == root_pid:
        return name
    if name != "qcluster":
        return f"{name}/worker"
    if process.ppid() == root_pid:
        return f"{name}/sentinel"
    words = " ".join(process.cmdline()).split()  # a title is one argument
    part = words[-1] if words and words[-1] in {"pusher", "monitor"} else "worker"
    return f"{name}/{part}"
