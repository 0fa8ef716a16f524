"""More worker processes place more calls, where Retell's answer is what takes long."""

import json
import statistics
from collections.abc import Iterator

from django.conf import settings

from speechai_site.benchmarks import program
from speechai_site.benchmarks.measuring import Line
from speechai_site.benchmarks.oracle import Oracle

FEW, MANY = 1, 4
THREADS = 8
CREATE_SECONDS = 2
WARM_SECONDS, SECONDS = 6.0, 40.0
LEAST_WARM, LEAST_SECONDS = 2.0, 6.0
OF_LINEAR = 0.9


def measure(scale: float) -> Iterator[Line]:
    few, many = (_creates_a_second(workers, scale) for workers in (FEW, MANY))
    yield Line(
        name=f"scaling_{FEW}_to_{MANY}_workers",
        value=many * FEW / (MANY * few),
        unit="of linear",
        target=OF_LINEAR,
        reference=few,
        reference_name=(
            f"creates with {FEW} worker process of {THREADS} threads, where an answer "
            f"takes {CREATE_SECONDS} s"
        ),
        reference_unit="creates/s",
    )


def _creates_a_second(workers: int, scale: float) -> float:
    warm = max(WARM_SECONDS * scale, LEAST_WARM)
    seconds = max(SECONDS * scale, LEAST_SECONDS)
    scenario = settings.VAR_DIR / "scenario.json"
    scenario.write_text(json.dumps({"base": "bench", "create_seconds": CREATE_SECONDS}))
    env = {"Q_WORKERS": str(workers), "DIAL_THREADS": str(THREADS)}
    with program.running(env, scenario=str(scenario)) as running:
        most = workers * THREADS / CREATE_SECONDS * (warm + seconds + 2)
        program.add_campaigns(int(2 * most))
        oracle = Oracle(program.simulator_log())
        program.start()
        if not running.wait(oracle.look, timeout=60):
            raise RuntimeError("no call was created")
        running.wait(timeout=warm)
        before = len(oracle.look())
        running.wait(timeout=seconds)
        return _slope([create.wall_ms for create in oracle.look()[before:]])


def _slope(milliseconds: list[int]) -> float:
    """Events a second: of the line through them, since they come in bursts."""
    order = range(len(milliseconds))
    return 1000 * statistics.linear_regression(milliseconds, order).slope
