"""Two at once: what commits first holds, and the other one notices."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from batches.models import Batch, Job
from batches.states import JobStatus
from calls import dialer
from calls.models import Call, ContactLedger
from calls.states import CallStatus
from speechai_site.runtime import fences
from tests.builders import make_account
from tests.loop.conftest import Loop


def beside(work: Callable[[], object]) -> threading.Thread:
    """Start `work` as another process would do it: on a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def begin(loop: Loop) -> list[dialer.Send]:
    (_task, (ids,)) = loop.tasks.popleft()
    return dialer.in_transaction(lambda: dialer._begin(ids, "me"))[0]


def once(before: Callable[[], None], function: Callable) -> Callable:
    """`function`, with `before` in front of its first call."""
    waiting = [before]

    def wrapper(*arguments: object) -> object:
        if waiting:
            waiting.pop()()
        return function(*arguments)

    return wrapper


def test_a_pause_that_commits_during_a_dial_holds(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    batch = loop.job().batch
    loop.plan()

    def begun() -> None:
        """The transaction has its snapshot, and has written nothing yet."""
        dialer._calls([], {})
        beside(lambda: batch.pause(by="user:test")).join()

    def fenced() -> None:
        before.pop()()
        enter()

    enter = fences.enter
    before = [lambda: None, begun]
    monkeypatch.setattr(fences, "enter", fenced)

    assert begin(loop) == []
    assert before == [], "run twice"
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_a_pause_waits_for_a_dial_that_was_first(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    batch = loop.job().batch
    loop.plan()
    pauses: list[threading.Thread] = []
    seen: list[str] = []

    def paused() -> None:
        batch.pause(by="user:test")
        seen.append(Call.objects.get().status)

    def pause() -> None:
        pauses.append(beside(paused))
        pauses[0].join(0.3)
        assert pauses[0].is_alive(), "it returned while a call could still be sent"
        read = beside(lambda: seen.append(Batch.objects.get().status))
        read.join()

    monkeypatch.setattr(dialer, "_commit_sending", once(pause, dialer._commit_sending))
    assert len(begin(loop)) == 1
    pauses[0].join()

    assert seen == [Batch.Status.RUNNING, CallStatus.SENDING]


def test_two_tasks_of_one_person_ring_once(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.plan()
    loop.job(loop.batch(account), person_key=first.person_key)
    loop.plan()
    together = threading.Barrier(2, timeout=5)
    met: list[int] = []
    commit = dialer._commit_sending

    def both_have_passed_the_gate(*arguments: object) -> None:
        if len(met) < 2:
            met.append(1)
            together.wait()
        commit(*arguments)

    monkeypatch.setattr(dialer, "_commit_sending", both_have_passed_the_gate)
    sent: list[list] = []
    threads = [beside(lambda: sent.append(begin(loop))) for _ in range(2)]
    for thread in threads:
        thread.join()

    assert sorted(len(sends) for sends in sent) == [0, 1]
    assert ContactLedger.objects.count() == 1


def test_a_day_that_was_taken_meanwhile_is_noticed(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's reservation commits after this one's snapshot."""
    loop.simulate()
    job = loop.job()
    loop.plan()
    call = Call.objects.get()
    gates: list[dialer.Gate] = []

    class Watched(dialer.Gate):
        def __init__(self, jobs: list) -> None:
            super().__init__(jobs)
            gates.append(self)

    def reserve() -> None:
        mine = next(iter(gates[0].contacts.made))
        beside(
            lambda: ContactLedger.objects.create(
                pk=mine,
                phone_slot="other",
                call_id="other",
                account_id=job.account_id,
                person_key=job.person_key,
            )
        ).join()

    monkeypatch.setattr(dialer, "Gate", Watched)
    monkeypatch.setattr(
        dialer, "_commit_sending", once(reserve, dialer._commit_sending)
    )

    assert begin(loop) == []
    call.refresh_from_db()
    assert (call.status, ContactLedger.objects.count()) == (CallStatus.WITHDRAWN, 1)


def test_a_withdrawal_that_commits_during_a_dial_holds(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()

    def withdraw() -> None:
        asked = {"stop_requested": "withdrawn"}
        beside(lambda: Job.objects.filter(pk=job.pk).update(**asked)).join()

    monkeypatch.setattr(
        dialer, "_commit_sending", once(withdraw, dialer._commit_sending)
    )

    assert begin(loop) == []
    job.refresh_from_db()
    assert job.status == JobStatus.WITHDRAWN


def test_eight_tasks_at_once_dial_everybody_once(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    for _ in range(24):
        loop.job(batch)
    loop.plan()
    ids = list(Call.objects.values_list("pk", flat=True))

    threads = [beside(lambda n=n: dialer.dial(ids[n::8] + ids)) for n in range(8)]
    for thread in threads:
        thread.join()

    assert len(loop.simulator.calls) == 24
    assert len({call.to_number for call in loop.simulator.calls}) == 24


def test_dials_of_one_campaign_do_not_wait_for_each_other(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight are about to commit at the same moment, each at its first attempt."""
    loop.simulate()
    batch = loop.batch()
    for _ in range(24):
        loop.job(batch)
    loop.plan()
    ids = list(Call.objects.values_list("pk", flat=True))
    fences.close()  # the slots exist
    together = threading.Barrier(8, timeout=5)
    slots = iter(range(8))
    commit = dialer._commit_sending

    def all_at_once(*arguments: object) -> None:
        commit(*arguments)
        together.wait()

    monkeypatch.setattr(fences.random, "randrange", lambda _slots: next(slots))
    monkeypatch.setattr(dialer, "_commit_sending", all_at_once)
    sent: list[int] = []

    def dial(mine: list[str]) -> None:
        sends = dialer.in_transaction(lambda: dialer._begin(mine, "me"))[0]
        sent.append(len(sends))

    for thread in [beside(lambda n=n: dial(ids[n::8])) for n in range(8)]:
        thread.join()

    assert sent == [3] * 8
