"""Campaigns that pause by themselves, until a person has looked."""

import logging
from datetime import timedelta
from typing import Any

from batches import stopping
from batches.models import Batch
from batches.states import OPEN_BATCH, BatchStatus
from calls.retell.client import RetellClient
from speechai_site.runtime import clock

log = logging.getLogger(__name__)
# A stop takes some milliseconds; whoever has not ended it by then has died.
INTERRUPTED_AFTER = timedelta(seconds=10)


def pause(batch_id: Any, reason: str) -> None:
    """Pause one batch until a person has looked."""
    for batch in Batch.objects.filter(pk=batch_id, status=BatchStatus.RUNNING):
        batch.pause(by="clock", reason=reason)
        log.error("batch %s paused: %s", batch_id, reason)


def pause_all(reason: str) -> None:
    """Pause whatever runs: the workspace itself can't call."""
    for batch in Batch.objects.filter(status=BatchStatus.RUNNING):
        pause(batch.pk, reason)


def end_interrupted(client: RetellClient) -> None:
    """Pause what was being paused or ended when that process died; of it nothing is
    called since then. Whether to go on or to end it a person says."""
    limit = clock.wall() - INTERRUPTED_AFTER
    for batch in Batch.objects.filter(status__in=OPEN_BATCH, stopping_wall__lt=limit):
        if batch.status == BatchStatus.RUNNING:
            pause(batch.pk, "stop_interrupted")
        else:
            stopping.unmark(batch.pk, batch.stopping_wall)
