"""A simulated call and how it looks from outside."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from calls.simulator.conversation import Conversation
from calls.simulator.outcomes import Outcome

OPEN = ("registered", "ongoing")

# US cents per second, in four decimals of a cent at most: sums stay exact to a
# millionth of a dollar.
UNIT_PRICES = {"elevenlabs_tts": 0.1167, "gpt_5_1": 0.075, "custom_telephony": 0.025}


@dataclass
class SimulatedCall:
    """State of one call; times are epoch ms of business time."""

    call_id: str
    sequence: int
    body: dict[str, Any]
    agent_id: str
    agent_name: str
    agent_version: int
    outcome: Outcome
    ring_seconds: float
    talk_seconds: float
    analysis_seconds: float
    faults: frozenset[str]
    schema: list[dict[str, Any]]  # of the analysis that was asked for
    webhook_url: str | None
    base_url: str
    conversation: Conversation | None = None
    status: str = "registered"
    reason: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    cost_factor: float = 1.0
    analyzed: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)
    first_webhook: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def key(self) -> str | None:
        return self.body.get("idempotency_key")

    @property
    def from_number(self) -> str:
        return self.body["from_number"]

    @property
    def to_number(self) -> str:
        return self.body["to_number"]

    @property
    def metadata(self) -> dict[str, Any]:
        return self.body.get("metadata") or {}

    @property
    def variables(self) -> dict[str, str]:
        return self.body.get("retell_llm_dynamic_variables") or {}

    @property
    def override(self) -> dict[str, Any]:
        return (self.body.get("agent_override") or {}).get("agent") or {}

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def duration_ms(self) -> int | None:
        if self.start_ms is None or self.end_ms is None:
            return None
        return self.end_ms - self.start_ms

    @property
    def cost_cents(self) -> float:
        return self._cost()["combined_cost"]

    def as_json(self, *, transcripts: bool = True) -> dict[str, Any]:
        """The call as get-call shows it now; list-calls leaves transcripts out."""
        data: dict[str, Any] = {
            "call_id": self.call_id,
            "call_type": "phone_call",
            "agent_id": self.agent_id,
            "agent_name": self.agent_name,
            "agent_version": self.agent_version,
            "call_status": self.status,
            "direction": "outbound",
            "from_number": self.from_number,
            "to_number": self.to_number,
            "data_storage_setting": "everything",
            "opt_in_signed_url": False,
        }
        for name in ("metadata", "retell_llm_dynamic_variables", "custom_sip_headers"):
            if name in self.body:
                data[name] = self.body[name]
        if self.start_ms is not None:
            data["start_timestamp"] = self.start_ms
        if not self.is_open:
            data |= self._ending()
            if transcripts and self.conversation and self.start_ms is not None:
                data |= self._transcripts()
        if self.analyzed:
            data["call_analysis"] = self.analysis()
        if "unknown_reason" in self.faults:
            data["carrier_details"] = {"hops": 3}
        return data

    def _ending(self) -> dict[str, Any]:
        data = {
            "end_timestamp": self.end_ms,
            "disconnection_reason": self.reason,
            "call_cost": self._cost(),
        }
        if self.start_ms is not None:
            data |= {
                "duration_ms": self.duration_ms,
                "collected_dynamic_variables": {},
                "recording_url": f"{self.base_url}/recordings/{self.call_id}.wav",
                "public_log_url": f"{self.base_url}/logs/{self.call_id}.txt",
            }
        return data

    def _transcripts(self) -> dict[str, Any]:
        turns = self.conversation.transcript_object((self.duration_ms or 0) / 1000)
        return {
            "transcript": self.conversation.transcript,
            "transcript_object": turns,
            "transcript_with_tool_calls": turns,
        }

    def _cost(self) -> dict[str, Any]:
        """Charged for each begun second of speech; a call without any is free."""
        seconds = -(-(self.duration_ms or 0) // 1000)
        products = [
            {
                "product": product,
                "unit_price": price,
                "cost": round(price * seconds * self.cost_factor, 4),
            }
            for product, price in UNIT_PRICES.items()
            if seconds
        ]
        return {
            "combined_cost": round(sum(item["cost"] for item in products), 4),
            "product_costs": products,
            "total_duration_seconds": seconds,
            "total_duration_unit_price": round(sum(UNIT_PRICES.values()), 4),
        }

    def analysis(self) -> dict[str, Any]:
        heard = self.conversation if self.start_ms is not None else None
        script = heard.script if heard else None
        return {
            "call_summary": script.summary if script else "",
            "in_voicemail": self.outcome.voicemail and heard is not None,
            "user_sentiment": script.sentiment if script else "Unknown",
            "call_successful": bool(script and script.successful),
            "custom_analysis_data": heard.custom_analysis(self.schema) if heard else {},
        }
