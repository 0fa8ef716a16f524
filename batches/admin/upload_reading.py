"""A large workbook that a worker looks at or reads, between two steps of its upload: how
far that is, and a way to stop it. The page can be left; step 1 leads back to it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.admin import loading_pages, work_pages
from batches.admin.upload_draft import Gone, find_draft, next_page, sent_away
from batches.imports import pending, working
from batches.imports.drafts import Draft
from batches.models import Account

# Which step of the wizard each step of `drafting.py` belongs to.
PLACES = {"unlock": 1, "first": 1, "sheet": 2, "columns": 3}


def reading(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """The page itself; it leads on when there is nothing to wait for."""
    try:
        draft = find_draft(request, token, even_busy=True)
    except Gone as gone:
        return sent_away(request, gone)
    work = draft.kept.work
    if work is None:
        return next_page(draft)
    return TemplateResponse(
        request,
        "admin/batches/upload/reading.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Reading a workbook"),
            "opts": model_admin.opts,
            "draft": draft,
            "told": told(draft),
            "state_url": _url("reading_state", draft),
            "discards": work["back"] is None,
            "step": PLACES[work["step"]],
        },
    )


def state(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """What the page asks for every second."""
    try:
        draft = find_draft(request, token, even_busy=True)
    except Gone:
        raise Http404 from None
    return loading_pages.as_json(told(draft))


def cancel(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """POST: back to the step before, or, without one, nothing of it is kept."""
    try:
        draft = find_draft(request, token, even_busy=True)
    except Gone as gone:
        return sent_away(request, gone)
    if request.method == "POST":
        if not working.cancel(draft.kept):
            messages.warning(request, _("It was too late: the reading has ended."))
        elif draft.kept.work["back"] is None:
            messages.info(request, _("Nothing was kept of the workbook."))
            return redirect("admin:batches_upload_add")
    return redirect("admin:batches_upload_reading", token)


def told(draft: Draft) -> dict[str, Any]:
    """How far it is: `work_pages.told`."""
    return work_pages.told(draft.kept, _url("reading", draft))


def unfinished(request: HttpRequest) -> list[dict[str, str]]:
    """The person's own workbooks that were chosen and not confirmed, with the way back
    to each."""
    visible = Account.objects.visible_to(request.user)
    names = {str(pk): name for pk, name in visible.values_list("pk", "name")}
    return [
        {
            "file_name": kept.file_name,
            "account": names[kept.choices["account"]],
            "url": reverse("admin:batches_upload_reading", args=[kept.token]),
            "is_read": kept.work is None,
        }
        for kept in pending.of_user(request.user.pk)
        if kept.choices.get("account") in names and _leads_back(kept)
    ]


def _leads_back(kept: pending.Pending) -> bool:
    """What was never looked at cannot be gone on with, nor what was refused; but one
    that a process could not open can be given its password again."""
    if kept.work:
        return not kept.work["refusal"]
    return bool(kept.choices.get("look") or kept.choices.get("problems"))


def _url(page: str, draft: Draft) -> str:
    return reverse(f"admin:batches_upload_{page}", args=[draft.token])
