"""What a person has stopped is not called: everything, an account, a region."""

from datetime import timedelta

import pytest

from batches.models import Job
from batches.states import JobStatus
from calls import halts, reconcile
from calls.models import Call, Halt
from calls.states import CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account
from tests.loop.conftest import Loop

BY = "user:test"
A_DAY = timedelta(days=1)


def creates(loop: Loop) -> int:
    return sum("create" in request.path for request in loop.simulator.requests)


def test_nothing_is_planned_while_everything_is_stopped(loop: Loop) -> None:
    loop.simulate()
    loop.job()
    halts.halt(by=BY)
    assert loop.plan() == 0


def test_what_was_planned_before_a_halt_is_not_dialed(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    halts.halt(by=BY)

    loop.work()

    job.refresh_from_db()
    assert creates(loop) == 0
    assert (job.status, job.status_reason) == (JobStatus.QUEUED, "calls_halted")


def test_an_unconfirmed_call_is_not_sent_again_while_everything_is_stopped(
    loop: Loop,
) -> None:
    loop.simulate(create_faults={"reset_before_accept": 1})
    loop.job()
    loop.dial()
    assert creates(loop) == 1
    halts.halt(by=BY)
    Call.objects.update(next_check_wall=clock.wall())

    reconcile.resolve_unknown(loop.client)
    loop.work()

    assert (creates(loop), Call.objects.get().status) == (1, CallStatus.UNKNOWN)


def test_after_it_is_lifted_calling_goes_on(loop: Loop) -> None:
    loop.simulate()
    loop.job()
    row = halts.halt(by=BY)
    loop.dial()

    assert halts.lift(row, by=BY)
    loop.dial()

    assert creates(loop) == 1


def test_a_halt_of_one_account_stops_no_other(loop: Loop) -> None:
    loop.simulate()
    stopped, other = loop.job(), loop.job()
    halts.halt(by=BY, account=stopped.account)

    loop.dial()

    assert [call.job_id for call in Call.objects.all()] == [other.pk]


def test_a_halt_during_a_dial_holds(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It commits after the dial's snapshot; the dial is run again and sees it."""
    from calls import dialer
    from speechai_site.runtime import fences
    from tests.loop.test_races import begin, beside, once

    loop.simulate()
    loop.job()
    loop.plan()

    def begun() -> None:
        dialer._calls([], {})
        beside(lambda: halts.halt(by=BY)).join()

    monkeypatch.setattr(fences, "enter", once(begun, fences.enter))

    assert begin(loop) == []
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_two_clicks_make_one_halt(loop: Loop) -> None:
    first, second = halts.halt(by=BY), halts.halt(by=BY, hang_up=True)
    assert first == second
    assert Halt.objects.get().hang_up


def test_a_halt_and_its_end_are_on_record(loop: Loop) -> None:
    account = make_account()
    halts.lift(halts.halt(by=BY, account=account, place="MAULE"), by=BY)
    entries = AuditEntry.objects.filter(account_id=str(account.pk))
    assert {(e.action, e.detail["place"]) for e in entries} == {
        ("calls.halt", "MAULE"),
        ("calls.lift", "MAULE"),
    }


def test_lifting_twice_does_nothing(loop: Loop) -> None:
    row = halts.halt(by=BY)
    assert (halts.lift(row, by=BY), halts.lift(row, by=BY)) == (True, False)


@pytest.mark.parametrize(
    ("places", "unknown_too", "reason"),
    [
        (["VALPARAISO", "QUILPUE"], True, "place_halted"),
        (["SANTIAGO"], True, ""),
        ([], True, "place_unknown_halted"),
        ([], False, ""),
    ],
)
def test_a_halted_region_stops_who_is_there(
    loop: Loop, places: list[str], unknown_too: bool, reason: str
) -> None:
    loop.simulate()
    job = loop.job(places=places)
    loop.plan()
    halts.halt(by=BY, place="VALPARAISO", unknown_too=unknown_too)

    loop.work()

    job.refresh_from_db()
    assert job.status_reason == reason
    assert creates(loop) == (0 if reason else 1)


@pytest.mark.parametrize(
    ("stopped", "stored"), [("CL-ML", "MAULE"), ("MAULE", "CL-ML"), ("CL-ML", "CL-ML")]
)
def test_a_region_stops_whoever_is_there_however_it_was_stored(
    loop: Loop, stopped: str, stored: str
) -> None:
    loop.simulate(ring_seconds=(600, 600))
    loop.job(places=[stored, "TALCA"])
    loop.dial()
    planned, waiting = loop.job(places=[stored]), loop.job(places=[stored])
    Job.objects.filter(pk=waiting.pk).update(next_attempt_at=clock.now() + A_DAY)
    loop.plan()
    Job.objects.filter(pk=waiting.pk).update(next_attempt_at=clock.now())

    row = halts.halt(by=BY, place=stopped, hang_up=True)
    loop.work()
    halts.tend()

    assert creates(loop) == 1
    assert not loop.simulator.calls[0].is_open
    for job in (planned, waiting):
        job.refresh_from_db()
        assert job.status_reason == "place_halted"
        assert job.next_attempt_at > clock.now()

    halts.lift(row, by=BY)
    halts.tend()
    assert loop.plan() == 2


def test_a_halted_regions_cases_make_room_for_the_others(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch(max_concurrent_calls=1)
    for _ in range(8):
        loop.job(batch, places=["MAULE"])
    other = loop.job(batch, places=["BIOBIO"], rank=9)
    halts.halt(by=BY, place="MAULE")

    halts.tend()
    loop.dial()

    assert [call.job_id for call in Call.objects.all()] == [other.pk]


def test_cases_of_a_region_come_back_when_it_is_lifted(loop: Loop) -> None:
    loop.simulate()
    job, unknown = loop.job(places=["MAULE"]), loop.job(places=[])
    later = loop.job(places=["MAULE"], next_attempt_at=clock.now() + timedelta(days=2))
    row = halts.halt(by=BY, place="MAULE")
    halts.tend()
    assert loop.plan() == 0

    halts.lift(row, by=BY)
    halts.tend()

    assert loop.plan() == 2
    due = Job.objects.filter(status=JobStatus.CLAIMED)
    assert {row.pk for row in due} == {job.pk, unknown.pk}
    assert later.pk not in {row.pk for row in due}
    assert Halt.objects.get().returned


def test_more_cases_than_one_step_takes_come_back_in_the_end(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halts, "ROUND", 2)
    loop.simulate()
    batch = loop.batch()
    for _ in range(5):
        loop.job(batch, places=["MAULE"])
    row = halts.halt(by=BY, place="MAULE")
    for _ in range(3):
        halts.tend()
    assert Job.objects.filter(status_reason="place_halted").count() == 5
    halts.lift(row, by=BY)
    for _ in range(3):
        halts.tend()
    assert loop.plan() == 5


def test_another_accounts_region_goes_on(loop: Loop) -> None:
    loop.simulate()
    job, other = loop.job(places=["MAULE"]), loop.job(places=["MAULE"])
    halts.halt(by=BY, account=job.account, place="MAULE")

    halts.tend()
    loop.dial()

    assert [call.job_id for call in Call.objects.all()] == [other.pk]
