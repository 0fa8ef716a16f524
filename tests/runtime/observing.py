"""What tests of processes share: waiting for a fact, work, and what is left."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
from bson import ObjectId
from django_q.signing import SignedPackage
from pymongo.database import Database

from speechai_site.runtime import clock
from speechai_site.runtime.broker import COLLECTION


def wait_until(fact: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as `fact()` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def family(pid: int) -> list[psutil.Process]:
    """The process and all that it started, and those started in turn."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; zombies don't."""
    return [process for process in processes if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(folder: Path) -> list[psutil.Process]:
    """Living processes that name `folder` in an argument.

    Variables are of no use: processes that set their title overwrite them.
    """
    return [p for p in living(list(psutil.process_iter())) if _names(p, folder)]


def _names(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(str(folder) in word for word in process.cmdline())
    except psutil.Error:
        return False


def queue(database: Database, function: str, *args: object) -> ObjectId:
    """Queue a task for the cluster that works on `database`; return its id."""
    name = uuid.uuid4().hex
    task = {"id": name, "name": name, "func": function, "args": args, "kwargs": {}}
    task |= {"started": clock.wall(), "ack_failure": True}
    document = {"payload": SignedPackage.dumps(task), "lock": clock.wall()}
    return database[COLLECTION].insert_one(document).inserted_id


def wait_for_work(database: Database, seconds: float = 20) -> None:
    """Queue a small task and wait until it was done and acknowledged."""
    task = queue(database, "os.getpid")
    wait_until(lambda: not database[COLLECTION].find_one({"_id": task}), seconds)
