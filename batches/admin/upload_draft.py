"""A person's own draft of an upload, found by a request; and the page that is next."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from batches.admin.base import require
from batches.imports import pending
from batches.imports.drafts import Draft
from batches.models import Account


class Gone(Exception):
    """It was imported, turned down, is too old, or is somebody else's."""


class Busy(Gone):
    """A worker reads it, or found that it cannot be read."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__()


def find_draft(request: HttpRequest, token: str, *, even_busy: bool = False) -> Draft:
    """The person's own draft. Raises Gone, Busy, PermissionDenied, or Http404 when they
    may not see its account any more."""
    require(request, "batches.add_upload", "batches.add_batch")
    kept = pending.find(token, request.user.pk)
    if kept is None or "account" not in kept.choices:
        raise Gone
    visible = Account.objects.visible_to(request.user)
    account = visible.filter(pk=kept.choices["account"]).first()
    if account is None:
        raise Http404
    if kept.work and not even_busy:
        raise Busy(token)
    return Draft.of(kept, account)


def sent_away(request: HttpRequest, why: Gone) -> HttpResponse:
    """What somebody sees whose draft is gone, or being read."""
    if isinstance(why, Busy):
        return redirect("admin:batches_upload_reading", why.token)
    messages.warning(
        request, _("That workbook was already imported or is kept no longer.")
    )
    return redirect("admin:batches_upload_add")


def next_page(draft: Draft) -> HttpResponse:
    """To the first step that somebody has to look at."""
    step = "preview"
    if not draft.said["columns_seen"]:
        step = "columns" if draft.said["sheet_seen"] else "sheet"
    if draft.said["locked"]:
        step = "password"
    elif not draft.said["again_seen"] and draft.same_file:
        step = "again"
    return redirect(f"admin:batches_upload_{step}", draft.token)
