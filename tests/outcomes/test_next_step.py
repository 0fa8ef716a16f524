"""What follows a call: one row of a table per rule, then what must always hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.dispositions import DISPOSITIONS
from calls.outcomes import OUTCOMES, STEP_LABELS, Facts, Phone, classify, next_step

ZONE = "America/Santiago"
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Tuesday, 12:00 in Santiago
A, B, C = Phone("+56911111111"), Phone("+56922222222"), Phone("+56933333333")
DEFAULTS = Facts(
    outcome="",
    reason="",
    duration_ms=60_000,
    started=True,
    analyzed=True,
    contact="",
    disposition="",
    wants_no_calls=False,
    callback_at=None,
    attempts=1,
    max_attempts=3,
    phones=(A, B),
    phone_index=0,
    now=NOW,
    zone=ZONE,
)


def facts(reason: str, **known) -> Facts:
    """A call that ended for `reason`, connected when such calls are."""
    outcome = classify("", reason, None)
    started = outcome in ("conversation", "voicemail")
    return replace(
        DEFAULTS, **{"outcome": outcome, "reason": reason, "started": started, **known}
    )


def days_later(step) -> int:
    zone = ZoneInfo(ZONE)
    then = step.next_attempt_at.astimezone(zone).date()
    return (then - NOW.astimezone(zone).date()).days


TALK = {"contact": "titular"}
THIRD = {"contact": "tercero"}
WRONG = {"contact": "equivocado"}
EARLY = {"duration_ms": 9_999}
LAST = {"attempts": 3}
CUT = {"hung_up": True}
ONE_PHONE = {"phones": (A,)}


@pytest.mark.parametrize(
    ("reason", "known", "status", "code"),
    [
        # --- a conversation ends the case
        ("agent_hangup", TALK, "done", "conversation"),
        ("user_hangup", TALK, "done", "conversation"),
        ("user_hangup", {"contact": "no_sabe"}, "done", "conversation"),
        ("inactivity", {}, "done", "conversation"),
        ("call_transfer", TALK, "done", "conversation"),
        ("agent_hangup", {"analyzed": False}, "done", "conversation_unanalyzed"),
        ("agent_hangup", TALK | LAST, "done", "conversation"),
        # --- unless a human has to decide
        ("transfer_cancelled", TALK, "review", "needs_person"),
        ("manual_stopped", TALK, "review", "needs_person"),
        ("max_duration_reached", TALK, "review", "needs_person"),
        ("max_duration_reached", TALK | CUT, "review", "needs_person"),
        # --- cut by a stop of ours: nothing to decide, it goes on another day
        ("manual_stopped", TALK | CUT, "queued", "retry_cut"),
        ("manual_stopped", CUT | {"started": False}, "queued", "retry_cut"),
        ("manual_stopped", CUT | {"analyzed": False}, "queued", "retry_cut"),
        ("manual_stopped", CUT | LAST, "exhausted", "no_attempts_left"),
        ("manual_stopped", CUT | {"disposition": "objeta"}, "done", "conversation"),
        ("manual_stopped", CUT | {"wants_no_calls": True}, "done", "opted_out"),
        ("user_hangup", TALK | CUT, "done", "conversation"),
        (
            "max_duration_reached",
            TALK | {"disposition": "promesa_total"},
            "done",
            "conversation",
        ),
        # --- asked not to be called
        ("user_requested_dnc", {}, "done", "opted_out"),
        ("user_requested_dnc", {"analyzed": False}, "done", "opted_out"),
        ("agent_hangup", TALK | {"wants_no_calls": True}, "done", "opted_out"),
        ("agent_hangup", THIRD | {"wants_no_calls": True}, "done", "opted_out"),
        ("user_hangup", EARLY | {"wants_no_calls": True}, "done", "opted_out"),
        ("agent_hangup", {"disposition": "no_llamar"}, "done", "opted_out"),
        ("voicemail_reached", {"wants_no_calls": True}, "done", "opted_out"),
        ("agent_hangup", THIRD | {"disposition": "fallecido"}, "done", "deceased"),
        ("agent_hangup", WRONG | {"disposition": "fallecido"}, "done", "deceased"),
        ("agent_hangup", TALK | {"disposition": "reclamo"}, "done", "complaint"),
        # --- a third party: another day
        ("agent_hangup", THIRD, "queued", "retry_third_party"),
        ("agent_hangup", THIRD | LAST, "exhausted", "no_attempts_left"),
        (
            "agent_hangup",
            {"disposition": "tercero_sin_recado"},
            "queued",
            "retry_third_party",
        ),
        (
            "agent_hangup",
            THIRD | {"disposition": "promesa_total"},
            "queued",
            "retry_third_party",
        ),
        # --- a wrong number: next phone
        ("agent_hangup", WRONG, "queued", "wrong_number_next_phone"),
        ("user_hangup", WRONG | EARLY, "queued", "wrong_number_next_phone"),
        ("agent_hangup", WRONG | ONE_PHONE, "exhausted", "wrong_number"),
        ("agent_hangup", WRONG | LAST, "exhausted", "no_attempts_left"),
        ("agent_hangup", WRONG | {"refusals": 1}, "exhausted", "wrong_number"),
        (
            "agent_hangup",
            {"disposition": "equivocado"},
            "queued",
            "wrong_number_next_phone",
        ),
        # --- refusals
        ("user_hangup", EARLY, "queued", "retry_refused"),
        ("user_hangup", {"duration_ms": 10_000}, "done", "conversation"),
        ("user_hangup", {"duration_ms": None}, "done", "conversation"),
        ("agent_hangup", EARLY, "done", "conversation"),
        (
            "user_hangup",
            EARLY | TALK | {"disposition": "se_niega"},
            "done",
            "conversation",
        ),
        ("user_hangup", EARLY | {"refusals": 2}, "review", "refused"),
        ("user_hangup", EARLY | LAST, "exhausted", "no_attempts_left"),
        ("user_declined", {}, "queued", "retry_refused"),
        ("user_declined", {"refusals": 1}, "queued", "retry_refused"),
        ("user_declined", {"refusals": 2}, "review", "refused"),
        ("user_declined", LAST, "exhausted", "no_attempts_left"),
        # --- callbacks
        ("user_requested_callback", {}, "queued", "callback_other_day"),
        ("agent_hangup", {"disposition": "rellamada"}, "queued", "callback_other_day"),
        (
            "user_requested_callback",
            {"callback_at": NOW + timedelta(hours=5)},
            "queued",
            "callback",
        ),
        (
            "agent_hangup",
            {"callback_at": NOW + timedelta(hours=5)},
            "queued",
            "callback",
        ),
        (
            "user_hangup",
            EARLY | {"callback_at": NOW + timedelta(hours=5)},
            "queued",
            "callback",
        ),
        ("agent_hangup", {"callback_at": NOW}, "queued", "callback_other_day"),
        (
            "agent_hangup",
            {"callback_at": NOW - timedelta(days=1)},
            "queued",
            "callback_other_day",
        ),
        (
            "agent_hangup",
            {"callback_at": NOW + timedelta(days=61)},
            "review",
            "callback_too_far",
        ),
        (
            "agent_hangup",
            THIRD | {"callback_at": NOW + timedelta(hours=5)},
            "queued",
            "callback_other_day",
        ),
        (
            "agent_hangup",
            THIRD | {"callback_at": NOW + timedelta(days=1)},
            "queued",
            "callback",
        ),
        (
            "agent_hangup",
            {"disposition": "promesa_total", "callback_at": NOW + timedelta(days=1)},
            "done",
            "conversation",
        ),
        ("user_requested_callback", LAST, "review", "callback_no_attempts_left"),
        # --- nobody: another day, the other phone first
        ("voicemail_reached", {}, "queued", "retry_voicemail"),
        ("ivr_reached", {}, "queued", "retry_voicemail"),
        ("agent_hangup", {"disposition": "buzon"}, "queued", "retry_voicemail"),
        ("dial_no_answer", {}, "queued", "retry_no_answer"),
        ("dial_busy", {}, "queued", "retry_busy"),
        ("voicemail_reached", LAST, "exhausted", "no_attempts_left"),
        ("dial_no_answer", LAST, "exhausted", "no_attempts_left"),
        ("dial_busy", LAST, "exhausted", "no_attempts_left"),
        # --- invalid numbers
        ("invalid_destination", {}, "queued", "next_phone"),
        ("invalid_destination", LAST, "queued", "next_phone"),
        ("invalid_destination", ONE_PHONE, "exhausted", "no_phone_left"),
        ("invalid_destination", {"refusals": 1}, "exhausted", "no_phone_left"),
        (
            "invalid_destination",
            {"phones": (A, Phone(B.e164, "bad"))},
            "exhausted",
            "no_phone_left",
        ),
        # --- faults
        ("sip_routing_error", {}, "queued", "retry_fault"),
        ("sip_routing_error", LAST, "queued", "retry_fault"),
        ("sip_routing_error", {"faults": 2}, "queued", "retry_fault"),
        ("sip_routing_error", {"faults": 3}, "review", "too_many_faults"),
        ("error_retell", {"started": True} | LAST, "exhausted", "no_attempts_left"),
        ("dial_failed", {}, "queued", "retry_fault"),
        ("dial_failed", {"faults": 1}, "review", "too_many_faults"),
        ("registered_call_timeout", {"faults": 1}, "review", "too_many_faults"),
        ("concurrency_limit_reached", {"faults": 9}, "queued", "retry_capacity"),
        ("marked_as_spam", {}, "queued", "retry_blocked"),
        ("network_blocked", {}, "queued", "retry_blocked"),
        ("network_blocked", {"refusals": 1}, "review", "blocked"),
        ("credit_exhausted", {"faults": 9}, "queued", "billing"),
        ("telephony_provider_permission_denied", {}, "queued", "configuration"),
        ("scam_detected", {}, "queued", "configuration"),
        # --- unknown
        ("error_of_tomorrow", {}, "review", "unknown_result"),
        ("no_concurrency_fallback", {}, "review", "unknown_result"),
    ],
)
def test_a_call_has_its_step(reason, known, status, code):
    step = next_step(facts(reason, **known))
    assert (step.status, step.code) == (status, code)


@pytest.mark.parametrize("reason", OUTCOMES)
def test_every_reason_has_a_step_with_words(reason):
    assert str(STEP_LABELS[next_step(facts(reason)).code])


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
    ("slug", "leaf"),
    [(slug, leaf) for slug, leaf in DISPOSITIONS.items() if leaf.closes],
)
def test_a_closing_disposition_closes_the_case(slug, leaf):
    step = next_step(facts("agent_hangup", disposition=slug))
    assert (step.status, step.code) == ("done", leaf.code)


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


# --- what must always hold

any_facts = st.builds(
    lambda reason, **known: facts(reason, **known),
    st.sampled_from([*OUTCOMES, "error_of_tomorrow", ""]),
    duration_ms=st.sampled_from([None, 0, 5_000, 60_000]),
    started=st.booleans(),
    analyzed=st.booleans(),
    contact=st.sampled_from(["", "titular", "tercero", "equivocado", "no_sabe"]),
    disposition=st.sampled_from(["", *DISPOSITIONS]),
    wants_no_calls=st.sampled_from([False, False, False, True]),
    callback_at=st.none()
    | st.integers(-5_000, 200_000).map(lambda m: NOW + timedelta(minutes=m)),
    max_attempts=st.integers(1, 4),
    retry_days=st.integers(0, 5),
)


@given(any_facts)
def test_a_step_is_never_in_the_past(known):
    step = next_step(known)
    assert step.code in STEP_LABELS
    assert (step.next_attempt_at is not None) == (step.status == "queued")
    if step.next_attempt_at:
        assert step.next_attempt_at > known.now
        assert step.next_attempt_at.utcoffset() == timedelta(0)


@given(any_facts)
def test_whoever_was_reached_is_not_called_again_that_day(known):
    step = next_step(known)
    if step.status == "queued" and not step.frees_day and step.code != "callback":
        assert days_later(step) >= 1


@given(any_facts)
def test_a_request_is_never_lost(known):
    step = next_step(replace(known, wants_no_calls=True))
    assert step.suppress in ("phone", "person")
    if step.suppress == "person":
        assert step.status == "done"


@given(st.lists(any_facts, min_size=1, max_size=12))
def test_a_job_keeps_its_promises_over_many_calls(calls):
    """At most max_attempts count; after a refusal never another phone; a phone that
    was marked is not dialed again; faults don't go on for ever."""
    limit = calls[0].max_attempts
    phones, index, attempts, faults, refusals = [A, B, C], 0, 0, 0, 0
    refused_on = None
    for call in calls:
        assert attempts < limit
        assert phones[index].state == "ok"
        if refused_on is not None:
            assert index == refused_on
        known = replace(
            call,
            attempts=attempts + 1,
            max_attempts=limit,
            phones=tuple(phones),
            phone_index=index,
            faults=faults,
            refusals=refusals,
        )
        step = next_step(known)
        attempts += step.attempt_used
        faults += step.fault
        refusals += step.refusal
        if step.refusal and refused_on is None:
            refused_on = index
        if step.phone_state:
            phones[index] = Phone(phones[index].e164, step.phone_state)
        if step.status != "queued":
            break
        index = step.phone_index
    assert attempts <= limit
    assert faults <= 4
    assert refusals <= 3
