"""Every figure of `manage.py bench`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from speechai_site.benchmarks import (
    dispatch,
    gate,
    importing,
    loop,
    pages,
    recovery,
    reporting,
    scaling,
    webhooks,
)
from speechai_site.benchmarks.measuring import Line


@dataclass(frozen=True)
class Figure:
    """`prepare` and `measure` take the scale (1: all that its name says) and run in a
    process each, so that what is measured is not the making of its data.

    `kept`: on the database that stays between runs; else on an empty one. Without
    `prepare` it is the whole program that is measured, which brings its own.
    """

    about: str
    prepare: Callable[[float], None] | None
    measure: Callable[[float], Iterable[Line]]
    kept: bool = False


FIGURES: dict[str, Figure] = {
    **{
        name: Figure(
            f"{page.about}, among 1,000,000 cases and 1,200,000 calls",
            pages.prepare,
            partial(pages.measure, name),
            kept=True,
        )
        for name, page in pages.PAGES.items()
    },
    "dispatch_200_ms": Figure(
        "a round of 200 calls with 1,000,000 cases waiting",
        dispatch.prepare,
        dispatch.measure,
        kept=True,
    ),
    "evaluate_us": Figure(
        "the policies' verdict on a call, from plain data",
        gate.prepare_evaluate,
        gate.measure_evaluate,
    ),
    "gate_us": Figure(
        "the gate's verdict on a case, 200 at a time", gate.prepare, gate.measure
    ),
    "import_100k_seconds": Figure(
        "a workbook of 100,000 rows and 12 columns",
        importing.prepare,
        importing.measure_seconds,
    ),
    "import_100k_peak_mb": Figure(
        "the memory of importing it", importing.prepare, importing.measure_peak
    ),
    "report_100k_seconds": Figure(
        "the report of 100,000 results", reporting.prepare, reporting.measure
    ),
    "loop_calls_per_minute": Figure(
        "calls through the whole loop on two cores, and what one costs",
        None,
        loop.measure,
    ),
    "loop_calls_per_minute_per_worker": Figure(
        "calls through the whole loop with one worker process",
        None,
        loop.measure_one_worker,
    ),
    "scaling_1_to_4_workers": Figure(
        "how much more four worker processes place than one", None, scaling.measure
    ),
    "webhook_p99_ms": Figure(
        "100 webhooks a second for a minute, from when they are due to their answer",
        None,
        webhooks.measure,
    ),
    "recovery_seconds": Figure(
        "how long a killed process is missed, for each kind", None, recovery.measure
    ),
}
