"""What follows a call: one row of a table per rule."""

from datetime import timedelta

import pytest

from calls.dispositions import DISPOSITIONS
from calls.outcomes import OUTCOMES, STEP_LABELS, Phone, next_step
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
    facts,
)


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
    ("slug", "leaf"),
    [(slug, leaf) for slug, leaf in DISPOSITIONS.items() if leaf.closes],
)
def test_a_closing_disposition_closes_the_case(slug, leaf):
    step = next_step(facts("agent_hangup", disposition=slug))
    assert (step.status, step.code) == ("done", leaf.code)
