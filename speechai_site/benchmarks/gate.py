"""What it costs to ask whether a person may be called now: the policies alone, and the
gate with all that it reads."""

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice

import phonenumbers

from batches.models import Job
from batches.states import JobStatus
from calls import rules
from calls.dispatcher import JOB_FIELDS
from calls.gate import Gate
from calls.policies.decisions import Contact, Person
from calls.policies.decisions import Job as Asked
from calls.policies.evaluate import evaluate
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.measuring import Line, milliseconds
from speechai_site.benchmarks.plans import waiting
from speechai_site.runtime.documents import collection

AT_ONCE = 200
ROUNDS = 30
JOBS = 10_000
MOST_US, MOST_EVALUATE_US = 500, 200
HISTORIES = (0, 4, 20)  # contacts that are known of a person
EVALUATIONS = 2_000
AT = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)  # a Wednesday, 11:00 in Santiago
FROM = "+566005550100"


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
        target=MOST_US,
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


def prepare_evaluate(scale: float) -> None:
    prepare(0)  # it asks for the policies that the migrations bring, not for cases


def measure_evaluate(scale: float) -> Iterator[Line]:
    """The median of one evaluation, by the length of the history."""
    times = max(50, int(EVALUATIONS * scale))
    parse = [milliseconds(lambda: phonenumbers.parse(FROM)) for _ in range(times)]
    for contacts in HISTORIES:
        took = list(_evaluations(contacts, times))
        yield Line(
            name=f"evaluate_us_{contacts}_contacts",
            value=1000 * statistics.median(took),
            unit="µs",
            target=MOST_EVALUATE_US,
            reference=1000 * statistics.median(parse),
            reference_name="phonenumbers.parse of one number",
            reference_unit="µs",
        )


def _evaluations(contacts: int, times: int) -> Iterator[float]:
    """Each of another person, on a phone of their own, in ms."""
    current = rules.current()
    policy = current.policy("CL", "debt_collection", on=AT.date())
    holidays = current.holidays("CL")
    kinds = cycle(("attempt", "rang", "attempt", "conversation"))
    for place in range(times):
        key = str(place)
        person = Person(
            key,
            key,
            f"+569{place % 10**8:08d}",
            "mobile",
            default_zone="America/Santiago",
        )
        ledger = [
            Contact(
                AT - timedelta(days=8 + 2 * ago, hours=ago % 5),
                kind,
                key,
                key,
                creditor="acreedor",
            )
            for ago, kind in enumerate(islice(kinds, contacts))
        ]
        asked = Asked(creditor="acreedor", debt_keys=(f"acreedor:{place}",))
        yield milliseconds(
            partial(
                evaluate,
                person,
                asked,
                FROM,
                AT,
                ledger,
                policy=policy,
                holidays=holidays,
            )
        )
