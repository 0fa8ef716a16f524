"""Signed webhooks: 10 s for an answer, three retries, then lost for ever."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

from calls.simulator.http import encode
from calls.simulator.oracle import EventLog
from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.scenarios import Scenario
from calls.simulator.signature import signature_header

DEFAULT_EVENTS = ("call_started", "call_ended", "call_analyzed")
TIMEOUT_MS = 10_000
AT_ONCE = 64  # deliveries under way
COPIES = 3

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Webhook:
    """One event on its way to one address."""

    event: str
    call: SimulatedCall
    url: str
    body: bytes
    key: str
    forged: bool = False


class WebhookSender:
    """Deliveries of all calls; connections are kept alive and used again."""

    def __init__(
        self, *, key: str, seed: int, scenario: Scenario, log: EventLog
    ) -> None:
        self._key = key
        self._seed = seed
        self._scenario = scenario
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, list[Webhook]] = {}  # by call, those to be reordered
        self._idle: dict[tuple[str, int], list[Connection]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def announce(self, event: str, call: SimulatedCall) -> None:
        """Start delivering an event of a call, with the scenario's faults."""
        wanted = call.override.get("webhook_events") or DEFAULT_EVENTS
        if not call.webhook_url or event not in wanted:
            return
        payload = {"event": event, "call": call.as_json()}
        webhook = Webhook(event, call, call.webhook_url, encode(payload), self._key)
        rng = Random(f"{self._seed}:{call.to_number}:{call.sequence}:{event}")
        faults = self._scenario.webhook_faults
        if set(DEFAULT_EVENTS) <= set(wanted) and self._is_reordered(call):
            self._hold(webhook)
            return
        if rng.random() < faults.get("lost", 0):
            self._log.write("webhook", event=event, call_id=call.call_id, sent=False)
            call.first_webhook.set()
            return
        copies = COPIES if rng.random() < faults.get("duplicated", 0) else 1
        for _copy in range(copies):
            late = rng.random() < faults.get("late", 0)
            delay = rng.uniform(0, self._scenario.late_seconds) if late else 0
            self._start(webhook, delay)
        if rng.random() < faults.get("forged", 0):
            payload["call"] = {**payload["call"], "disconnection_reason": "forged"}
            forged = Webhook(
                event, call, call.webhook_url, encode(payload), "forged", forged=True
            )
            self._start(forged, 0)

    def _is_reordered(self, call: SimulatedCall) -> bool:
        chance = self._scenario.webhook_faults.get("reordered", 0)
        rng = Random(f"{self._seed}:{call.to_number}:{call.sequence}:order")
        return rng.random() < chance

    def _hold(self, webhook: Webhook) -> None:
        """Keep a call's events until the last, then send them backwards, in turn."""
        held = self._held.setdefault(webhook.call.call_id, [])
        held.append(webhook)
        webhook.call.first_webhook.set()  # it will come after the reply
        lost = "analysis_lost" in webhook.call.faults
        if webhook.event == ("call_ended" if lost else "call_analyzed"):
            del self._held[webhook.call.call_id]
            self._keep(self._deliver_in_turn(held[::-1]))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()

    def _start(self, webhook: Webhook, delay: float) -> None:
        self._keep(self._deliver(webhook, delay))

    def _keep(self, delivery: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_in_turn(self, webhooks: list[Webhook]) -> None:
        for webhook in webhooks:
            await self._deliver(webhook, 0)

    async def _deliver(self, webhook: Webhook, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        for attempt, pause in enumerate((*self._scenario.webhook_backoff, 0), 1):
            async with self._slots:
                status = await self._post(webhook)
            self._log.write(
                "webhook",
                event=webhook.event,
                call_id=webhook.call.call_id,
                attempt=attempt,
                status=status,
                forged=webhook.forged,
            )
            webhook.call.first_webhook.set()
            if webhook.forged or (status and 200 <= status < 300):
                return
            await asyncio.sleep(pause)

    # --- HTTP ----------------------------------------------------------------------

    async def _post(self, webhook: Webhook) -> int | None:
        """The status, or None when nobody answered in time."""
        limit = webhook.call.override.get("webhook_timeout_ms", TIMEOUT_MS) / 1000
        try:
            async with asyncio.timeout(limit):
                return await self._exchange(webhook)
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):
            return None

    async def _exchange(self, webhook: Webhook) -> int:
        url = urlsplit(webhook.url)
        secure = url.scheme == "https"
        address = (url.hostname or "", url.port or (443 if secure else 80))
        signature = signature_header(webhook.body, webhook.key, self._log.wall_ms())
        path = url.path or "/"
        request = (
            f"POST {path}{'?' + url.query if url.query else ''} HTTP/1.1\r\n"
            f"Host: {url.netloc}\r\n"
            "Content-Type: application/json\r\n"
            f"X-Retell-Signature: {signature}\r\n"
            f"Content-Length: {len(webhook.body)}\r\n\r\n"
        ).encode() + webhook.body
        idle = self._idle.setdefault(address, [])
        while idle:
            connection = idle.pop()
            if connection[0].at_eof():
                connection[1].close()
                continue
            try:
                return await self._send(request, connection, idle)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                # Closed by the other side while idle: nothing was answered on it.
                if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                    raise
        connection = await asyncio.open_connection(*address, ssl=secure or None)
        return await self._send(request, connection, idle)

    async def _send(
        self, request: bytes, connection: Connection, idle: list[Connection]
    ) -> int:
        reader, writer = connection
        kept = False
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status_line, *lines = head.split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            status = int(status_line.split(" ")[1])
            length = headers.get("content-length", "0" if status == 204 else None)
            if length is not None:
                await reader.readexactly(int(length))
                kept = headers.get("connection") != "close"
            return status
        finally:
            if kept:
                idle.append(connection)
            else:
                writer.close()
