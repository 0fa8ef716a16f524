"""Statuses of a call (one attempt), and the arrows between them.

planned ─► sending ─► registered ─► ongoing ─► ended ; planned ─► withdrawn
sending ─► rejected|unknown ; unknown ─► registered|rejected|lost
registered|ongoing ─► lost (nothing final by the hard limit, after a stop)
sending|registered|unknown|lost ─► ongoing|ended|not_connected|error
                                   (webhook or poll came first)
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from speechai_site.runtime.machines import Machine


class CallStatus(TextChoices):
    PLANNED = "planned", _("Prepared")
    SENDING = "sending", _("Sending")
    REGISTERED = "registered", _("Dialing")
    ONGOING = "ongoing", _("In conversation")
    ENDED = "ended", _("Ended")
    NOT_CONNECTED = "not_connected", _("Not connected")
    ERROR = "error", _("Technical fault")
    REJECTED = "rejected", _("Rejected by the provider")
    UNKNOWN = "unknown", _("Unconfirmed")
    LOST = "lost", _("No trace")
    WITHDRAWN = "withdrawn", _("Withdrawn before dialing")


C = CallStatus
# These hold a slot: a phone may be ringing.
OPEN = (C.PLANNED, C.SENDING, C.UNKNOWN, C.REGISTERED, C.ONGOING)
AT_RETELL = (C.SENDING, C.UNKNOWN, C.REGISTERED, C.ONGOING)
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
