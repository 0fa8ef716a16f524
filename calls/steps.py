"""What a step after a call is made of, and its codes in words.

The rules are in `calls/outcomes.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Each code that `outcomes.next_step` may give.
STEP_LABELS: dict[str, str | Promise] = {
    # done
    "conversation": _("There was a conversation"),
    "conversation_unanalyzed": _("There was a conversation, not analyzed yet"),
    "opted_out": _("Asked not to be called"),
    "deceased": _("Said to have died"),
    "complaint": _("Complained or threatened legal action"),
    # queued
    "callback": _("Callback agreed"),
    "callback_other_day": _("Callback without a usable hour: another day"),
    "retry_voicemail": _("Voicemail: another day"),
    "retry_no_answer": _("No answer: another day"),
    "retry_busy": _("Busy: another day"),
    "retry_refused": _("Declined or hung up: another day, same phone"),
    "retry_cut": _("Cut by a stop: another day, same phone"),
    "retry_third_party": _("A third party answered: another day"),
    "retry_blocked": _("Blocked: another day, same phone"),
    "retry_fault": _("Technical fault: later"),
    "retry_capacity": _("No free slot at Retell: shortly"),
    "next_phone": _("Invalid number: next phone"),
    "wrong_number_next_phone": _("Wrong number: next phone, another day"),
    "billing": _("Retell stopped for billing"),
    "configuration": _("Stopped by a configuration fault"),
    # exhausted
    "no_attempts_left": _("No attempts left"),
    "no_phone_left": _("No phone left"),
    "wrong_number": _("Wrong number, and no other phone"),
    # review
    "refused": _("Refused the call several times"),
    "blocked": _("Blocked again"),
    "too_many_faults": _("Too many technical faults"),
    "callback_no_attempts_left": _("Callback asked for, and no attempts left"),
    "callback_too_far": _("Callback asked for in a distant future"),
    "needs_person": _("A person has to decide"),
    "unknown_result": _("Unknown result"),
}


@dataclass(frozen=True)
class Phone:
    e164: str
    state: str = "ok"  # ok | bad | wrong


@dataclass(frozen=True)
class Facts:
    """What is known of a job when one of its calls has ended.

    `attempts` includes this call. `faults` and `refusals` are the job's so far,
    without this call: the sums of the same fields of its earlier steps. `started`: the
    call was connected. `now`: business time, aware. `zone`: IANA name, whose days are
    counted. `hung_up`: a stop of ours told Retell to end it (calls/hangups.py).
    """

    outcome: str
    reason: str
    duration_ms: int | None
    started: bool
    analyzed: bool
    contact: str  # titular | tercero | equivocado | no_sabe | ""
    disposition: str
    wants_no_calls: bool
    callback_at: datetime | None
    attempts: int
    max_attempts: int
    phones: tuple[Phone, ...]
    phone_index: int
    now: datetime
    zone: str
    retry_days: int = 1
    faults: int = 0
    refusals: int = 0
    hung_up: bool = False


@dataclass(frozen=True)
class Step:
    """What to do with the job. `next_attempt_at` (aware UTC) is set when queued.

    `attempt_used`: the call counts towards the job's attempts. `fault`, `refusal`: it
    adds one to the job's. `frees_day`: nothing rang, by proof, so the person's
    attempt of the day may be given back.
    `phone_state`: how to mark the phone that was dialed. `suppress` "person" means
    the person and that phone. `disposition`: what to record for the call.
    """

    status: Literal["done", "queued", "exhausted", "review"]
    code: str
    next_attempt_at: datetime | None = None
    phone_index: int = 0
    attempt_used: bool = True
    fault: bool = False
    refusal: bool = False
    frees_day: bool = False
    phone_state: Literal["", "bad", "wrong"] = ""
    suppress: Literal["", "phone", "person"] = ""
    pause: Literal["", "batch", "all"] = ""
    disposition: str = ""
