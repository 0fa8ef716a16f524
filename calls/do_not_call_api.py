"""The do-not-call list of the key's account: list, look up, add, withdraw.

Phones and documents come in bodies, never in addresses. What the agency, a registry
or another account blocks is not shown. Writing needs the scope `do_not_call`.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Status
from ninja.errors import AuthorizationError, HttpError

from batches.api import ERRORS, Limit, object_id
from calls import suppression
from calls.block_requests import BlockRequest, read_person, read_phone
from calls.models import DoNotCall
from calls.schemas import BlockIn, BlockOut, BlockPage, BlocksOut, WhoIn, WithdrawIn
from speechai_site.runtime import keys, keyset

router = Router()
SCOPE = "do_not_call"


@router.get("/do-not-call", response={200: BlockPage, **ERRORS}, tags=["do-not-call"])
def list_blocks(
    request: HttpRequest,
    kind: DoNotCall.Kind | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Entries that were not withdrawn, newest first; expired ones too."""
    wanted: dict[str, Any] = {"withdrawn_at": None}
    if kind:
        wanted["kind"] = kind.value
    ids, next_id = keyset.page(
        DoNotCall,
        {"account_id": request.auth.account_id},
        wanted,
        after=object_id(after) if after else None,
        limit=limit,
    )
    items = DoNotCall.objects.filter(pk__in=ids).order_by("-pk")
    return {"items": list(items), "next": next_id and str(next_id)}


@router.post(
    "/do-not-call/search",
    response={200: list[BlockOut], **ERRORS},
    tags=["do-not-call"],
)
def find_blocks(request: HttpRequest, who: WhoIn) -> list[DoNotCall]:
    """The account's entries about a phone, a document, or either of both."""
    asked = _read(request, who)
    wanted = []
    if asked.phone:
        wanted.append(keys.phone_key(asked.phone))
    if asked.document:
        wanted.append(keys.person_key(asked.document, ""))
    return list(
        DoNotCall.objects.filter(
            key__in=wanted,
            account_id=request.auth.account_id,
            withdrawn_at__isnull=True,
        ).order_by("-pk")
    )


@router.post("/do-not-call", response={200: BlocksOut, **ERRORS}, tags=["do-not-call"])
def add_block(request: HttpRequest, block: BlockIn) -> dict[str, Any]:
    """Call them no more, from this moment. Asking again adds nothing."""
    _require_scope(request)
    asked = _read(request, block)
    asked.reason, asked.creditor = block.reason, block.creditor
    asked.expires_at = block.expires_at
    if asked.expires_at and timezone.is_naive(asked.expires_at):
        raise HttpError(422, "expires_at: give a time zone")
    by = f"key:{request.auth.prefix}"
    try:
        entries = asked.entries(request.auth.account_id, by)
    except ValidationError as error:
        raise HttpError(422, str(error.message)) from None
    done = suppression.add(entries, by=by)
    items = DoNotCall.objects.filter(slot__in=[entry.slot for entry in entries])
    return {"items": list(items), "added": done.added, "ended": done.ended}


@router.post(
    "/do-not-call/{block_id}/withdraw",
    response={204: None, **ERRORS},
    tags=["do-not-call"],
)
def withdraw_block(request: HttpRequest, block_id: str, body: WithdrawIn) -> Status:
    """The entry holds no more. 403 for what the person asked for: an administrator
    withdraws it."""
    _require_scope(request)
    entry = DoNotCall.objects.filter(
        pk=object_id(block_id), account_id=request.auth.account_id
    ).first()
    if entry is None or entry.withdrawn_at:
        raise Http404
    if not suppression.may_withdraw(entry, administrator=False):
        raise AuthorizationError
    by = f"key:{request.auth.prefix}"
    suppression.withdraw(entry, by=by, reason=body.reason)
    return Status(204, None)


def _require_scope(request: HttpRequest) -> None:
    if SCOPE not in request.auth.scopes:
        raise AuthorizationError


def _read(request: HttpRequest, who: WhoIn | BlockIn) -> BlockRequest:
    """Phone and document in canonical form; 422 when one can't be read."""
    asked = BlockRequest()
    try:
        if who.phone:
            asked.phone = read_phone(who.phone, [request.auth.account.country])
        if who.document:
            asked.document = read_person(who.document)
    except ValidationError as error:
        raise HttpError(422, str(error.message)) from None
    if not asked.phone and not asked.document:
        raise HttpError(422, "Give a phone, a document, or both.")
    return asked
