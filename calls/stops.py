"""Stopping campaigns by themselves, and live calls by hand."""

import logging
from typing import Any

from batches.models import Batch
from batches.states import BatchStatus
from calls.models import Call
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.states import CallStatus

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


def stop_live_calls(batch: Batch) -> int:
    """Hang up the batch's calls that are at Retell; how many were told to stop."""
    client = RetellClient.from_settings()
    stopped = 0
    live = Call.objects.filter(
        batch_id=batch.pk,
        status__in=[CallStatus.REGISTERED, CallStatus.ONGOING],
        retell_id__isnull=False,
    )
    for call in live:
        try:
            client.stop_call(call.retell_id)
        except RetellError as error:
            log.warning("call %s not stopped: %s", call.pk, error)
            continue
        stopped += 1
    return stopped
