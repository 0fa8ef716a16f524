"""What became of a call: Retell's reason → class of outcome.

Sources: retell.md 1.7 and 1.8 (all 39 reasons), design.md section 3 point 6. What
happens next is in `calls/outcomes.py`.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class OutcomeClass(TextChoices):
    CONVERSATION = "conversation", _("Conversation")
    VOICEMAIL = "voicemail", _("Voicemail")
    NO_ANSWER = "no_answer", _("No answer")
    BUSY = "busy", _("Busy")
    DECLINED = "declined", _("Declined by the person")
    BAD_NUMBER = "bad_number", _("Invalid number")
    FAULT = "fault", _("Technical fault")
    REVIEW = "review", _("In review")


O = OutcomeClass  # noqa: E741  a table of 39 rows reads better


@dataclass(frozen=True)
class Reason:
    """What one disconnection reason means.

    `status`: Retell's status of such a call ("ended": somebody or a machine answered).
    `rang`: True it rang, False nothing rang (proof), None not known; then the day
    counts as used, since the phone may have rung. `retries`: how many times a fault
    is tried again. `requeues`: tried again without limit. `block`: somebody or
    something refused the caller; like a decline it forbids another phone or number.
    `needs_person`: a human decides, unless the analysis closes the case. `pause`: what
    stops at once. `rests_number`: the caller id is suspect. `suppresses`: the person
    asked for no more calls. `disposition`: what it is without an analysis.
    """

    outcome: OutcomeClass
    label: str | Promise
    status: Literal["ended", "not_connected", "error"]
    rang: bool | None = True
    retries: int = 3
    requeues: bool = False
    block: bool = False
    needs_person: bool = False
    pause: Literal["", "batch", "all"] = ""
    rests_number: bool = False
    suppresses: bool = False
    disposition: str = ""

    @property
    def acts_at_once(self) -> bool:
        """What it stops is not kept waiting for an analysis."""
        return self.suppresses or bool(self.pause)


def _answered(label: str | Promise, **flags: Any) -> Reason:
    return Reason(O.CONVERSATION, label, "ended", **flags)


def _carrier(label: str | Promise, **flags: Any) -> Reason:
    """A fault on the way: whether it rang is not known, unless the row says so."""
    return Reason(O.FAULT, label, "not_connected", **{"rang": None, **flags})


def _retell(label: str | Promise, **flags: Any) -> Reason:
    return replace(_carrier(label, **flags), status="error")


OUTCOMES: dict[str, Reason] = {
    # --- somebody answered
    "user_hangup": _answered(_("The person hung up")),
    "agent_hangup": _answered(_("The agent hung up")),
    "call_transfer": _answered(_("Transferred")),
    "transfer_bridged": _answered(_("Transferred to a person")),
    "transfer_cancelled": _answered(_("The transfer failed"), needs_person=True),
    "call_take_over": _answered(_("A person took the call over")),
    "manual_stopped": _answered(_("Stopped by hand"), needs_person=True),
    "user_requested_dnc": _answered(
        _("Asked not to be called"),
        suppresses=True,
        disposition="no_llamar",
    ),
    "user_requested_callback": _answered(
        _("Asked for a callback"), disposition="rellamada"
    ),
    "inactivity": _answered(_("Nobody spoke")),
    "max_duration_reached": _answered(_("Longest duration reached"), needs_person=True),
    # --- a machine answered
    "voicemail_reached": Reason(O.VOICEMAIL, _("Voicemail"), "ended"),
    "ivr_reached": Reason(O.VOICEMAIL, _("Answering menu"), "ended"),
    # --- nobody answered
    "dial_no_answer": Reason(O.NO_ANSWER, _("No answer"), "not_connected"),
    "dial_busy": Reason(O.BUSY, _("Busy"), "not_connected"),
    "user_declined": Reason(O.DECLINED, _("Declined by the person"), "not_connected"),
    "invalid_destination": Reason(
        O.BAD_NUMBER, _("Invalid number"), "not_connected", rang=False
    ),
    # --- carriers
    "dial_failed": _carrier(_("The dialing failed"), retries=1, rests_number=True),
    "marked_as_spam": _carrier(_("Marked as spam"), block=True, rests_number=True),
    "network_blocked": _carrier(
        _("Blocked by the network"), block=True, rests_number=True
    ),
    "telephony_provider_permission_denied": _carrier(
        _("The carrier does not allow this destination"), rang=False, pause="batch"
    ),
    "telephony_provider_unavailable": _carrier(
        _("The carrier is not available"), rang=False
    ),
    "sip_routing_error": _carrier(_("The carrier has no route"), rang=False),
    # --- Retell
    "concurrency_limit_reached": _retell(
        _("Too many simultaneous calls"), rang=False, requeues=True
    ),
    "no_valid_payment": _retell(
        _("Retell has no valid payment"), rang=False, pause="all"
    ),
    "credit_exhausted": _retell(_("Retell's credit ran out"), rang=False, pause="all"),
    "budget_reached": _retell(
        _("Retell's budget was reached"), rang=False, pause="all"
    ),
    "scam_detected": _retell(_("Retell flagged the agent as a scam"), pause="batch"),
    "registered_call_timeout": _retell(_("Not connected in time"), retries=1),
    "error_no_audio_received": _retell(_("No audio was received")),
    "error_asr": _retell(_("Speech recognition failed")),
    "error_retell": _retell(_("Fault at Retell")),
    "error_unknown": _retell(_("Unknown fault at Retell")),
    "error_llm_websocket_open": _retell(_("The agent could not be reached")),
    "error_llm_websocket_lost_connection": _retell(_("The agent was lost")),
    "error_llm_websocket_runtime": _retell(_("The agent failed")),
    "error_llm_websocket_corrupt_payload": _retell(_("The agent sent broken data")),
    # --- never of an outbound phone call
    "no_concurrency_fallback": Reason(
        O.REVIEW, _("Sent to the fallback number"), "ended"
    ),
    "error_user_not_joined": Reason(O.REVIEW, _("The user did not join"), "error"),
}

# A final status without a reason. `not_connected` counts as a ring, so that the person
# is not dialed again today; `ended` may have been a conversation, so a person looks.
NO_REASON = {"not_connected": O.NO_ANSWER, "error": O.FAULT}


def classify(status: str, reason: str, in_voicemail: bool | None) -> OutcomeClass:  # noqa: FBT001
    """The class of a final call, from Retell's status, reason and `in_voicemail`.

    The reason decides; the status counts only when there is none. What this table
    does not know is `review`.
    """
    if not reason:
        outcome = NO_REASON.get(status, O.REVIEW)
    elif reason in OUTCOMES:
        outcome = OUTCOMES[reason].outcome
    else:
        outcome = O.REVIEW
    if outcome == O.CONVERSATION and in_voicemail:
        return O.VOICEMAIL
    return outcome


def reason_of(reason: str, outcome: str) -> Reason:
    """The row of a reason; of an empty or unknown one, what its outcome implies."""
    known = OUTCOMES.get(reason)
    if known:
        return known
    rang = None if outcome in (O.FAULT, O.REVIEW) else True
    return Reason(OutcomeClass(outcome), _("Unknown reason"), "ended", rang=rang)


def label(reason: str) -> str | Promise:
    """A reason in words; an unknown one as Retell wrote it."""
    known = OUTCOMES.get(reason)
    return known.label if known else reason
