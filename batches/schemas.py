"""What the API says of campaigns and cases. Amounts are text, times are UTC."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from ninja import Schema

from batches.models import Batch, Job


class Error(Schema):
    """Every answer that is not 2xx."""

    code: str
    message: str


class BatchOut(Schema):
    """A campaign. The counts may be a few seconds old."""

    id: str
    name: str
    use_case: str
    status: Batch.Status
    pause_reason: str
    priority: int
    rows: int
    row_errors: int
    total_amount: Decimal
    jobs: dict[str, int]
    calls: dict[str, int]
    outcomes: dict[str, int]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @staticmethod
    def resolve_id(batch: Batch) -> str:
        return str(batch.pk)

    @staticmethod
    def resolve_jobs(batch: Batch) -> dict[str, int]:
        return batch.counters.get("jobs", {})

    @staticmethod
    def resolve_calls(batch: Batch) -> dict[str, int]:
        return batch.counters.get("calls", {})

    @staticmethod
    def resolve_outcomes(batch: Batch) -> dict[str, int]:
        return batch.counters.get("outcomes", {})


class BatchPage(Schema):
    items: list[BatchOut]
    next: str | None


class JobOut(Schema):
    """A case: one person and one creditor."""

    id: str
    batch: str
    status: Job.Status
    status_reason: str
    name: str
    document: str
    creditor: str
    amount: Decimal
    coupons: int
    limit_date: date | None
    max_date: date | None
    phones: list[dict[str, str]]
    attempts: int
    next_attempt_at: datetime | None
    outcome: str
    disposition: str
    promise_date: date | None
    promise_amount: Decimal | None
    callback_at: datetime | None
    created_at: datetime
    finished_at: datetime | None

    @staticmethod
    def resolve_id(job: Job) -> str:
        return str(job.pk)

    @staticmethod
    def resolve_batch(job: Job) -> str:
        return str(job.batch_id)


class DecisionOut(Schema):
    """Why a case is not called, or not yet.

    `reason`: a sentence for people. `rule`: the policy record and its version;
    `source`: the law or the company. `next_allowed_at`: null when nobody can say, or
    never.
    """

    decision: Literal["defer", "deny"]
    code: str
    reason: str
    rule: str
    source: str
    at: datetime
    next_allowed_at: datetime | None


class JobDetail(JobOut):
    """A case with what its rows said, and the decision for which it waits or ended."""

    decision: DecisionOut | None

    debts: list[dict[str, Any]]
    variables: dict[str, str]
    extra: list[list[str]]
    warnings: list[Any]
    source_rows: list[int]


class JobPage(Schema):
    items: list[JobOut]
    next: str | None
