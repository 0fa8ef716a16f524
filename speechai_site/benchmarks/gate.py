"""What it costs to ask the gate whether a person may be called now."""

import statistics
from collections.abc import Iterator

from batches.models import Job
from batches.states import JobStatus
from calls.dispatcher import JOB_FIELDS
from calls.gate import Gate
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.measuring import Line, milliseconds
from speechai_site.benchmarks.plans import waiting
from speechai_site.runtime.documents import collection

AT_ONCE = 200
ROUNDS = 30
JOBS = 10_000


def prepare(scale: float) -> None:
    dataset.ensure(waiting(max(2 * AT_ONCE, int(JOBS * scale))))


def measure(scale: float) -> Iterator[Line]:
    """The median of rounds of 200 different cases, for each case."""
    queued = collection(Job).find({"status": JobStatus.QUEUED}, {"_id": 1})
    ids = [job["_id"] for job in queued]
    asked, read = [], []
    for round_ in range(ROUNDS):
        start = round_ * AT_ONCE % (len(ids) - AT_ONCE)
        wanted = {"_id": {"$in": ids[start : start + AT_ONCE]}}
        jobs: list = []
        read.append(
            milliseconds(lambda: jobs.extend(collection(Job).find(wanted, JOB_FIELDS)))  # noqa: B023
        )
        asked.append(milliseconds(lambda: _ask(jobs)))  # noqa: B023
    yield Line(
        name="gate_us",
        value=1000 * statistics.median(asked) / AT_ONCE,
        unit="µs",
        target=None,
        reference=1000 * statistics.median(read) / AT_ONCE,
        reference_name="raw pymongo find of the same 200 cases, for each",
        reference_unit="µs",
    )


def _ask(jobs: list) -> None:
    gate = Gate(jobs)
    refused = {
        verdict.code
        for job in jobs
        if (verdict := gate.verdict(job, gate.phone_of(job))).decision != "allow"
    }
    if refused:
        raise RuntimeError(f"the gate refused: {', '.join(refused)}")
