"""Retell's list of ended calls, compared with ours."""

import logging

import pytest
from pytest_django import Settings

from calls import pacing, sweep
from calls.models import Call
from calls.retell.errors import RetellError
from calls.states import CallStatus
from reports.home import notices
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


def test_between_two_sweeps_nothing_is_asked(rung: Loop, settings: Settings) -> None:
    settings.POLL_AFTER = 60
    sweep.sweep_ended(rung.client)
    asked = len(rung.simulator.requests)
    sweep.sweep_ended(rung.client)
    assert len(rung.simulator.requests) == asked
