"""What a report adds up, and the same figures counted in the database."""

from collections import Counter
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from batches.models import Batch, Job, Upload, UploadError
from calls.counters import as_decimal
from calls.models import Call
from speechai_site.runtime.documents import collection


@dataclass
class Totals:
    """The figures of a batch, added up row by row (`add_…`) or by `in_database`."""

    rows_in_jobs: int = 0
    rows_reported: int = 0
    total_amount: Decimal = Decimal(0)
    jobs: Counter[str] = field(default_factory=Counter)  # by status
    calls: Counter[str] = field(default_factory=Counter)  # by status
    outcomes: Counter[str] = field(default_factory=Counter)  # of calls, by class
    promises: int = 0
    promised: Decimal = Decimal(0)
    duration_ms: int = 0
    cost_usd: Decimal = Decimal(0)

    def add_job(self, job: dict[str, Any]) -> None:
        self.rows_in_jobs += len(job["source_rows"])
        self.jobs[job["status"]] += 1
        self.total_amount += job["amount"]
        if job["promise_date"]:
            self.promises += 1
            self.promised += job["promise_amount"] or 0

    def add_call(self, call: dict[str, Any]) -> None:
        self.calls[call["status"]] += 1
        if call["outcome"]:
            self.outcomes[call["outcome"]] += 1
        self.duration_ms += call["duration_ms"] or 0
        self.cost_usd += call["cost_usd"] or 0

    def as_json(self) -> dict[str, Any]:
        """Plain values; amounts as text."""
        return {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in vars(self).items()
        }


def differences(totals: Totals, batch: Batch) -> list[str]:
    """Names of the figures in which `totals` and the database differ now."""
    counted = in_database(batch)
    return [
        column.name
        for column in fields(Totals)
        if getattr(totals, column.name) != getattr(counted, column.name)
    ]


def in_database(batch: Batch) -> Totals:
    """The figures of a batch as the database adds them up."""
    totals = Totals()
    _count_jobs(batch, totals)
    _count_calls(batch, totals)
    uploads = list(Upload.objects.filter(batch=batch).values_list("pk", flat=True))
    totals.rows_reported = collection(UploadError).count_documents(
        {"upload_id": {"$in": uploads}}
    )
    return totals


def _count_jobs(batch: Batch, totals: Totals) -> None:
    promised = {"$gt": ["$promise_date", None]}
    for row in collection(Job).aggregate(
        [
            {"$match": {"batch_id": batch.pk}},
            {
                "$group": {
                    "_id": "$status",
                    "n": {"$sum": 1},
                    "rows": {"$sum": {"$size": "$source_rows"}},
                    "amount": {"$sum": "$amount"},
                    "promises": {"$sum": {"$cond": [promised, 1, 0]}},
                    "promised": {"$sum": {"$cond": [promised, "$promise_amount", 0]}},
                }
            },
        ]
    ):
        totals.jobs[row["_id"]] = row["n"]
        totals.rows_in_jobs += row["rows"]
        totals.total_amount += as_decimal(row["amount"])
        totals.promises += row["promises"]
        totals.promised += as_decimal(row["promised"])


def _count_calls(batch: Batch, totals: Totals) -> None:
    for row in collection(Call).aggregate(
        [
            {"$match": {"batch_id": batch.pk}},
            {
                "$group": {
                    "_id": {"status": "$status", "outcome": "$outcome"},
                    "n": {"$sum": 1},
                    "duration_ms": {"$sum": "$duration_ms"},
                    "cost": {"$sum": "$cost_usd"},
                }
            },
        ]
    ):
        totals.calls[row["_id"]["status"]] += row["n"]
        if row["_id"]["outcome"]:
            totals.outcomes[row["_id"]["outcome"]] += row["n"]
        totals.duration_ms += row["duration_ms"]
        totals.cost_usd += as_decimal(row["cost"])
