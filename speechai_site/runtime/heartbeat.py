"""Proof that processes live, for /readyz, the watchdog and the operator.

Kinds: `qcluster` (a cluster that its watchdog finds healthy), `queue` (a task went
through the queue into a worker), `clock`.
"""

import os
import socket
from datetime import timedelta

from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import Heartbeat


def beat(kind: str) -> None:
    """Record that this process of `kind` lives now. Raises PyMongoError."""
    key = f"{kind}@{socket.gethostname()}:{os.getpid()}"
    collection(Heartbeat, fast=True).update_one(
        {"_id": key}, {"$set": {"kind": kind, "at": clock.wall()}}, upsert=True
    )


def alive(kind: str, within_seconds: float) -> bool:
    """Whether any process of `kind`, on any host, has beaten lately (wall time)."""
    since = clock.wall() - timedelta(seconds=within_seconds)
    found = collection(Heartbeat).find_one({"kind": kind, "at": {"$gte": since}})
    return found is not None
