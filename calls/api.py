"""Calls of the key's account, read only; the rules are those of `batches/api.py`."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from batches.api import ERRORS, HELD_BY, Limit, own_batch, own_job
from calls import explained
from calls.models import Call, CallDetail
from calls.schemas import CallDetailOut, CallPage
from speechai_site.runtime import keyset

router = Router()


@router.get("/calls", response={200: CallPage, **ERRORS}, tags=["calls"])
def list_calls(
    request: HttpRequest,
    batch: str | None = None,
    job: str | None = None,
    status: Call.Status | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Calls, newest first; of one campaign or case, in one status, or both."""
    where: dict[str, Any] = {"account_id": request.auth.account_id}
    wanted: dict[str, Any] = {"status": status.value} if status else {}
    if batch:
        where = {"batch_id": own_batch(request, batch).pk}
    if job:
        wanted |= where
        where = {"job_id": own_job(request, job).pk}
    ids, next_id = keyset.page(Call, where, wanted, after=after, limit=limit)
    items = Call.objects.filter(pk__in=ids).order_by("-pk").defer("history")
    return {"items": list(items), "next": next_id}


@router.get("/calls/{call_id}", response={200: CallDetailOut, **ERRORS}, tags=["calls"])
def get_call(request: HttpRequest, call_id: str) -> Call:
    """One call, with its transcript and the address of its recording."""
    call = Call.objects.filter(pk=call_id, account_id=request.auth.account_id).first()
    if call is None:
        raise Http404
    detail = CallDetail.objects.filter(pk=call.pk).only("transcript", "recording_url")
    said = detail.first() or CallDetail()
    call.transcript, call.recording_url = said.transcript, said.recording_url
    return call


HELD_BY.append(explained.of_job)
