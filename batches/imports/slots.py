"""How many workers may read workbooks at a time: at most half of them, since the others
have calls to make. Who finds no slot is called again when one is given back. All that
read on a machine have fewer children together than it has cores."""

import os
from collections.abc import Callable

from django.conf import settings

from batches.imports import loading
from batches.imports.helpers import MOST
from speechai_site.runtime import leases

# Each queues what of its own waits longest, if anything does.
WAITING: list[Callable[[], object]] = []
_NAME = "import-slot:"


def take() -> leases.Held | None:
    """A slot for this call; None: all are taken."""
    owner = loading.owner()
    for place in range(max(1, settings.Q_WORKERS // 2)):
        name = f"{_NAME}{place}"
        if slot := leases.take(name, owner, loading.LEASE_SECONDS):
            return slot
    return None


def children(slot: leases.Held) -> int:
    """How many processes may help who holds this slot: a machine's cores but one are
    shared out by the slots' places, the first ones first."""
    before = int(slot.name.removeprefix(_NAME)) * MOST
    cores = len(os.sched_getaffinity(0))
    return max(0, min(MOST, cores - 1 - before))


def give_back(slot: leases.Held) -> None:
    """Let the next one have it."""
    leases.release(slot)
    for queue_next in WAITING:
        queue_next()
