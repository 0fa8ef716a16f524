"""What follows when a call is over: the next step of its case, once.

The rules are pure (`calls/outcomes.py`); here their step is put in force, so that it
may be repeated, run twice at once, and be cut off between any two lines.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from pymongo import UpdateMany, UpdateOne

from batches.models import Account, Batch, Job
from batches.states import JOB, JobStatus, asked
from calls import counters, incidents, outcomes, reasons, stops, suppression
from calls.counters import as_decimal
from calls.gate import Document
from calls.models import Call, ContactLedger, Promise
from calls.outcomes import Facts, Phone, Step
from calls.states import CALL, FINAL_AT_RETELL, CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

log = logging.getLogger(__name__)
BY = "results"
UTC_ZONE = ZoneInfo("UTC")
# What a step depends on and changes.
BATCH_FIELDS = {"max_attempts": 1, "retry_days": 1}
JOB_FIELDS = {
    "phones": 1,
    "phone_index": 1,
    "faults": 1,
    "refusals": 1,
    "stop_requested": 1,
    "stop_reason": 1,
    "amount": 1,
    "max_date": 1,
    "outcome": 1,
    "disposition": 1,
    "promise_date": 1,
    "promise_amount": 1,
    "callback_at": 1,
}
# A rule failed on this case: a person decides.
FAILED = Step("review", "rule_failed")


@dataclass(frozen=True)
class Case:
    """An ended call with all that its step depends on."""

    call: Document
    job: Document
    batch: Document
    zone: ZoneInfo
    outcome: str

    @property
    def is_first(self) -> bool:
        """No step was taken yet."""
        return not self.call["settled"]


def settle(call_ids: list[str], *, polled: bool = False) -> int:
    """Take the next step of the jobs whose calls are over; how many were settled.

    A call that was answered waits for its analysis, up to ANALYSIS_GRACE (wall) after
    it was first looked at; then the reason alone decides, and a later analysis
    corrects the job's result, never its next step. The call is marked last: until
    then it is looked at again. `polled`: Retell was asked just now, in vain; the next
    time is later.
    """
    over = {"$in": [*FINAL_AT_RETELL, CallStatus.LOST]}
    calls = list(
        collection(Call).find(
            {
                "_id": {"$in": call_ids},
                "status": over,
                "settled": {"$ne": "analysis"},
            },
            {"history": 0, "summary": 0, "name": 0},
        )
    )
    if not calls:
        return 0
    cases, marks = _cases(calls)
    steps: list[tuple[Case, Step]] = []
    for case in cases:
        if _must_wait(case):
            if polled or not case.call.get("ended_wall"):
                marks.append(_look_again(case))
            continue
        step = _step(case)
        steps.append((case, step))
        marks.append(_settled(case.call, case.outcome))
    _put_in_force(steps)
    incidents.review_unanalyzed(
        [
            {**case.call, "outcome": case.outcome}
            for case, _step in steps
            if not case.call["analyzed"]
        ]
    )
    if steps:
        counters.mark_dirty({case.batch["_id"] for case, _step in steps})
    CALL.write(marks)
    return len(steps)


def _cases(calls: list[Document]) -> tuple[list[Case], list[UpdateMany]]:
    """The cases, and the marks of calls whose campaign was deleted."""
    jobs = _by_id(Job, {call["job_id"] for call in calls}, JOB_FIELDS)
    batches = _by_id(Batch, {call["batch_id"] for call in calls}, BATCH_FIELDS)
    zones = account_zones({call["account_id"] for call in calls})
    cases, gone = [], []
    for call in calls:
        job, batch = jobs.get(call["job_id"]), batches.get(call["batch_id"])
        outcome = reasons.classify(
            call["status"], call["reason"], call.get("in_voicemail")
        )
        if job is None or batch is None:
            gone.append(_settled(call, outcome))
            continue
        zone = zones.get(call["account_id"], UTC_ZONE)
        cases.append(Case(call, job, batch, zone, outcome))
    return cases, gone


def account_zones(ids: set[Any]) -> dict[Any, ZoneInfo]:
    """The accounts' zones; one that does not exist is left out."""
    zones = {}
    for account in collection(Account).find(
        {"_id": {"$in": list(ids)}}, {"time_zone": 1}
    ):
        try:
            zones[account["_id"]] = ZoneInfo(account["time_zone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            log.error("account %s has an unknown time zone", account["_id"])
    return zones


# --- waiting for the analysis -------------------------------------------------------


def _must_wait(case: Case) -> bool:
    """Answered and not analyzed yet, while there is hope.

    What stops at once (an opt-out, billing) is never kept waiting.
    """
    call = case.call
    if call["analyzed"] or call.get("started_at") is None:
        return False
    if call["status"] == CallStatus.LOST:
        return False
    if reasons.reason_of(call["reason"], case.outcome).acts_at_once:
        return False
    wall, grace = clock.wall(), timedelta(seconds=settings.ANALYSIS_GRACE)
    return wall < (call.get("ended_wall") or wall) + grace


def _first_seen(call: Document) -> datetime:
    """When this system first looked at the call's end (wall)."""
    return call.get("ended_wall") or clock.wall()


def _look_again(case: Case) -> UpdateMany:
    """Poll for the analysis, at growing intervals of its wait."""
    wall, seen = clock.wall(), _first_seen(case.call)
    waited = max((wall - seen).total_seconds(), 0)
    pause = min(max(settings.POLL_AFTER, waited), settings.ANALYSIS_GRACE)
    return UpdateMany(
        {"_id": case.call["_id"], "settled": ""},
        {
            "$set": {
                "outcome": case.outcome,
                "ended_wall": seen,
                "next_check_wall": wall + timedelta(seconds=pause),
            }
        },
    )


def _settled(call: Document, outcome: str) -> UpdateMany:
    """Nothing matches when the analysis came meanwhile: it is settled once more."""
    values = {
        "outcome": outcome,
        "settled": "analysis" if call["analyzed"] else "reason",
        "ended_wall": _first_seen(call),
        "next_check_wall": _cost_look(call),
    }
    return UpdateMany(
        {"_id": call["_id"], "analyzed": call["analyzed"]}, {"$set": values}
    )


def _cost_look(call: Document) -> datetime | None:
    """When to ask once more what the call has cost; None: not again.

    A call that cost nothing, or never began, has nothing that could grow.
    """
    cost, wall = call.get("cost_usd"), clock.wall()
    free = call.get("started_at") is None if cost is None else not as_decimal(cost)
    if free or call["status"] not in FINAL_AT_RETELL:
        return None
    came_late = call["analyzed"] and call["settled"] == "reason"
    look = (wall if came_late else _first_seen(call)) + cost_wait()
    return look if look > wall else None


def cost_wait() -> timedelta:
    """From a call's end until its cost is looked at once more (wall)."""
    return timedelta(seconds=settings.COST_LOOK_AFTER)


# --- the step -----------------------------------------------------------------------


def _step(case: Case) -> Step:
    try:
        return outcomes.next_step(_facts(case))
    except Exception as error:
        # one case must not stop the others; a message may hold personal data
        log.error("call %s: %s in a rule", case.call["_id"], type(error).__name__)
        return FAILED


def _facts(case: Case) -> Facts:
    call, job, batch = case.call, case.job, case.batch
    return Facts(
        outcome=case.outcome,
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
        zone=case.zone.key,
        retry_days=batch["retry_days"],
        faults=job["faults"],
        refusals=job["refusals"],
        hung_up=call.get("told_to_stop_wall") is not None,
    )


def _put_in_force(steps: list[tuple[Case, Step]]) -> None:
    """First what protects people, then the jobs."""
    suppression.suppress_all(
        [
            entry
            for case, step in steps
            if case.is_first or case.call["analyzed"]
            for entry in _entries(case, step)
        ]
    )
    for case, step in steps:
        if step.pause and case.is_first:  # later a person may have resumed
            _pause(case, step)
    _keep_promises([case for case, _step in steps])
    first = [(case, step) for case, step in steps if case.is_first]
    # the day is given back before the job may be planned again
    nothing_rang = [case.call["_id"] for case, step in first if step.frees_day]
    if nothing_rang:
        collection(ContactLedger).delete_many({"call_id": {"$in": nothing_rang}})
    changed = JOB.write([_job_change(case, step) for case, step in first])
    again = [(case, step) for case, step in steps if not case.is_first]
    if changed < len(first):
        # somebody else took some of these steps, perhaps before the analysis
        again += [(case, step) for case, step in first if case.call["analyzed"]]
    JOB.write([change for case, step in again for change in _corrections(case, step)])


def _entries(case: Case, step: Step) -> list[suppression.Entry]:
    """Whom, or which phone, the call put on the do-not-call list."""
    entries = []
    if step.suppress:
        entries += suppression.after_call(case.call, step.suppress, step.code)
    if step.phone_state == "wrong":
        entries.append(suppression.wrong_pair(case.call))
    return entries


def _pause(case: Case, step: Step) -> None:
    if step.pause == "batch":
        stops.pause(case.batch["_id"], step.code)
    else:
        stops.pause_all(step.code)


def _job_change(case: Case, step: Step) -> UpdateMany:
    """The job's step, unless the job has left this call behind."""
    job, call = case.job, case.call
    to, code = step.status, step.code
    if to == JobStatus.QUEUED and job["stop_requested"]:
        to, code = asked(job)
    values = _result(case, step) | {"status_reason": code}
    if to == JobStatus.QUEUED:
        values["next_attempt_at"] = step.next_attempt_at
        values["phone_index"] = step.phone_index
    else:
        values |= {"next_attempt_at": None, "finished_at": clock.now()}
        values["stop_requested"] = ""  # it has stopped: a later rerun begins anew
    return JOB.change(
        {"_id": job["_id"], "round_id": call["round_id"]},
        to,
        only_from=[JobStatus.CALLING],
        by=BY,
        reason=code,
        attempts__inc=int(step.attempt_used),
        faults__inc=int(step.fault),
        refusals__inc=int(step.refusal),
        **values,
    )


def _corrections(case: Case, step: Step) -> list[UpdateMany]:
    """The result alone, while the job has not been called again; none without news.

    The reason is the step's only where the job is still as the step left it.
    """
    job, values = case.job, _result(case, step)
    where = {"_id": job["_id"], "round_id": case.call["round_id"]}
    if all(job.get(name) == value for name, value in values.items()):
        return []
    return [
        UpdateMany(where, {"$set": values}),
        UpdateMany(
            {**where, "status": step.status}, {"$set": {"status_reason": step.code}}
        ),
    ]


def _result(case: Case, step: Step) -> dict[str, Any]:
    """What became of the call, on its job."""
    call, job = case.call, case.job
    values: dict[str, Any] = {"outcome": case.outcome, "disposition": step.disposition}
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


# --- promises -----------------------------------------------------------------------


def _keep_promises(cases: list[Case]) -> None:
    rows = [
        _promise(case)
        for case in cases
        if case.call.get("promise_date") or case.call.get("promise_amount")
    ]
    if rows:
        collection(Promise).bulk_write(rows, ordered=False)


def _promise(case: Case) -> UpdateOne:
    """One promise a call; a person's later changes to it stay."""
    call, job = case.call, case.job
    amount = call.get("promise_amount")
    problem = Promise.problem(
        {
            "due_date": call["promise_date"].date()
            if call.get("promise_date")
            else None,
            "amount": None if amount is None else as_decimal(amount),
            "today": clock.now().astimezone(case.zone).date(),
        },
        {
            "max_date": job["max_date"].date() if job.get("max_date") else None,
            "amount": as_decimal(job["amount"]),
        },
    )
    made = {
        "account_id": call["account_id"],
        "batch_id": call["batch_id"],
        "job_id": call["job_id"],
        "due_date": call.get("promise_date"),
        "amount": amount,
        "status": Promise.Status.REVIEW if problem else Promise.Status.CURRENT,
        "made_at": clock.now(),
    }
    return UpdateOne({"_id": call["_id"]}, {"$setOnInsert": made}, upsert=True)


def _by_id(model: Any, ids: set[Any], fields: Document) -> dict[Any, Document]:
    found = collection(model).find({"_id": {"$in": list(ids)}}, fields)
    return {row["_id"]: row for row in found}
