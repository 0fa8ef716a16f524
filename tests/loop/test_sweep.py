"""Retell's list of ended calls, compared with ours."""

import logging

import pytest
from pytest_django import Settings

from calls import pacing, sweep
from calls.models import Call
from calls.retell.errors import RetellError
from calls.states import CallStatus
from reports.home import notices
from speechai_site.runtime import clock
from tests.loop.conftest import Loop


@pytest.fixture
def rung(loop: Loop) -> Loop:
    """One call has rung out at Retell; nobody has told us."""
    loop.simulate(ring_seconds=(0, 0), outcomes={"busy": 1})
    loop.job()
    loop.dial()
    assert loop.simulator.wait_for(lambda: not loop.simulator.calls[0].is_open)
    return loop


@pytest.mark.parametrize("status", sweep.STILL_OPEN)
def test_a_call_that_ended_unnoticed_is_found(rung: Loop, status: str) -> None:
    Call.objects.update(status=status, retell_id=None, next_check_wall=None)

    assert sweep.sweep_ended(rung.client) == 1

    call = Call.objects.get()
    assert (call.status, call.reason) == (CallStatus.NOT_CONNECTED, "dial_busy")


@pytest.mark.parametrize("status", sweep.NEVER_SENT)
def test_a_call_that_should_not_exist_raises_the_alarm(
    rung: Loop, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    Call.objects.update(status=status)
    with caplog.at_level(logging.CRITICAL):
        sweep.sweep_ended(rung.client)
    assert Call.objects.get().pk in caplog.text
    assert any("Retell" in str(notice.title) for notice in notices())


def test_a_call_without_a_row_raises_the_alarm(rung: Loop) -> None:
    Call.objects.all().delete()
    sweep.sweep_ended(rung.client)
    assert pacing.sweep_state()["strays"] == 1


def test_what_is_known_is_left_alone(rung: Loop) -> None:
    Call.objects.update(status=CallStatus.NOT_CONNECTED)
    assert sweep.sweep_ended(rung.client) == 0
    assert pacing.sweep_state()["strays"] == 0


def test_a_list_that_fails_is_read_again(
    rung: Loop, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.POLL_AFTER = 0

    def broken(*_args: object, **_options: object) -> None:
        raise RetellError("unknown", "server_error")

    with monkeypatch.context() as patch:
        patch.setattr(rung.client, "list_calls", broken)
        with pytest.raises(RetellError):
            sweep.sweep_ended(rung.client)
    assert sweep.sweep_ended(rung.client) == 1


def test_every_page_is_read(rung: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    rung.job()
    rung.dial()
    rung.simulator.wait_for(lambda: all(not c.is_open for c in rung.simulator.calls))
    monkeypatch.setattr(
        rung.client,
        "list_calls",
        lambda filters, _list=rung.client.list_calls, **options: _list(
            filters, limit=1, **options
        ),
    )
    assert sweep.sweep_ended(rung.client) == 2


@pytest.fixture
def five(loop: Loop, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Loop:
    """Five calls have rung out, which are five pages; a sweep reads two."""
    settings.POLL_AFTER = 0
    loop.simulate(ring_seconds=(0, 0), outcomes={"busy": 1})
    for _ in range(5):
        loop.job()
    loop.dial()
    assert loop.simulator.wait_for(
        lambda: not any(call.is_open for call in loop.simulator.calls)
    )
    monkeypatch.setattr(sweep, "PAGES", 2)
    monkeypatch.setattr(
        loop.client,
        "list_calls",
        lambda filters, _list=loop.client.list_calls, **options: _list(
            filters, limit=1, **options
        ),
    )
    return loop


def test_a_list_that_is_too_long_is_read_in_parts(
    five: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    found = [sweep.sweep_ended(five.client) for _ in range(3)]
    assert found == [2, 2, 1]
    assert caplog.text.count("the next sweep goes on") == 2


def test_what_ended_while_a_list_was_read_is_in_the_next_window(five: Loop) -> None:
    began = clock.now()
    sweep.sweep_ended(five.client)
    later = clock.now()
    for _ in range(2):
        sweep.sweep_ended(five.client)
    assert began <= pacing.sweep_state()["until"] <= later


def test_a_sweep_that_fails_goes_on_behind_the_last_page(
    five: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [five.client.list_calls]

    def once(*arguments: object, **options: object) -> object:
        if not pages:
            raise RetellError("unknown", "server_error")
        return pages.pop()(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(five.client, "list_calls", once)
        with pytest.raises(RetellError):
            sweep.sweep_ended(five.client)
    assert Call.objects.filter(status=CallStatus.NOT_CONNECTED).count() == 1
    assert [sweep.sweep_ended(five.client) for _ in range(2)] == [2, 2]


def test_a_place_in_the_list_that_retell_forgot_is_looked_for_again(
    five: Loop,
) -> None:
    sweep.sweep_ended(five.client)
    window = pacing.sweep_state()["window"]
    pacing.remember_sweep(window={**window, "key": "forgotten"})
    with pytest.raises(RetellError):
        sweep.sweep_ended(five.client)
    for _ in range(3):
        sweep.sweep_ended(five.client)
    assert Call.objects.filter(status=CallStatus.NOT_CONNECTED).count() == 5


def test_strays_of_a_part_raise_the_alarm_at_once(five: Loop) -> None:
    Call.objects.all().delete()
    for strays in (2, 4, 5):
        sweep.sweep_ended(five.client)
        assert pacing.sweep_state()["strays"] == strays


def test_who_is_behind_is_said_on_the_home_page(five: Loop) -> None:
    said = []
    for _ in range(3):
        sweep.sweep_ended(five.client)
        said.append(any("se compara" in str(notice.title) for notice in notices()))
    assert said == [True, True, False]


def test_between_two_sweeps_nothing_is_asked(rung: Loop, settings: Settings) -> None:
    settings.POLL_AFTER = 60
    sweep.sweep_ended(rung.client)
    asked = len(rung.simulator.requests)
    sweep.sweep_ended(rung.client)
    assert len(rung.simulator.requests) == asked
