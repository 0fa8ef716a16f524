"""Taking an upload back: withdrawing what of it was not called, or undoing it whole."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches.admin import pages
from batches.admin.base import require
from batches.admin.pages import Panel, page_url
from batches.admin.progress import number
from batches.imports import undo
from batches.imports.problems import WorkbookError
from batches.imports.withdraw import withdraw_not_called
from batches.models import Batch, Upload
from batches.states import OPEN_BATCH, UploadStatus
from speechai_site.runtime import audit

TAKEN_BACK = (UploadStatus.STORED, UploadStatus.UNDONE)


def take_back(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """What of an upload was called; POST `act` withdraw or undo, with `reason`, and
    `seen`: how many cases the person saw waiting."""
    require(request, "batches.control_batch")
    upload = model_admin.get_object(request, unquote(object_id))
    if upload is None or upload.status not in TAKEN_BACK:
        raise Http404
    figures = undo.figures_of(upload)
    if request.method == "POST":
        verb = {"withdraw": _withdraw, "undo": _undo}.get(request.POST.get("act", ""))
        if verb is None:
            return HttpResponseBadRequest()
        # calls that are made meanwhile only make it fewer
        if not 0 < figures["waiting"] <= int(request.POST.get("seen") or 0):
            messages.warning(
                request,
                _(
                    "Something changed meanwhile: these are the new figures. Confirm again."
                ),
            )
            return redirect("admin:batches_upload_take_back", upload.pk)
        return verb(request, upload)
    return TemplateResponse(
        request,
        "admin/batches/upload/take_back.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Take an upload back"),
            "opts": model_admin.opts,
            "upload": upload,
            "batch": Batch.objects.get(pk=upload.batch_id),
            "upload_url": page_url("batches_upload", upload.pk),
            "waiting": figures["waiting"],
            "figures": [
                (
                    _("Called already"),
                    number(figures["dialed"]),
                    _("they stay as they are"),
                ),
                (_("Not called yet"), number(figures["waiting"]), _("cases that wait")),
                (_("Others"), number(figures["rest"]), _("they are not called")),
            ],
            "may_undo": figures["waiting"]
            and not figures["dialed"]
            and upload.mode != Upload.Mode.UPDATE
            and upload.status == UploadStatus.STORED,
            "is_update": upload.mode == Upload.Mode.UPDATE,
            "dialed": figures["dialed"],
        },
    )


def _withdraw(request: HttpRequest, upload: Upload) -> HttpResponse:
    ended = withdraw_not_called(
        upload, by=audit.actor_of(request.user), reason=_reason(request)
    )
    messages.success(
        request,
        gettext("%(n)s cases of the upload were withdrawn.") % {"n": number(ended.now)},
    )
    if ended.later:
        messages.info(
            request,
            gettext("%(n)s were about to be dialed: they are withdrawn in a moment.")
            % {"n": number(ended.later)},
        )
    return redirect("admin:batches_upload_change", upload.pk)


def _undo(request: HttpRequest, upload: Upload) -> HttpResponse:
    by = audit.actor_of(request.user)
    try:
        _ended, called = undo.undo(upload, by=by, reason=_reason(request))
    except WorkbookError as error:
        messages.error(request, error.message)
        return redirect("admin:batches_upload_take_back", upload.pk)
    if called:
        messages.warning(
            request,
            gettext(
                "%(n)s cases were dialed at that very moment: the upload is not undone, "
                "but all the others are withdrawn."
            )
            % {"n": number(called)},
        )
    else:
        messages.success(
            request, _("The upload was undone: none of its cases is called.")
        )
    return redirect("admin:batches_upload_change", upload.pk)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:64]


def way(request: HttpRequest, upload: Upload) -> list[Panel]:
    """The way to it, on an upload's page."""
    if upload.status != UploadStatus.STORED:
        return []
    if not request.user.has_perm("batches.control_batch"):
        return []
    if not Batch.objects.filter(pk=upload.batch_id, status__in=OPEN_BATCH).exists():
        return []
    url = reverse("admin:batches_upload_take_back", args=[upload.pk])
    title = _("Take an upload back")
    return [Panel(title, "admin/batches/upload/take_back_way.html", {"url": url})]


pages.UPLOAD_PANELS.append(way)
