"""Killed at any line, the program goes on where it was: nobody twice, nothing lost."""

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from pytest_django import Settings

from batches.models import Batch, Job
from batches.models import batches as batches_model
from batches.states import OPEN_JOB
from calls import (
    answers,
    dialer,
    dispatcher,
    halts,
    hangups,
    pacing,
    reconcile,
    refusals,
    results,
    settling,
    suppression,
    sweep,
    webhooks,
)
from calls.models import Call, ContactLedger, Halt
from calls.reasons import OUTCOMES
from calls.simulator.scenarios import NORMAL
from calls.states import OPEN
from speechai_site.runtime import clock
from speechai_site.runtime.models import AuditEntry
from tests.loop.conftest import Loop

# Where the database is written: the rules in between are pure.
CAMPAIGN = (
    batches_model,
    answers,
    dialer,
    dispatcher,
    reconcile,
    refusals,
    results,
    settling,
    suppression,
    sweep,
    webhooks,
)
STOPPING = (halts, hangups)
MODULES = (*CAMPAIGN, *STOPPING)
JOBS = 8
SHARE = 12  # of all lines, one in so many

Line = tuple[str, int]


class Killed(BaseException):
    """SIGKILL, as far as one process can do it to itself."""


def lines(modules: Iterable[ModuleType]) -> list[Line]:
    """Every line inside a function of these modules."""
    return [
        (module.__file__, line)
        for module in modules
        for code in _functions(compile(Path(module.__file__).read_text(), "", "exec"))
        for _start, _end, line in code.co_lines()
        if line
    ]


def _functions(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & CO_OPTIMIZED:  # not a class's body
                yield constant
            yield from _functions(constant)


def cut_off(armed: set[Line], work: Callable[[], None]) -> bool:
    """Run `work` until it is about to run an armed line; whether it met one.

    The line is disarmed: the next run comes further.
    """

    def each(frame: FrameType, event: str, _argument: Any) -> Any:
        line = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and line in armed:
            armed.remove(line)
            sys.settrace(None)
            raise Killed
        return each

    files = {module.__file__ for module in MODULES}

    def watch(frame: FrameType, _event: str, _argument: Any) -> Any:
        return each if frame.f_code.co_filename in files else None

    sys.settrace(watch)
    try:
        work()
    except Killed:
        return True
    finally:
        sys.settrace(None)
    return False


def die(loop: Loop) -> None:
    """What the next process does not find: memory, queued work, a transaction."""
    loop.tasks.clear()
    if dialer._process is not None:
        dialer._process.sending.clear()
        dialer._process = None
    assert connection.session is None


def again(loop: Loop, armed: set[Line], work: Callable[[], object]) -> None:
    """`work` until it comes to its end, by a new process after each kill."""
    while cut_off(armed, work):
        die(loop)


def a_campaign_with_kills(loop: Loop, armed: set[Line]) -> int:
    """A campaign to its end, cut off once at each armed line; how many it met."""
    kills = len(armed)
    loop.simulate(
        outcomes=NORMAL.outcomes,
        create_faults={
            "reset_after_accept": 0.1,
            "error_before_accept": 0.1,
            "rate_limited_silent": 0.05,
        },
        webhook_faults={"lost": 0.3, "duplicated": 0.3, "late": 0.3},
        late_seconds=0.2,
    )
    batch = loop.batch(rows=JOBS)
    for _ in range(JOBS):
        loop.job(batch)

    loop.round = lambda: again(loop, armed, lambda: Loop.round(loop))
    loop.run_until(lambda: completed(batch), seconds=60)
    return kills - len(armed)


def completed(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.status == Batch.Status.COMPLETED


@pytest.mark.usefixtures("with_webhooks", "fast")
def test_a_campaign_survives_kills_at_any_line(loop: Loop, settings: Settings) -> None:
    settings.DIAL_LEASE = 0.3
    settings.RETELL_RESEND_UNTIL = 30
    settings.ANALYSIS_GRACE = 1
    everywhere = sorted(set(lines(CAMPAIGN)))
    armed = set(random.Random(1).sample(everywhere, len(everywhere) // SHARE))

    assert a_campaign_with_kills(loop, armed) > len(armed) / 2

    attempts = [call.metadata["attempt_id"] for call in loop.simulator.calls]
    assert len(attempts) == len(set(attempts))
    assert set(attempts) <= set(Call.objects.values_list("pk", flat=True))
    assert not Job.objects.filter(status__in=OPEN_JOB).exists()
    assert not Call.objects.filter(status__in=OPEN).exists()
    assert Call.objects.aggregate(sum=Sum("cost_usd"))["sum"] == loop.spent()
    days = dict(ContactLedger.objects.values_list("call_id", "pk"))
    for call in Call.objects.filter(retell_id__isnull=False):
        rang = OUTCOMES[call.reason].rang is not False
        assert call.outcome, "not settled"
        assert rang == (call.pk in days), "a call that rang uses its person's day"


def due() -> set[Any]:
    """The cases that wait and may be called now."""
    rows = Job.objects.filter(status="queued", next_attempt_at__lte=clock.now())
    return set(rows.values_list("pk", flat=True))


def open_at_retell(loop: Loop) -> set[str]:
    """The cases that have a live call."""
    return {c.metadata["job_id"] for c in loop.simulator.calls if c.is_open}


def test_a_region_stopped_with_kills_at_any_line_is_hung_up(loop: Loop) -> None:
    """Halted, told, put aside, lifted and put back, with a kill at each line of it."""
    loop.simulate(ring_seconds=(600, 600), create_faults={"error_after_accept": 0.5})
    batch = loop.batch()
    for places in (["MAULE"], ["MAULE"], ["MAULE"], []):
        loop.job(batch, places=places)
    there = loop.job(batch, places=["BIOBIO"])
    loop.dial()
    waiting = [loop.job(batch, places=["MAULE"]), loop.job(batch, places=[])]
    everywhere = set(lines(STOPPING))
    armed = set(everywhere)
    held: list[Halt] = []

    def clock_round() -> None:
        hangups.hang_up_round(loop.client)
        halts.tend()

    def a_moment_passes() -> None:
        told = Call.objects.filter(told_to_stop_wall__isnull=False)
        told.update(told_to_stop_wall=hangups.LONG_AGO)
        loop.reconcile()

    def halt() -> None:
        held.append(halts.halt(by="user:x", place="MAULE", hang_up=True))

    again(loop, armed, halt)
    again(loop, armed, clock_round)
    assert due() == set()
    again(loop, armed, lambda: halts.lift(held[-1], by="user:x"))
    for _ in range(3):
        a_moment_passes()
        again(loop, armed, clock_round)

    assert len(armed) < len(everywhere) / 3
    assert open_at_retell(loop) == {str(there.pk)}
    row = Halt.objects.get()
    assert (row.returned, row.key) == (True, None)
    assert due() == {job.pk for job in waiting}
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert (set(actions), actions.count("calls.lift")) == (
        {"calls.halt", "calls.lift"},
        1,
    )


def test_a_sweep_with_kills_at_any_line_finds_what_it_should(
    loop: Loop, settings: Settings
) -> None:
    settings.POLL_AFTER = 0
    loop.simulate(ring_seconds=(0, 0), outcomes={"busy": 1})
    for _ in range(3):
        loop.job()
    loop.dial()
    assert loop.simulator.wait_for(
        lambda: not any(call.is_open for call in loop.simulator.calls)
    )
    everywhere = set(lines([sweep]))
    armed = set(everywhere)

    again(loop, armed, lambda: sweep.sweep_ended(loop.client))

    assert set(Call.objects.values_list("reason", flat=True)) == {"dial_busy"}
    assert pacing.sweep_state()["strays"] == 0
    assert len(armed) < len(everywhere) / 3
