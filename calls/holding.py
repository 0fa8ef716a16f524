"""For which decision a case waits or ended."""

from batches.models import Batch, Job
from batches.states import NOT_CALLED, JobStatus
from calls import gate
from calls.asked import JOB_FIELDS
from calls.models import Decision
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

# Where `Job.status_reason` may be the code of a decision.
HELD = (*NOT_CALLED, JobStatus.EXPIRED)


def holding(job: Job) -> Decision | None:
    """None: no decision holds it. Of a case that is due it is what the gate says now,
    and is not stored: while nobody in a country may be called its cases are not
    claimed, so nothing was kept of them."""
    return _now(job) or _kept(job)


def _kept(job: Job) -> Decision | None:
    """The same answer is kept once, so the newest row may be an older question's."""
    if job.status not in HELD or not job.status_reason:
        return None
    rows = Decision.objects.filter(job_id=job.pk, code=job.status_reason)
    return rows.order_by("-at").first()


def _now(job: Job) -> Decision | None:
    now = clock.now()
    if job.status != JobStatus.QUEUED or (job.next_attempt_at or now) > now:
        return None
    if job.batch.status != Batch.Status.RUNNING:
        return None
    row = collection(Job).find_one({"_id": job.pk}, JOB_FIELDS)
    if row is None:
        return None
    asked = gate.Gate([row])
    verdict = asked.verdict(row, asked.phone_of(row))
    for decided in gate.as_decision(row, verdict, now):
        return Decision(**decided)
    return None
