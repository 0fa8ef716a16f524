"""What tests of processes share: waiting for a fact, and finding what is left."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_until(fact: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as `fact()` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Living processes that know `folder`, by an argument or a variable."""
    return [process for process in psutil.process_iter() if _knows(process, folder)]


def _knows(process: psutil.Process, folder: Path) -> bool:
    try:
        words = [*process.cmdline(), *process.environ().values()]
        living = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return living and any(str(folder) in word for word in words)
