"""A call that ended, as the rules of what follows see it."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from calls.outcomes import Facts, Phone, classify

ZONE = "America/Santiago"
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Tuesday, 12:00 in Santiago
A, B, C = Phone("+56911111111"), Phone("+56922222222"), Phone("+56933333333")
DEFAULTS = Facts(
    outcome="",
    reason="",
    duration_ms=60_000,
    started=True,
    analyzed=True,
    contact="",
    disposition="",
    wants_no_calls=False,
    callback_at=None,
    attempts=1,
    max_attempts=3,
    phones=(A, B),
    phone_index=0,
    now=NOW,
    zone=ZONE,
)


def facts(reason: str, **known) -> Facts:
    """A call that ended for `reason`, connected when such calls are."""
    outcome = classify("", reason, None)
    started = outcome in ("conversation", "voicemail")
    return replace(
        DEFAULTS, **{"outcome": outcome, "reason": reason, "started": started, **known}
    )


def days_later(step) -> int:
    zone = ZoneInfo(ZONE)
    then = step.next_attempt_at.astimezone(zone).date()
    return (then - NOW.astimezone(zone).date()).days


TALK = {"contact": "titular"}
THIRD = {"contact": "tercero"}
WRONG = {"contact": "equivocado"}
EARLY = {"duration_ms": 9_999}
LAST = {"attempts": 3}
CUT = {"hung_up": True}
ONE_PHONE = {"phones": (A,)}
