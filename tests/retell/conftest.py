"""A recording server, our client and the official SDK pointed at it."""

from collections.abc import Iterator

import httpx
import pytest

from calls.retell.client import RetellClient
from tests.retell.recorder import Recorder

retell = pytest.importorskip("retell")

KEY = "key_test"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        yield server


@pytest.fixture
def client(recorder: Recorder) -> Iterator[RetellClient]:
    ours = RetellClient(recorder.url, KEY)
    yield ours
    ours.close()


@pytest.fixture
def impatient(recorder: Recorder) -> Iterator[RetellClient]:
    """A client that gives up soon, for servers that never answer."""
    ours = RetellClient(recorder.url, KEY, create_timeout=0.3, read_timeout=0.3)
    yield ours
    ours.close()


@pytest.fixture
def sdk(recorder: Recorder) -> Iterator["retell.Retell"]:
    with retell.Retell(
        api_key=KEY,
        base_url=recorder.url,
        max_retries=0,
        http_client=httpx.Client(trust_env=False),
    ) as official:
        yield official
