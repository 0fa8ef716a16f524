from calls.admin import (
    calls,
    decisions,
    do_not_call,
    halts,
    incidents,
    outside_contacts,
    policies,
    preflight,
    promises,
    unconfirmed,
    voice,
)

__all__ = [
    "calls",
    "decisions",
    "do_not_call",
    "halts",
    "incidents",
    "outside_contacts",
    "policies",
    "preflight",
    "promises",
    "unconfirmed",
    "voice",
]
