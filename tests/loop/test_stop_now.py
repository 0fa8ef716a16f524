"""Stop now: what waits is not dialed, what is live is hung up, and nothing is lost."""

import threading

import pytest

from batches.models import Batch, Job
from batches.states import JobStatus
from calls import dialer, halts, hangups
from calls.models import Call
from calls.retell.errors import RetellError
from calls.states import CallStatus
from speechai_site.runtime import clock
from tests.builders import build_job
from tests.loop.conftest import Loop

BY = "user:test"


def stopped(loop: Loop) -> list[str]:
    """Ids at Retell that were told to stop."""
    return [
        request.path.rpartition("/")[2]
        for request in loop.simulator.requests
        if "stop-call" in request.path
    ]


def live(loop: Loop, jobs: int = 1, batch: Batch | None = None) -> Batch:
    """A campaign all of whose calls are at Retell."""
    loop.simulate(ring_seconds=(600, 600))
    batch = batch or loop.batch()
    for _ in range(jobs):
        loop.job(batch)
    loop.dial()
    return batch


def a_moment_later() -> None:
    """Whoever was told may be told once more."""
    told = Call.objects.filter(told_to_stop_wall__isnull=False)
    told.update(told_to_stop_wall=hangups.LONG_AGO)


def test_live_calls_are_hung_up_at_once(loop: Loop) -> None:
    batch = live(loop, 3)
    batch.stop_now(by=BY)
    assert len(set(stopped(loop))) == 3
    assert not any(call.is_open for call in loop.simulator.calls)


def test_what_waits_and_what_was_cut_is_cancelled(loop: Loop) -> None:
    batch = live(loop)
    waiting = loop.job(batch)
    batch.stop_now(by=BY)

    loop.run_until(lambda: not Call.objects.filter(status="registered").exists())

    batch.refresh_from_db()
    waiting.refresh_from_db()
    assert batch.status == Batch.Status.CANCELLED
    assert (waiting.status, waiting.attempts) == (JobStatus.CANCELLED, 0)
    cut = Job.objects.exclude(pk=waiting.pk).get()
    assert (cut.status, cut.outcome) == (JobStatus.CANCELLED, "conversation")


def test_what_a_halt_cut_is_called_another_day(loop: Loop) -> None:
    live(loop, 3)
    halts.halt(by=BY, hang_up=True)

    loop.run_until(lambda: not Call.objects.filter(status="registered").exists())

    for job in Job.objects.all():
        assert (job.status, job.status_reason) == (JobStatus.QUEUED, "retry_cut")
        assert job.next_attempt_at > clock.now()


def test_what_somebody_stopped_at_retell_is_for_a_person(loop: Loop) -> None:
    live(loop)
    loop.client.stop_call(loop.simulator.calls[0].call_id)
    loop.run_until(lambda: not Call.objects.filter(status="registered").exists())
    assert Job.objects.get().status == JobStatus.REVIEW


def test_who_died_before_telling_is_followed_by_the_clock(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = live(loop)
    monkeypatch.setattr("batches.models.batches.ON_STOP_NOW", [])
    batch.stop_now(by=BY)
    assert stopped(loop) == []

    assert hangups.hang_up_round(loop.client) == 1

    assert len(stopped(loop)) == 1


def test_a_call_that_was_being_sent_is_hung_up_when_its_id_is_known(
    loop: Loop,
) -> None:
    loop.simulate(ring_seconds=(600, 600))
    batch = loop.job().batch
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    sends = dialer.in_transaction(lambda: dialer._begin(ids, "me"))[0]
    batch.stop_now(by=BY)
    assert stopped(loop) == []

    dialer._send_all(dialer.process(), sends)
    hangups.hang_up_round(loop.client)

    assert stopped(loop) == [loop.simulator.calls[0].call_id]


def test_an_unconfirmed_call_is_looked_up_and_hung_up(loop: Loop) -> None:
    loop.simulate(ring_seconds=(600, 600), create_faults={"error_after_accept": 1})
    batch = loop.job().batch
    loop.dial()
    assert Call.objects.get().status == CallStatus.UNKNOWN

    batch.stop_now(by=BY)
    loop.reconcile()
    a_moment_later()
    hangups.hang_up_round(loop.client)

    assert stopped(loop) == [loop.simulator.calls[0].call_id]


@pytest.mark.parametrize("status", [CallStatus.UNKNOWN, CallStatus.SENDING])
def test_what_was_open_at_a_halt_is_hung_up_after_it_was_lifted(
    loop: Loop, status: str
) -> None:
    loop.simulate(ring_seconds=(600, 600), create_faults={"error_after_accept": 1})
    loop.job()
    loop.dial()
    Call.objects.update(status=status)
    row = halts.halt(by=BY, hang_up=True)
    assert stopped(loop) == []
    halts.lift(row, by=BY)

    Call.objects.update(status=CallStatus.UNKNOWN, next_check_wall=clock.wall())
    loop.reconcile()
    a_moment_later()
    hangups.hang_up_round(loop.client)

    assert stopped(loop) == [loop.simulator.calls[0].call_id]


def test_who_died_before_telling_and_a_lift_change_nothing(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(loop)
    monkeypatch.setattr(hangups, "at_once", lambda: None)
    halts.lift(halts.halt(by=BY, hang_up=True), by=BY)
    assert hangups.hang_up_round(loop.client) == 1


def test_calls_made_after_a_halt_was_lifted_go_on(loop: Loop) -> None:
    row = halts.halt(by=BY, hang_up=True)
    halts.lift(row, by=BY)
    live(loop)
    hangups.hang_up_round(loop.client)
    assert stopped(loop) == []


def test_who_could_not_be_told_is_told_again_after_the_halt(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(loop)

    class Away:
        def stop_call(self, _call_id: str) -> None:
            raise RetellError("unknown", "server_error")

    monkeypatch.setattr(hangups, "at_once", lambda: hangups.hang_up_round(Away()))
    halts.lift(halts.halt(by=BY, hang_up=True), by=BY)
    assert stopped(loop) == []

    assert hangups.hang_up_round(loop.client) == 1


def test_who_was_told_is_not_told_again_in_the_same_second(loop: Loop) -> None:
    batch = live(loop)
    batch.stop_now(by=BY)
    hangups.hang_up_round(loop.client)
    assert len(stopped(loop)) == 1


def test_an_ended_campaigns_live_calls_can_be_hung_up(loop: Loop) -> None:
    batch = live(loop)
    batch.cancel(by=BY)
    assert stopped(loop) == []

    assert batch.stop_now(by=BY)

    assert len(stopped(loop)) == 1


def test_another_campaigns_calls_go_on(loop: Loop) -> None:
    loop.simulate(ring_seconds=(600, 600))
    mine, other = loop.job(), loop.job()
    loop.dial()
    mine.batch.stop_now(by=BY)
    assert len(stopped(loop)) == 1
    told = {c.call_id: c for c in loop.simulator.calls}[stopped(loop)[0]]
    assert told.metadata["job_id"] == str(mine.pk) != str(other.pk)


def test_when_nothing_is_live_the_wish_is_done(loop: Loop) -> None:
    batch = live(loop)
    batch.stop_now(by=BY)
    loop.run_until(lambda: not Call.objects.filter(status="registered").exists())
    hangups.hang_up_round(loop.client)
    batch.refresh_from_db()
    assert not batch.hang_up


def test_two_hundred_live_calls_are_hung_up(loop: Loop) -> None:
    loop.simulate(ring_seconds=(600, 600))
    batch = loop.batch()
    Job.objects.bulk_create(build_job(batch) for _ in range(200))
    loop.run_until(lambda: len(loop.simulator.calls) == 200)

    batch.stop_now(by=BY)

    loop.run_until(lambda: not Call.objects.filter(status="registered").exists())
    assert not any(call.is_open for call in loop.simulator.calls)
    assert set(stopped(loop)) == {call.call_id for call in loop.simulator.calls}
    assert Job.objects.filter(status=JobStatus.CANCELLED).count() == 200


def test_live_calls_are_told_side_by_side(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stop waits for seven others: one after the other they would never end."""
    together = threading.Barrier(8, timeout=10)
    told: list[str] = []

    class Client:
        def stop_call(self, call_id: str) -> None:
            together.wait()
            told.append(call_id)

    batch = live(loop, 16)
    monkeypatch.setattr("batches.models.batches.ON_STOP_NOW", [])
    batch.stop_now(by=BY)

    assert hangups.hang_up_round(Client()) == 16
    assert len(set(told)) == 16


def test_stopping_everything_leaves_live_calls_unless_asked(loop: Loop) -> None:
    live(loop)
    halts.halt(by=BY)
    hangups.hang_up_round(loop.client)
    assert stopped(loop) == []

    halts.halt(by=BY, hang_up=True)

    assert len(stopped(loop)) == 1


def test_a_halted_regions_live_calls_are_hung_up_when_asked(loop: Loop) -> None:
    loop.simulate(ring_seconds=(600, 600))
    here, there = loop.job(places=["MAULE"]), loop.job(places=["BIOBIO"])
    loop.dial()

    halts.halt(by=BY, place="MAULE", hang_up=True)

    told = {c.call_id: c for c in loop.simulator.calls}[stopped(loop)[0]]
    assert len(stopped(loop)) == 1
    assert told.metadata["job_id"] == str(here.pk) != str(there.pk)
