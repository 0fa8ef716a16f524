"""A simulator in a thread, the official SDK and our client pointed at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from calls.retell.client import RetellClient
from calls.retell.payload import build_create_body
from calls.simulator import SimulatorServer
from tests.simulator.fast_clock import FastClock

Simulate = Callable[..., SimulatorServer]

VARIABLES = {
    "nombre": "Ana Soto",
    "empresa": "Tienda Uno",
    "monto_total": "ciento cincuenta mil pesos",
    "cuotas_adeudadas": "tres",
    "fecha_limite": "24 de noviembre de 2026",
    "fecha_maxima": "28 de noviembre de 2026",
}


def create_body(number: int = 1, **changes: Any) -> bytes:
    """What the dialer would send to the person with this number."""
    arguments = {
        "from_number": "+566005550100",
        "to_number": f"+569555{number:05d}",
        "agent_id": "agent_sandbox_cobranza",
        "agent_version": 1,
        "attempt_id": f"att_{number}",
        "batch_id": "b1",
        "job_id": f"j{number}",
        "env": "sandbox",
        "variables": VARIABLES,
    }
    return build_create_body(**arguments | changes)


def everybody(outcome: str) -> dict[str, float]:
    """Outcome weights of a scenario in which all calls end the same way."""
    return {outcome: 1}


@pytest.fixture
def simulate() -> Iterator[Simulate]:
    """Start a simulator; it runs at 36,000 business seconds per second."""
    with ExitStack() as running:

        def start(**options: Any) -> SimulatorServer:
            rate = options.pop("rate", 36_000)
            server = SimulatorServer(
                **{"port": 0, "clock": FastClock(rate), "concurrency": 500, **options}
            )
            return running.enter_context(server)

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[[SimulatorServer], RetellClient]]:
    """Our client for a simulator."""
    clients = []

    def client(server: SimulatorServer, **options: Any) -> RetellClient:
        clients.append(RetellClient(server.url, "key_sandbox", **options))
        return clients[-1]

    yield client
    for each in clients:
        each.close()


@pytest.fixture
def official() -> Iterator[Callable[[SimulatorServer], Any]]:
    """The SDK for a simulator: strict, without retries."""
    retell = pytest.importorskip("retell")
    with ExitStack() as running:

        def client(server: SimulatorServer, key: str = "key_sandbox") -> Any:
            return running.enter_context(
                retell.Retell(
                    api_key=key,
                    base_url=server.url,
                    max_retries=0,
                    http_client=httpx.Client(trust_env=False),
                    _strict_response_validation=True,
                )
            )

        yield client


def all_analyzed(server: SimulatorServer) -> bool:
    """Wait until every call has its analysis."""
    return server.wait_for(lambda: all(call.analyzed for call in server.calls))
