"""How fast this workspace may dial: Retell's own limit, calls per second, its 429s;
and what the clock process keeps of its rounds.

All of it lies in the database, since many processes dial; the pace is kept by the
database's own clock, so that hosts whose clocks differ keep it together.
"""

import random
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from batches.models import PhoneNumber
from speechai_site.runtime import clock
from speechai_site.runtime.documents import AWARE, collection

COLLECTION = "calls_pacing"
# Without a fresh answer from Retell's get-concurrency nothing is dialed (seconds).
LIMIT_IS_FRESH = 300
# After a 429 that does not say how long (wall seconds); doubled while they go on.
SLOW_DOWN = 2
SLOW_DOWN_MOST = 60
# So long after a pause another 429 belongs to the same storm (wall seconds).
STORM = 10
# Sends are spread a little wider than the limit, since the way there is uneven.
MARGIN = 0.95
# How far ahead calls are planned for a path (wall seconds).
AHEAD_MS = 1000
_seen: dict[str, tuple[float, Any]] = {}


# --- simultaneous calls -------------------------------------------------------------


def remember_workspace_limit(limit: int, others: int = 0) -> None:
    """Store what get-concurrency said: most calls at once, and how many of those that
    are open are not ours (another program in the same workspace)."""
    _rows().update_one(
        {"_id": "workspace"},
        {"$set": {"limit": max(0, limit - others), "at": clock.wall()}},
        upsert=True,
    )


def workspace_limit() -> int:
    """Most calls at once; 0 while Retell's limit is unknown or stale."""
    return _cached("workspace", _read_workspace_limit)


def _read_workspace_limit() -> int:
    row = _rows().find_one({"_id": "workspace"})
    oldest = clock.wall() - timedelta(seconds=LIMIT_IS_FRESH)
    return row["limit"] if row and row["at"] > oldest else 0


# --- calls per second ---------------------------------------------------------------


def path_rate(path: str) -> float:
    """Calls per second of a telephony path: the lowest of its caller ids'."""
    return _cached(f"rate:{path}", lambda: _read_path_rate(path))


def _read_path_rate(path: str) -> float:
    row = collection(PhoneNumber).find_one(
        {"path": path, "is_active": True},
        {"calls_per_second": 1},
        sort=[("calls_per_second", 1)],
    )
    return float(row["calls_per_second"]) if row else 1.0


def take_sends(path: str, sends: int) -> list[float]:
    """Reserve the path for so many sends; in how many seconds each may leave.

    One document a path, one atomic update: whoever asks gets the time behind all who
    asked before.
    """
    gap = 1000 / (path_rate(path) * MARGIN)
    row = _rows().find_one_and_update(
        {"_id": f"path:{path}"},
        [
            {"$set": {"now": "$$NOW"}},
            {"$set": {"first": {"$max": ["$next", "$now"]}}},
            {"$set": {"next": {"$add": ["$first", gap * sends]}}},
        ],
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    wait = (row["first"] - row["now"]).total_seconds()
    return [wait + place * gap / 1000 for place in range(sends)]


def sends_free(path: str) -> int:
    """How many sends the path takes within AHEAD_MS from now, at least one in each
    gap: so many may be planned."""
    rate = path_rate(path)
    rows = list(
        _rows().aggregate(
            [
                {"$match": {"_id": f"path:{path}"}},
                {"$set": {"busy": {"$subtract": ["$next", "$$NOW"]}}},
            ]
        )
    )
    busy = max(0, rows[0]["busy"]) if rows else 0
    return max(0, round((AHEAD_MS - busy) * rate / 1000))


# --- 429 ----------------------------------------------------------------------------


def slow_down(seconds: float | None = None) -> None:
    """After a 429 nobody sends for `seconds` of wall time.

    None: Retell did not say how long. Then twice as long as the last time, while the
    storm goes on, and a little more by chance.
    """
    wall = clock.wall()
    row = _rows().find_one({"_id": "slow_down"}) or {}
    storm = row and row["until"] + timedelta(seconds=STORM) > wall
    if seconds is None:
        last = row["length"] if storm else 0
        still_on = storm and row["until"] > wall
        length = last if still_on else min(max(SLOW_DOWN, 2 * last), SLOW_DOWN_MOST)
        seconds = length * random.uniform(1, 1.25)  # noqa: S311 jitter
    else:
        length = seconds
    _rows().update_one(
        {"_id": "slow_down"},
        {
            "$max": {"until": wall + timedelta(seconds=seconds)},
            "$set": {"length": length},
        },
        upsert=True,
    )


def slowed_down() -> bool:
    row = _rows().find_one({"_id": "slow_down"})
    return bool(row and row["until"] > clock.wall())


# --- what holds campaigns back ------------------------------------------------------


def remember_holds(holds: dict[str, str]) -> None:
    """Store which limit a campaign waits for: `{batch id: kind of scope}`."""
    _rows().update_one(
        {"_id": "holds"},
        {"$set": {"batches": holds, "at": clock.wall()}},
        upsert=True,
    )


def hold_of(batch_id: Any) -> str:
    """The limit that a campaign waits for now; empty when none was met lately."""
    row = _rows().find_one({"_id": "holds"}, {f"batches.{batch_id}": 1, "at": 1})
    if not row or row["at"] < clock.wall() - timedelta(seconds=LIMIT_IS_FRESH):
        return ""
    return row.get("batches", {}).get(str(batch_id), "")


# --- the sweep of Retell's list -----------------------------------------------------


def sweep_state() -> dict[str, Any] | None:
    """`at` (wall) of the last sweep; `until` (business) and `strays` of the last window
    that was read to its end, if any was; `window` that is being read, and whether one
    sweep was not enough for it (`behind`)."""
    return _rows().find_one({"_id": "sweep"})


def remember_sweep(**values: Any) -> None:
    _rows().update_one(
        {"_id": "sweep"}, {"$set": {"at": clock.wall(), **values}}, upsert=True
    )


# -------------------------------------------------------------------------------------


def forget() -> None:
    """Drop what this process has read (tests)."""
    _seen.clear()


def _cached(name: str, read: Any) -> Any:
    """What `read` returns, at most a second old."""
    fresh_until, value = _seen.get(name, (0.0, None))
    if time.monotonic() >= fresh_until:
        value = read()
        _seen[name] = (time.monotonic() + 1, value)
    return value


def _rows() -> Collection:
    return connection.database.get_collection(
        COLLECTION, codec_options=AWARE, write_concern=WriteConcern(w=1)
    )
