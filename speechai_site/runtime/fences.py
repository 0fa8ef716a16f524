"""Stops that hold against transactions that began before them.

Under snapshot isolation alone a transaction may commit what a stop, committed
meanwhile, forbids: they write different documents. So the transaction writes one of
SLOTS documents, any one, and whoever stops writes its stop first and all of them
afterwards. Transactions seldom meet in a slot; a stop meets all.
"""

import random

from django.db import connection
from pymongo import UpdateOne
from pymongo.collection import Collection

from speechai_site.runtime.transactions import session

COLLECTION = "runtime_fences"
# A few times as many as transactions run at once; a stop writes each of them.
SLOTS = 64
TOUCH = {"$inc": {"touched": 1}}


def enter() -> None:
    """Write a slot, as the first write of the running transaction.

    It commits before the `close` of a stop returns, or is run again and sees the stop.
    """
    slot = random.randrange(SLOTS)  # noqa: S311 any one
    _rows().update_one({"_id": slot}, TOUCH, upsert=True, session=session())


def close() -> None:
    """After a stop was written: when this returns, nothing commits that has not seen
    it. Waits for the transactions that are in a slot, and can't starve."""
    _rows().bulk_write(
        [UpdateOne({"_id": slot}, TOUCH, upsert=True) for slot in range(SLOTS)],
        ordered=False,
    )


def _rows() -> Collection:
    return connection.database[COLLECTION]
