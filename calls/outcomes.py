"""What became of a call: Retell's reason → class of outcome.

Sources: retell.md 1.7 and 1.8 (all 39 reasons), design.md section 3 point 6. What
happens next is in `calls/next_step.py`.
"""

from dataclasses import dataclass
from typing import Literal

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A hang-up by the person before this is a refusal (operations.md 3).
EARLY_HANGUP_MS = 10_000


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

    `rang`: True it rang, False nothing rang (proof), None not known: then the day
    counts as used, since the phone may have rung. `retries`: how many times a fault
    is tried again. `block`: somebody or something refused the caller; like a decline
    it forbids another phone or number. `needs_person`: a human decides, unless the
    analysis closes the case.
    """

    outcome: OutcomeClass
    label: str | Promise
    rang: bool | None = True
    retries: int = 3
    requeues: bool = False
    block: bool = False
    needs_person: bool = False
    pause: Literal["", "batch", "all"] = ""
    rests_number: bool = False
    suppresses: bool = False
    disposition: str = ""


def _fault(label: str | Promise, **flags: bool | int | str | None) -> Reason:
    return Reason(O.FAULT, label, **{"rang": None, **flags})  # type: ignore[arg-type]


OUTCOMES: dict[str, Reason] = {
    # --- somebody answered
    "user_hangup": Reason(O.CONVERSATION, _("The person hung up")),
    "agent_hangup": Reason(O.CONVERSATION, _("The agent hung up")),
    "call_transfer": Reason(O.CONVERSATION, _("Transferred")),
    "transfer_bridged": Reason(O.CONVERSATION, _("Transferred to a person")),
    "transfer_cancelled": Reason(
        O.CONVERSATION, _("The transfer failed"), needs_person=True
    ),
    "call_take_over": Reason(O.CONVERSATION, _("A person took the call over")),
    "manual_stopped": Reason(O.CONVERSATION, _("Stopped by hand"), needs_person=True),
    "user_requested_dnc": Reason(
        O.CONVERSATION,
        _("Asked not to be called"),
        suppresses=True,
        disposition="no_llamar",
    ),
    "user_requested_callback": Reason(
        O.CONVERSATION, _("Asked for a callback"), disposition="rellamada"
    ),
    "inactivity": Reason(O.CONVERSATION, _("Nobody spoke")),
    "max_duration_reached": Reason(
        O.CONVERSATION, _("Longest duration reached"), needs_person=True
    ),
    # --- a machine answered
    "voicemail_reached": Reason(O.VOICEMAIL, _("Voicemail")),
    "ivr_reached": Reason(O.VOICEMAIL, _("Answering menu")),
    # --- nobody answered
    "dial_no_answer": Reason(O.NO_ANSWER, _("No answer")),
    "dial_busy": Reason(O.BUSY, _("Busy")),
    "user_declined": Reason(O.DECLINED, _("Declined by the person")),
    "invalid_destination": Reason(O.BAD_NUMBER, _("Invalid number"), rang=False),
    # --- carriers
    "dial_failed": _fault(_("The dialing failed"), retries=1, rests_number=True),
    "marked_as_spam": _fault(_("Marked as spam"), block=True, rests_number=True),
    "network_blocked": _fault(
        _("Blocked by the network"), block=True, rests_number=True
    ),
    "telephony_provider_permission_denied": _fault(
        _("The carrier does not allow this destination"), rang=False, pause="batch"
    ),
    "telephony_provider_unavailable": _fault(
        _("The carrier is not available"), rang=False
    ),
    "sip_routing_error": _fault(_("The carrier has no route"), rang=False),
    # --- Retell
    "concurrency_limit_reached": _fault(
        _("Too many simultaneous calls"), rang=False, requeues=True
    ),
    "no_valid_payment": _fault(
        _("Retell has no valid payment"), rang=False, pause="all"
    ),
    "credit_exhausted": _fault(_("Retell's credit ran out"), rang=False, pause="all"),
    "budget_reached": _fault(_("Retell's budget was reached"), rang=False, pause="all"),
    "scam_detected": _fault(_("Retell flagged the agent as a scam"), pause="batch"),
    "registered_call_timeout": _fault(_("Not connected in time"), retries=1),
    "error_no_audio_received": _fault(_("No audio was received")),
    "error_asr": _fault(_("Speech recognition failed")),
    "error_retell": _fault(_("Fault at Retell")),
    "error_unknown": _fault(_("Unknown fault at Retell")),
    "error_llm_websocket_open": _fault(_("The agent could not be reached")),
    "error_llm_websocket_lost_connection": _fault(_("The agent was lost")),
    "error_llm_websocket_runtime": _fault(_("The agent failed")),
    "error_llm_websocket_corrupt_payload": _fault(_("The agent sent broken data")),
    # --- never of an outbound phone call
    "no_concurrency_fallback": Reason(O.REVIEW, _("Sent to the fallback number")),
    "error_user_not_joined": Reason(O.REVIEW, _("The user did not join")),
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
    return Reason(OutcomeClass(outcome), _("Unknown reason"), rang=rang)


def label(reason: str) -> str | Promise:
    """A reason in words; an unknown one as Retell wrote it."""
    known = OUTCOMES.get(reason)
    return known.label if known else reason


def is_refusal(
    outcome: str, reason: str, duration_ms: int | None, contact: str
) -> bool:
    """Whether the person refused the call: declined, hung up early, or blocked it.

    After one, this person gets no other phone and no other number, ever. A stranger
    on a wrong number refuses nothing.
    """
    if contact == "equivocado":
        return False
    early = (
        outcome == O.CONVERSATION
        and reason == "user_hangup"
        and duration_ms is not None
        and duration_ms < EARLY_HANGUP_MS
    )
    return early or outcome == O.DECLINED or reason_of(reason, outcome).block


def is_fault(reason: str, outcome: str) -> bool:
    """Whether a call counts among a case's technical faults (a full house doesn't)."""
    row = reason_of(reason, outcome)
    return outcome == O.FAULT and not (row.requeues or row.pause or row.block)
