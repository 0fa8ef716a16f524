"""How fast this workspace may dial: Retell's own limit, and its 429s."""

import time
from datetime import timedelta

from django.db import connection
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from speechai_site.runtime import clock

COLLECTION = "calls_pacing"
# Without a fresh answer from Retell's get-concurrency nothing is dialed (seconds).
LIMIT_IS_FRESH = 300
_seen: tuple[float, int] = (0.0, 0)


def remember_workspace_limit(limit: int) -> None:
    """Store what get-concurrency said: most calls at once that may be ours."""
    _rows().update_one(
        {"_id": "workspace"},
        {"$set": {"limit": limit, "at": clock.wall()}},
        upsert=True,
    )


def workspace_limit() -> int:
    """Most calls at once; 0 while Retell's limit is unknown or stale."""
    global _seen
    fresh_until, limit = _seen
    if time.monotonic() < fresh_until:
        return limit
    row = _rows().find_one({"_id": "workspace"})
    oldest = (clock.wall() - timedelta(seconds=LIMIT_IS_FRESH)).replace(tzinfo=None)
    limit = row["limit"] if row and row["at"] > oldest else 0
    _seen = (time.monotonic() + 1, limit)
    return limit


def slow_down(seconds: float) -> None:
    """After a 429 nobody plans calls for `seconds` of wall time."""
    _rows().update_one(
        {"_id": "slow_down"},
        {"$max": {"until": clock.wall() + timedelta(seconds=seconds)}},
        upsert=True,
    )


def slowed_down() -> bool:
    row = _rows().find_one({"_id": "slow_down"})
    return bool(row and row["until"] > clock.wall().replace(tzinfo=None))


def _rows() -> Collection:
    return connection.database[COLLECTION].with_options(write_concern=WriteConcern(w=1))
