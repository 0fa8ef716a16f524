"""A dispatch round of 200 calls must not cost more because more cases wait."""

import statistics
from collections.abc import Iterator
from unittest.mock import patch

from django.db import connection

from batches.models import Batch, Job
from batches.states import JobStatus
from calls import dispatcher, pacing, states
from calls.models import Call
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.measuring import Line, milliseconds
from speechai_site.benchmarks.plans import waiting
from speechai_site.runtime import leases
from speechai_site.runtime.documents import collection

JOBS, FEWER = 1_000_000, 10_000
CALLS = 200
ROUNDS = 40
WARM = 5
MOST_RATIO = 1.5
LEASE_SECONDS = 3600


def prepare(scale: float) -> None:
    _large, small = _databases()
    dataset.ensure(waiting(max(FEWER, int(JOBS * scale))))
    with dataset.database(small):
        dataset.ensure(waiting(FEWER))


def measure(scale: float) -> Iterator[Line]:
    """Medians of rounds in which the two databases take turns."""
    large, small = _databases()
    taken: dict[str, list[float]] = {large: [], small: []}
    with patch.object(dispatcher, "async_task"):
        for _round in range(WARM + ROUNDS):
            for name, samples in taken.items():
                with dataset.database(name):
                    samples.append(_round_ms())
    medians = {name: statistics.median(taken[name][WARM:]) for name in taken}
    yield Line(
        name="dispatch_200_ms",
        value=medians[large],
        unit="ms",
        target=MOST_RATIO * medians[small],
        reference=medians[small],
        reference_name=f"the same round with {FEWER:,} cases waiting, median",
        reference_unit="ms",
    )


def _databases() -> tuple[str, str]:
    large = connection.settings_dict["NAME"]
    return large, f"{large}_small"


def _round_ms() -> float:
    """One round, undone: its cases wait again, behind all others."""
    held = leases.take("dispatch", "bench", LEASE_SECONDS)
    open_calls = collection(Call).count_documents({"status": {"$in": states.OPEN}})
    pacing.remember_workspace_limit(open_calls + CALLS)
    try:
        elapsed = milliseconds(lambda: dispatcher.dispatch_round(held))
    finally:
        planned = _undo()
    if planned != CALLS:
        raise RuntimeError(f"a round planned {planned} calls, not {CALLS}")
    return elapsed


def _undo() -> int:
    """How many calls had been planned."""
    calls = collection(Call)
    planned = {"status": states.CallStatus.PLANNED}
    jobs = [call["job_id"] for call in calls.find(planned, {"job_id": 1})]
    collection(Job).update_many(
        {"_id": {"$in": jobs}},
        {
            "$set": {
                "status": JobStatus.QUEUED,
                "next_attempt_at": dataset.NOW,
                "round_id": "",
            },
            "$pop": {"history": 1},
        },
    )
    calls.delete_many(planned)
    collection(Batch).update_many({}, {"$set": {"counters_dirty": False}})
    return len(jobs)
