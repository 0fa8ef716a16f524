"""What became of a batch's jobs and calls, counted in the database."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bson import Decimal128

from batches.models import Batch, Job
from calls.models import Call
from speechai_site.runtime.documents import collection

DIRECT = {"$and": [{"$eq": ["$contact", "titular"]}, "$identity_verified"]}
COMPLETE = {"$and": [DIRECT, "$notices_complete"]}


def count(batch_id: Any) -> dict[str, Any]:
    """Exact figures of one batch, in the shape of `Batch.counters`.

    `{"jobs": {status: n}, "calls": {status: n}, "outcomes": {class: n},
    "cost_usd": text, "notices": {"direct": n, "complete": n}}`; what does not occur is
    left out. `direct`: contacts with the verified titular; `complete`: those in which
    all notices were said, and the identity before the debt (operations.md 5). Reads each call of the batch
    once: for a screen that is looked at often, `Batch.counters` keeps the last count.
    """
    figures = call_figures({"batch_id": batch_id}, direct=DIRECT, complete=COMPLETE)
    return {
        "jobs": Job.by_status(batch_id),
        "calls": figures["calls"],
        "outcomes": figures["outcomes"],
        "cost_usd": f"{figures['cost_usd']:.6f}",
        "notices": {name: figures[name] for name in ("direct", "complete")},
    }


def call_figures(where: dict[str, Any], **conditions: Any) -> dict[str, Any]:
    """`{"calls": {status: n}, "outcomes": {class: n}, "cost_usd": Decimal}` of the
    calls that match `where` (column names; it must begin with an indexed one), and for
    each of `conditions` (expressions of MongoDB) under its name how many fulfil it."""
    rows = collection(Call).aggregate(
        [
            {"$match": where},
            {
                "$group": {
                    "_id": {"status": "$status", "outcome": "$outcome"},
                    "n": {"$sum": 1},
                    "cost": {"$sum": "$cost_usd"},
                    **{
                        name: {"$sum": {"$cond": [condition, 1, 0]}}
                        for name, condition in conditions.items()
                    },
                }
            },
        ]
    )
    calls: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    counted = dict.fromkeys(conditions, 0)
    cost = Decimal(0)
    for row in rows:
        status, outcome = row["_id"]["status"], row["_id"].get("outcome")
        calls[status] = calls.get(status, 0) + row["n"]
        if outcome:
            outcomes[outcome] = outcomes.get(outcome, 0) + row["n"]
        cost += as_decimal(row["cost"])
        for name in counted:
            counted[name] += row[name]
    return {"calls": calls, "outcomes": outcomes, "cost_usd": cost, **counted}


def mark_dirty(batch_ids: Iterable[Any]) -> None:
    """Have the batches counted again (calls/reconcile.py), and ended ones swept."""
    collection(Batch, fast=True).update_many(
        {"_id": {"$in": list(batch_ids)}, "counters_dirty": False},
        {"$set": {"counters_dirty": True}},
    )


def as_decimal(value: Decimal128 | int | None) -> Decimal:
    """A sum or an amount as MongoDB gives it (an empty sum is the integer 0)."""
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value or 0)
