"""The task queue's broker: one collection on Django's own connection.

Tasks are hints: whatever is queued here can be found again in the database, so
writes are acknowledged by one node only, and a lost task costs time, nothing else.
"""

import logging
import time
from datetime import timedelta

from bson import ObjectId
from django.db import connection
from django_q.brokers import Broker
from django_q.conf import Conf
from pymongo import ASCENDING, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from speechai_site.runtime import clock
from speechai_site.runtime.documents import AWARE

COLLECTION = "runtime_queue"
# Pause after a failed look, so that an absent server does not fill the log.
PAUSE_SECONDS = 0.5

logger = logging.getLogger(__name__)


class MongoBroker(Broker):
    """Holds no client: each use takes Django's connection of the moment.

    So it may be copied by a fork, and tests never touch the live queue. A document
    is due from `lock` on (wall time): at once when queued, after `retry` seconds
    when a cluster has pulled it without acknowledging.
    """

    def ensure_index(self) -> None:
        """Create the index behind `dequeue`; does nothing when it is there."""
        self._tasks().create_index([("lock", ASCENDING)])

    def enqueue(self, task: str) -> str:
        """Queue a signed task and return its id. Raises PyMongoError."""
        document = {"payload": task, "lock": clock.wall()}
        return str(self._tasks().insert_one(document).inserted_id)

    def dequeue(self) -> list[tuple[str, str]] | None:
        """Claim the task that is due longest; without one, wait a moment.

        Never raises for the database's sake: django-q2's pusher would end.
        """
        present = clock.wall()
        try:
            task = self._tasks().find_one_and_update(
                {"lock": {"$lte": present}},
                {"$set": {"lock": present + timedelta(seconds=Conf.RETRY)}},
                sort=[("lock", ASCENDING)],
            )
        except PyMongoError as error:
            logger.warning("the queue cannot be read: %s", type(error).__name__)
            time.sleep(PAUSE_SECONDS)
            return None
        if task is None:
            time.sleep(Conf.POLL)
            return None
        return [(str(task["_id"]), task["payload"])]

    def delete(self, task_id: str) -> None:
        """Remove a task. On failure it comes back after `retry`, which is harmless."""
        try:
            self._tasks().delete_one({"_id": ObjectId(task_id)})
        except PyMongoError as error:
            logger.warning("a task stays queued: %s", type(error).__name__)

    acknowledge = delete
    fail = delete

    def queue_size(self) -> int:
        return self._tasks().count_documents({"lock": {"$lte": clock.wall()}})

    def lock_size(self) -> int:
        return self._tasks().count_documents({"lock": {"$gt": clock.wall()}})

    def oldest_wait(self) -> float | None:
        """Seconds for which the longest-due task has waited; None: nothing is due."""
        present = clock.wall()
        oldest = self._tasks().find_one(
            {"lock": {"$lte": present}}, {"lock": 1}, sort=[("lock", ASCENDING)]
        )
        return (present - oldest["lock"]).total_seconds() if oldest else None

    def purge_queue(self) -> None:
        self._tasks().delete_many({})

    delete_queue = purge_queue

    def ping(self) -> bool:
        """True without asking: the sentinel calls this, and it forks workers, so it
        must stay without a MongoDB client and its threads."""
        return True

    def info(self) -> str:
        return "MongoDB"

    def _tasks(self) -> Collection:
        return connection.database[COLLECTION].with_options(
            codec_options=AWARE, write_concern=WriteConcern(w=1)
        )
