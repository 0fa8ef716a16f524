"""django-q2's cluster, hardened against the death of any of its processes.

As shipped, SIGKILL of an idle worker can stop the cluster for ever (it dies with the
queue's read lock), SIGKILL of the main process or the sentinel leaves orphans that
go on working, a signal to the process group kills running tasks, and a mongod
restart stops the pusher. What this module changes, and nothing else:

1. queues are polled without their lock, which is taken only to receive (SturdyQueue)
2. every process dies with its parent, and the sentinel leads its own group
3. a forked process forgets the MongoDB clients of its parent
4. the main process watches: when work waits, workers idle and nothing starts, or
   when the sentinel stops guarding, it ends, and whoever runs it starts a new one
"""

import logging
import multiprocessing
import multiprocessing.queues
import os
import queue
import signal
import time
from dataclasses import dataclass
from typing import Any

import django_q.cluster
from django.db import connection, connections
from django_mongodb_backend.base import DatabaseWrapper
from django_q.signals import pre_execute
from django_q.tasks import async_task
from pymongo.errors import PyMongoError

from speechai_site.runtime import heartbeat, memory
from speechai_site.runtime.broker import MongoBroker
from speechai_site.runtime.parent_death import die_with_parent

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks of the watchdog
FROZEN_SECONDS = 15.0  # that long without progress, and the cluster is given up
IDLE_POLL_SECONDS = 1.0  # an idle worker shows at least so often that it looks


class Vitals:
    """When something last happened, by time.monotonic(), seen by all processes.

    Plain shared doubles: a lock could be left behind by a killed process.
    """

    def __init__(self) -> None:
        self._guarded = multiprocessing.RawValue("d", 0)
        self._looked = multiprocessing.RawValue("d", 0)
        self._started = multiprocessing.RawValue("d", 0)
        self.guarded()
        self.looked()

    def guarded(self) -> None:
        """The sentinel went round its guard loop."""
        self._guarded.value = time.monotonic()

    def looked(self) -> None:
        """An idle worker looked for a task."""
        self._looked.value = time.monotonic()

    def started(self, **kwargs: Any) -> None:
        """A worker started a task (a receiver of django-q2's pre_execute)."""
        self._started.value = time.monotonic()

    def ages(self) -> "Ages":
        present = time.monotonic()
        return Ages(
            guarded=present - self._guarded.value,
            looked=present - self._looked.value,
            started=present - self._started.value,
        )


@dataclass(frozen=True)
class Ages:
    """Seconds since each sign of life."""

    guarded: float
    looked: float
    started: float

    def frozen(self, waiting: float | None) -> str | None:
        """Why the cluster no longer works, None while it does.

        `waiting`: seconds for which the longest-due task has waited, if any is due.
        Busy workers do not look, so a full cluster is never taken for a frozen one.
        """
        if self.guarded > FROZEN_SECONDS:
            return "its sentinel stopped guarding"
        idle = self.looked < 3 * IDLE_POLL_SECONDS
        due = waiting is not None and waiting > FROZEN_SECONDS
        if due and idle and self.started > FROZEN_SECONDS:
            return "work waits, workers are idle, and nothing starts"
        return None


_vitals: Vitals | None = None


class SturdyQueue(multiprocessing.queues.Queue):
    """A queue that survives the SIGKILL of a process which waits on it."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize, ctx=multiprocessing.get_context("fork"))
        # django-q2 bounds the queue of tasks, not that of results.
        self._carries_tasks = maxsize > 0

    def get(self) -> Any:
        """Wait without the lock; take it only when there is something to receive.

        The base class holds the lock while it waits: killed there, a process never
        gives it back, and nobody receives anything any more.
        """
        while True:
            if self._carries_tasks:
                _vitals.looked()
            if not self._poll(IDLE_POLL_SECONDS):
                continue
            try:
                return super().get(block=False)
            except queue.Empty:  # another process was faster
                time.sleep(0.001)


class GuardedSentinel(django_q.cluster.Sentinel):
    """Leads its own process group, and shows that it guards."""

    def start(self) -> None:
        os.setpgid(0, 0)
        super().start()

    def status(self) -> str:
        """Called in every round of the guard loop and of the stop."""
        _vitals.guarded()
        return super().status()


_inherited: list[Any] = []


def _forget_clients() -> None:
    """Drop the parent's MongoDB clients; they are not closed, being the parent's."""
    _inherited.extend(DatabaseWrapper._connection_pools.values())
    DatabaseWrapper._connection_pools.clear()
    for wrapper in connections.all(initialized_only=True):
        _inherited.append(wrapper)
        del connections[wrapper.alias]


_forking_pid = 0


def _before_fork() -> None:
    global _forking_pid
    _forking_pid = os.getpid()


def _after_fork_in_child() -> None:
    die_with_parent(signal.SIGKILL)
    if os.getppid() != _forking_pid:
        os._exit(1)
    _forget_clients()


def harden() -> None:
    """Change django-q2 in this process and all that it forks. Once per process."""
    global _vitals
    _vitals = Vitals()
    django_q.cluster.Queue = SturdyQueue
    django_q.cluster.Sentinel = GuardedSentinel
    pre_execute.connect(_vitals.started, dispatch_uid="speechai.vitals", weak=False)
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


def run() -> int:
    """Run a hardened cluster until it is told to stop; return the exit code.

    SIGTERM and SIGINT finish running and prefetched tasks, then 0 is returned. Any
    other end is 1: whoever runs this should start it again.
    """
    MongoBroker().ensure_index()
    harden()
    # The fork must not copy the client's threads and locks.
    connection.close_pool()
    memory.settle()
    cluster = django_q.cluster.Cluster()
    cluster.start()
    watchdog = Watchdog()
    while cluster.sentinel.is_alive():
        if why := watchdog.look():
            logger.critical("the cluster is given up: %s", why)
            return 1
        time.sleep(0.1)
    return 0 if cluster.has_stopped else 1


class Watchdog:
    """Tells a frozen cluster from an idle or a busy one, and beats while it is not."""

    def __init__(self) -> None:
        self._broker = MongoBroker()
        self._next_look = 0.0
        self._database_since: float | None = None

    def look(self) -> str | None:
        """Return why the cluster is frozen, None while it is not.

        Looks every LOOK_SECONDS; a call in between does nothing.
        """
        present = time.monotonic()
        if present < self._next_look:
            return None
        self._next_look = present + LOOK_SECONDS
        try:
            return self._look(present)
        except PyMongoError as error:
            self._database_since = None
            logger.warning("the watchdog sees no database: %s", type(error).__name__)
            return None

    def _look(self, present: float) -> str | None:
        waiting = self._broker.oldest_wait()
        self._database_since = self._database_since or present
        if waiting is not None:
            # Nobody could take it while the database was away.
            waiting = min(waiting, present - self._database_since)
        ages = _vitals.ages()
        if why := ages.frozen(waiting):
            return why
        if waiting is None and ages.started > FROZEN_SECONDS / 3:
            # Work for an idle cluster, so that a frozen one shows.
            async_task(
                "speechai_site.runtime.heartbeat.beat", "queue", broker=self._broker
            )
        heartbeat.beat("qcluster")
        return None
