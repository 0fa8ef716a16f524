"""What the API says of calls. Amounts are text, times are UTC."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from ninja import Field, Schema

from calls.block_reasons import BY_HAND
from calls.models import Call, DoNotCall


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


Reason = Literal[tuple(BY_HAND)]  # type: ignore[valid-type]  # from the table


class BlockIn(Schema):
    """Who must not be called: a phone, a document, or both.

    With the reason `wrong_number` both are needed, and the phone is not used for that
    person alone. `creditor`: only on its behalf. `expires_at`: with a time zone.
    """

    phone: str = Field("", max_length=40, description="+56912345678, or as written")
    document: str = Field("", max_length=40, description="12.345.678-5")
    reason: Reason
    creditor: str = Field("", max_length=120)
    expires_at: datetime | None = None


class BlockOut(Schema):
    """An entry of the do-not-call list. Phones and documents are not kept."""

    id: str
    kind: DoNotCall.Kind
    masked: str
    creditor: str
    reason: str
    source: str
    expires_at: datetime | None
    created_at: datetime

    @staticmethod
    def resolve_id(entry: DoNotCall) -> str:
        return str(entry.pk)

    @staticmethod
    def resolve_source(entry: DoNotCall) -> str:
        """call, user, key or upload."""
        return entry.source.partition(":")[0]


class BlocksOut(Schema):
    """`added`: entries that are new; `ended`: waiting cases that ended at once."""

    items: list[BlockOut]
    added: int
    ended: int


class BlockPage(Schema):
    items: list[BlockOut]
    next: str | None


class WhoIn(Schema):
    phone: str = Field("", max_length=40)
    document: str = Field("", max_length=40)


class WithdrawIn(Schema):
    reason: str = Field(min_length=3, max_length=200)
