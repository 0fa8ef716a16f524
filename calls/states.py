"""Statuses of a call (one attempt), and the arrows between them.

planned ─► sending ─► registered ─► ongoing ─► ended ; planned ─► withdrawn
sending ─► rejected|unknown ; unknown ─► registered|rejected|lost
registered|ongoing ─► lost (nothing final by the hard limit, after a stop)
sending|registered|unknown|lost ─► ongoing|ended|not_connected|error
                                   (webhook or poll came first)

A staff call (a test) goes through the same states.

Incident: open ─► resolved
"""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from speechai_site.runtime.machines import Machine


class CallStatus(TextChoices):
    PLANNED = "planned", pgettext_lazy("call", "Prepared")
    SENDING = "sending", pgettext_lazy("call", "Sending")
    REGISTERED = "registered", pgettext_lazy("call", "Dialing")
    ONGOING = "ongoing", pgettext_lazy("call", "In conversation")
    ENDED = "ended", pgettext_lazy("call", "Ended")
    NOT_CONNECTED = "not_connected", pgettext_lazy("call", "Not connected")
    ERROR = "error", pgettext_lazy("call", "Technical fault")
    REJECTED = "rejected", pgettext_lazy("call", "Rejected by the provider")
    UNKNOWN = "unknown", pgettext_lazy("call", "Unconfirmed")
    LOST = "lost", pgettext_lazy("call", "No trace")
    WITHDRAWN = "withdrawn", pgettext_lazy("call", "Withdrawn before dialing")


C = CallStatus
# These hold a slot: a phone may be ringing.
OPEN = (C.PLANNED, C.SENDING, C.UNKNOWN, C.REGISTERED, C.ONGOING)
AT_RETELL = (C.SENDING, C.UNKNOWN, C.REGISTERED, C.ONGOING)
# Not placed yet, or never.
UNPLACED = (C.PLANNED, C.WITHDRAWN)
PLACED = tuple(status for status in C if status not in UNPLACED)
# Some process may be about to send, or sending.
LEASED = (C.PLANNED, C.SENDING, C.UNKNOWN)
# Retell's own final statuses.
FINAL_AT_RETELL = (C.ENDED, C.NOT_CONNECTED, C.ERROR)
# Nothing more is expected of these; `lost` may still be found.
FINAL = (*FINAL_AT_RETELL, C.REJECTED, C.LOST, C.WITHDRAWN)

CALL = Machine(
    "calls_call",
    {
        C.PLANNED: frozenset({C.SENDING, C.WITHDRAWN}),
        C.SENDING: frozenset(
            {C.REGISTERED, C.REJECTED, C.UNKNOWN, C.ONGOING, *FINAL_AT_RETELL}
        ),
        C.UNKNOWN: frozenset(
            {C.REGISTERED, C.REJECTED, C.LOST, C.ONGOING, *FINAL_AT_RETELL}
        ),
        C.REGISTERED: frozenset({C.ONGOING, C.LOST, *FINAL_AT_RETELL}),
        C.ONGOING: frozenset({C.LOST, *FINAL_AT_RETELL}),
        C.LOST: frozenset({C.ONGOING, *FINAL_AT_RETELL}),
        C.ENDED: frozenset(),
        C.NOT_CONNECTED: frozenset(),
        C.ERROR: frozenset(),
        C.REJECTED: frozenset(),
        C.WITHDRAWN: frozenset(),
    },
)

STAFF_CALL = Machine("calls_staffcall", CALL.arrows)


class IncidentStatus(TextChoices):
    OPEN = "open", pgettext_lazy("incident", "Open")
    RESOLVED = "resolved", pgettext_lazy("incident", "Resolved")


INCIDENT = Machine(
    "calls_incident",
    {
        IncidentStatus.OPEN: frozenset({IncidentStatus.RESOLVED}),
        IncidentStatus.RESOLVED: frozenset(),
    },
)
