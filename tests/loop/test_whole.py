"""A campaign from its first call to its report, through the whole loop."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from batches.models import Batch, Job
from batches.states import OPEN_JOB
from calls.models import Call
from calls.simulator.scenarios import NORMAL
from calls.states import FINAL, OPEN
from tests.loop.conftest import Loop

JOBS = 40


def a_batch_of_everything(loop: Loop) -> Batch:
    """Forty people who answer, don't, are busy, …, as the simulator's mix has it."""
    loop.simulate(outcomes=NORMAL.outcomes)
    batch = loop.batch(rows=JOBS)
    for _ in range(JOBS):
        loop.job(batch)
    loop.run_until(lambda: completed(batch))
    return batch


def completed(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.status == Batch.Status.COMPLETED


@pytest.mark.usefixtures("with_webhooks", "fast")
def test_a_campaign_ends_with_every_call_and_case_final(loop: Loop) -> None:
    batch = a_batch_of_everything(loop)

    assert not Job.objects.filter(status__in=OPEN_JOB).exists()
    assert not Call.objects.filter(status__in=OPEN).exists()
    withdrawn = Call.objects.filter(status="withdrawn").count()  # on a busy machine
    made = len(loop.simulator.calls)
    assert Call.objects.filter(status__in=FINAL).count() == made + withdrawn
    loop.reconcile()
    batch.refresh_from_db()
    assert sum(batch.counters["jobs"].values()) == JOBS
    assert sum(batch.counters["calls"].values()) == made + withdrawn
    assert Decimal(batch.counters["cost_usd"]) == loop.spent() > 0


@pytest.mark.usefixtures("fast")
def test_a_campaign_ends_when_every_webhook_is_lost(loop: Loop) -> None:
    batch = a_batch_of_everything(loop)

    assert not Job.objects.filter(status__in=OPEN_JOB).exists()
    assert batch.call_set.aggregate(total=Sum("cost_usd"))["total"] == loop.spent()
