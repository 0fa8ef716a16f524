"""What becomes of a call to our own people: the reply to its POST, webhooks, polls.

An unconfirmed one is never sent again: it is looked up until it is found or lost.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from pymongo import UpdateOne

from calls import pacing, reasons, results
from calls.answers import BY, Answer, Send
from calls.models import StaffCall
from calls.models.staff import PREFIX
from calls.retell.schemas import CallReply
from calls.states import FINAL_AT_RETELL, STAFF_CALL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

Document = dict[str, Any]
# Somebody waits before the page: the first look comes soon (wall seconds).
FIRST_LOOK = 5
ROUND = 50
LOOKED_AT = (CallStatus.UNKNOWN, CallStatus.REGISTERED, CallStatus.ONGOING)


def is_staff(attempt_id: str | None) -> bool:
    """Whether Retell's `metadata.attempt_id` names a call of this kind."""
    return bool(attempt_id) and attempt_id.startswith(PREFIX)


def record(answers: list[tuple[Send, Answer]]) -> None:
    """What came of the POST. A webhook that was faster wins."""
    look = timedelta(seconds=min(FIRST_LOOK, settings.POLL_AFTER))
    for send, answer in answers:
        values: Document = {"next_check_wall": clock.wall() + look}
        if isinstance(answer, CallReply):
            to, values["retell_id"] = CallStatus.REGISTERED, answer.call_id
        else:
            unknown = answer.kind == "unknown"
            to = CallStatus.UNKNOWN if unknown else CallStatus.REJECTED
            values |= {"reason": answer.code, "error_code": answer.code}
            if answer.kind == "rate_limited":
                pacing.slow_down(answer.retry_after)
        STAFF_CALL.move({"_id": send.call_id}, to, by=BY, **values)


def merge(reports: list[results.Report]) -> None:
    """Write what Retell says, in any order and as often as it comes."""
    ids = [report.call_id for report in reports]
    rows = collection(StaffCall).find({"_id": {"$in": ids}}, {"kind": 1})
    kinds = {row["_id"]: row["kind"] for row in rows}
    STAFF_CALL.write(
        [_change(r, kinds[r.call_id]) for r in reports if r.call_id in kinds]
    )


def _change(report: results.Report, kind: str) -> UpdateOne:
    reply, status = report.reply, results.status_of(report)
    reason = reply.disconnection_reason or ""
    values: Document = {"retell_id": reply.call_id, "started_at": reply.started_at}
    moved: Document = {}
    if status in FINAL_AT_RETELL:
        values |= {
            "ended_at": reply.ended_at,
            "duration_ms": reply.duration_ms,
            "reason": reason,
        }
        moved["ended_wall"] = clock.wall()
        analysis = reply.call_analysis
        in_voicemail = analysis.in_voicemail if analysis else None
        # only the analysis can say that the one who answered was a machine
        known = values if analysis else moved
        known["outcome"] = reasons.classify(status, reason, in_voicemail)
        # who types a code in must have heard it
        if kind == StaffCall.Kind.TEST or settings.SANDBOX:
            values["transcript"] = reply.transcript
    return STAFF_CALL.merge(
        {"_id": report.call_id},
        status,
        {name: value for name, value in values.items() if value is not None},
        by=results.BY,
        reason=reason,
        **moved,
    )


def due() -> list[Document]:
    """Those to be asked for now. They are due again in POLL_AFTER.

    Before that, what no process holds any more is brought on.
    """
    wall = clock.wall()
    lapsed = {"lease_until_wall": {"$lte": wall}}
    for old, new, code in (
        (CallStatus.PLANNED, CallStatus.WITHDRAWN, "lapsed"),
        (CallStatus.SENDING, CallStatus.UNKNOWN, "sender_lost"),
    ):
        why = {"reason": code, "error_code": code, "next_check_wall": wall}
        STAFF_CALL.move(lapsed, new, only_from=[old], by="reconcile", **why)
    where = {"status": {"$in": list(LOOKED_AT)}, "next_check_wall": {"$lte": wall}}
    found = list(collection(StaffCall).find(where).limit(ROUND))
    if found:
        later = wall + timedelta(seconds=settings.POLL_AFTER)
        collection(StaffCall, fast=True).update_many(
            {"_id": {"$in": [row["_id"] for row in found]}},
            {"$set": {"next_check_wall": later}},
        )
    return found


def lose_overlong(calls: list[Document], longest_seconds: int) -> None:
    """Retell shows no end of them, or no trace, after the longest that they could last
    (business seconds): they are lost, and may still be found."""
    longest = longest_seconds / clock.rate() + settings.OVERLONG_GRACE
    old = clock.wall() - timedelta(seconds=longest)
    ids = [call["_id"] for call in calls if call["first_sent_wall"] <= old]
    if ids:
        where = {"_id": {"$in": ids}}
        STAFF_CALL.move(where, CallStatus.LOST, by="reconcile", reason="no_trace")
