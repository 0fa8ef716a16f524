"""Every disconnection reason has its class, and words."""

from typing import get_args

import pytest

from calls.dispositions import DISPOSITIONS
from calls.outcomes import OUTCOMES, classify, label
from calls.retell import analysis

# class, Retell's status, rang (None: not known)
TABLE = {
    "user_hangup": ("conversation", "ended", True),
    "agent_hangup": ("conversation", "ended", True),
    "call_transfer": ("conversation", "ended", True),
    "transfer_bridged": ("conversation", "ended", True),
    "transfer_cancelled": ("conversation", "ended", True),
    "call_take_over": ("conversation", "ended", True),
    "manual_stopped": ("conversation", "ended", True),
    "user_requested_dnc": ("conversation", "ended", True),
    "user_requested_callback": ("conversation", "ended", True),
    "inactivity": ("conversation", "ended", True),
    "max_duration_reached": ("conversation", "ended", True),
    "voicemail_reached": ("voicemail", "ended", True),
    "ivr_reached": ("voicemail", "ended", True),
    "dial_no_answer": ("no_answer", "not_connected", True),
    "dial_busy": ("busy", "not_connected", True),
    "user_declined": ("declined", "not_connected", True),
    "invalid_destination": ("bad_number", "not_connected", False),
    "dial_failed": ("fault", "not_connected", None),
    "marked_as_spam": ("fault", "not_connected", None),
    "network_blocked": ("fault", "not_connected", None),
    "telephony_provider_permission_denied": ("fault", "not_connected", False),
    "telephony_provider_unavailable": ("fault", "not_connected", False),
    "sip_routing_error": ("fault", "not_connected", False),
    "concurrency_limit_reached": ("fault", "error", False),
    "no_valid_payment": ("fault", "error", False),
    "credit_exhausted": ("fault", "error", False),
    "budget_reached": ("fault", "error", False),
    "scam_detected": ("fault", "error", None),
    "registered_call_timeout": ("fault", "error", None),
    "error_no_audio_received": ("fault", "error", None),
    "error_asr": ("fault", "error", None),
    "error_retell": ("fault", "error", None),
    "error_unknown": ("fault", "error", None),
    "error_llm_websocket_open": ("fault", "error", None),
    "error_llm_websocket_lost_connection": ("fault", "error", None),
    "error_llm_websocket_runtime": ("fault", "error", None),
    "error_llm_websocket_corrupt_payload": ("fault", "error", None),
    "no_concurrency_fallback": ("review", "ended", True),
    "error_user_not_joined": ("review", "error", True),
}


def sdk_values(field: str) -> set[str]:
    types = pytest.importorskip("retell.types")
    annotation = types.PhoneCallResponse.model_fields[field].annotation
    values = set()
    for part in get_args(annotation) or ():
        values |= set(get_args(part)) or {part}
    return {value for value in values if isinstance(value, str)}


def test_the_table_knows_every_reason_of_the_sdk():
    assert set(OUTCOMES) == sdk_values("disconnection_reason")


def test_the_sdk_has_no_status_unheard_of():
    assert sdk_values("call_status") == {
        "registered",
        "ongoing",
        "ended",
        "not_connected",
        "error",
    }


def test_the_expected_table_is_whole():
    assert set(TABLE) == set(OUTCOMES)


@pytest.mark.parametrize(("reason", "expected"), TABLE.items())
def test_a_reason_has_its_class(reason, expected):
    outcome, status, _rang = expected
    row = OUTCOMES[reason]
    assert classify(status, reason, None) == outcome
    assert (row.outcome, row.status, row.rang) == expected
    assert str(label(reason))
    assert str(label(reason)) != reason


@pytest.mark.parametrize(
    ("status", "reason", "in_voicemail", "outcome"),
    [
        ("ended", "user_hangup", True, "voicemail"),
        ("ended", "user_hangup", False, "conversation"),
        ("ended", "agent_hangup", None, "conversation"),
        ("not_connected", "dial_no_answer", True, "no_answer"),
        ("registered", "dial_busy", None, "busy"),  # the docs' own sample
        ("not_connected", "", None, "no_answer"),
        ("error", "", None, "fault"),
        ("ended", "", None, "review"),
        ("ended", "", True, "review"),
        ("lost", "", None, "review"),
        ("error", "error_twilio", None, "review"),  # an old or a future reason
        ("ended", "machine_detected", True, "review"),
    ],
)
def test_a_final_call_has_its_class(status, reason, in_voicemail, outcome):
    assert classify(status, reason, in_voicemail) == outcome


def test_an_unknown_reason_is_shown_as_it_came():
    assert label("error_of_tomorrow") == "error_of_tomorrow"


@pytest.mark.parametrize(
    ("flag", "reasons"),
    [
        ("suppresses", {"user_requested_dnc"}),
        ("block", {"marked_as_spam", "network_blocked"}),
        ("requeues", {"concurrency_limit_reached"}),
        ("rests_number", {"marked_as_spam", "network_blocked", "dial_failed"}),
    ],
)
def test_a_flag_is_on_these_reasons_only(flag, reasons):
    assert {name for name, row in OUTCOMES.items() if getattr(row, flag)} == reasons


def test_billing_pauses_all_and_configuration_its_batch():
    paused = {name: row.pause for name, row in OUTCOMES.items() if row.pause}
    assert paused == {
        "no_valid_payment": "all",
        "credit_exhausted": "all",
        "budget_reached": "all",
        "telephony_provider_permission_denied": "batch",
        "scam_detected": "batch",
    }


def test_the_tree_has_every_slug_that_the_analysis_may_bring():
    assert set(analysis.SPOKEN_DISPOSITIONS) <= set(DISPOSITIONS)


def test_every_disposition_has_words():
    assert all(str(leaf.label) for leaf in DISPOSITIONS.values())
