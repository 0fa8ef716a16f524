"""The two clocks. Nothing else in the project may read the time.

`now()` is business time: calling hours, delays between attempts, caps, "today",
expiry. `wall()` is what guards against double dialing: leases, heartbeats, grace
periods, signatures, HTTP. In live they are the same. In the sandbox business time
runs at a rate from one document that every process and the simulator share, so
that a simulated week ends in minutes.
"""

import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from pymongo.write_concern import WriteConcern

COLLECTION = "runtime_clock"
# A change of rate reaches every process within this many seconds. `set_rate` starts
# the new anchor that far in the future, so nobody ever sees time go back.
REFRESH = 2.0


@dataclass(frozen=True)
class Anchor:
    """At wall time `wall` it was `business`; since then it runs at `rate`."""

    business: datetime
    wall: datetime
    rate: float
    before: "Anchor | None" = None

    def at(self, wall: datetime) -> datetime:
        if wall < self.wall and self.before is not None:
            return self.before.at(wall)
        return self.business + (wall - self.wall) * self.rate


_lock = threading.Lock()
_cached: tuple[float, Anchor | None] = (0.0, None)


def wall() -> datetime:
    """Real time, aware UTC, to the millisecond that MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def now() -> datetime:
    """Business time, aware UTC, to the millisecond."""
    real = wall()
    anchor = _anchor() if settings.SANDBOX else None
    if anchor is None:
        return real
    moment = anchor.at(real)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def today(zone: str) -> date:
    """The business date in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def rate() -> float:
    """Business seconds in a wall second (1.0 in live)."""
    anchor = _anchor() if settings.SANDBOX else None
    if anchor is None:
        return 1.0
    if anchor.before is not None and wall() < anchor.wall:
        return anchor.before.rate
    return anchor.rate


def start(new_rate: float) -> None:
    """Anchor the sandbox's clock when a run begins, before any other process.

    Business time stood still while nothing was running: it goes on from where the
    last run had come, never before the wall clock's time.
    """
    present = wall()
    seen = connection.database[COLLECTION].find_one({"_id": "seen"})
    business = max(_aware(seen["business"]), present) if seen else present
    _write(Anchor(business, present, float(new_rate)))


def set_rate(new_rate: float) -> None:
    """Change the rate while processes run.

    The new anchor begins REFRESH seconds from now, when all have read it, so that
    business time neither jumps nor goes back in any of them.
    """
    old = _read()
    if old is None:
        start(new_rate)
        return
    begin = wall() + timedelta(seconds=REFRESH)
    _write(Anchor(old.at(begin), begin, float(new_rate), replace(old, before=None)))


def remember() -> None:
    """Record how far business time has come (the clock process, each round)."""
    if settings.SANDBOX:
        rows = connection.database[COLLECTION].with_options(
            write_concern=WriteConcern(w=1)  # lost, it is written again in a moment
        )
        rows.update_one({"_id": "seen"}, {"$max": {"business": now()}}, upsert=True)


def forget() -> None:
    """Drop the cached anchor (after a change, and after a fork)."""
    global _cached
    _cached = (0.0, None)


def _anchor() -> Anchor | None:
    global _cached
    fresh_until, anchor = _cached
    if time.monotonic() < fresh_until:
        return anchor
    with _lock:
        anchor = _read()
        _cached = (time.monotonic() + REFRESH / 2, anchor)
    return anchor


def _read() -> Anchor | None:
    document = connection.database[COLLECTION].find_one({"_id": "clock"})
    return _anchor_of(document) if document else None


def _anchor_of(document: dict) -> Anchor:
    before = document.get("before")
    return Anchor(
        _aware(document["business"]),
        _aware(document["wall"]),
        document["rate"],
        _anchor_of(before) if before else None,
    )


def _write(anchor: Anchor) -> None:
    if not settings.SANDBOX:
        raise RuntimeError("the business clock of a live system is the wall clock")
    document = _plain(anchor) | {
        "before": _plain(anchor.before) if anchor.before else None
    }
    connection.database[COLLECTION].replace_one({"_id": "clock"}, document, upsert=True)
    forget()


def _plain(anchor: Anchor) -> dict:
    return {"business": anchor.business, "wall": anchor.wall, "rate": anchor.rate}


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
