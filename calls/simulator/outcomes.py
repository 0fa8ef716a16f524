"""What becomes of a simulated call: the mix and Retell's words for each result."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    weight: float  # of 100 calls
    reason: str
    status: str = "not_connected"
    ring: tuple[float, float] = (4, 20)  # seconds of business time
    talk: tuple[float, float] | None = None  # None: never connected
    voicemail: bool = False


RING_OUT = (1e9, 1e9)  # as long as the call's ring_duration_ms allows

# `answered` takes reason and length from its conversation (scripts.py). Reasons that
# stop a campaign (billing, permission, spam) are in scenarios only.
OUTCOMES: dict[str, Outcome] = {
    "answered": Outcome(30, "agent_hangup", "ended", talk=(0, 0)),
    "no_answer": Outcome(35, "dial_no_answer", ring=RING_OUT),
    "voicemail": Outcome(
        20, "voicemail_reached", "ended", (15, 25), talk=(4, 12), voicemail=True
    ),
    "busy": Outcome(5, "dial_busy", ring=(1, 4)),
    "declined": Outcome(4, "user_declined", ring=(3, 15)),
    "invalid_number": Outcome(2.5, "invalid_destination", ring=(0.5, 2)),
    "dial_failed": Outcome(1.5, "dial_failed", ring=(1, 5)),
    "ivr": Outcome(1, "ivr_reached", "ended", (2, 6), talk=(5, 15)),
    "no_audio": Outcome(0.5, "error_no_audio_received", "error", talk=(5, 20)),
    "platform_error": Outcome(0.5, "error_retell", "error", ring=(0.2, 1)),
    # Never drawn by default.
    "trunk_down": Outcome(0, "telephony_provider_unavailable", ring=(0.2, 1)),
    "routing_error": Outcome(0, "sip_routing_error", ring=(0.2, 1)),
    "permission_denied": Outcome(
        0, "telephony_provider_permission_denied", ring=(0.2, 1)
    ),
    "network_blocked": Outcome(0, "network_blocked", ring=(0.2, 1)),
    "marked_as_spam": Outcome(0, "marked_as_spam", ring=(0.2, 1)),
    "over_limit": Outcome(0, "concurrency_limit_reached", "error", ring=(0, 0.2)),
    "no_payment": Outcome(0, "no_valid_payment", "error", ring=(0, 0.2)),
    "credit_exhausted": Outcome(0, "credit_exhausted", "error", ring=(0, 0.2)),
    "budget_reached": Outcome(0, "budget_reached", "error", ring=(0, 0.2)),
    "scam_detected": Outcome(0, "scam_detected", "error", talk=(10, 30)),
    "unheard_of": Outcome(0, "carrier_mystery", "ended", talk=(5, 20)),
}
