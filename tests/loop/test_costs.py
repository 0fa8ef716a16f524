"""What a call has cost may change after its end: it is looked at once more."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from calls import reconcile
from calls.models import Call
from speechai_site.runtime import clock
from tests.loop.conftest import Loop
from tests.loop.test_unconfirmed import dialed, look_now


@pytest.fixture
def ended(loop: Loop) -> Call:
    """A call that was answered, analyzed and settled, and cost something."""
    dialed(
        loop,
        outcomes={"answered": 1},
        ring_seconds=(0, 0),
        talk_seconds=(0.1, 0.1),
        analysis_seconds=(0, 0),
    )
    loop.run_until(lambda: Call.objects.get().settled == "analysis")
    return Call.objects.get()


def gets(loop: Loop) -> int:
    return sum("/v2/get-call/" in r.path for r in loop.simulator.requests)


def dearer(loop: Loop) -> Decimal:
    """Retell charges a tenth more; what it now charges in all."""
    call = loop.simulator.calls[0]
    call.cost_factor = 1.1
    return loop.spent()


def test_a_cost_that_changes_later_reaches_us(loop: Loop, ended: Call) -> None:
    cost = dearer(loop)
    look_now(ended)

    loop.reconcile()

    ended.refresh_from_db()
    assert (ended.cost_usd, ended.next_check_wall) == (cost, None)


def test_the_look_comes_so_long_after_the_end(loop: Loop, ended: Call) -> None:
    wait = (ended.next_check_wall - clock.wall()).total_seconds()
    assert 0 < wait <= 60
    before = gets(loop)
    loop.reconcile()
    assert gets(loop) == before


@pytest.mark.parametrize("faults", [{"error": 1}, {"unknown_call": 1}])
def test_a_look_that_fails_is_taken_again(
    loop: Loop, ended: Call, faults: dict[str, float]
) -> None:
    object.__setattr__(loop.simulator._scenario, "read_faults", faults)
    look_now(ended)

    reconcile.look_at_costs(loop.client)

    ended.refresh_from_db()
    assert ended.next_check_wall is not None


def test_a_call_that_retell_no_longer_knows_is_given_up(
    loop: Loop, ended: Call, settings: Settings
) -> None:
    settings.COST_LOOK_AFTER = 0
    loop.simulator._workspace.calls.clear()
    look_now(ended)

    reconcile.look_at_costs(loop.client)

    ended.refresh_from_db()
    assert ended.next_check_wall is None


def test_an_analysis_that_comes_late_moves_the_look(loop: Loop, ended: Call) -> None:
    Call.objects.update(settled="reason", analyzed=False)
    look_now(ended, ended_wall=clock.wall())

    reconcile.look_at_costs(loop.client)

    ended.refresh_from_db()
    assert ended.settled == "analysis"
    assert ended.next_check_wall > clock.wall()


def test_a_call_that_cost_nothing_is_not_looked_at_again(loop: Loop) -> None:
    dialed(loop, outcomes={"no_answer": 1}, ring_seconds=(0, 0))
    loop.run_until(lambda: bool(Call.objects.get().settled))
    assert Call.objects.get().next_check_wall is None


def test_looks_at_costs_do_not_keep_open_calls_waiting(
    loop: Loop, ended: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "ROUND", 1)
    loop.job(ended.batch)
    loop.dial()
    for call in Call.objects.all():
        look_now(call)
    before = gets(loop)

    reconcile.poll_open(loop.client)

    assert gets(loop) == before + 1
    assert ended.pk not in Call.objects.filter(
        next_check_wall__gt=clock.wall()
    ).values_list("pk", flat=True)
