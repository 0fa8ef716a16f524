"""Nothing of a campaign that is not running is dialed, by any path."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from bson import Timestamp
from django.db import connection
from pymongo.errors import PyMongoError

from batches.models import Agent, Batch, PhoneNumber
from batches.states import JobStatus
from calls import dialer, halts, reconcile, stops
from calls.models import Call
from calls.states import CallStatus
from speechai_site.runtime import clock, fences
from tests.builders import make_agent, make_number
from tests.loop.conftest import Loop
from tests.loop.test_races import beside

S = Batch.Status


def creates(loop: Loop) -> int:
    return sum("create" in request.path for request in loop.simulator.requests)


def becomes(status: str) -> Callable[[Batch], None]:
    return lambda batch: Batch.objects.filter(pk=batch.pk).update(status=status)


def over_its_time(batch: Batch) -> None:
    """Reconcile has not looked yet: it still says that it runs."""
    Batch.objects.filter(pk=batch.pk).update(expires_at=clock.now())


STOPS = {
    "draft": becomes(S.DRAFT),
    "paused": becomes(S.PAUSED),
    "completed": becomes(S.COMPLETED),
    "cancelled": becomes(S.CANCELLED),
    "expired": becomes(S.EXPIRED),
    "over its time": over_its_time,
    "stopped by hand": lambda batch: halts.halt(by="user:test"),
}


def dispatched(loop: Loop, stop: Callable[[Batch], None]) -> None:
    stop(loop.job().batch)
    loop.dial()


def dialed(loop: Loop, stop: Callable[[Batch], None]) -> None:
    batch = loop.job().batch
    assert loop.plan() == 1
    stop(batch)
    loop.work()


def lapsed(loop: Loop, stop: Callable[[Batch], None]) -> None:
    """Planned, its task lost; reconcile takes it back, and the loop goes on."""
    batch = loop.job().batch
    assert loop.plan() == 1
    loop.tasks.clear()
    stop(batch)
    Call.objects.update(lease_until_wall=clock.wall())
    loop.reconcile()
    loop.dial()


def resent(loop: Loop, stop: Callable[[Batch], None]) -> None:
    batch = loop.job().batch
    loop.dial()
    stop(batch)
    past = clock.wall() - timedelta(seconds=1)
    Call.objects.update(next_check_wall=past, lease_until_wall=past)
    reconcile.resolve_unknown(loop.client)
    loop.work()


PATHS = {f.__name__: f for f in (dispatched, dialed, lapsed, resent)}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stop", STOPS)
def test_it_is_not_dialed(loop: Loop, stop: str, path: str) -> None:
    before = 0
    if path == "resent":
        loop.simulate(create_faults={"reset_before_accept": 1})
        before = 1
    else:
        loop.simulate()

    PATHS[path](loop, STOPS[stop])

    assert creates(loop) == before
    assert loop.simulator.calls == []


def test_over_its_time_ends_its_planned_case(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    over_its_time(job.batch)
    loop.work()
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.EXPIRED, "batch_expired")


def test_a_campaign_over_its_time_is_not_started(loop: Loop) -> None:
    batch = loop.job().batch
    before = len(batch.obstacles())
    batch.expires_at = clock.now()
    assert len(batch.obstacles()) == before + 1


@pytest.mark.parametrize("changed", ["agent", "version", "number"])
def test_a_call_planned_with_old_settings_is_planned_anew(
    loop: Loop, changed: str
) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    if changed == "version":
        Agent.objects.filter(pk=job.batch.agent_id).update(version=7)
    else:
        new = make_agent() if changed == "agent" else make_number()
        Batch.objects.filter(pk=job.batch_id).update(**{changed: new})

    loop.work()

    job.refresh_from_db()
    assert creates(loop) == 0
    assert Call.objects.get().status == CallStatus.WITHDRAWN
    assert (job.status, job.status_reason) == (JobStatus.QUEUED, "settings_changed")


def test_the_next_call_after_an_edit_has_the_new_caller_id(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    job.batch.pause(by="user:test")
    new: PhoneNumber = make_number()
    Batch.objects.filter(pk=job.batch_id).update(number=new)
    job.batch.refresh_from_db()
    job.batch.resume(by="user:test")

    loop.work()
    loop.plan()

    latest = Call.objects.exclude(status=CallStatus.WITHDRAWN).get()
    assert latest.from_number == new.e164


def dial_with_eight(loop: Loop, stop: Callable[[Batch], object]) -> set[str]:
    """160 cases of one campaign; `stop` is called when all eight are at it. The
    attempts that were not `sending` when it returned."""
    loop.simulate(create_seconds=0.02)
    batch = loop.batch()
    for _ in range(160):
        loop.job(batch)
    loop.plan()
    ids = list(Call.objects.values_list("pk", flat=True))
    begun = threading.Semaphore(0)

    def worker(number: int) -> None:
        for start in range(number * 2, len(ids), 16):
            with suppress(PyMongoError):  # gave up: its calls stay planned
                dialer.dial(ids[start : start + 2])
            begun.release()

    threads = [beside(lambda n=n: worker(n)) for n in range(8)]
    for _ in range(8):
        begun.acquire()
    stop(batch)
    unsent = Call.objects.filter(status__in=["planned", "withdrawn"])
    untouched = set(unsent.values_list("pk", flat=True))
    for thread in threads:
        thread.join()
    return untouched


@pytest.mark.parametrize(
    "stop",
    [lambda batch: batch.pause(by="user:test"), lambda _: halts.halt(by="user:test")],
    ids=["pause", "halt"],
)
def test_eight_workers_dial_nothing_that_was_not_sending_when_it_stopped(
    loop: Loop, stop: Callable[[Batch], object]
) -> None:
    """What Retell gets in all is what was `sending`, or further, when it returned."""
    untouched = dial_with_eight(loop, stop)

    rung = {call.metadata["attempt_id"] for call in loop.simulator.calls}
    assert untouched
    assert rung == set(Call.objects.values_list("pk", flat=True)) - untouched


def test_every_create_of_eight_workers_was_sending_at_the_pauses_commit(
    loop: Loop,
) -> None:
    """The database's own log says in which order they were committed."""
    log = connection.database.client.local["oplog.rs"]
    began = log.find_one(sort=[("$natural", -1)])["ts"]

    dial_with_eight(loop, lambda batch: batch.pause(by="user:test"))

    commits = list(statuses_committed(log.find({"ts": {"$gt": began}})))
    (pause,) = [at for at, _id, status in commits if status == S.PAUSED]
    sending = {_id: at for at, _id, status in commits if status == CallStatus.SENDING}
    rung = {call.metadata["attempt_id"] for call in loop.simulator.calls}
    assert rung <= set(sending)
    assert max(sending.values()) < pause


def statuses_committed(
    entries: Iterable[dict[str, Any]],
) -> Iterator[tuple[Timestamp, Any, str]]:
    """When each status was committed, and of which document."""
    for entry in entries:
        for change in entry["o"].get("applyOps", [entry]):
            set_ = change["o"].get("diff", {}).get("u", {})
            if change["op"] == "u" and "status" in set_:
                yield entry["ts"], change["o2"]["_id"], set_["status"]


def test_a_pause_that_died_half_way_calls_nobody(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    die_while_pausing(job.batch)

    loop.work()

    assert creates(loop) == 0
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_a_pause_that_died_half_way_is_finished(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    batch = loop.batch()
    die_while_pausing(batch)
    monkeypatch.setattr(stops, "INTERRUPTED_AFTER", timedelta(0))

    loop.reconcile()

    batch.refresh_from_db()
    assert (batch.status, batch.pause_reason) == (S.PAUSED, "stop_interrupted")
    assert batch.stopping_wall is None


def die_while_pausing(batch: Batch) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fences, "close", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            batch.pause(by="user:test")


def test_a_cancel_that_a_pause_overtakes_cancels_all_the_same(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    close, overtaking = fences.close, [lambda: batch.pause(by="user:other")]

    def overtaken() -> None:
        close()
        if overtaking:
            overtaking.pop()()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fences, "close", overtaken)
        assert Batch.objects.get(pk=batch.pk).cancel(by="user:test")

    batch.refresh_from_db()
    assert [entry["to"] for entry in batch.history] == ["paused", "cancelled"]


def test_a_page_that_is_out_of_date_leaves_no_mark(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    as_read = Batch.objects.get(pk=batch.pk)
    batch.pause(by="user:test")
    batch.resume(by="user:test")

    assert not as_read.pause(by="user:other", as_read=True)
    batch.refresh_from_db()
    assert (batch.status, batch.stopping_wall) == (S.RUNNING, None)
