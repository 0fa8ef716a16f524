"""A stop holds against every transaction that began before it."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections

from speechai_site.runtime import fences
from speechai_site.runtime.transactions import in_transaction, session

pytestmark = pytest.mark.django_db
STOPS, ACTS = "test_stops", "test_acts"


@pytest.fixture(autouse=True)
def _empty() -> None:
    """Another collection than the stop's: the two write nothing in common."""
    for name in (STOPS, ACTS):
        connection.database[name].drop()
        connection.database.create_collection(name)


def beside(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def stop() -> None:
    connection.database[STOPS].insert_one({"_id": "stop"})
    fences.close()


def act(before_fence: Callable, before_commit: Callable) -> None:
    """A transaction that acts unless it sees a stop."""

    def work() -> None:
        stopped = connection.database[STOPS].find_one({}, session=session())
        before_fence()
        fences.enter()
        if stopped is None:
            connection.database[ACTS].insert_one({}, session=session())
            before_commit()

    in_transaction(work)


def acted() -> int:
    return connection.database[ACTS].count_documents({})


def nothing() -> None:
    pass


@pytest.mark.parametrize("known", [True, False], ids=["slots_exist", "slots_are_new"])
def test_what_began_before_a_stop_is_run_again_and_sees_it(known: bool) -> None:
    connection.database[fences.COLLECTION].delete_many({})
    if known:
        fences.close()
    stops = [lambda: beside(stop).join()]

    act(lambda: stops.pop()() if stops else None, nothing)

    assert acted() == 0


def test_a_stop_waits_for_what_was_first() -> None:
    stops: list[threading.Thread] = []

    def stop_meanwhile() -> None:
        stops.append(beside(stop))
        stops[0].join(0.3)
        assert stops[0].is_alive(), "it returned while something could still commit"

    act(nothing, stop_meanwhile)
    stops[0].join()

    assert acted() == 1


def test_two_in_one_slot_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "SLOTS", 1)
    threads = [beside(lambda: act(nothing, nothing)) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert acted() == 4
