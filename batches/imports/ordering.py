"""Whom a campaign calls first: its cases in the order of a column.

The order is kept as `Batch.order_by`: a name of `COLUMNS`, or `extra:` and the header
of another column of the workbook; a minus in front for the largest first. Cases without
a value come last.
"""

from dataclasses import dataclass
from typing import Any

from bson import Decimal128

from batches.models import Batch, Job
from batches.states import OPEN_JOB, JobStatus
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection

FILE = "file"  # as they stand in the files: also of a campaign that has no order
COLUMNS = (FILE, "amount", "days_late", "due_date")
EXTRA = "extra:"
LAST = 2**53  # of cases without a value
SHOWN = 5
LOOKED_AT = 200  # cases whose other columns are offered
MOST_OFFERED = 60


@dataclass
class Order:
    """The first cases in an order, (name, value) each, and how many have no value."""

    first: list[tuple[str, str]]
    cases: int
    without: int


def columns_of(batch: Batch) -> list[str]:
    """What a campaign may be ordered by: columns of the program, then of its files."""
    cursor = collection(Job).find(
        {"batch_id": batch.pk}, {"extra": 1}, sort=[("_id", -1)], limit=LOOKED_AT
    )
    headers = {pair[0]: None for job in cursor for pair in job["extra"] if pair[0]}
    return [*COLUMNS, *(EXTRA + name for name in [*headers][:MOST_OFFERED])]


def look(batch: Batch, order_by: str) -> Order:
    """How the open cases would be called. Nothing is changed."""
    first: list[tuple[str, str]] = []
    mine = {"batch_id": batch.pk, "status": {"$in": list(OPEN_JOB)}}
    shown = [
        {"$match": mine},
        {"$set": {"value": _value(order_by), "place": _rank(order_by)}},
        {"$project": {"name": 1, "value": 1, "place": 1}},
        {"$sort": {"place": 1, "_id": 1}},
        {"$limit": SHOWN},
    ]
    for job in collection(Job).aggregate(shown):
        first.append((job["name"], _said(job["value"], order_by)))
    counted = collection(Job).aggregate(
        [
            {"$match": mine},
            {"$group": {"_id": {"$eq": [_rank(order_by), LAST]}, "n": {"$sum": 1}}},
        ]
    )
    found = {row["_id"]: row["n"] for row in counted}
    return Order(first, sum(found.values()), found.get(True, 0))


def choose(batch: Batch, order_by: str, *, by: str) -> None:
    """Call a campaign in this order from now on, its later uploads too."""
    Batch.objects.filter(pk=batch.pk).update(order_by=order_by)
    batch.refresh_from_db()
    reorder(batch.pk)
    audit.record("batch.order", batch, by=by, order_by=order_by)


def reorder(batch_id: Any) -> None:
    """Put the cases of a campaign in its order, if it has one; safe to repeat."""
    batch = collection(Batch).find_one({"_id": batch_id}, {"order_by": 1}) or {}
    if not batch.get("order_by"):
        return
    rank = {"$toLong": _rank(batch["order_by"])}
    jobs = collection(Job)
    mine = {"batch_id": batch_id}
    jobs.update_many(
        {**mine, "status": {"$in": list(OPEN_JOB)}}, [{"$set": {"rank": rank}}]
    )
    # whoever waits longer is claimed first: those that were never tried wait equally
    untried = {**mine, "status": JobStatus.QUEUED, "attempts": 0, "callback_at": None}
    due = {**untried, "next_attempt_at": {"$lte": clock.now()}}
    oldest = jobs.find_one(due, {"next_attempt_at": 1}, sort=[("next_attempt_at", 1)])
    if oldest:
        moment = oldest["next_attempt_at"]
        jobs.update_many(due, {"$set": {"next_attempt_at": moment}})


def _value(order_by: str) -> Any:
    """The number that a case has in a column; null if none."""
    name = order_by.removeprefix("-")
    if name == FILE:
        return {"$literal": 0}
    if name == "amount":
        return {"$toDouble": "$amount"}
    if name.startswith(EXTRA):
        header = name.removeprefix(EXTRA)
        return _number({"$first": {"$map": _pairs(header)}})
    texts = {"$ifNull": [f"$debts.{name}", []]}
    if name == "days_late":
        numbers = {"$map": {"input": texts, "as": "one", "in": _number("$$one")}}
        return {
            "$max": {"$filter": {"input": numbers, "cond": {"$ne": ["$$this", None]}}}
        }
    # days as numbers, 20261231
    dates = {
        "$map": {
            "input": texts,
            "as": "one",
            "in": _number(
                {"$replaceAll": {"input": "$$one", "find": "-", "replacement": ""}}
            ),
        }
    }
    return {"$min": {"$filter": {"input": dates, "cond": {"$ne": ["$$this", None]}}}}


def _pairs(header: str) -> dict[str, Any]:
    is_it = {"$eq": [{"$arrayElemAt": ["$$this", 0]}, {"$literal": header}]}
    return {
        "input": {"$filter": {"input": "$extra", "cond": is_it}},
        "as": "one",
        "in": {"$arrayElemAt": ["$$one", 1]},
    }


def _number(text: Any) -> dict[str, Any]:
    """A text as a number, with a comma or a point for decimals; null if it is none."""
    point = {"$replaceAll": {"input": text, "find": ",", "replacement": "."}}
    return {
        "$convert": {"input": point, "to": "double", "onError": None, "onNull": None}
    }


def _rank(order_by: str) -> dict[str, Any]:
    """The place in the order: smaller is called earlier. In hundredths, so that whole
    numbers hold amounts with decimals."""
    sign = -100 if order_by.startswith("-") else 100
    whole = {"$round": [{"$multiply": [_value(order_by), sign]}, 0]}
    within = {"$max": [-LAST, {"$min": [LAST - 1, whole]}]}
    return {"$ifNull": [{"$cond": [{"$eq": [whole, None]}, None, within]}, LAST]}


def _said(value: Any, order_by: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if order_by.removeprefix("-") == "due_date":
        day = f"{int(value):08d}"
        return f"{day[6:]}/{day[4:6]}/{day[:4]}"
    return f"{value:,.2f}".replace(",", " ").replace(".00", "").replace(".", ",")
