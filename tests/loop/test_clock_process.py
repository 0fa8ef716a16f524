"""Several clocks may run: of each duty one acts, and another follows."""

import threading
from collections.abc import Callable, Iterator

import pytest

from calls import clock_process, dispatcher
from calls.clock_process import Duty
from speechai_site.runtime import leases

pytestmark = pytest.mark.django_db
Start = Callable[[str, Callable[[leases.Held], float]], Duty]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """`start(owner, act)`: a duty with a stop of its own."""
    monkeypatch.setattr(clock_process, "LEASE_SECONDS", 0.6)
    running: list[Duty] = []

    def start(owner: str, act: Callable[[leases.Held], float]) -> Duty:
        duty = Duty("test", act, threading.Event())
        duty.owner = owner
        duty.daemon = True
        running.append(duty)
        duty.start()
        return duty

    yield start
    for duty in running:
        duty.stop.set()
        duty.join()


def signalling(event: threading.Event) -> Callable[[leases.Held], float]:
    def act(_held: leases.Held) -> float:
        event.set()
        return 0.05

    return act


def test_while_one_acts_the_other_waits(start: Start) -> None:
    first, second = threading.Event(), threading.Event()
    start("one", signalling(first))
    assert first.wait(5)
    start("two", signalling(second))
    assert not second.wait(1)  # longer than the lease: it is renewed


def test_who_stops_lets_the_other_act(start: Start) -> None:
    first, second = threading.Event(), threading.Event()
    one = start("one", signalling(first))
    assert first.wait(5)
    start("two", signalling(second))
    one.stop.set()
    assert second.wait(5)


def test_who_hangs_is_followed(start: Start) -> None:
    hangs, second, go_on = (threading.Event() for _ in range(3))

    def hang(_held: leases.Held) -> float:
        hangs.set()
        go_on.wait(10)
        return 0.05

    start("one", hang)
    assert hangs.wait(5)
    start("two", signalling(second))
    assert second.wait(5)
    go_on.set()


@pytest.mark.parametrize("error", [ValueError, dispatcher.LeaseLost])
def test_a_duty_that_fails_is_tried_again(start: Start, error: type[Exception]) -> None:
    again = threading.Event()
    failures = [error]

    def act(held: leases.Held) -> float:
        if failures:
            raise failures.pop()
        return signalling(again)(held)

    start("one", act)
    assert again.wait(5)
