"""What a campaign's cases owe in all, kept on the campaign.

Whatever changes what stored cases owe goes through here: the transaction that commits
the change also marks the campaign, and who made it adds up anew. Were it killed in
between, the mark stays, and the clock process does it (calls/reconcile.py).
"""

from collections.abc import Sequence
from typing import Any

from bson import Decimal128
from pymongo import UpdateOne

from batches.imports.listed import chunked
from batches.models import Batch, Job, Upload
from batches.states import UploadStatus
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

TRIES = 10
# Cases that one transaction changes: it takes some milliseconds, so that it seldom
# meets the calls of a campaign that runs.
AT_ONCE = 100
_COUNT = (UploadStatus.STORED, UploadStatus.UNDONE)


def change(updates: Sequence[UpdateOne], batch_ids: Sequence[Any]) -> int:
    """Write changes of cases in the running transaction, and mark their campaigns; how
    many were found as the updates ask for them."""
    mark(batch_ids)
    done = collection(Job).bulk_write(list(updates), ordered=False, session=session())
    return done.matched_count


def change_some(changes: Sequence[tuple[UpdateOne, Any]]) -> None:
    """Write changes of cases, each with the id of its campaign; those that were not
    found as the updates ask for them are left out. Not within a transaction."""
    for some in chunked(list(changes), AT_ONCE):
        updates, batches = zip(*some, strict=True)
        in_transaction(lambda u=updates, b=set(batches): change(u, list(b)))


def mark(batch_ids: Sequence[Any]) -> None:
    """In the running transaction: what these campaigns' cases owe changes with it."""
    collection(Batch).update_many(
        {"_id": {"$in": list(batch_ids)}},
        {"$set": {"total_dirty": True}, "$inc": {"amount_changes": 1}},
        session=session(),
    )


def mark_changed(batch_id: Any) -> None:
    """In the transaction that makes an upload count by adding its file's total: mark the
    campaign, unless no amount of its cases was ever changed. What was stored and did
    not count yet may have been changed too, and then owes something else."""
    collection(Batch).update_one(
        {"_id": batch_id, "amount_changes": {"$gt": 0}},
        {"$set": {"total_dirty": True}, "$inc": {"amount_changes": 1}},
        session=session(),
    )


def restate(batch_id: Any, *, tries: int = TRIES) -> None:
    """Add up what a campaign's cases owe, if it is marked; those of uploads that do not
    count yet are left out. It stays marked while others change it again and again."""
    rows = collection(Batch)
    for _try in range(tries):
        marked = {"_id": batch_id, "total_dirty": True}
        seen = rows.find_one(marked, {"total_amount": 1, "amount_changes": 1})
        if seen is None:
            return
        # not if cases changed, or an upload was counted, since it was looked at
        written = rows.update_one(
            {**marked, **seen},
            {
                "$set": {
                    "total_amount": _total(batch_id),
                    "total_dirty": False,
                    "counters_dirty": True,
                }
            },
        )
        if written.matched_count:
            return


def restate_marked() -> None:
    """Add up what was left by processes that died (the clock does)."""
    for batch_id in Batch.objects.filter(total_dirty=True).values_list("pk", flat=True):
        restate(batch_id, tries=1)


def _total(batch_id: Any) -> Decimal128:
    uploads = Upload.objects.filter(batch_id=batch_id, status__in=_COUNT)
    those = [None, *uploads.values_list("pk", flat=True)]
    rows = collection(Job).aggregate(
        [
            {"$match": {"batch_id": batch_id, "upload_id": {"$in": those}}},
            {"$group": {"_id": None, "sum": {"$sum": "$amount"}}},
        ]
    )
    total = next((row["sum"] for row in rows), 0)
    return total if isinstance(total, Decimal128) else Decimal128(str(total))
