from calls.admin import (
    calls,
    do_not_call,
    halts,
    incidents,
    live,
    promises,
    staff,
    unconfirmed,
    voice,
)

__all__ = [
    "calls",
    "do_not_call",
    "halts",
    "incidents",
    "live",
    "promises",
    "staff",
    "unconfirmed",
    "voice",
]
