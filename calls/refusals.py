"""Giving jobs back whose calls Retell refused, and stopping what would be refused too."""

from pymongo import UpdateMany

from batches.models import Job
from batches.states import JOB, JobStatus, asked
from calls import counters, stops, suppression
from calls.block_reasons import ADMINISTRATIVE
from calls.gate import Document
from calls.models import Call, ContactLedger
from calls.states import CallStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

BY = "dialer"
REFUSED_FIELDS = {
    "job_id": 1,
    "batch_id": 1,
    "round_id": 1,
    "error_code": 1,
    "to_key": 1,
    "to_number": 1,
}
# Refusals that are nobody's fault in particular: what stops until a person looks.
PAUSES_ALL = {"unauthorized", "payment_required", "forbidden"}
PAUSES_BATCH = {"no_outbound_agent", "number_not_found", "not_found", "unknown_asset"}


def return_jobs(call_ids: list[str]) -> None:
    """Give back the jobs of those calls that Retell refused: nothing rang.

    Repeatable: a job that has moved on since is left alone. A refused call is looked
    at again until its last line here is done.
    """
    refused = list(
        collection(Call).find(
            {"_id": {"$in": call_ids}, "status": CallStatus.REJECTED},
            REFUSED_FIELDS,
        )
    )
    if not refused:
        return
    _pause_after(refused)
    blocked = [call for call in refused if call["error_code"] == "do_not_call"]
    suppression.suppress_all(list(map(suppression.refused_by_retell, blocked)))
    ids = [call["_id"] for call in refused]
    # first the day, then the job: the other way round it could lose the day
    collection(ContactLedger).delete_many({"call_id": {"$in": ids}})
    found = collection(Job).find(
        {"_id": {"$in": [call["job_id"] for call in refused]}},
        {"stop_requested": 1, "stop_reason": 1},
    )
    jobs = {job["_id"]: job for job in found}
    JOB.write(
        [
            _job_after_refusal(call, jobs[call["job_id"]])
            for call in refused
            if call["job_id"] in jobs
        ]
    )
    counters.mark_dirty({call["batch_id"] for call in refused})
    collection(Call, fast=True).update_many(
        {"_id": {"$in": ids}}, {"$set": {"next_check_wall": None}}
    )


def _pause_after(refused: list[Document]) -> None:
    """What stops until a person looks, by the codes of the refusals."""
    for code in {call["error_code"] for call in refused} & PAUSES_ALL:
        stops.pause_all(code)
    for call in refused:
        if call["error_code"] in PAUSES_BATCH:
            stops.pause(call["batch_id"], call["error_code"])


def _job_after_refusal(call: Document, job: Document) -> UpdateMany:
    error = call["error_code"]
    to, code = JobStatus.QUEUED, f"provider_{error}"
    if error == "do_not_call":
        to, code = JobStatus.DENIED, ADMINISTRATIVE  # not who asked for it, nor whom
    elif error == "invalid_request":
        to = JobStatus.REVIEW
    elif job["stop_requested"]:
        to, code = asked(job)
    values = {"next_attempt_at": None, "finished_at": clock.now()}
    if to == JobStatus.QUEUED:
        values = {"next_attempt_at": clock.now()}
    return JOB.change(
        {"_id": job["_id"], "round_id": call["round_id"]},
        to,
        only_from=[JobStatus.CALLING],
        by=BY,
        reason=code,
        status_reason=code,
        **values,
    )
