"""What Retell says of calls, merged in any order and repetition, and what follows.

A webhook, a poll and a look-up bring the same object; `merge` writes it, `settle`
(calls/settling.py) takes the job's next step. Both are idempotent.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import Decimal128
from django.conf import settings
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from calls import incidents, reasons, settling
from calls.models import Call, CallDetail
from calls.retell.analysis import read_analysis
from calls.retell.schemas import CallReply
from calls.speech import SpeechReview
from calls.states import CALL, FINAL_AT_RETELL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection, only_duplicates

log = logging.getLogger(__name__)
BY = "results"
# Settled at once; in so many wall seconds by reconcile, when that was cut off.
SETTLED_BY = 3
# How complete an object is: a later-arriving older one never replaces a fuller one.
RANKS = {
    "call_started": 1,
    "poll_open": 1,
    "call_ended": 2,
    "poll_ended": 2,
    "call_analyzed": 3,
}
ENDS = ("call_ended", "poll_ended", "call_analyzed")


CALL_FIELDS = {"account_id": 1, "batch_id": 1, "job_id": 1, "disclosure_version": 1}


@dataclass(frozen=True)
class Report:
    """One thing that Retell said of a call. `event` is a key of RANKS."""

    call_id: str
    event: str
    reply: CallReply


def event_of(reply: CallReply) -> str:
    """What a polled object amounts to, in terms of webhook events."""
    if reply.call_analysis is not None and _final_status(reply):
        return "call_analyzed"
    return "poll_ended" if _final_status(reply) else "poll_open"


def merge(reports: Iterable[Report]) -> None:
    """Write what the reports say of their calls, then settle those that are over."""
    reports = list(reports)
    if not reports:
        return
    ids = list({report.call_id for report in reports})
    calls, zones = _known(ids)
    changes: list[UpdateOne] = []
    details: list[UpdateOne] = []
    reviewed: list[incidents.Reviewed] = []
    for report in reports:
        call = calls.get(report.call_id, {})
        try:
            values = _values(report, zones.get(call.get("account_id")))
            found = _review(report, call, values)
            change = _call_change(report, values)
        except Exception as error:  # one must not stop the others
            log.error("call %s: %s in a reply", report.call_id, type(error).__name__)
            continue
        changes.append(change)
        if not _comes_again(report):
            details.append(_detail_change(report))
        if found is not None:
            reviewed.append((call, found))
    # first: a call that is analyzed is not looked at again
    incidents.record(reviewed)
    if details:
        collection(CallDetail).bulk_write(details, ordered=True)
    if changes:
        _write(changes)
    settling.settle(ids)


def _write(changes: list[UpdateOne]) -> None:
    """All but those that would give a second call of ours the same id at Retell."""
    try:
        CALL.write(changes)
    except BulkWriteError as error:
        if not only_duplicates(error):
            raise
        refused = len(error.details["writeErrors"])
        log.critical("%s replies name a call that is another's", refused)


def _call_change(report: Report, values: dict[str, Any]) -> UpdateOne:
    """The values, whatever the status; the status, if that is a step forward."""
    reply, status = report.reply, status_of(report)
    maximum = {}
    if (cost := reply.cost_usd) is not None:
        maximum["cost_usd"] = Decimal128(cost)  # late parts only add to it
    wall, pause, moved = clock.wall(), settings.POLL_AFTER, {}
    if status in FINAL_AT_RETELL:
        reason = reply.disconnection_reason or ""
        moved["outcome"] = reasons.classify(status, reason, None)
        moved["ended_wall"] = wall
        acts_at_once = reasons.reason_of(reason, moved["outcome"]).acts_at_once
        connected = reply.start_timestamp is not None
        if report.event == "call_analyzed" or acts_at_once or not connected:
            pause = SETTLED_BY
    return CALL.merge(
        {"_id": report.call_id},
        status,
        values,
        by=BY,
        reason=reply.disconnection_reason or "",
        maximum=maximum,
        next_check_wall=wall + timedelta(seconds=pause),
        **moved,
    )


def _comes_again(report: Report) -> bool:
    """Whether the whole reply needs no place yet: a fuller one follows in seconds.

    A beginning says nothing that the row does not. The webhook of a conversation's
    end is followed by its analysis, or else by polls, with the same and more.
    """
    if report.event == "call_ended":
        return report.reply.start_timestamp is not None
    return RANKS[report.event] == 1


def status_of(report: Report) -> str | None:
    """The status that the report proves; None when it proves nothing new."""
    if report.event in ENDS:
        return _final_status(report.reply) or CallStatus.ENDED
    if report.event == "call_started" or report.reply.call_status == "ongoing":
        return CallStatus.ONGOING
    if report.reply.call_status == "registered":
        return CallStatus.REGISTERED
    return _final_status(report.reply)


def _final_status(reply: CallReply) -> str | None:
    """Final as the status says, or as an end and a reason prove (reference 1.7)."""
    if reply.call_status in tuple(FINAL_AT_RETELL):
        return reply.call_status
    if not reply.disconnection_reason and reply.end_timestamp is None:
        return None
    connected = reply.start_timestamp is not None
    return CallStatus.ENDED if connected else CallStatus.NOT_CONNECTED


def _values(report: Report, zone: ZoneInfo | None) -> dict[str, Any]:
    reply = report.reply
    said = {
        "retell_id": reply.call_id,
        "started_at": reply.started_at,
        "agent_version": reply.agent_version,
    }
    if report.event in ENDS:
        said |= {
            "ended_at": reply.ended_at,
            "duration_ms": reply.duration_ms,
            "reason": reply.disconnection_reason,
        }
    values = {key: value for key, value in said.items() if value is not None}
    if report.event == "call_analyzed":
        values["analyzed"] = True
        if reply.call_analysis is not None:
            values |= _analysis_values(reply, zone)
    return values


def _analysis_values(reply: CallReply, zone: ZoneInfo | None) -> dict[str, Any]:
    general = reply.call_analysis
    typed = read_analysis(general.custom_analysis_data, zone)
    return {
        "in_voicemail": general.in_voicemail,
        "summary": general.call_summary or "",
        "sentiment": general.user_sentiment or "",
        "contact": typed.contact or "",
        "identity_verified": typed.identity_verified,
        "disposition": typed.disposition or "",
        "promise_date": _day(typed.promise_date),
        "promise_amount": _money(typed.promise_amount),
        "callback_at": typed.callback_at,
        "wants_no_calls": bool(typed.wants_no_calls),
    }


def _review(
    report: Report, call: dict[str, Any], values: dict[str, Any]
) -> SpeechReview | None:
    """Judge what was said, once the transcript is final; adds its result to `values`."""
    if report.event != "call_analyzed" or not call.get("disclosure_version"):
        return None
    reply = report.reply
    found = incidents.review(
        call,
        {"transcript": reply.transcript, **(reply.model_extra or {})}
        | {"disconnection_reason": reply.disconnection_reason},
        outcome=reasons.classify(
            status_of(report) or CallStatus.ENDED,
            reply.disconnection_reason or "",
            values.get("in_voicemail"),
        ),
        identity_verified=values.get("identity_verified"),
    )
    if found is not None:
        values["notices_complete"] = found.is_complete
    return found


def _detail_change(report: Report) -> UpdateOne:
    reply = report.reply
    rank = RANKS[report.event]
    values: dict[str, Any] = {"reply": reply.raw, "reply_rank": rank}
    if reply.transcript:
        values["transcript"] = reply.transcript
    if reply.recording_url:
        values["recording_url"] = reply.recording_url
    return UpdateOne(
        {"_id": report.call_id, "reply_rank": {"$lte": rank}}, {"$set": values}
    )


def _known(
    call_ids: list[str],
) -> tuple[dict[str, dict[str, Any]], dict[Any, ZoneInfo]]:
    """What is known of the calls beforehand, and the zones of their accounts."""
    found = collection(Call).find({"_id": {"$in": call_ids}}, CALL_FIELDS)
    calls = {call["_id"]: call for call in found}
    return calls, settling.account_zones(
        {call["account_id"] for call in calls.values()}
    )


def _day(value: Any) -> datetime | None:
    """A date as MongoDB keeps Django's DateField."""
    return datetime.combine(value, time(0), tzinfo=UTC) if value else None


def _money(value: Any) -> Decimal128 | None:
    return None if value is None else Decimal128(value)
