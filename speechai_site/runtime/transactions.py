"""Transactions over several documents, retried as MongoDB asks for.

`django.db.transaction.atomic` does nothing on MongoDB; the backend's own `atomic`
does, without retries.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connection
from django_mongodb_backend import transaction
from pymongo.errors import PyMongoError

T = TypeVar("T")
# At the longest pauses some four seconds: the plans that are dialed lapse later.
ATTEMPTS = 30


def in_transaction(work: Callable[[], T]) -> T:
    """Run `work` in one transaction; run it again on a write conflict.

    `work` may run several times: no HTTP, no queueing, no mutation of outer state in
    it. Raw pymongo calls in it pass `session=connection.session`. Raises the last
    error after ATTEMPTS tries.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return work()
        except (PyMongoError, DatabaseError) as error:
            if attempt == ATTEMPTS - 1 or not _is_transient(error):
                raise
        finally:
            _end_session()
        time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 5)))  # noqa: S311 jitter
    raise AssertionError("unreachable")


def session():  # pymongo ClientSession or None
    """The session of the running transaction, for raw pymongo calls."""
    return connection.session


def _end_session() -> None:
    """The backend keeps the session of a commit that failed, and would then run what
    follows outside of any transaction."""
    if connection.session is not None and not connection.in_atomic_block_mongo:
        connection.session.end_session()
        connection.session = None


def _is_transient(error: BaseException) -> bool:
    cause = error if isinstance(error, PyMongoError) else error.__cause__
    return isinstance(cause, PyMongoError) and cause.has_error_label(
        "TransientTransactionError"
    )
