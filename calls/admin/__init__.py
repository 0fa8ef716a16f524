from calls.admin import (
    calls,
    do_not_call,
    halts,
    incidents,
    policies,
    promises,
    unconfirmed,
    voice,
)

__all__ = [
    "calls",
    "do_not_call",
    "halts",
    "incidents",
    "policies",
    "promises",
    "unconfirmed",
    "voice",
]
