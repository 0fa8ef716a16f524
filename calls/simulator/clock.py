"""The project's business clock, read from an event loop that must not wait for it."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLE_EVERY = 0.25  # wall seconds
# A sample differs from the extrapolation by the time it took to read; only more than
# this (wall seconds) means that the clock was changed.
TOLERANCE = 0.05


class ProjectClock(Protocol):
    """`speechai_site.runtime.clock`, or what a test puts in its place."""

    def now(self) -> datetime: ...
    def wall(self) -> datetime: ...
    def rate(self) -> float: ...


def epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class SharedClock:
    """Business time, extrapolated from samples that a thread takes.

    The project's clock reads MongoDB now and then, which may be down: a call that is
    under way goes on with the last known time and rate.
    """

    def __init__(self, clock: ProjectClock) -> None:
        self._clock = clock
        self._stop = threading.Event()
        clock.now()  # the first look reads the database, so it is no good sample
        self._anchor = self._sample()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2 * SAMPLE_EVERY)  # it may be waiting for the database

    @property
    def rate(self) -> float:
        return self._anchor[2]

    def now(self) -> datetime:
        """Business time, aware UTC."""
        at, business, rate = self._anchor
        return business + timedelta(seconds=(time.monotonic() - at) * rate)

    def now_ms(self) -> int:
        return epoch_ms(self.now())

    def wall_ms(self) -> int:
        return epoch_ms(self._clock.wall())

    def _sample(self) -> tuple[float, datetime, float]:
        before = time.monotonic()
        business = self._clock.now()
        after = time.monotonic()
        return (before + after) / 2, business, self._clock.rate()

    def _follow(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY):
            try:
                at, business, rate = self._sample()
            except Exception:  # whatever keeps the database away: go on without it
                logger.warning("the business clock cannot be read; extrapolating")
                continue
            known_at, known, known_rate = self._anchor
            expected = known + timedelta(seconds=(at - known_at) * known_rate)
            drift = abs((business - expected).total_seconds())
            if rate != known_rate or drift > TOLERANCE * rate:
                self._anchor = (at, business, rate)
