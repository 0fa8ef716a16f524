"""Putting people on the do-not-call list, and what is cancelled at once."""

from typing import Any

from batches.states import JOB, JobStatus
from calls.gate import Document
from calls.models import DoNotCall
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection


def suppress(
    kind: str,
    key: str,
    *,
    account_id: Any,
    reason: str,
    source: str,
    masked: str = "",
    expires_at: Any = None,
) -> int:
    """Add an entry (once, however often asked) and deny what waits for it.

    `account_id` None blocks for everybody. Returns how many waiting jobs ended.
    """
    collection(DoNotCall).update_one(
        {"kind": kind, "key": key, "account_id": account_id},
        {
            "$setOnInsert": {
                "reason": reason,
                "source": source,
                "masked": masked,
                "created_at": clock.now(),
            },
            "$set": {"expires_at": expires_at},
        },
        upsert=True,
    )
    if kind != DoNotCall.Kind.PERSON:
        return 0  # a job may have another phone: the gate decides
    where: dict[str, Any] = {"person_key": key}
    if account_id is not None:
        where["account_id"] = account_id
    return JOB.move(
        where,
        JobStatus.DENIED,
        only_from=[JobStatus.QUEUED],
        by=source,
        reason="do_not_call",
        status_reason="do_not_call",
        next_attempt_at=None,
        finished_at=clock.now(),
    )


def suppress_after_call(call: Document, who: str, code: str) -> None:
    """What the called person asked for in a call holds from this moment.

    `who` is "phone", or "person": then the person and the phone that was dialed.
    """
    targets = {DoNotCall.Kind.PHONE: call["to_key"]}
    if who == "person":
        targets[DoNotCall.Kind.PERSON] = call["person_key"]
    for kind, key in targets.items():
        suppress(
            kind,
            key,
            account_id=call["account_id"],
            reason=code,
            source=f"call:{call['_id']}",
            masked=f"…{call['to_number'][-3:]}",
        )
