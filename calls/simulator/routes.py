"""Retell's endpoints."""

import asyncio
import io
import wave
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import unquote

from calls.simulator.catalogue import ORG_ID, ORG_NAME, Agent
from calls.simulator.filters import list_page
from calls.simulator.http import Request, Reset, Response
from calls.simulator.oracle import EventLog
from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.validation import Rejection, parse_object, require
from calls.simulator.workspace import Workspace, draw_faults

# Reply of a fault that refuses before anything is accepted.
REFUSALS: dict[str, tuple[int, str, float | None]] = {
    "rate_limited": (429, "Too many requests", 1),
    "rate_limited_silent": (429, "Too many requests", None),
    "payment_required": (402, "Trial ended, please add payment method", None),
    "conflict": (409, "A request with this key is in progress", None),
    "error_before_accept": (500, "Internal Server Error", None),
}


class Routes:
    """One method for each endpoint; `handle` finds it."""

    def __init__(
        self, workspace: Workspace, log: EventLog, *, api_key: str, seed: int
    ) -> None:
        self._workspace = workspace
        self._log = log
        self._authorization = f"Bearer {api_key}"
        self._seed = seed
        self._tries: Counter[str] = Counter()
        self._started = asyncio.get_running_loop().time()
        self._read_rng = Random(f"{seed}:reads")
        self._fixed: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "/v3/list-calls"): self._list_calls,
            ("POST", "/v2/list-agents"): self._list_agents,
            ("GET", "/v2/list-phone-numbers"): self._list_numbers,
            ("GET", "/get-concurrency"): self._concurrency,
            ("GET", "/get-api-key-info"): self._key_info,
        }
        self._by_id: dict[tuple[str, str], Callable[[Request, str], Response]] = {
            ("GET", "/v2/get-call/"): self._get_call,
            ("POST", "/v2/stop-call/"): self._stop_call,
            ("GET", "/get-agent/"): self._get_agent,
            ("GET", "/list-agent-versions/"): self._list_versions,
            ("GET", "/get-retell-llm/"): self._get_llm,
        }
        self._open: dict[str, Callable[[str], Response]] = {
            "/recordings/": self._recording,
            "/logs/": self._public_log,
        }

    async def handle(self, request: Request) -> Response:
        try:
            return await self._dispatch(request)
        except Rejection as rejection:
            wait = rejection.retry_after
            return Response.of_json(
                rejection.status,
                {"status": "error", "message": rejection.message},
                {"Retry-After": f"{wait:g}"} if wait is not None else None,
            )

    async def _dispatch(self, request: Request) -> Response:
        for prefix, respond in self._open.items():
            if request.path.startswith(prefix):
                return respond(_last_part(request, prefix))
        authorized = request.headers.get("authorization") == self._authorization
        require(authorized, "Invalid API Key", 401)
        if (request.method, request.path) == ("POST", "/v2/create-phone-call"):
            return await self._create(request)
        if endpoint := self._fixed.get((request.method, request.path)):
            return endpoint(request)
        for (method, prefix), respond in self._by_id.items():
            if request.method == method and request.path.startswith(prefix):
                return respond(request, _last_part(request, prefix))
        raise Rejection(404, f"Cannot {request.method} {request.path}")

    # --- calls ---------------------------------------------------------------------

    async def _create(self, request: Request) -> Response:
        scenario = self._workspace.scenario
        body = parse_object(request.body)
        key, to_number = body.get("idempotency_key"), str(body.get("to_number"))
        self._tries[to_number] += 1
        rng = Random(f"{self._seed}:create:{to_number}:{self._tries[to_number]}")
        faults = draw_faults(rng, scenario.create_faults)
        try:
            self._refuse_in_a_storm()
            for fault, (status, message, wait) in REFUSALS.items():
                if fault in faults:
                    raise Rejection(status, message, wait)
            if "reset_before_accept" in faults:
                self._log.write("reject", key=key, status=None, message="reset")
                raise Reset
            call, reply = self._workspace.create(request.body, body)
        except Rejection as rejection:
            self._log.write("reject", key=key, status=rejection.status)
            raise
        return await self._reply_to_create(faults, call, reply)

    def _refuse_in_a_storm(self) -> None:
        if self._workspace.scenario.rate_limit_storms is None:
            return
        every, lasts = self._workspace.scenario.rate_limit_storms
        passed = asyncio.get_running_loop().time() - self._started
        number, moment = divmod(passed, every)
        if moment >= every - lasts:
            wait = every - moment if number % 2 == 0 else None
            raise Rejection(429, "Too many requests", retry_after=wait)

    async def _reply_to_create(
        self, faults: frozenset[str], call: SimulatedCall, reply: dict[str, Any]
    ) -> Response:
        """The call exists; what the caller learns of it depends on the faults."""
        scenario = self._workspace.scenario
        await asyncio.sleep(scenario.create_seconds)
        if "hang_after_accept" in faults:
            await asyncio.sleep(scenario.hang_seconds)
            raise Reset
        if "reset_after_accept" in faults:
            raise Reset
        if "error_after_accept" in faults:
            return Response(500, b"Internal Server Error")
        if "slow" in faults:
            await asyncio.sleep(scenario.slow_seconds)
        if "webhook_first" in faults and call.webhook_url:
            try:
                async with asyncio.timeout(scenario.slow_seconds):
                    await call.first_webhook.wait()
            except TimeoutError:
                pass
        response = Response.of_json(201, reply)
        if "garbled" in faults:
            half = response.body[: len(response.body) // 2]
            return Response(201, half, response.headers)
        return response

    def _get_call(self, _request: Request, call_id: str) -> Response:
        faults = self._read_faults()
        call = self._workspace.calls.get(call_id)
        found = call is not None and "unknown_call" not in faults
        require(found, f"Item {call_id} not found from call", 422)
        return Response.of_json(200, call.as_json())

    def _list_calls(self, request: Request) -> Response:
        faults = self._read_faults()
        body = parse_object(request.body)
        calls, by_attempt = self._workspace.calls, self._workspace.calls_by_attempt
        if "unlisted" in faults:
            calls, by_attempt = {}, {}
        return Response.of_json(200, list_page(body, calls.values(), by_attempt))

    def _stop_call(self, _request: Request, call_id: str) -> Response:
        call = self._workspace.calls.get(call_id)
        require(call is not None, f"Item {call_id} not found from call", 422)
        self._workspace.stop(call)
        return Response(204)

    def _read_faults(self) -> frozenset[str]:
        faults = draw_faults(self._read_rng, self._workspace.scenario.read_faults)
        if "error" in faults:
            raise Rejection(500, "Internal Server Error")
        if "rate_limited" in faults:
            raise Rejection(429, "Too many requests", retry_after=1)
        return faults

    # --- agents, numbers, workspace ------------------------------------------------

    def _list_agents(self, request: Request) -> Response:
        catalogue = self._workspace.catalogue
        agents = [catalogue.agent_item(item) for item in catalogue.agents.values()]
        return _page(agents, request)

    def _get_agent(self, request: Request, agent_id: str) -> Response:
        agent = self._agent(agent_id)
        version = agent.resolve(request.query.get("version"))
        require(version is not None, f"Item {agent_id} has no such version", 422)
        return Response.of_json(200, self._workspace.catalogue.agent(agent, version))

    def _list_versions(self, request: Request, agent_id: str) -> Response:
        agent = self._agent(agent_id)
        item = self._workspace.catalogue.version_item
        newest_first = sorted(agent.versions, reverse=True)
        return _page([item(agent, version) for version in newest_first], request)

    def _get_llm(self, request: Request, llm_id: str) -> Response:
        catalogue = self._workspace.catalogue
        agent = next((a for a in catalogue.agents.values() if a.llm_id == llm_id), None)
        require(agent is not None, f"Item {llm_id} not found from llm", 422)
        version = agent.resolve(request.query.get("version"))
        require(version is not None, f"Item {llm_id} has no such version", 422)
        return Response.of_json(200, catalogue.llm(agent, version))

    def _list_numbers(self, request: Request) -> Response:
        catalogue = self._workspace.catalogue
        numbers = [catalogue.number(item) for item in catalogue.numbers.values()]
        return _page(numbers, request)

    def _concurrency(self, _request: Request) -> Response:
        limit = self._workspace.concurrency
        return Response.of_json(
            200,
            {
                "current_concurrency": self._workspace.open,
                "concurrency_limit": limit,
                "base_concurrency": min(20, limit),
                "purchased_concurrency": max(0, limit - 20),
                "concurrency_purchase_limit": 1000,
                "remaining_purchase_limit": 1000 - max(0, limit - 20),
                "concurrency_burst_enabled": False,
                "concurrency_burst_limit": 0,
                "reserved_inbound_concurrency": 0,
            },
        )

    def _key_info(self, _request: Request) -> Response:
        info = {"org_id": ORG_ID, "org_name": ORG_NAME, "api_key_name": "sandbox"}
        return Response.of_json(200, info)

    def _agent(self, agent_id: str) -> Agent:
        agent = self._workspace.catalogue.agents.get(agent_id)
        require(agent is not None, f"Item {agent_id} not found from agent", 422)
        return agent

    # --- what the URLs in a call lead to -------------------------------------------

    def _recording(self, name: str) -> Response:
        self._call_of(name.removesuffix(".wav"))
        return Response(200, _silence(), {"Content-Type": "audio/wav"})

    def _public_log(self, name: str) -> Response:
        call = self._call_of(name.removesuffix(".txt"))
        text = f"{call.call_id} {call.status} {call.reason}\n"
        return Response(200, text.encode(), {"Content-Type": "text/plain"})

    def _call_of(self, call_id: str) -> SimulatedCall:
        call = self._workspace.calls.get(call_id)
        require(call is not None, "Not Found", 404)
        return call


def _last_part(request: Request, prefix: str) -> str:
    return unquote(request.path.removeprefix(prefix))


def _page(items: list[dict[str, Any]], request: Request) -> Response:
    """The part of a short list that `limit` and `pagination_key` ask for."""
    try:
        limit = int(request.query.get("limit", 50))
        start = int(request.query.get("pagination_key", 0))
    except ValueError:
        raise Rejection(400, "unknown limit or pagination_key") from None
    require(1 <= limit <= 1000 and start >= 0, "limit must be from 1 to 1000")
    reply: dict[str, Any] = {
        "items": items[start : start + limit],
        "has_more": start + limit < len(items),
    }
    if reply["has_more"]:
        reply["pagination_key"] = str(start + limit)
    return Response.of_json(200, reply)


def _silence() -> bytes:
    """One second of nothing, as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000)
    return file.getvalue()
