"""What a step brings with it: day and phone, counts, marks, and a disposition."""

from datetime import datetime, timedelta

import pytest

from calls.outcomes import Phone, next_step
from tests.outcomes.facts import (
    CUT,
    EARLY,
    LAST,
    NOW,
    ONE_PHONE,
    TALK,
    THIRD,
    WRONG,
    A,
    B,
    C,
    days_later,
    facts,
)


@pytest.mark.parametrize(
    ("reason", "known", "days", "index"),
    [
        ("voicemail_reached", {}, 1, 1),
        ("dial_no_answer", {}, 1, 1),
        ("dial_busy", {}, 1, 1),
        ("dial_no_answer", {"phone_index": 1}, 1, 0),
        ("dial_no_answer", ONE_PHONE, 1, 0),
        ("dial_no_answer", {"retry_days": 3}, 3, 1),
        ("dial_no_answer", {"phones": (A, Phone(B.e164, "wrong"), C)}, 1, 2),
        ("dial_no_answer", {"refusals": 1}, 1, 0),
        ("agent_hangup", THIRD, 1, 1),
        ("agent_hangup", WRONG, 1, 1),
        ("manual_stopped", CUT, 1, 0),
        ("user_declined", {}, 1, 0),
        ("user_hangup", EARLY, 1, 0),
        ("user_requested_callback", {}, 1, 0),
        ("invalid_destination", {}, 0, 1),
        ("invalid_destination", {"started": True}, 1, 1),
        ("sip_routing_error", {}, 0, 0),
        ("sip_routing_error", {"faults": 1}, 0, 0),
        ("sip_routing_error", {"faults": 2}, 1, 0),
        ("error_retell", {}, 1, 0),  # it may have rung
        ("error_retell", {"started": True, "retry_days": 2}, 2, 0),
        ("dial_failed", {}, 1, 0),
        ("marked_as_spam", {}, 1, 0),
        ("concurrency_limit_reached", {}, 0, 0),
        ("credit_exhausted", {}, 0, 0),
        ("scam_detected", {}, 1, 0),
    ],
)
def test_the_next_attempt_has_its_day_and_phone(reason, known, days, index):
    step = next_step(facts(reason, **known))
    assert (days_later(step), step.phone_index) == (days, index)


@pytest.mark.parametrize(
    ("reason", "known", "delay"),
    [
        ("sip_routing_error", {}, timedelta(minutes=15)),
        ("sip_routing_error", {"faults": 1}, timedelta(hours=1)),
        ("concurrency_limit_reached", {}, timedelta(minutes=5)),
        ("invalid_destination", {}, timedelta(minutes=5)),
        ("no_valid_payment", {}, timedelta(minutes=15)),
    ],
)
def test_what_rang_nobody_is_tried_again_soon(reason, known, delay):
    step = next_step(facts(reason, **known))
    assert step.next_attempt_at == NOW + delay
    assert step.frees_day


@pytest.mark.parametrize(
    ("reason", "known", "used", "frees_day"),
    [
        ("agent_hangup", {}, True, False),
        ("voicemail_reached", {}, True, False),
        ("dial_no_answer", {}, True, False),
        ("dial_busy", {}, True, False),
        ("user_declined", {}, True, False),
        ("error_of_tomorrow", {}, True, False),
        ("invalid_destination", {}, False, True),
        ("invalid_destination", {"started": True}, True, False),
        ("concurrency_limit_reached", {}, False, True),
        ("credit_exhausted", {}, False, True),
        ("error_retell", {}, False, False),
        ("error_retell", {"started": True}, True, False),
        ("dial_failed", {}, False, False),
        ("marked_as_spam", {}, False, False),
    ],
)
def test_an_attempt_counts_unless_nobody_was_reached(reason, known, used, frees_day):
    step = next_step(facts(reason, **known))
    assert (step.attempt_used, step.frees_day) == (used, frees_day)


@pytest.mark.parametrize(
    ("reason", "known", "fault", "refusal"),
    [
        ("agent_hangup", {}, False, False),
        ("user_hangup", EARLY, False, True),
        ("user_hangup", EARLY | WRONG, False, False),
        ("user_hangup", EARLY | {"outcome": "voicemail"}, False, False),
        ("user_declined", {}, False, True),
        ("marked_as_spam", {}, False, True),
        ("network_blocked", {}, False, True),
        ("error_retell", {}, True, False),
        ("dial_failed", {}, True, False),
        ("concurrency_limit_reached", {}, False, False),
        ("credit_exhausted", {}, False, False),
    ],
)
def test_a_step_says_what_it_adds_to_the_counts(reason, known, fault, refusal):
    step = next_step(facts(reason, **known))
    assert (step.fault, step.refusal) == (fault, refusal)


@pytest.mark.parametrize(
    ("reason", "known", "phone_state", "suppress", "pause"),
    [
        ("agent_hangup", TALK, "", "", ""),
        ("agent_hangup", WRONG, "wrong", "", ""),
        ("agent_hangup", WRONG | LAST, "wrong", "", ""),
        ("agent_hangup", WRONG | ONE_PHONE, "wrong", "", ""),
        ("agent_hangup", WRONG | {"wants_no_calls": True}, "wrong", "phone", ""),
        ("agent_hangup", WRONG | {"disposition": "reclamo"}, "wrong", "phone", ""),
        ("agent_hangup", TALK | {"wants_no_calls": True}, "", "person", ""),
        ("user_requested_dnc", {}, "", "person", ""),
        ("agent_hangup", THIRD | {"disposition": "fallecido"}, "", "person", ""),
        ("invalid_destination", {}, "bad", "", ""),
        ("invalid_destination", ONE_PHONE, "bad", "", ""),
        ("credit_exhausted", {}, "", "", "all"),
        ("no_valid_payment", {}, "", "", "all"),
        ("telephony_provider_permission_denied", {}, "", "", "batch"),
        ("scam_detected", {}, "", "", "batch"),
    ],
)
def test_a_step_marks_suppresses_and_pauses(
    reason, known, phone_state, suppress, pause
):
    step = next_step(facts(reason, **known))
    assert (step.phone_state, step.suppress, step.pause) == (
        phone_state,
        suppress,
        pause,
    )


@pytest.mark.parametrize(
    ("reason", "known", "disposition"),
    [
        ("agent_hangup", TALK | {"disposition": "objeta"}, "objeta"),
        ("agent_hangup", {}, ""),
        ("agent_hangup", THIRD, "tercero_sin_recado"),
        ("agent_hangup", WRONG, "equivocado"),
        ("agent_hangup", {"wants_no_calls": True}, "no_llamar"),
        ("user_requested_dnc", {}, "no_llamar"),
        ("user_requested_callback", {}, "rellamada"),
        ("user_hangup", EARLY, "corte_temprano"),
        ("voicemail_reached", {}, "buzon"),
        ("voicemail_reached", {"disposition": "promesa_total"}, "buzon"),
        ("dial_no_answer", {}, "no_contesta"),
        ("dial_busy", {}, "ocupado"),
        ("user_declined", {}, "corte_temprano"),
        ("invalid_destination", {}, "fuera_de_servicio"),
        ("error_retell", {}, "falla_tecnica"),
        ("error_of_tomorrow", {}, ""),
    ],
)
def test_a_call_gets_a_disposition(reason, known, disposition):
    assert next_step(facts(reason, **known)).disposition == disposition


@pytest.mark.parametrize(
    ("now", "start"),
    [
        # 00:00 of 6 September does not exist in Santiago: the day starts at 01:00
        ("2026-09-05T20:00:00+00:00", "2026-09-06T04:00:00+00:00"),
        ("2026-04-04T20:00:00+00:00", "2026-04-05T04:00:00+00:00"),
        # late evening in Chile is the next day in UTC
        ("2026-11-25T02:30:00+00:00", "2026-11-25T03:00:00+00:00"),
    ],
)
def test_another_day_starts_at_local_midnight(now, start):
    step = next_step(facts("dial_no_answer", now=datetime.fromisoformat(now)))
    begin = datetime.fromisoformat(start)
    assert begin <= step.next_attempt_at < begin + timedelta(minutes=30)
