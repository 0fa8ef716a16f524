"""The call loop in one process: simulator in a thread, tasks in a list, steps by hand."""

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils.module_loading import import_string
from pytest_django import Settings

from batches.models import Account, Batch, Job
from calls import dialer, dispatcher, pacing, reconcile, webhooks
from calls.models import Call
from calls.retell.client import RetellClient
from calls.simulator import SimulatorServer
from calls.simulator.phone_calls import SimulatedCall
from calls.simulator.scenarios import Scenario
from speechai_site.runtime import clock, leases
from tests.builders import make_account, make_agent, make_batch, make_job, make_number

# A business day lasts 0.86 s.
FAST = 100_000
RAW_COLLECTIONS = ("runtime_clock", "calls_pacing")


class Loop:
    """`plan`, `work`, `apply` and `reconcile` are the steps; `run_until` repeats them.

    Tasks that the program queues wait in `tasks` until `work` runs them.
    """

    def __init__(self, start: Callable[[Scenario], SimulatorServer]) -> None:
        self._start = start
        self.tasks: deque[tuple[str, tuple[Any, ...]]] = deque()
        self.client: RetellClient | None = None
        self.held = leases.take("dispatch", "test", 86_400)  # for one test

    # --- what is called

    def simulate(self, **scenario: Any) -> SimulatorServer:
        """Start the simulator; by default everybody answers at once."""
        scenario.setdefault("outcomes", {"no_answer": 1})
        self.simulator = self._start(Scenario(**scenario))
        self.client = RetellClient.from_settings()
        reconcile.read_workspace_limit(self.client)
        return self.simulator

    def batch(self, account: Account | None = None, **values: Any) -> Batch:
        """A running batch with the simulator's agent and caller id, and no cap."""
        account = account or make_account(max_concurrent_calls=500)
        values.setdefault("agent", self.agent)
        values.setdefault("number", self.number)
        return make_batch(account, status=Batch.Status.RUNNING, **values)

    def job(self, batch: Batch | None = None, **values: Any) -> Job:
        return make_job(batch or self.batch(), **values)

    # --- the steps

    def plan(self) -> int:
        return dispatcher.dispatch_round(self.held)

    def work(self) -> None:
        while self.tasks:
            name, arguments = self.tasks.popleft()
            import_string(name)(*arguments)

    def dial(self) -> None:
        """Plan and dial what is due."""
        self.plan()
        self.work()

    def apply(self) -> None:
        while webhooks.apply_waiting():
            pass

    def reconcile(self) -> None:
        reconcile.reconcile_round(self.client)

    def round(self) -> None:
        self.dial()
        self.apply()
        self.reconcile()
        self.work()

    def run_until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Rounds until `condition()`; between them, whatever Retell does next."""
        deadline = clock.wall().timestamp() + seconds
        while not condition():
            assert clock.wall().timestamp() < deadline, "the loop does not get there"
            self.round()
            seen = len(self.simulator.events)
            self.simulator.wait_for(
                lambda seen=seen: len(self.simulator.events) > seen, 0.05
            )

    # --- the oracle

    def calls_of(self, call: Call) -> list[SimulatedCall]:
        """What Retell made of one attempt: more than one is a second ring."""
        return [c for c in self.simulator.calls if c.metadata["attempt_id"] == call.pk]

    def spent(self) -> Decimal:
        """What Retell charged in all, in dollars."""
        cents = sum(Decimal(str(call.cost_cents)) for call in self.simulator.calls)
        return cents / 100


@pytest.fixture
def loop(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Loop]:
    """A loop that polls only: add `with_webhooks` for webhooks."""
    servers: list[SimulatorServer] = []

    def start(scenario: Scenario) -> SimulatorServer:
        server = SimulatorServer(
            port=0,
            api_key=settings.RETELL_API_KEY,
            scenario=scenario,
            concurrency=200,
            cps=1000,
        )
        servers.append(server.__enter__())
        settings.RETELL_BASE_URL = server.url
        return server

    settings.PUBLIC_URL = ""
    settings.DIAL_THREADS = 20
    settings.POLL_AFTER = 0.1
    settings.ANALYSIS_GRACE = 5
    settings.COST_LOOK_AFTER = 60
    settings.RETELL_CREATE_TIMEOUT = 5
    _forget()
    loop = Loop(start)
    loop.agent = make_agent(retell_id="agent_sandbox_cobranza", version=1)
    loop.number = make_number(e164="+566005550100", calls_per_second=1000)
    for module in (dispatcher, reconcile):
        monkeypatch.setattr(
            module, "async_task", lambda name, *args: loop.tasks.append((name, args))
        )
    yield loop
    if dialer._process is not None:
        dialer._process.pool.shutdown()
    for server in servers:
        server.__exit__(None, None, None)
    _forget()


@pytest.fixture
def with_webhooks(loop: Loop, live_server: Any, settings: Settings) -> None:
    settings.PUBLIC_URL = live_server.url


@pytest.fixture
def fast(loop: Loop) -> None:
    """Business time at FAST seconds a second."""
    clock.start(FAST)


def _forget() -> None:
    """What outlives a test: raw collections, which the flush leaves, and caches."""
    for name in RAW_COLLECTIONS:
        connection.database[name].delete_many({})
    clock.forget()
    pacing.forget()
    dispatcher._holds_at = 0.0
    reconcile._recount_after.clear()
    dialer._process = None
