"""What Retell answered to a send, on the call's row; a webhook that was faster wins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from pymongo import UpdateMany

from calls import pacing, refusals
from calls.retell.errors import RetellError
from calls.retell.schemas import CallReply
from calls.states import CALL, CallStatus
from speechai_site.runtime import clock

BY = "dialer"
Answer = CallReply | RetellError
# Share of RETELL_RESEND_UNTIL after which an unconfirmed call is looked at again:
# 10 s, 30 s, 2 min, 10 min of the 55 (reference retell.md, 1.10).
LADDER = (0.003, 0.009, 0.036, 0.18)


@dataclass(frozen=True)
class Send:
    """One permitted POST."""

    call_id: str
    job_id: Any
    sends: int
    body: bytes
    until: datetime  # wall; later the same bytes would be another call
    path: str = ""  # the telephony path, whose calls per second it counts against


def record(answers: list[tuple[Send, Answer]]) -> None:
    """Write what came of the sends. A webhook or poll that was faster wins.

    Only the answer to the first POST can prove that nothing rings: a refusal of a
    resend says nothing about what came before it.
    """
    calls: list[UpdateMany] = []
    refused = []
    for send, answer in answers:
        if isinstance(answer, CallReply):
            calls.append(_registered(send, answer))
            continue
        if answer.kind == "rate_limited":
            pacing.slow_down(answer.retry_after)
        if send.sends > 1:
            calls.append(_still_unknown(send, answer))
        elif answer.kind == "unknown":
            calls.append(_unknown(send, answer))
        else:
            calls.append(_rejected(send, answer))
            refused.append(send.call_id)
    CALL.write(calls)
    refusals.return_jobs(refused)


def _registered(send: Send, reply: CallReply) -> UpdateMany:
    values: dict[str, Any] = {"retell_id": reply.call_id}
    if reply.agent_version is not None:
        values["agent_version"] = reply.agent_version
    return CALL.change(
        {"_id": send.call_id},
        CallStatus.REGISTERED,
        by=BY,
        next_check_wall=clock.wall() + timedelta(seconds=settings.POLL_AFTER),
        **values,
    )


def _rejected(send: Send, error: RetellError) -> UpdateMany:
    return CALL.change(
        {"_id": send.call_id, "sends": 1},
        CallStatus.REJECTED,
        by=BY,
        reason=error.code,
        error_code=error.code,
        next_check_wall=clock.wall(),  # until its job is back: see reconcile
    )


def _unknown(send: Send, error: RetellError) -> UpdateMany:
    return CALL.change(
        {"_id": send.call_id},
        CallStatus.UNKNOWN,
        by=BY,
        reason=error.code,
        error_code=error.code,
        next_check_wall=next_look(send.sends),
        lease_until_wall=clock.wall(),
    )


def _still_unknown(send: Send, error: RetellError) -> UpdateMany:
    return UpdateMany(
        {"_id": send.call_id, "status": CallStatus.UNKNOWN},
        {
            "$set": {
                "next_check_wall": next_look(send.sends),
                "error_code": error.code,
                "lease_until_wall": clock.wall(),
            }
        },
    )


def next_look(sends: int) -> datetime:
    """When an unconfirmed call is looked up or sent again (wall)."""
    share = LADDER[min(sends, len(LADDER)) - 1]
    return clock.wall() + timedelta(seconds=share * settings.RETELL_RESEND_UNTIL)
