"""What a campaign's cases owe in all, kept on the campaign."""

from typing import Any

from bson import Decimal128

from batches.models import Batch, Job
from speechai_site.runtime.documents import collection

TRIES = 10


def restate_total(batch_id: Any) -> None:
    """Add up the balances of a campaign's cases after some of them changed."""
    for _try in range(TRIES):
        before = collection(Batch).find_one({"_id": batch_id}, {"total_amount": 1})
        rows = collection(Job).aggregate(
            [
                {"$match": {"batch_id": batch_id}},
                {"$group": {"_id": None, "sum": {"$sum": "$amount"}}},
            ]
        )
        total = next((row["sum"] for row in rows), 0)
        if not isinstance(total, Decimal128):
            total = Decimal128(str(total))
        if before is None:
            return
        # unless a workbook was added meanwhile
        written = collection(Batch).update_one(
            {"_id": batch_id, "total_amount": before["total_amount"]},
            {"$set": {"total_amount": total, "counters_dirty": True}},
        )
        if written.matched_count:
            return
