"""What a figure says, and the instruments that figures share."""

import ctypes
import gc
import math
import time
from collections.abc import Callable, Sequence
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


def _status_mb(name: str) -> float:
    for line in (PROCESS / "status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / MB
    raise RuntimeError(f"the kernel does not tell {name}")
