"""What a figure says, and the instruments that figures share."""

import ctypes
import gc
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MB = 1024 * 1024
PROCESS = Path("/proc/self")


@dataclass(frozen=True)
class Line:
    """One printed line. `target` is in `unit`; None: there is none."""

    name: str
    value: float
    unit: str
    target: float | None
    reference: float
    reference_name: str
    reference_unit: str

    def as_json(self) -> dict[str, Any]:
        """Plain values; four significant digits, which is more than is true."""
        return {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in vars(self).items()
        }


def milliseconds(work: Callable[[], Any]) -> float:
    """How long `work` takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p95(samples: Sequence[float]) -> float:
    """The smallest sample that 95 in 100 do not exceed."""
    return _percentile(samples, 95)


def p99(samples: Sequence[float]) -> float:
    """The smallest sample that 99 in 100 do not exceed."""
    return _percentile(samples, 99)


def _percentile(samples: Sequence[float], share: int) -> float:
    return sorted(samples)[math.ceil(len(samples) * share / 100) - 1]


def forget_peak() -> float:
    """Begin a new peak of this process's memory; MB in use now (Linux, glibc)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed, but kept for later
    (PROCESS / "clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """Most memory (RSS) that this process had since `forget_peak`."""
    return _status_mb("VmHWM")


class FamilyPeak:
    """Most memory that this process and the children it forked had together, in MB
    (PSS: what several share is counted once), looked at a few times a second."""

    EVERY = 0.2

    def __enter__(self) -> "FamilyPeak":
        self.mb = 0.0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(self.EVERY):
            self.mb = max(self.mb, sum(map(_pss_mb, _family())))


def _family() -> list[Path]:
    """This process, and those of its children that run the same program."""
    own = (PROCESS / "cmdline").read_bytes()
    found = [PROCESS]
    for told in PROCESS.glob("task/*/children"):
        for pid in told.read_text(encoding="ascii").split():
            folder = Path("/proc") / pid
            with suppress(OSError):  # it has ended meanwhile
                if (folder / "cmdline").read_bytes() == own:
                    found.append(folder)
    return found


def _pss_mb(process: Path) -> float:
    with suppress(OSError):
        text = (process / "smaps_rollup").read_text(encoding="ascii")
        for line in text.splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / MB
    return 0.0


def _status_mb(name: str) -> float:
    for line in (PROCESS / "status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / MB
    raise RuntimeError(f"the kernel does not tell {name}")
