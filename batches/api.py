"""Campaigns and cases of the key's account, read only.

Lists are newest first. `after` is the `next` of the page before; a page that filters
may be shorter than `limit`, so go on while `next` is not null. Rows of another
account are not found. Persons are shown in full: a key serves the client whose
debtors they are. What calls cost is not said: that is not the client's price.
"""

from collections.abc import Callable
from typing import Annotated, Any

from bson import ObjectId
from django.http import Http404, HttpRequest
from ninja import Query, Router

from batches.models import Batch, Job
from batches.schemas import BatchOut, BatchPage, Error, JobDetail, JobPage
from speechai_site.runtime import keyset

router = Router()
ERRORS = {401: Error, 403: Error, 404: Error, 422: Error}
Limit = Annotated[int, Query(ge=1, le=200)]
Reason = Annotated[str, Query(max_length=64)]
# Heavy columns that a list does not show.
NOT_LISTED = ("debts", "variables", "extra", "warnings", "source_rows", "history")

# What holds a case back, in the shape of DecisionOut; `calls` knows, and adds it here.
HELD_BY: list[Callable[[Job], dict[str, Any] | None]] = []


@router.get("/batches", response={200: BatchPage, **ERRORS}, tags=["batches"])
def list_batches(
    request: HttpRequest,
    status: Batch.Status | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Campaigns, newest first."""
    ids, next_id = keyset.page(
        Batch,
        {"account_id": request.auth.account_id},
        {"status": status.value} if status else {},
        after=object_id(after) if after else None,
        limit=limit,
    )
    items = Batch.objects.filter(pk__in=ids).order_by("-pk").defer("history")
    return {"items": list(items), "next": next_id and str(next_id)}


@router.get("/batches/{batch_id}", response={200: BatchOut, **ERRORS}, tags=["batches"])
def get_batch(request: HttpRequest, batch_id: str) -> Batch:
    """One campaign."""
    return own_batch(request, batch_id)


@router.get("/jobs", response={200: JobPage, **ERRORS}, tags=["jobs"])
def list_jobs(
    request: HttpRequest,
    batch: str | None = None,
    status: Job.Status | None = None,
    reason: Reason | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Cases, newest first; of one campaign, in one status, with one `status_reason`,
    or all of these."""
    where = {"account_id": request.auth.account_id}
    if batch:
        where = {"batch_id": own_batch(request, batch).pk}
    wanted = {"status": status and status.value, "status_reason": reason}
    ids, next_id = keyset.page(
        Job,
        where,
        {column: value for column, value in wanted.items() if value},
        after=object_id(after) if after else None,
        limit=limit,
    )
    items = Job.objects.filter(pk__in=ids).order_by("-pk").defer(*NOT_LISTED)
    return {"items": list(items), "next": next_id and str(next_id)}


@router.get("/jobs/{job_id}", response={200: JobDetail, **ERRORS}, tags=["jobs"])
def get_job(request: HttpRequest, job_id: str) -> Job:
    """One case, with its debts, variables and other columns, and why it is not called."""
    job = own_job(request, job_id)
    job.decision = next((held for by in HELD_BY if (held := by(job))), None)
    return job


def own_batch(request: HttpRequest, text: str) -> Batch:
    """The batch `text` of the key's account; Http404 for any other."""
    return _own(Batch, request, text)


def own_job(request: HttpRequest, text: str) -> Job:
    """The job `text` of the key's account; Http404 for any other."""
    return _own(Job, request, text)


def object_id(text: str) -> ObjectId:
    """Http404 when `text` is not an id."""
    if not ObjectId.is_valid(text):
        raise Http404
    return ObjectId(text)


def _own(model: type, request: HttpRequest, text: str) -> Any:
    found = model.objects.filter(
        pk=object_id(text), account_id=request.auth.account_id
    ).first()
    if found is None:
        raise Http404
    return found
