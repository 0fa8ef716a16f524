"""A workbook being loaded: how far it is, how long it will take, and a way to stop it.

The page can be left: the list of uploads leads back to it.
"""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.admin.base import require
from batches.admin.pages import page_url
from batches.admin.progress import number
from batches.admin.words import UPLOAD_COLOURS
from batches.imports import background
from batches.models import Batch, Upload
from batches.states import LOADING, UploadStatus
from speechai_site.runtime import audit, clock

# Files of fewer rows are loaded while the person waits, so many seconds at most.
SMALL_ROWS = 2000
WAIT_SECONDS = 6.0
# How much of the whole time the reading takes (the rest is the storing).
READING = 0.3
# The first seconds say little about those to come.
NO_FORECAST_BEFORE = 2.0


def follow(request: HttpRequest, upload: Upload, *, rows: int) -> HttpResponse:
    """To where the result of a queued upload of so many rows is: its campaign when it
    is loaded within moments, else its progress."""
    if rows < SMALL_ROWS and background.wait(upload, WAIT_SECONDS):
        return _ended(request, upload)
    return redirect("admin:batches_upload_progress", upload.pk)


def _ended(request: HttpRequest, upload: Upload) -> HttpResponse:
    """To the campaign of what was loaded, or to why it was not."""
    if upload.status != UploadStatus.STORED:
        return redirect("admin:batches_upload_progress", upload.pk)
    messages.success(
        request,
        _("%(jobs)s cases were made from %(rows)s rows.")
        % {"jobs": number(upload.jobs), "rows": number(upload.rows)},
    )
    if upload.error_count:
        _tell_reported(request, upload)
    if upload.problem:
        messages.error(request, upload.problem_text)
    return redirect("admin:batches_batch_change", upload.batch_id)


def _tell_reported(request: HttpRequest, upload: Upload) -> None:
    """That some rows became no case, and where they are corrected."""
    said = ngettext(
        "%(n)s row became no case.", "%(n)s rows became no case.", upload.error_count
    ) % {"n": number(upload.error_count)}
    link = page_url("batches_upload", upload.pk)
    messages.warning(
        request,
        format_html(
            '{} <a class="sai-link" href="{}">{}</a>',
            said,
            link,
            _("See and correct them"),
        ),
    )


def progress(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """The page itself, also of an upload that failed or was cancelled."""
    upload = _asked(request, object_id, model_admin)
    if upload.status == UploadStatus.STORED:
        return _ended(request, upload)
    batch = Batch.objects.filter(pk=upload.batch_id).first()
    return TemplateResponse(
        request,
        "admin/batches/upload/progress.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Loading a workbook"),
            "opts": model_admin.opts,
            "upload": upload,
            "told": told(upload),
            "state_url": _url("state", upload),
            "batch": batch,
            "batch_url": page_url("batches_batch", batch.pk) if batch else "",
            "may_cancel": request.user.has_perm("batches.add_upload"),
        },
    )


def state(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """What the page asks for every second."""
    seen = told(_asked(request, object_id, model_admin))
    return as_json(seen)


def as_json(seen: dict[str, Any]) -> JsonResponse:
    """What `told` says, with its badge as HTML."""
    label = {"text": seen["label"], "type": seen["tone"]}
    badge = render_to_string("unfold/helpers/label.html", label)
    return JsonResponse(seen | {"badge": badge})


def cancel(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """POST: nothing of this workbook is kept."""
    require(request, "batches.add_upload")
    upload = _asked(request, object_id, model_admin)
    if request.method == "POST" and not background.cancel(
        upload, by=audit.actor_of(request.user)
    ):
        messages.warning(request, _("It was too late: the loading has ended."))
    return redirect("admin:batches_upload_progress", upload.pk)


def _asked(request: HttpRequest, object_id: str, model_admin: Any) -> Upload:
    require(request, "batches.view_upload")
    upload = model_admin.get_object(request, unquote(object_id))
    if upload is None:
        raise Http404
    return upload


def told(upload: Upload) -> dict[str, Any]:
    """How far an upload is, in words and numbers: plain values, ready for JSON."""
    done = fraction(upload)
    waits = upload.status == UploadStatus.QUEUED
    return {
        "status": upload.status,
        "tone": UPLOAD_COLOURS[upload.status],
        "label": str(upload.get_status_display()),
        "ended": upload.status not in LOADING,
        "cancelling": bool(upload.cancel_by),
        "percent": int(100 * done),
        "doing": _doing(upload),
        "pace": pace(
            done,
            upload.rows or upload.rows_expected,
            None if waits else upload.started_wall,
        ),
        "url": _url("progress", upload),
    }


def _url(page: str, upload: Upload) -> str:
    return reverse(f"admin:batches_upload_{page}", args=[upload.pk])


def pace(done: float, rows: int, started: datetime | None) -> str:
    """How long it will take yet, and how many of its rows a second brings; nothing as
    long as that is not known. `done`: from 0 to 1; `started`: wall time."""
    elapsed = (clock.wall() - started).total_seconds() if started else 0.0
    if done <= 0 or elapsed < NO_FORECAST_BEFORE:
        return ""
    left = _left(elapsed * (1 - done) / done)
    rate = _rate(done * rows / elapsed) if rows else ""
    return " · ".join(filter(None, (left, rate)))


def fraction(upload: Upload) -> float:
    """How much of the work is done, from 0 to 1."""
    if upload.status == UploadStatus.STORED:
        return 1.0
    if upload.status == UploadStatus.READING and upload.rows_expected:
        return READING * min(1.0, upload.rows_read / upload.rows_expected)
    if upload.status == UploadStatus.STORING and upload.jobs:
        return READING + (1 - READING) * min(1.0, upload.jobs_stored / upload.jobs)
    return 0.0


def _doing(upload: Upload) -> str:
    if upload.cancel_by and upload.status in LOADING:
        return _("It is being cancelled: what was stored is removed.")
    if upload.status == UploadStatus.QUEUED:
        return _("It waits for its turn.")
    if upload.status == UploadStatus.READING:
        return rows_read(upload.rows_read, upload.rows_expected)
    if upload.status == UploadStatus.STORING:
        return _("%(stored)s of %(total)s cases stored") % {
            "stored": number(upload.jobs_stored),
            "total": number(upload.jobs),
        }
    if upload.status == UploadStatus.CANCELLED:
        return _("It was cancelled; nothing of the workbook was kept.")
    return upload.problem_text


def rows_read(read: int, expected: int) -> str:
    """How many rows were read, of how many (0: not known)."""
    if not expected:
        return _("%(read)s rows read") % {"read": number(read)}
    return _("%(read)s of %(total)s rows read") % {
        "read": number(read),
        "total": number(expected),
    }


def _rate(rows: float) -> str:
    return _("%(rows)s rows a second") % {"rows": number(rows)}


def _left(seconds: float) -> str:
    if seconds < 90:
        n = max(1, round(seconds))
        return ngettext("about %(n)d second left", "about %(n)d seconds left", n) % {
            "n": n
        }
    n = round(seconds / 60)
    return ngettext("about %(n)d minute left", "about %(n)d minutes left", n) % {"n": n}
