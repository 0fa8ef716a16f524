"""A business clock for tests, without a database."""

import time
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # a Friday


class FastClock:
    """Runs from START at `rate` business seconds per wall second."""

    def __init__(self, rate: float = 36_000) -> None:
        self._rate = rate
        self._started = time.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self._passed() * self._rate)

    def wall(self) -> datetime:
        return START + timedelta(seconds=self._passed())

    def rate(self) -> float:
        return self._rate

    def _passed(self) -> float:
        return time.monotonic() - self._started
