"""What follows a call: the rules that decide whether, when and where to call again.

What each of Retell's reasons means is in `calls/reasons.py`. Pure: plain data in, plain data out. The order of the rules is the order of the code;
what protects the person called comes first. Sources: operations.md 1 to 3, retell.md
1.8, design.md section 3 point 6.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from calls.dispositions import DISPOSITIONS, NO_DISPOSITION, Disposition
from calls.reasons import OUTCOMES, OutcomeClass, Reason, classify, label, reason_of
from calls.steps import STEP_LABELS, Facts, Phone, Step

__all__ = [
    "DISPOSITIONS",
    "OUTCOMES",
    "STEP_LABELS",
    "Facts",
    "OutcomeClass",
    "Phone",
    "Reason",
    "Step",
    "classify",
    "label",
    "next_step",
]
O = OutcomeClass  # noqa: E741

# A hang-up by the person before this is a refusal (operations.md 3).
EARLY_HANGUP_MS = 10_000
# A fault that rang nobody is tried again after these, then on the next day.
FAULT_DELAYS = (timedelta(minutes=15), timedelta(hours=1))
# Retell was full, or the next phone after one that does not exist.
SHORT_DELAY = timedelta(minutes=5)
# So many refusals make a case for a person (operations.md 3).
MAX_REFUSALS = 3
# Blocked again after one retry from the same number (retell.md 1.8).
MAX_BLOCKS = 2
# An appointment further away is more likely misheard than meant.
FURTHEST_CALLBACK = timedelta(days=60)
# The cases of one day don't all become due in the same second.
SPREAD_SECONDS = 1800


def next_step(facts: Facts) -> Step:
    """The step after a call. Called again when the analysis arrives, it may differ.

    Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    step = _suppression(facts) or RULES[O(facts.outcome)](facts)
    return replace(
        step,
        # a job that waits for nothing keeps pointing at the phone that was dialed
        phone_index=step.phone_index if step.status == "queued" else facts.phone_index,
        attempt_used=_attempt_used(facts),
        fault=_is_fault(facts),
        refusal=_refused(facts),
        frees_day=_nothing_rang(facts),
        phone_state="bad" if facts.outcome == O.BAD_NUMBER else step.phone_state,
        pause=_reason(facts).pause,
        disposition=_recorded_disposition(facts),
    )


# --- rules, by outcome


def _suppression(facts: Facts) -> Step | None:
    """Done, and never again: asked for by the person, or the person has died.

    It holds whatever the outcome: a request is never lost. A stranger on a wrong
    number speaks for the phone, not for the person.
    """
    disposition = _disposition(facts)
    asked = facts.wants_no_calls or _reason(facts).suppresses
    if not asked and not disposition.suppresses:
        return None
    if _contact(facts) == "equivocado" and facts.disposition != "fallecido":
        return replace(_after_wrong_number(facts), suppress="phone")
    code = disposition.code if disposition.suppresses else "opted_out"
    return Step("done", code, suppress="person")


def _after_conversation(facts: Facts) -> Step:
    contact, disposition = _contact(facts), _disposition(facts)
    closed = disposition.closes and contact != "tercero"
    if contact == "equivocado":
        return _after_wrong_number(facts)
    if _wants_callback(facts, closed=closed):
        return _after_callback(facts)
    if _refused(facts) and not closed:
        return _after_refusal(facts)
    if contact == "tercero":
        return _retry(facts, "retry_third_party")
    if facts.disposition == "buzon":
        return _retry(facts, "retry_voicemail")
    if facts.hung_up and facts.reason == "manual_stopped" and not closed:
        # cut by a stop of ours, perhaps with many others: nothing to decide
        return _retry(facts, "retry_cut", phone_index=facts.phone_index)
    if _reason(facts).needs_person and not closed:
        return Step("review", "needs_person")
    if not facts.analyzed:
        return Step("done", "conversation_unanalyzed")
    return Step("done", disposition.code)


def _after_wrong_number(facts: Facts) -> Step:
    """The pair phone–person is wrong; another phone, on another day."""
    other = _other_phone(facts)
    if other is None:
        return Step("exhausted", "wrong_number", phone_state="wrong")
    step = _retry(facts, "wrong_number_next_phone", phone_index=other)
    return replace(step, phone_state="wrong")


def _after_refusal(facts: Facts) -> Step:
    """Not again that day, never another phone; the third is for a person."""
    if facts.refusals + 1 >= MAX_REFUSALS:
        return Step("review", "refused")
    return _retry(facts, "retry_refused", phone_index=facts.phone_index)


def _after_callback(facts: Facts) -> Step:
    """At the hour that the person asked for, on the same phone.

    A third party's hour counts only on another day: not again today.
    """
    if _no_attempts_left(facts):
        return Step("review", "callback_no_attempts_left")
    at = facts.callback_at
    today = _local(facts.now, facts.zone).date()
    if at is None or at <= facts.now:
        usable = False
    else:
        other_day = _local(at, facts.zone).date() > today
        usable = other_day or _contact(facts) != "tercero"
    if not usable or at is None:
        return _retry(facts, "callback_other_day", phone_index=facts.phone_index)
    if at > facts.now + FURTHEST_CALLBACK:
        return Step("review", "callback_too_far")
    return Step("queued", "callback", at.astimezone(UTC), facts.phone_index)


def _after_voicemail(facts: Facts) -> Step:
    return _retry(facts, "retry_voicemail")


def _after_no_answer(facts: Facts) -> Step:
    return _retry(facts, "retry_no_answer")


def _after_busy(facts: Facts) -> Step:
    return _retry(facts, "retry_busy")


def _after_bad_number(facts: Facts) -> Step:
    """It rang nobody: the next phone may follow on the same day."""
    other = _other_phone(facts)
    if other is None:
        return Step("exhausted", "no_phone_left")
    if _no_attempts_left(facts):
        return Step("exhausted", "no_attempts_left")
    return Step("queued", "next_phone", _soon(facts, SHORT_DELAY), other)


def _after_fault(facts: Facts) -> Step:
    """Same phone, later; uses no attempt unless it was connected."""
    reason = _reason(facts)
    if _no_attempts_left(facts):
        return Step("exhausted", "no_attempts_left")
    if reason.block and facts.refusals + 1 >= MAX_BLOCKS:
        return Step("review", "blocked")
    if reason.block:
        return _again(facts, "retry_blocked", _next_day(facts, 1))
    if reason.requeues:
        return _again(facts, "retry_capacity", _soon(facts, SHORT_DELAY))
    if reason.pause:
        code = "billing" if reason.pause == "all" else "configuration"
        return _again(facts, code, _soon(facts, FAULT_DELAYS[0]))
    if facts.faults >= reason.retries:
        return Step("review", "too_many_faults")
    if facts.faults < len(FAULT_DELAYS):
        at = _soon(facts, FAULT_DELAYS[facts.faults])
    else:
        at = _next_day(facts, 1)
    return _again(facts, "retry_fault", at)


def _after_unknown(facts: Facts) -> Step:
    return Step("review", "unknown_result")


RULES: dict[str, Callable[[Facts], Step]] = {
    O.CONVERSATION: _after_conversation,
    O.VOICEMAIL: _after_voicemail,
    O.NO_ANSWER: _after_no_answer,
    O.BUSY: _after_busy,
    O.DECLINED: _after_refusal,
    O.BAD_NUMBER: _after_bad_number,
    O.FAULT: _after_fault,
    O.REVIEW: _after_unknown,
}


# --- what the rules are made of


def _retry(facts: Facts, code: str, *, phone_index: int | None = None) -> Step:
    """Another day, the other phone first, while attempts are left."""
    if _no_attempts_left(facts):
        return Step("exhausted", "no_attempts_left")
    if phone_index is None:
        other = _other_phone(facts)
        phone_index = facts.phone_index if other is None else other
    return Step("queued", code, _next_day(facts, facts.retry_days), phone_index)


def _again(facts: Facts, code: str, at: datetime) -> Step:
    return Step("queued", code, at, facts.phone_index)


def _other_phone(facts: Facts) -> int | None:
    """The next usable phone, in a circle. None after any refusal: never another."""
    if facts.refusals or _refused(facts):
        return None
    count = len(facts.phones)
    for offset in range(1, count):
        index = (facts.phone_index + offset) % count
        if facts.phones[index].state == "ok":
            return index
    return None


def _soon(facts: Facts, delay: timedelta) -> datetime:
    """After a delay when nothing rang, by proof; else the person's day is used."""
    if _nothing_rang(facts):
        return facts.now + delay
    return _next_day(facts, facts.retry_days if facts.started else 1)


def _next_day(facts: Facts, days: int) -> datetime:
    """The start of a later local day, plus a spread that is the case's own.

    The gate's policy moves it into calling hours.
    """
    day = _local(facts.now, facts.zone).date() + timedelta(days=max(days, 1))
    start = datetime.combine(day, time.min, ZoneInfo(facts.zone)).astimezone(UTC)
    own = "".join(phone.e164 for phone in facts.phones)
    return start + timedelta(seconds=crc32(own.encode()) % SPREAD_SECONDS)


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


def _reason(facts: Facts) -> Reason:
    return reason_of(facts.reason, facts.outcome)


def _disposition(facts: Facts) -> Disposition:
    return DISPOSITIONS.get(facts.disposition, NO_DISPOSITION)


def _contact(facts: Facts) -> str:
    """Who answered; when the analysis was not sure, what its disposition implies."""
    if facts.contact in ("", "no_sabe"):
        return _disposition(facts).contact
    return facts.contact


def _refused(facts: Facts) -> bool:
    """Whether the person declined, hung up early, or blocked the caller.

    After one, this person gets no other phone and no other number, ever. A stranger
    on a wrong number refuses nothing.
    """
    if _contact(facts) == "equivocado":
        return False
    early = (
        facts.outcome == O.CONVERSATION
        and facts.reason == "user_hangup"
        and facts.duration_ms is not None
        and facts.duration_ms < EARLY_HANGUP_MS
    )
    return early or facts.outcome == O.DECLINED or _reason(facts).block


def _is_fault(facts: Facts) -> bool:
    """A full house, a pause or a block is no fault of the call's own."""
    reason = _reason(facts)
    counted = not (reason.requeues or reason.pause or reason.block)
    return facts.outcome == O.FAULT and counted


def _wants_callback(facts: Facts, *, closed: bool) -> bool:
    asked = "rellamada" in (_reason(facts).disposition, facts.disposition)
    return asked or (facts.callback_at is not None and not closed)


def _attempt_used(facts: Facts) -> bool:
    return facts.started or facts.outcome not in (O.FAULT, O.BAD_NUMBER)


def _nothing_rang(facts: Facts) -> bool:
    return _reason(facts).rang is False and not facts.started


def _no_attempts_left(facts: Facts) -> bool:
    return _attempt_used(facts) and facts.attempts >= facts.max_attempts


BY_OUTCOME = {
    O.VOICEMAIL: "buzon",
    O.NO_ANSWER: "no_contesta",
    O.BUSY: "ocupado",
    O.DECLINED: "corte_temprano",
    O.BAD_NUMBER: "fuera_de_servicio",
    O.FAULT: "falla_tecnica",
}
BY_CONTACT = {"tercero": "tercero_sin_recado", "equivocado": "equivocado"}


def _recorded_disposition(facts: Facts) -> str:
    """The analysis', when somebody spoke; else what the telephony result says."""
    if facts.outcome not in (O.CONVERSATION, O.REVIEW):
        return "no_llamar" if facts.wants_no_calls else BY_OUTCOME[facts.outcome]
    if facts.disposition in DISPOSITIONS:
        return facts.disposition
    if facts.wants_no_calls:
        return "no_llamar"
    if _reason(facts).disposition:
        return _reason(facts).disposition
    if _refused(facts):
        return "corte_temprano"
    return BY_CONTACT.get(facts.contact, "")
