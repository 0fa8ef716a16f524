"""Promises that are kept by payments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from batches.models import Job, Payment
from calls.counters import as_decimal
from calls.models import Promise
from speechai_site.runtime.documents import collection

OPEN = (Promise.Status.CURRENT, Promise.Status.REVIEW)


def close(job_ids: Sequence[Any]) -> int:
    """Close the open promises of these cases that are paid: the whole debt is, or as
    much as was promised came in since. How many were closed; safe to repeat."""
    kept = _kept(job_ids, set(), {})
    rows = Promise.objects.filter(pk__in=kept, status__in=OPEN)
    return rows.update(status=Promise.Status.PAID) if kept else 0


def would_close(
    job_ids: Sequence[Any], paid: set[Any], new: Mapping[tuple[str, str], Decimal]
) -> int:
    """How many `close` would, once the cases `paid` are and `new` came in, by document
    key and creditor key. Nothing is changed."""
    return len(_kept(job_ids, paid, new))


def _kept(
    job_ids: Sequence[Any], paid: set[Any], new: Mapping[tuple[str, str], Decimal]
) -> list[Any]:
    """The ids of the promises that are kept."""
    promises = list(
        collection(Promise).find(
            {"job_id": {"$in": list(job_ids)}, "status": {"$in": list(OPEN)}}
        )
    )
    jobs = {
        job["_id"]: job
        for job in collection(Job).find(
            {"_id": {"$in": [promise["job_id"] for promise in promises]}},
            {"amount": 1, "debts": 1, "document_key": 1, "creditor_key": 1}
            | {"account_id": 1},
        )
    }
    return [
        promise["_id"]
        for promise in promises
        if promise["job_id"] in paid
        or (
            promise["job_id"] in jobs
            and _is_kept(promise, jobs[promise["job_id"]], new)
        )
    ]


def _is_kept(
    promise: dict[str, Any],
    job: dict[str, Any],
    new: Mapping[tuple[str, str], Decimal],
) -> bool:
    if not as_decimal(job["amount"]) and any("paid" in line for line in job["debts"]):
        return True
    promised = as_decimal(promise.get("amount"))
    if not promised or not job["document_key"]:
        return False
    came_in = new.get((job["document_key"], job["creditor_key"]), Decimal(0))
    return _paid_since(job, promise["made_at"]) + came_in >= promised


def _paid_since(job: dict[str, Any], moment: datetime) -> Decimal:
    rows = Payment.objects.filter(
        account_id=job["account_id"],
        document_key=job["document_key"],
        creditor_key=job["creditor_key"],
        loaded_at__gte=moment,
    )
    return sum(rows.values_list("amount", flat=True), Decimal(0))
