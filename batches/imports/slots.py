"""How many workers may read workbooks at a time: at most half of them, since the others
have calls to make. Who finds no slot is called again when one is given back."""

from collections.abc import Callable

from django.conf import settings

from batches.imports import loading
from speechai_site.runtime import leases

# Each queues what of its own waits longest, if anything does.
WAITING: list[Callable[[], object]] = []


def take() -> leases.Held | None:
    """A slot for this call; None: all are taken."""
    owner = loading.owner()
    for place in range(max(1, settings.Q_WORKERS // 2)):
        name = f"import-slot:{place}"
        if slot := leases.take(name, owner, loading.LEASE_SECONDS):
            return slot
    return None


def give_back(slot: leases.Held) -> None:
    """Let the next one have it."""
    leases.release(slot)
    for queue_next in WAITING:
        queue_next()
