from calls.admin import (
    calls,
    do_not_call,
    halts,
    incidents,
    outside_contacts,
    preflight,
    promises,
    unconfirmed,
    voice,
)

__all__ = [
    "calls",
    "do_not_call",
    "halts",
    "incidents",
    "outside_contacts",
    "preflight",
    "promises",
    "unconfirmed",
    "voice",
]
