"""What the API says of calls. Amounts are text, times are UTC."""

from datetime import date, datetime
from decimal import Decimal

from ninja import Schema

from calls.models import Call


class CallOut(Schema):
    """One attempt, with its result as far as it is known."""

    id: str
    batch: str
    job: str
    status: Call.Status
    attempt: int
    name: str
    to_number: str
    from_number: str
    agent_id: str
    agent_version: int
    retell_id: str | None
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    disconnection_reason: str
    outcome: str
    in_voicemail: bool | None
    contact: str
    identity_verified: bool | None
    disposition: str
    promise_date: date | None
    promise_amount: Decimal | None
    callback_at: datetime | None
    summary: str
    sentiment: str

    @staticmethod
    def resolve_batch(call: Call) -> str:
        return str(call.batch_id)

    @staticmethod
    def resolve_job(call: Call) -> str:
        return str(call.job_id)

    @staticmethod
    def resolve_disconnection_reason(call: Call) -> str:
        return call.reason


class CallDetailOut(CallOut):
    """A call with what was said."""

    transcript: str
    recording_url: str


class CallPage(Schema):
    items: list[CallOut]
    next: str | None
