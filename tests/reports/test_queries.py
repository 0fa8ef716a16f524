from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from batches.models import Account, Batch
from reports.queries import batch_status, home_figures
from tests.builders import make_account, make_batch, make_call, make_job

DAY = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)


@pytest.fixture
def batch(db: None) -> Batch:
    return make_batch(status="running")


def figures(accounts: list[Account] | None) -> dict:
    ids = None if accounts is None else [account.pk for account in accounts]
    return home_figures(ids, DAY, DAY + timedelta(days=1))


def test_status_counts_jobs_calls_and_outcomes(batch: Batch) -> None:
    job = make_job(batch, status="done")
    make_job(batch)
    make_call(job, status="not_connected", outcome="busy", cost_usd=Decimal("0.01"))
    direct = {"contact": "titular", "identity_verified": True, "notices_complete": True}
    make_call(
        job,
        status="ended",
        outcome="conversation",
        cost_usd=Decimal("0.2"),
        **direct,
    )
    make_call()  # another batch's
    assert batch_status(batch) == {
        "batch": str(batch.pk),
        "status": "running",
        "rows": 1,
        "jobs": {"done": 1, "queued": 1},
        "calls": {"not_connected": 1, "ended": 1},
        "outcomes": {"busy": 1, "conversation": 1},
        "cost_usd": "0.210000",
        "notices": {"direct": 1, "complete": 1},
    }


def test_status_of_an_empty_batch_costs_nothing(batch: Batch) -> None:
    status = batch_status(batch)
    assert (status["jobs"], status["calls"], status["cost_usd"]) == ({}, {}, "0.000000")


def test_home_counts_the_calls_of_the_day(batch: Batch) -> None:
    job = make_job(batch)
    make_call(job, planned_at=DAY, outcome="busy", cost_usd=Decimal("0.5"))
    make_call(job, planned_at=DAY - timedelta(seconds=1))
    make_call(job, planned_at=DAY + timedelta(days=1))
    make_call(job, planned_at=NOON, status="withdrawn")
    found = figures([batch.account])
    assert (found["calls"], found["outcomes"]) == (1, {"busy": 1})
    assert found["cost_usd"] == Decimal("0.5")


def test_home_shows_only_the_given_accounts(batch: Batch) -> None:
    make_call(make_job(batch), planned_at=NOON, status="unknown")
    other = figures([make_account()])
    assert (other["calls"], other["live"], other["unconfirmed"]) == (0, 0, 0)
    assert other["running"] == []


def test_home_of_an_administrator_shows_all_accounts(batch: Batch) -> None:
    make_call(make_job(batch), planned_at=NOON, status="unknown")
    found = figures(None)
    assert (found["calls"], found["live"], found["unconfirmed"]) == (1, 1, 1)
    assert found["running"] == [batch]


def test_home_names_the_most_urgent_batch_first(batch: Batch) -> None:
    urgent = make_batch(batch.account, status="running", priority=3)
    make_batch(batch.account, status="paused")
    assert figures([batch.account])["running"] == [urgent, batch]
