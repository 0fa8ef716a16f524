"""What Retell says of calls, merged in any order and repetition, and what follows.

A webhook, a poll and a look-up bring the same object; `merge` writes it, `settle`
takes the job's next step once the call's result is known. Both are idempotent.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import Decimal128
from django.conf import settings
from pymongo import UpdateMany, UpdateOne

from batches.models import Account, Batch, Job
from batches.states import JOB, JobStatus
from calls import counters, outcomes, stops, suppression
from calls.counters import as_decimal
from calls.gate import Document
from calls.models import Call, CallDetail, ContactLedger, Promise
from calls.outcomes import Facts, Phone, Step, next_step
from calls.retell.analysis import read_analysis
from calls.retell.schemas import CallReply
from calls.states import CALL, FINAL_AT_RETELL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

log = logging.getLogger(__name__)
BY = "results"
# How complete an object is: a later-arriving older one never replaces a fuller one.
RANKS = {"call_started": 1, "poll_open": 1, "call_ended": 2, "call_analyzed": 3}


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
    return "call_ended" if _final_status(reply) else "poll_open"


def merge(reports: Iterable[Report]) -> None:
    """Write what the reports say of their calls, then settle those that are over."""
    reports = list(reports)
    if not reports:
        return
    ids = list({report.call_id for report in reports})
    zones = _zones(ids)
    changes: list[UpdateMany] = []
    details: list[UpdateOne] = []
    for report in reports:
        changes += _call_changes(report, zones.get(report.call_id, ZoneInfo("UTC")))
        details.append(_detail_change(report))
    collection(CallDetail).bulk_write(details, ordered=True)
    CALL.write(changes)
    settle(ids)


def _call_changes(report: Report, zone: ZoneInfo) -> list[UpdateMany]:
    """The values, whatever the status; then the status, if that is a step forward."""
    reply = report.reply
    where = {"_id": report.call_id}
    values = _values(report, zone)
    update: dict[str, Any] = {"$set": values}
    if (cost := reply.cost_usd) is not None:
        update["$max"] = {"cost_usd": Decimal128(cost)}  # late parts only add to it
    changes = [UpdateMany(where, update)]
    status = _status(report)
    if status is None:
        return changes
    pause = 0 if status in FINAL_AT_RETELL else settings.POLL_AFTER
    look = clock.wall() + timedelta(seconds=pause)
    changes.append(
        CALL.change(
            where,
            status,
            by=BY,
            reason=reply.disconnection_reason or "",
            next_check_wall=look,
        )
    )
    return changes


def _status(report: Report) -> str | None:
    """The status that the report proves; None when it proves nothing new."""
    if report.event in ("call_ended", "call_analyzed"):
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


def _values(report: Report, zone: ZoneInfo) -> dict[str, Any]:
    reply = report.reply
    said = {
        "retell_id": reply.call_id,
        "started_at": reply.started_at,
        "agent_version": reply.agent_version,
    }
    if report.event in ("call_ended", "call_analyzed"):
        said |= {
            "ended_at": reply.ended_at,
            "duration_ms": reply.duration_ms,
            "reason": reply.disconnection_reason,
        }
    values = {key: value for key, value in said.items() if value is not None}
    if report.event == "call_analyzed" and reply.call_analysis is not None:
        values |= _analysis_values(reply, zone)
    return values


def _analysis_values(reply: CallReply, zone: ZoneInfo) -> dict[str, Any]:
    general = reply.call_analysis
    typed = read_analysis(general.custom_analysis_data, zone)
    return {
        "analyzed": True,
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


def _zones(call_ids: list[str]) -> dict[str, ZoneInfo]:
    calls = list(collection(Call).find({"_id": {"$in": call_ids}}, {"account_id": 1}))
    accounts = account_zones({call["account_id"] for call in calls})
    return {call["_id"]: accounts[call["account_id"]] for call in calls}


def account_zones(ids: set[Any]) -> dict[Any, ZoneInfo]:
    found = collection(Account).find({"_id": {"$in": list(ids)}}, {"time_zone": 1})
    return {account["_id"]: ZoneInfo(account["time_zone"]) for account in found}


# --- what follows from a result -----------------------------------------------------


def settle(call_ids: list[str]) -> int:
    """Take the next step of the jobs whose calls are over; how many were settled.

    A conversation waits for its analysis, up to ANALYSIS_GRACE (wall) after it was
    first looked at; then the reason alone decides and a later analysis corrects the
    job's result, never its next step.
    """
    calls = list(
        collection(Call).find(
            {"_id": {"$in": call_ids}, "status": {"$in": [*FINAL_AT_RETELL, "lost"]}}
        )
    )
    if not calls:
        return 0
    jobs = {
        job["_id"]: job
        for job in collection(Job).find(
            {"_id": {"$in": [call["job_id"] for call in calls]}}
        )
    }
    zones = account_zones({call["account_id"] for call in calls})
    batches = {
        batch["_id"]: batch
        for batch in collection(Batch).find(
            {"_id": {"$in": [call["batch_id"] for call in calls]}},
            {"max_attempts": 1, "retry_days": 1},
        )
    }
    job_changes, call_changes, released = [], [], []
    for call in calls:
        if call["job_id"] not in jobs:
            continue  # deleted with its campaign
        settlement = _settlement(
            call,
            jobs[call["job_id"]],
            batches[call["batch_id"]],
            zones[call["account_id"]],
        )
        job_changes += settlement.job_changes
        call_changes.append(settlement.call_change)
        if settlement.nothing_rang:
            released.append(call["_id"])
    JOB.write(job_changes)
    if released:
        collection(ContactLedger).delete_many({"call_id": {"$in": released}})
    CALL.write(call_changes)
    counters.mark_dirty(batches)
    return len(job_changes)


@dataclass
class Settlement:
    call_change: UpdateMany
    job_changes: list[UpdateMany]
    nothing_rang: bool = False


def _settlement(
    call: Document, job: Document, batch: Document, zone: ZoneInfo
) -> Settlement:
    outcome = outcomes.classify(
        call["status"], call["reason"], call.get("in_voicemail")
    )
    where = {"_id": call["_id"]}
    if call["settled"] == "analysis":
        return Settlement(_call_settled(where, outcome, "analysis"), [])
    if _must_wait(call, outcome):
        return Settlement(_look_again(call, outcome), [])
    step = next_step(_facts(call, job, batch, zone, outcome))
    _act(call, job, step, zone)
    settled = "analysis" if call["analyzed"] else "reason"
    change = _call_settled(where, outcome, settled)
    if call["settled"] == "reason":  # the step was taken; the result is corrected
        return Settlement(change, [_correction(call, job, outcome, step)])
    return Settlement(
        change, [_job_change(call, job, outcome, step)], nothing_rang=step.frees_day
    )


def _must_wait(call: Document, outcome: str) -> bool:
    """A conversation without analysis, while there is hope for one.

    A request not to be called is never kept waiting.
    """
    if call["analyzed"] or outcome != outcomes.OutcomeClass.CONVERSATION:
        return False
    if call["status"] == CallStatus.LOST:
        return False
    if outcomes.OUTCOMES[call["reason"]].suppresses:
        return False
    return clock.wall() < _ended_wall(call) + timedelta(seconds=settings.ANALYSIS_GRACE)


def _ended_wall(call: Document) -> datetime:
    """When this system first saw the call end (wall)."""
    return call.get("ended_wall") or clock.wall()


def _look_again(call: Document, outcome: str) -> UpdateMany:
    """Poll for the analysis, at growing intervals of its wait."""
    wall = clock.wall()
    ended = _ended_wall(call)
    waited = max((wall - ended).total_seconds(), 0)
    pause = min(max(settings.POLL_AFTER, waited), settings.ANALYSIS_GRACE)
    return UpdateMany(
        {"_id": call["_id"], "settled": ""},
        {
            "$set": {
                "outcome": outcome,
                "ended_wall": ended,
                "next_check_wall": wall + timedelta(seconds=pause),
            }
        },
    )


def _call_settled(where: Document, outcome: str, settled: str) -> UpdateMany:
    return UpdateMany(
        where,
        {"$set": {"outcome": outcome, "settled": settled, "next_check_wall": None}},
    )


def _facts(
    call: Document, job: Document, batch: Document, zone: ZoneInfo, outcome: str
) -> outcomes.Facts:
    return Facts(
        outcome=outcome,
        reason=call["reason"],
        duration_ms=call.get("duration_ms"),
        started=call.get("started_at") is not None,
        analyzed=call["analyzed"],
        contact=call["contact"],
        disposition=call["disposition"],
        wants_no_calls=bool(call.get("wants_no_calls")),
        callback_at=call.get("callback_at"),
        attempts=call["attempt"],
        max_attempts=batch["max_attempts"],
        phones=tuple(
            Phone(phone["e164"], phone.get("state", "ok")) for phone in job["phones"]
        ),
        phone_index=_phone_index(job, call["to_number"]),
        now=clock.now(),
        zone=zone.key,
        retry_days=batch["retry_days"],
        faults=job["faults"],
        refusals=job["refusals"],
    )


def _act(call: Document, job: Document, step: Step, zone: ZoneInfo) -> None:
    """What must be in force before the job's step is: suppression, promise, pause."""
    if step.suppress:
        suppression.suppress_after_call(call, step.suppress, step.code)
    if call.get("promise_date") or call.get("promise_amount"):
        _keep_promise(call, job, zone)
    if call["settled"]:
        return  # a person may have resumed meanwhile
    if step.pause == "batch":
        stops.pause(call["batch_id"], step.code)
    elif step.pause == "all":
        stops.pause_all(step.code)


def _keep_promise(call: Document, job: Document, zone: ZoneInfo) -> None:
    due = call["promise_date"].date() if call.get("promise_date") else None
    amount = call.get("promise_amount")
    amount = None if amount is None else as_decimal(amount)
    problem = Promise.problem(
        {
            "due_date": due,
            "amount": amount,
            "today": clock.now().astimezone(zone).date(),
        },
        {
            "max_date": job["max_date"].date() if job.get("max_date") else None,
            "amount": as_decimal(job["amount"]),
        },
    )
    Promise.objects.update_or_create(
        pk=call["_id"],
        defaults={
            "account_id": call["account_id"],
            "batch_id": call["batch_id"],
            "job_id": call["job_id"],
            "due_date": due,
            "amount": amount,
            "status": Promise.Status.REVIEW if problem else Promise.Status.CURRENT,
        },
    )


def _job_change(call: Document, job: Document, outcome: str, step: Step) -> UpdateMany:
    """The job's step, unless the job has left this call behind."""
    to = step.status
    if to == JobStatus.QUEUED and job["stop_requested"]:
        to = job["stop_requested"]
    values = _job_result(call, job, outcome, step)
    if to == JobStatus.QUEUED:
        values["next_attempt_at"] = step.next_attempt_at
        values["phone_index"] = step.phone_index
    else:
        values |= {"next_attempt_at": None, "finished_at": clock.now()}
    return JOB.change(
        {"_id": job["_id"], "round_id": call["round_id"]},
        to,
        only_from=[JobStatus.CALLING],
        by=BY,
        reason=step.code,
        attempts__inc=int(step.attempt_used),
        faults__inc=int(step.fault),
        refusals__inc=int(step.refusal),
        **values,
    )


def _correction(call: Document, job: Document, outcome: str, step: Step) -> UpdateMany:
    return UpdateMany(
        {"_id": job["_id"], "round_id": call["round_id"]},
        {"$set": _job_result(call, job, outcome, step)},
    )


def _job_result(
    call: Document, job: Document, outcome: str, step: Step
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "outcome": outcome,
        "disposition": step.disposition,
        "status_reason": step.code,
    }
    for name in ("promise_date", "promise_amount", "callback_at"):
        if call.get(name) is not None:
            values[name] = call[name]
    if step.phone_state:
        index = _phone_index(job, call["to_number"])
        values[f"phones.{index}.state"] = step.phone_state
    return values


def _phone_index(job: Document, e164: str) -> int:
    for index, phone in enumerate(job["phones"]):
        if phone["e164"] == e164:
            return index
    return job["phone_index"]


def _day(value: Any) -> datetime | None:
    """A date as MongoDB keeps Django's DateField."""
    return datetime.combine(value, time(0), tzinfo=UTC) if value else None


def _money(value: Any) -> Decimal128 | None:
    return None if value is None else Decimal128(value)
