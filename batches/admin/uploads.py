"""Uploads: what came, what became of its rows, and the rows that were refused.

Adding one is a wizard that begins in `batches/admin/upload_pages.py`.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin import (
    files,
    loading_pages,
    pages,
    upload_columns,
    upload_pages,
    upload_reading,
    upload_review,
    upload_sheet,
    upload_undo,
)
from batches.admin.base import AccountScopedAdmin, ReadOnly, sees_personal_data
from batches.admin.filters import AccountFilter, BatchFilter
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import actor, page_url
from batches.admin.progress import number
from batches.admin.words import UPLOAD_COLOURS
from batches.imports import error_workbook
from batches.models import Account, Batch, Upload, UploadError

ERRORS_SHOWN = 100
# Keys of `Upload.options`; an unknown one is shown as it is.
OPTIONS = {
    "limit_days": _("pay by, in days"),
    "max_days": _("latest promise, in days"),
}


@admin.register(Upload)
class UploadAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = [
        "file_name",
        "campaign",
        "state",
        "row_count",
        "case_count",
        "reported",
        "amount",
        "who",
        "when",
    ]
    list_filter = [BatchFilter, AccountFilter]
    change_form_template = "admin/batches/upload/change_form.html"
    empty_help = _("Nobody has uploaded a workbook yet.")
    fields = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("batches.add_upload")

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return upload_pages.choose(request, self)

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        kept = "<str:token>/"
        return (
            (f"password/{kept}", "batches_upload_password", upload_pages.password),
            (f"again/{kept}", "batches_upload_again", upload_pages.again),
            (f"reading/{kept}", "batches_upload_reading", upload_reading.reading),
            (
                f"reading/{kept}state/",
                "batches_upload_reading_state",
                upload_reading.state,
            ),
            (
                f"reading/{kept}cancel/",
                "batches_upload_reading_cancel",
                upload_reading.cancel,
            ),
            (f"sheet/{kept}", "batches_upload_sheet", upload_sheet.sheet),
            (f"columns/{kept}", "batches_upload_columns", upload_columns.columns),
            (f"preview/{kept}", "batches_upload_preview", upload_review.preview),
            ("template/<str:use_case>/", "batches_upload_template", files.template),
            ("<path:object_id>/errors/", "batches_upload_errors", files.errors),
            (
                "<path:object_id>/progress/",
                "batches_upload_progress",
                loading_pages.progress,
            ),
            ("<path:object_id>/state/", "batches_upload_state", loading_pages.state),
            ("<path:object_id>/cancel/", "batches_upload_cancel", loading_pages.cancel),
            ("<path:object_id>/file/", "batches_upload_file", files.original),
            (
                "<path:object_id>/take-back/",
                "batches_upload_take_back",
                upload_undo.take_back,
            ),
        )

    def prepare(self, request: HttpRequest, rows: list[Upload]) -> None:
        batches = dict(
            Batch.objects.filter(
                pk__in=list({row.batch_id for row in rows})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.batch_shown = batches.get(row.batch_id, "")

    @display(description=_("campaign"))
    def campaign(self, row: Upload) -> SafeString | str:
        if not row.batch_shown:  # it went with an upload that failed
            return "–"
        url = page_url("batches_batch", row.batch_id)
        return format_html('<a href="{}">{}</a>', url, row.batch_shown)

    @display(description=_("status"), label=UPLOAD_COLOURS)
    def state(self, row: Upload) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("rows"))
    def row_count(self, row: Upload) -> str:
        return number(row.rows)

    @display(description=_("cases"))
    def case_count(self, row: Upload) -> str:
        return number(row.jobs)

    @display(description=_("rows reported"))
    def reported(self, row: Upload) -> str:
        return number(row.error_count)

    @display(description=_("total amount"))
    def amount(self, row: Upload) -> str:
        return formats.money(row.total_amount)

    @display(description=_("uploaded by"))
    def who(self, row: Upload) -> str:
        return actor(row.created_by)

    @display(description=_("uploaded"))
    def when(self, row: Upload) -> str:
        return formats.brief(row.created_at)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        upload = self.get_object(request, unquote(object_id))
        extra = {}
        if upload is not None and upload.status != Upload.Status.STORED:
            return redirect("admin:batches_upload_progress", upload.pk)
        if upload is not None:
            extra = {"record": record(request, upload)}
            request.page_title = upload.file_name
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )


def record(request: HttpRequest, upload: Upload) -> dict[str, Any]:
    """What an upload's page shows. What a cell held is a person's data."""
    full = sees_personal_data(request)
    errors = UploadError.objects.filter(upload_id=upload.pk).order_by("row")
    batch = Batch.objects.get(pk=upload.batch_id)
    has_errors = full and error_workbook.path_for(upload.pk).exists()
    may_add = request.user.has_perm("batches.add_upload")
    return {
        "upload": upload,
        "full": full,
        "state": (upload.get_status_display(), UPLOAD_COLOURS[upload.status]),
        "account": Account.objects.get(pk=upload.account_id),
        "batch": batch,
        "batch_url": page_url("batches_batch", upload.batch_id),
        "who": actor(upload.created_by),
        "figures": _figures(upload),
        "when": formats.moment(upload.created_at),
        "options": [
            (OPTIONS.get(key, key), value)
            for key, value in sorted(upload.options.items())
        ],
        "has_error_workbook": has_errors,
        "takes_corrected": has_errors
        and may_add
        and batch.status == batch.Status.DRAFT,
        "panels": pages.gather(pages.UPLOAD_PANELS, request, upload),
        "errors": list(errors.defer("cells")[:ERRORS_SHOWN]),
        "errors_shown": ERRORS_SHOWN,
    }


def _figures(counted: Upload) -> list[tuple[Any, str]]:
    return [
        (_("Rows"), number(counted.rows)),
        (_("Persons"), number(counted.contacts)),
        (_("Cases"), number(counted.jobs)),
        (_("Total amount"), formats.money(counted.total_amount)),
        (_("Rows reported"), number(counted.error_count)),
        (_("Without a usable phone"), number(counted.without_phone)),
        (_("Already in a campaign"), number(counted.duplicates)),
        (_("Warnings"), number(counted.warning_count)),
    ]
