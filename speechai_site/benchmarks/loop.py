"""Calls through the whole loop, and the processor time that one costs.

Creates take 200 ms, calls 2 s; each brings three signed webhooks. The contact ledger
and the histories are written as always. Everything runs on two cores, the simulated
Retell too, which the real one would not.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from batches.models import Job
from batches.states import JobStatus
from speechai_site.benchmarks import bare, program
from speechai_site.benchmarks.measuring import Line
from speechai_site.runtime.documents import collection
from speechai_site.runtime.supervisor import Supervisor

WORKERS = 2
WARM_SECONDS, SECONDS = 12.0, 60.0
LEAST_WARM, LEAST_SECONDS = 3.0, 2.0
BARE_SECONDS, LEAST_BARE = 10.0, 1.0
MOST_A_SECOND = 300  # so many cases wait for each second
CALLS_A_MINUTE, CALLS_A_MINUTE_PER_WORKER = 6000, 3000
CPU_MS = 16
SIMULATOR = "simulator"


@dataclass(frozen=True)
class Run:
    """What a steady time of the loop has come to."""

    calls: int
    seconds: float
    cpu: dict[str, float]  # seconds of each service
    bare_a_minute: float

    @property
    def a_minute(self) -> float:
        return self.calls * 60 / self.seconds

    def cpu_ms(self, *services: str) -> float:
        """Processor time of these for each call."""
        return 1000 * sum(self.cpu[name] for name in services) / self.calls


def measure(scale: float) -> Iterator[Line]:
    run = _run(WORKERS, scale)
    yield _rate("loop_calls_per_minute", run, WORKERS, CALLS_A_MINUTE)
    ours = sorted(set(run.cpu) - {SIMULATOR})
    yield Line(
        name="loop_cpu_ms_per_call",
        value=run.cpu_ms(*ours),
        unit="ms",
        target=CPU_MS,
        reference=run.cpu_ms(SIMULATOR),
        reference_name=f"the simulator's, not among {', '.join(ours)} of the value",
        reference_unit="ms",
    )
    for service in ours:
        yield Line(
            name=f"loop_cpu_ms_per_call_{service}",
            value=run.cpu_ms(service),
            unit="ms",
            target=None,
            reference=run.cpu_ms(*ours),
            reference_name="loop_cpu_ms_per_call",
            reference_unit="ms",
        )


def measure_one_worker(scale: float) -> Iterator[Line]:
    run = _run(1, scale)
    yield _rate("loop_calls_per_minute_per_worker", run, 1, CALLS_A_MINUTE_PER_WORKER)


def _rate(name: str, run: Run, workers: int, target: float) -> Line:
    return Line(
        name=name,
        value=run.a_minute,
        unit="calls/min",
        target=target,
        reference=run.bare_a_minute,
        reference_name=(
            f"bare creates from {workers * settings.DIAL_THREADS} threads, "
            f"{bare.INSERTS} plain inserts each"
        ),
        reference_unit="calls/min",
    )


def _run(workers: int, scale: float) -> Run:
    warm = max(WARM_SECONDS * scale, LEAST_WARM)
    seconds = max(SECONDS * scale, LEAST_SECONDS)
    with program.running({"Q_WORKERS": str(workers)}) as running:
        bare_a_minute = bare.calls_per_minute(
            running.published["simulator_url"],
            workers * settings.DIAL_THREADS,
            max(BARE_SECONDS * scale, LEAST_BARE),
        )
        program.add_campaigns(int(MOST_A_SECOND * (warm + seconds)))
        program.start()
        if not running.wait(lambda: program.whole_calls() > 0, timeout=60):
            raise RuntimeError("no call went through the loop")
        running.wait(timeout=warm)
        return _steady(running, seconds, bare_a_minute)


def _steady(running: Supervisor, seconds: float, bare_a_minute: float) -> Run:
    processes = program.main_processes(running)
    before, began = program.cpu_seconds(running), time.monotonic()
    calls = program.whole_calls()
    running.wait(timeout=seconds)
    after, ended = program.cpu_seconds(running), time.monotonic()
    calls = program.whole_calls() - calls
    if program.main_processes(running) != processes:
        raise RuntimeError("a process ended meanwhile")
    if not collection(Job).count_documents({"status": JobStatus.QUEUED}, limit=1):
        raise RuntimeError("no case was left to call")
    cpu = {name: after[name] - before[name] for name in before}
    return Run(calls, ended - began, cpu, bare_a_minute)
