"""The simulated workspace: its limits, and the life of its calls.

Everything here runs in one event loop, so nothing needs a lock and the open count
is exact at each create and each end.
"""

import asyncio
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from calls.simulator.catalogue import PATH_LIMITS, Catalogue
from calls.simulator.clock import SharedClock
from calls.simulator.conversation import converse, voicemail
from calls.simulator.misconduct import misbehave
from calls.simulator.oracle import EventLog
from calls.simulator.outcomes import OUTCOMES, Outcome
from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.scenarios import Scenario
from calls.simulator.validation import Rejection, validate_create

# Called with the event's name and its call.
Announce = Callable[[str, SimulatedCall], None]

LATE_ANALYSIS = 2400.0  # business seconds
COST_CHANGE_AFTER = 600.0


@dataclass
class RememberedKey:
    """An idempotency key and the reply that repeating it gets."""

    until: float  # loop time
    body_hash: bytes
    call: SimulatedCall
    reply: dict[str, Any]


class Bucket:
    """Calls per second of one telephony path; holds one second's worth."""

    def __init__(self, rate: float) -> None:
        self.rate = self.tokens = rate
        self.at: float | None = None

    def take(self, now: float) -> bool:
        passed = 0.0 if self.at is None else now - self.at
        self.tokens = min(max(1.0, self.rate), self.tokens + passed * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Workspace:
    def __init__(
        self,
        *,
        seed: int,
        scenario: Scenario,
        clock: SharedClock,
        log: EventLog,
        concurrency: int,
        cps: float,
        key_ttl: float,
        speed: float | None,
        webhook_url: str | None,
        base_url: str,
        announce: Announce,
    ) -> None:
        self.catalogue = Catalogue()
        self.calls: dict[str, SimulatedCall] = {}
        self.calls_by_attempt: dict[str, list[SimulatedCall]] = {}
        self.do_not_call: set[str] = set()
        self.open = 0
        self.scenario = scenario
        self.concurrency = concurrency
        self._seed = seed
        self._clock = clock
        self._log = log
        self._cps = cps
        self._key_ttl = key_ttl
        self._speed = speed
        self._webhook_url = webhook_url
        self._base_url = base_url
        self._announce = announce
        self._keys: dict[str, RememberedKey] = {}
        self._buckets: dict[str, Bucket] = {}
        self._calls_to: Counter[str] = Counter()
        self._schemas: dict[str, list[dict[str, Any]]] = {}
        self._loop = asyncio.get_running_loop()

    # --- create and stop -----------------------------------------------------------

    def create(
        self, raw: bytes, body: dict[str, Any]
    ) -> tuple[SimulatedCall, dict[str, Any]]:
        """Accept a call, or return that of the same key. Raises Rejection."""
        body_hash = hashlib.sha256(raw).digest()
        if known := self._remembered(body.get("idempotency_key"), body_hash):
            return known.call, known.reply
        agent, version = validate_create(body, self.catalogue, self.do_not_call)
        self._check_limits(body["from_number"])
        call = self._new_call(body, agent, version)
        self.calls[call.call_id] = call
        attempt = str(call.metadata.get("attempt_id"))
        self.calls_by_attempt.setdefault(attempt, []).append(call)
        self.open += 1
        reply = call.as_json()
        if call.key:
            until = self._loop.time() + self._key_ttl
            self._keys[call.key] = RememberedKey(until, body_hash, call, reply)
        self._log.write(
            "create",
            call_id=call.call_id,
            key=call.key,
            metadata=call.metadata,
            from_number=call.from_number,
            at_ms=self._clock.now_ms(),
            faults=sorted(call.faults),
            open=self.open,
        )
        if "stuck_registered" not in call.faults:
            self._after(call, call.ring_seconds, self._answer)
        return call, reply

    def stop(self, call: SimulatedCall) -> None:
        """Hang up, if there is still something to hang up."""
        self._log.write("stop", call_id=call.call_id, status=call.status)
        if call.is_open:
            if call.timer:
                call.timer.cancel()
            self._end(call, "ended", "manual_stopped")

    def _remembered(self, key: object, body_hash: bytes) -> RememberedKey | None:
        """What the key got before, while it is remembered; nothing is checked again."""
        known = self._keys.get(key) if isinstance(key, str) else None
        if known is None or self._loop.time() >= known.until:
            return None
        same = known.body_hash == body_hash
        self._log.write("replay", key=key, call_id=known.call.call_id, same_body=same)
        if not same:
            raise Rejection(409, "idempotency_key was used with another request")
        return known

    def _check_limits(self, from_number: str) -> None:
        if self.open >= self.concurrency:
            raise Rejection(429, "Concurrency limit reached", retry_after=1)
        kind = self.catalogue.numbers[from_number].kind
        if kind not in self._buckets:
            self._buckets[kind] = Bucket(
                min(self._cps, PATH_LIMITS.get(kind, self._cps))
            )
        if not self._buckets[kind].take(self._loop.time()):
            raise Rejection(429, "Calls per second limit reached", retry_after=1)

    def _new_call(
        self, body: dict[str, Any], agent: Any, version: int
    ) -> SimulatedCall:
        """Everything that chance decides about a call is decided here.

        Drawn from the seed, the number and how often it was called: the same workbook
        meets the same people, whatever ids the calls get.
        """
        to_number = body["to_number"]
        self._calls_to[to_number] += 1
        rng = Random(f"{self._seed}:{to_number}:{self._calls_to[to_number]}")
        override = (body.get("agent_override") or {}).get("agent") or {}
        call = SimulatedCall(
            call_id=f"call_{uuid.uuid4().hex}",
            sequence=len(self.calls),
            body=body,
            agent_id=agent.agent_id,
            agent_name=agent.name,
            agent_version=version,
            outcome=self._draw_outcome(rng, body),
            ring_seconds=0,
            talk_seconds=0,
            analysis_seconds=rng.uniform(*self.scenario.analysis_seconds),
            faults=draw_faults(rng, self.scenario.call_faults),
            schema=self._shared_schema(override),
            webhook_url=override.get("webhook_url") or self._webhook_url,
            base_url=self._base_url,
        )
        if "limit_after_accept" in call.faults:
            call.outcome = OUTCOMES["over_limit"]
        elif "unknown_reason" in call.faults:
            call.outcome = OUTCOMES["unheard_of"]
        self._draw_speech(rng, call)
        return call

    def _shared_schema(self, override: dict[str, Any]) -> list[dict[str, Any]]:
        """Take the analysis schema out of a body: most calls bring the same one."""
        schema = override.pop("post_call_analysis_data", None) or []
        return self._schemas.setdefault(json.dumps(schema), schema)

    def _draw_outcome(self, rng: Random, body: dict[str, Any]) -> Outcome:
        names, weights = zip(*self.scenario.outcomes.items(), strict=True)
        name = rng.choices(names, weights)[0]
        # a call of no case: whoever asked for it waits for it
        if (body.get("metadata") or {}).get("job_id") == "" and "answered" in names:
            name = "answered"
        return OUTCOMES[self.scenario.numbers.get(body["to_number"], name)]

    def _draw_speech(self, rng: Random, call: SimulatedCall) -> None:
        outcome, scenario = call.outcome, self.scenario
        ring_limit = call.override.get("ring_duration_ms", 30_000) / 1000
        ring = rng.uniform(*(scenario.ring_seconds or outcome.ring))
        call.ring_seconds = min(ring, ring_limit)
        if outcome.talk is None:
            return
        talk = outcome.talk
        if outcome is OUTCOMES["answered"]:
            call.conversation = converse(
                rng, call.variables, call.to_number, self._clock.now()
            )
            talk = call.conversation.script.talk
            wrongs = draw_faults(rng, scenario.agent_faults)
            call.conversation = misbehave(call.conversation, wrongs, rng)
        elif outcome.voicemail:
            call.conversation = voicemail()
        call.talk_seconds = rng.uniform(*(scenario.talk_seconds or talk))

    # --- the life of a call --------------------------------------------------------

    def _after(
        self,
        call: SimulatedCall,
        business_seconds: float,
        step: Callable[[SimulatedCall], None],
    ) -> None:
        speed = self._speed or self._clock.rate
        call.timer = self._loop.call_later(business_seconds / speed, step, call)

    def _answer(self, call: SimulatedCall) -> None:
        if call.outcome.talk is None:
            self._end(call, call.outcome.status, call.outcome.reason)
            return
        call.status = "ongoing"
        call.start_ms = self._clock.now_ms()
        self._log.write("start", call_id=call.call_id)
        self._announce("call_started", call)
        if "stuck_ongoing" in call.faults:
            return
        longest = call.override.get("max_call_duration_ms", 3_600_000) / 1000
        self._after(call, min(call.talk_seconds, longest), self._hang_up)

    def _hang_up(self, call: SimulatedCall) -> None:
        longest = call.override.get("max_call_duration_ms", 3_600_000) / 1000
        reason = call.outcome.reason
        if call.outcome is OUTCOMES["answered"] and call.conversation:
            reason = call.conversation.script.reason
        if call.talk_seconds > longest:
            call.talk_seconds, reason = longest, "max_duration_reached"
        call.end_ms = call.start_ms + round(call.talk_seconds * 1000)
        if reason == "user_requested_dnc":
            self.do_not_call.add(call.to_number)
        self._end(call, call.outcome.status, reason)

    def _end(self, call: SimulatedCall, status: str, reason: str) -> None:
        if call.end_ms is None:
            call.end_ms = self._clock.now_ms()
        call.status, call.reason = status, reason
        self.open -= 1
        self._log.write(
            "end",
            call_id=call.call_id,
            key=call.key,
            status=status,
            reason=reason,
            cost_cents=call.cost_cents,
            open=self.open,
        )
        self._announce("call_ended", call)
        if "analysis_lost" not in call.faults:
            late = "analysis_late" in call.faults
            wait = LATE_ANALYSIS if late else call.analysis_seconds
            self._after(call, wait, self._analyze)

    def _analyze(self, call: SimulatedCall) -> None:
        call.analyzed = True
        self._log.write("analyzed", call_id=call.call_id)
        self._announce("call_analyzed", call)
        if "cost_changes" in call.faults:
            self._after(call, COST_CHANGE_AFTER, self._change_cost)

    def _change_cost(self, call: SimulatedCall) -> None:
        call.cost_factor = 1.1
        self._log.write("cost", call_id=call.call_id, cost_cents=call.cost_cents)


def draw_faults(rng: Random, chances: dict[str, float]) -> frozenset[str]:
    """Each fault with its own probability."""
    return frozenset(
        fault for fault, chance in chances.items() if rng.random() < chance
    )
