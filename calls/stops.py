"""Campaigns that pause by themselves, until a person has looked."""

import logging
from typing import Any

from batches.models import Batch
from batches.states import BatchStatus

log = logging.getLogger(__name__)


def pause(batch_id: Any, reason: str) -> None:
    """Pause one batch until a person has looked."""
    for batch in Batch.objects.filter(pk=batch_id, status=BatchStatus.RUNNING):
        batch.pause(by="clock", reason=reason)
        log.error("batch %s paused: %s", batch_id, reason)


def pause_all(reason: str) -> None:
    """Pause whatever runs: the workspace itself can't call."""
    for batch in Batch.objects.filter(status=BatchStatus.RUNNING):
        pause(batch.pk, reason)
