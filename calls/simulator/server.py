"""The simulator as a server: in a thread for tests, in the foreground for `up`."""

import asyncio
import signal
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from calls.simulator.clock import ProjectClock, SharedClock
from calls.simulator.http import HttpServer, Request, Response
from calls.simulator.oracle import EventLog
from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.routes import Routes
from calls.simulator.scenarios import NORMAL, Scenario
from calls.simulator.webhooks import WebhookSender
from calls.simulator.workspace import Workspace

HOST = "127.0.0.1"  # invented calls never leave this machine
KEPT_REQUESTS = 2_000


class SimulatorServer:
    """`with SimulatorServer(port=0) as simulator:` listens on `simulator.url`.

    `clock` is the project's business clock unless a test gives its own. `speed` is
    business seconds per wall second, by default the clock's rate. `cps` is the calls
    per second of a custom trunk; Twilio's and Telnyx' paths have Retell's own limits.
    """

    def __init__(
        self,
        *,
        port: int = 9100,
        api_key: str = "key_sandbox",
        seed: int = 1,
        scenario: Scenario = NORMAL,
        speed: float | None = None,
        key_ttl: float = 3600,
        webhook_url: str | None = None,
        concurrency: int = 20,
        cps: float = 150,
        log: Path | None = None,
        clock: ProjectClock | None = None,
    ) -> None:
        self._port = port
        self._api_key = api_key
        self._seed = seed
        self._scenario = scenario
        self._speed = speed
        self._key_ttl = key_ttl
        self._webhook_url = webhook_url
        self._concurrency = concurrency
        self._cps = cps
        self._log_path = log
        self._project_clock = clock
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self.url = ""
        self._clock: SharedClock | None = None
        self._failure: BaseException | None = None

    # --- in a thread ---------------------------------------------------------------

    def __enter__(self) -> Self:
        self._clock = SharedClock(self._project_clock or _business_clock())
        listening = threading.Event()

        def run() -> None:
            try:
                asyncio.run(self._main(listening.set))
            except BaseException as error:
                self._failure = error
                listening.set()

        self._thread = threading.Thread(target=run, name="simulator", daemon=True)
        self._thread.start()
        listening.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def calls(self) -> list[SimulatedCall]:
        """Every accepted call, in the order of acceptance."""
        return list(self._workspace.calls.values())

    def now(self) -> datetime:
        """Business time as the simulator sees it, a moment after a change of rate."""
        return self._clock.now()

    @property
    def events(self) -> list[dict]:
        """The log's newest lines (see EventLog)."""
        with self._log.changed:
            return list(self._log.events)

    def wait_for(self, condition: Callable[[], bool], timeout: float = 10) -> bool:
        """Whether `condition()` came true in so many wall seconds, event by event."""
        with self._log.changed:
            return self._log.changed.wait_for(condition, timeout)

    # --- in the foreground ---------------------------------------------------------

    def run(self, on_listening: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM. OSError when the port is taken."""

        def listening() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self._stopping.set)
            on_listening()

        self._clock = SharedClock(self._project_clock or _business_clock())
        asyncio.run(self._main(listening))

    # -------------------------------------------------------------------------------

    async def _main(self, on_listening: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        clock = self._clock
        self._log = EventLog(self._log_path, clock.wall_ms)
        sender = WebhookSender(
            key=self._api_key, seed=self._seed, scenario=self._scenario, log=self._log
        )
        server = HttpServer(self._handle)
        try:
            port = await server.start(HOST, self._port)
            self.url = f"http://{HOST}:{port}"
            self._workspace = Workspace(
                seed=self._seed,
                scenario=self._scenario,
                clock=clock,
                log=self._log,
                concurrency=self._concurrency,
                cps=self._cps,
                key_ttl=self._key_ttl,
                speed=self._speed,
                webhook_url=self._webhook_url,
                base_url=self.url,
                announce=sender.announce,
            )
            self._routes = Routes(
                self._workspace, self._log, api_key=self._api_key, seed=self._seed
            )
            on_listening()
            await self._stopping.wait()
            await server.close()
        finally:
            await sender.close()
            clock.close()
            self._log.close()

    async def _handle(self, request: Request) -> Response:
        self.requests.append(request)
        return await self._routes.handle(request)


def _business_clock() -> ProjectClock:
    from speechai_site.runtime import clock

    return clock
