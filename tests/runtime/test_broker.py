from datetime import timedelta

import pytest
from django.db import connection
from django_q.conf import Conf
from pymongo.errors import AutoReconnect

from speechai_site.runtime import broker, clock
from speechai_site.runtime.broker import MongoBroker

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(monkeypatch):
    monkeypatch.setattr(Conf, "POLL", 0)
    monkeypatch.setattr(broker, "PAUSE_SECONDS", 0)
    queue = MongoBroker()
    queue.purge_queue()
    yield queue
    queue.purge_queue()


def test_tasks_leave_in_the_order_in_which_they_came(queue, monkeypatch):
    start = clock.wall()
    for second, name in enumerate("abc"):
        monkeypatch.setattr(
            clock, "wall", lambda s=second: start + timedelta(seconds=s)
        )
        queue.enqueue(name)
    monkeypatch.setattr(clock, "wall", lambda: start + timedelta(seconds=9))
    assert [queue.dequeue()[0][1] for _ in "abc"] == ["a", "b", "c"]


def test_a_pulled_task_is_not_pulled_again(queue):
    queue.enqueue("a")
    queue.dequeue()
    assert queue.dequeue() is None
    assert (queue.queue_size(), queue.lock_size()) == (0, 1)


def test_an_unacknowledged_task_comes_back_after_retry(queue, monkeypatch):
    queue.enqueue("a")
    queue.dequeue()
    later = clock.wall() + timedelta(seconds=Conf.RETRY + 1)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert queue.dequeue()[0][1] == "a"


def test_an_acknowledged_task_is_gone(queue):
    queue.enqueue("a")
    queue.acknowledge(queue.dequeue()[0][0])
    assert (queue.queue_size(), queue.lock_size()) == (0, 0)


def test_an_absent_database_does_not_end_the_pusher(queue, monkeypatch):
    def fail(self):
        raise AutoReconnect("away")

    with monkeypatch.context() as patch:
        patch.setattr(MongoBroker, "_tasks", fail)
        assert queue.dequeue() is None


def test_the_claim_uses_the_index_in_order(queue):
    queue.ensure_index()
    queue.enqueue("a")
    plan = connection.database[broker.COLLECTION].find({"lock": {"$lte": clock.wall()}})
    stages = str(plan.sort("lock").explain()["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "SORT" not in stages


def test_the_oldest_wait_is_none_without_work(queue, monkeypatch):
    assert queue.oldest_wait() is None
    queue.enqueue("a")
    later = clock.wall() + timedelta(seconds=20)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert queue.oldest_wait() == pytest.approx(20, abs=1)
