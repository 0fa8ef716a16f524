"""A campaign that leaves `running`, exactly: at the commit of its new status nothing of
it can become `sending` any more.

Three steps: a mark on the campaign that the gate reads as a pause; the fence, which
waits for the dials that had not seen the mark; the status, which takes the mark away.
Not in one transaction: beside eight busy workers it would starve.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from pymongo import ReturnDocument
from pymongo.collection import Collection

from batches.states import BATCH
from speechai_site.runtime import clock, fences

# How often another stop of the same campaign may come between.
TRIES = 5


def stop(where: dict[str, Any], move: Callable[[datetime], int]) -> int:
    """Have the campaign that matches `where` (`_id`, old statuses, perhaps more) moved.

    `move(mark)` changes its status, and clears the mark, only while it bears this mark;
    how many it changed is returned: 0, the campaign was not as `where` says. Whoever
    dies in between leaves the mark: `calls/stops.py` ends what they began.
    """
    for _ in range(TRIES):
        mark = _mark(where)
        if mark is None:
            return 0
        fences.close()
        if changed := move(mark):
            return changed
        unmark(where["_id"], mark)  # it has changed; who shares the mark tries again
    return 0


def unmark(batch_id: Any, mark: datetime) -> None:
    """Take the mark away, if it is still this one."""
    _rows().update_one(
        {"_id": batch_id, "stopping_wall": mark}, {"$set": {"stopping_wall": None}}
    )


def _mark(where: dict[str, Any]) -> datetime | None:
    """The mark that the campaign bears from now on, perhaps another stop's."""
    found = _rows().find_one_and_update(
        where,
        [{"$set": {"stopping_wall": {"$ifNull": ["$stopping_wall", clock.wall()]}}}],
        projection={"stopping_wall": 1},
        return_document=ReturnDocument.AFTER,
    )
    return found and found["stopping_wall"]


def _rows() -> Collection:
    return connection.database[BATCH.collection]
