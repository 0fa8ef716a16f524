"""`manage.py retell_simulator`, as the supervisor starts it."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from calls.retell.client import RetellClient
from calls.simulator.clock import SharedClock
from tests.simulator.conftest import create_body
from tests.simulator.fast_clock import FastClock

MANAGE = Path(__file__).parents[2] / "manage.py"


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "retell_simulator", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().split()[-1]
        client = RetellClient(url, "key_sandbox")
        assert client.create_phone_call(create_body()).call_status == "registered"
        assert client.get_concurrency().concurrency_limit == 20
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("option", "value"), [("scenario", "nothing"), ("speed", 0), ("concurrency", -1)]
)
def test_a_bad_option_is_one_sentence(option: str, value: object) -> None:
    with pytest.raises(CommandError, match=option):
        call_command("retell_simulator", **{option: value})


def test_a_taken_port_is_one_sentence(simulate) -> None:
    port = int(simulate().url.rsplit(":", 1)[1])
    with pytest.raises(CommandError, match=str(port)):
        call_command("retell_simulator", port=port)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/create-phone-call", 404),
        ("POST", "/create-batch-call", 404),
        ("GET", "/recordings/call_x.wav", 404),
    ],
)
def test_what_the_simulator_does_not_have_is_404(
    simulate, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": "Bearer key_sandbox"}
    with httpx.Client(trust_env=False, headers=headers) as http:
        assert http.request(method, simulate().url + path).status_code == status


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"'])
def test_a_body_that_is_no_object_is_400(simulate, body: bytes) -> None:
    headers = {"Authorization": "Bearer key_sandbox"}
    url = simulate().url + "/v2/create-phone-call"
    with httpx.Client(trust_env=False, headers=headers) as http:
        assert http.post(url, content=body).status_code == 400


def test_calls_go_on_while_the_clock_cannot_be_read() -> None:
    class Failing(FastClock):
        fails = False

        def now(self):
            if self.fails:
                raise ConnectionError("mongod is down")
            return super().now()

    project = Failing(rate=1000)
    shared = SharedClock(project)
    project.fails = True
    first, second = shared.now(), shared.now()
    shared.close()
    assert second > first
    assert shared.rate == 1000
