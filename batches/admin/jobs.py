"""Cases: the list of a million, and all that is known of one."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from batches import formats
from batches.admin import pages
from batches.admin.base import (
    AccountScopedAdmin,
    ReadOnly,
    account_ids,
    choices_of,
    sees_personal_data,
)
from batches.admin.filters import (
    AccountFilter,
    BatchFilter,
    CodeFilter,
    StatusFilter,
    object_id,
)
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import page_url
from batches.admin.search import jobs_of
from batches.admin.waiting import reasons_of
from batches.admin.words import (
    DISPOSITIONS,
    JOB_COLOURS,
    OUTCOMES,
    job_state,
    reason,
    variable,
)
from batches.imports.normalizers.places import shown
from batches.models import Account, Batch, Job, Upload
from batches.states import NOT_CALLED, JobStatus

# What the importer keeps of each debt line (`Job.debts`), in the order of the table.
DEBT_COLUMNS = {
    "row": _("row"),
    "operation": _("operation"),
    "installment": _("installment"),
    "due_date": _("due date"),
    "days_late": _("days past due"),
    "amount": _("amount"),
}
PHONE_KINDS = {"mobile": _("mobile"), "landline": _("landline")}
PHONE_STATES = {
    "bad": _("invalid"),
    "wrong": _("wrong person"),
    "left": _("no longer in the file"),
}


class JobStatusFilter(StatusFilter):
    """A claimed case counts as one that is being called."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        offered = super().lookups(request, model_admin)
        return [pair for pair in offered if pair[0] != JobStatus.CLAIMED]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == JobStatus.CALLING:
            return queryset.filter(status__in=[JobStatus.CLAIMED, JobStatus.CALLING])
        return super().queryset(request, queryset)


class DispositionFilter(CodeFilter):
    """Within one campaign only: no index serves it among all."""

    title = _("disposition")
    parameter_name = "disposition"
    words = DISPOSITIONS

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        if not request.GET.get(BatchFilter.parameter_name):
            return []
        return super().lookups(request, model_admin)


class ReasonFilter(CodeFilter):
    """Why cases wait or are not called: the reasons that occur in one campaign."""

    title = _("why they are not called")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        asked = object_id(request.GET.get(BatchFilter.parameter_name))
        batch = asked and choices_of(Batch, request).filter(pk=asked).first()
        if not batch:
            return []
        codes = {found["code"] for found in reasons_of(batch.pk)}
        if self.value():
            codes.add(self.value())
        return sorted(
            ((code, reason(code)) for code in codes), key=lambda pair: pair[1]
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        return queryset.filter(status_reason=self.value(), status__in=NOT_CALLED)


@admin.register(Job)
class JobAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = [
        "person",
        "phone",
        "amount_shown",
        "campaign",
        "state",
        "next_attempt",
        "disposition_shown",
    ]
    list_filter = [
        JobStatusFilter,
        BatchFilter,
        AccountFilter,
        ReasonFilter,
        DispositionFilter,
    ]
    search_fields = ["name_keys"]  # see get_search_results
    search_help_text = _("RUT, phone, or words of the name")
    list_leaves_out = (
        "debts",
        "variables",
        "extra",
        "warnings",
        "history",
        "name_keys",
    )
    change_form_template = "admin/batches/job/change_form.html"
    empty_help = _("Cases come from uploaded workbooks.")
    fields = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        wanted = jobs_of(search_term)
        return (queryset.none() if wanted is None else queryset.filter(wanted)), False

    def prepare(self, request: HttpRequest, rows: list[Job]) -> None:
        batches = dict(
            Batch.objects.filter(
                pk__in=list({row.batch_id for row in rows})
            ).values_list("pk", "name")
        )
        several = (ids := account_ids(request)) is None or len(ids) > 1
        accounts = {}
        if several:
            accounts = dict(
                Account.objects.filter(
                    pk__in=list({row.account_id for row in rows})
                ).values_list("pk", "name")
            )
        full = sees_personal_data(request)
        for row in rows:
            row.batch_shown = batches.get(row.batch_id, "")
            row.account_shown = accounts.get(row.account_id, "")
            row.full = full

    @display(description=_("person"), header=True)
    def person(self, row: Job) -> list[str]:
        return [
            shown_name(row.name, full=row.full),
            shown_document(row.document, full=row.full),
        ]

    @display(description=_("phone"))
    def phone(self, row: Job) -> str:
        if not row.phones:
            return formats.EMPTY
        place = min(row.phone_index, len(row.phones) - 1)
        return shown_phone(row.phones[place]["e164"], full=row.full)

    @display(description=_("balance owed"))
    def amount_shown(self, row: Job) -> str:
        return formats.money(row.amount)

    @display(description=_("campaign"))
    def campaign(self, row: Job) -> SafeString:
        return format_html(
            '<a href="{}">{}</a><span class="sai-under">{}</span>',
            page_url("batches_batch", row.batch_id),
            row.batch_shown,
            row.account_shown,
        )

    @display(description=_("status"), label=JOB_COLOURS)
    def state(self, row: Job) -> tuple[str, str]:
        return row.status, job_state(row.status, row.attempts)

    @display(description=_("next attempt"), header=True)
    def next_attempt(self, row: Job) -> list[str]:
        waits = row.status == JobStatus.QUEUED
        tried = ngettext("%(n)s attempt", "%(n)s attempts", row.attempts) % {
            "n": row.attempts
        }
        return [formats.brief(row.next_attempt_at if waits else None), tried]

    @display(description=_("disposition"))
    def disposition_shown(self, row: Job) -> str:
        return str(
            DISPOSITIONS.get(row.disposition, row.disposition)
            or reason(row.status_reason)
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.get_object(request, unquote(object_id))
        extra = {}
        if job is not None:
            shown = record(request, job)
            extra = {"record": shown, "subtitle": shown["name"]}
            request.page_title = shown["name"]
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )


def record(request: HttpRequest, job: Job) -> dict[str, Any]:
    """All that a case's page shows, masked for who may not read persons' data."""
    full = sees_personal_data(request)
    batch = Batch.objects.get(pk=job.batch_id)
    upload = Upload.objects.filter(pk=job.upload_id).first()
    return {
        "job": job,
        "full": full,
        "batch": batch,
        "batch_url": page_url("batches_batch", batch.pk),
        "account": Account.objects.get(pk=job.account_id),
        "upload": upload,
        "upload_url": page_url("batches_upload", upload.pk) if upload else "",
        "rows": ", ".join(map(str, job.source_rows)),
        "name": shown_name(job.name, full=full),
        "document": shown_document(job.document, full=full),
        "amount": formats.money(job.amount),
        "state": (job_state(job.status, job.attempts), JOB_COLOURS[job.status]),
        "reason": reason(job.status_reason),
        "attempts": f"{job.attempts} / {batch.max_attempts}",
        "next_attempt": formats.moment(job.next_attempt_at),
        "places": ", ".join(map(shown, job.places)),
        "outcome": OUTCOMES.get(job.outcome, job.outcome),
        "disposition": DISPOSITIONS.get(job.disposition, job.disposition),
        "callback": formats.moment(job.callback_at) if job.callback_at else "",
        "promise_amount": formats.money(job.promise_amount),
        "phones": [
            _phone_row(job, place, full=full) for place in range(len(job.phones))
        ],
        "debts": _debt_table(job.debts),
        "variables": [(variable(key), said) for key, said in job.variables.items()]
        if full
        else [],
        "extra": job.extra if full else [],
        "warnings": [_warning(warning, full=full) for warning in job.warnings],
        "history": pages.history_of(job, lambda to: JobStatus(to).label),
        "panels": pages.gather(pages.JOB_PANELS, request, job),
    }


def shown_name(name: str, *, full: bool) -> str:
    return (name if full else formats.mask_name(name)) or formats.EMPTY


def shown_document(document: str, *, full: bool) -> str:
    if not document:
        return formats.EMPTY
    return formats.document(document) if full else formats.mask_document(document)


def shown_phone(e164: str, *, full: bool) -> str:
    return formats.phone(e164) if full else formats.mask_phone(e164)


def _phone_row(job: Job, place: int, *, full: bool) -> dict[str, Any]:
    phone = job.phones[place]
    return {
        "number": shown_phone(phone["e164"], full=full),
        "kind": PHONE_KINDS.get(phone.get("kind", ""), ""),
        "state": PHONE_STATES.get(phone.get("state", "ok"), ""),
        "next": place == job.phone_index,
    }


def _debt_table(debts: list[dict[str, str]]) -> dict[str, Any]:
    """Headers and rows of the debt lines; columns that no line has are left out."""
    columns = [name for name in DEBT_COLUMNS if any(debt.get(name) for debt in debts)]
    return {
        "headers": [DEBT_COLUMNS[name] for name in columns],
        "rows": [[_debt_cell(name, debt) for name in columns] for debt in debts],
    }


def _debt_cell(name: str, debt: dict[str, str]) -> str:
    text = debt.get(name, "")
    if name == "amount" and text:
        return formats.money(Decimal(text))
    if name == "due_date" and text:
        return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
    return text


def _warning(warning: Any, *, full: bool) -> str:
    """A warning as the importer keeps it; what the cell held is a person's data."""
    if isinstance(warning, str):
        return warning
    shown = dict(warning)
    value = shown.get("value") if full else ""
    return " ".join(
        filter(None, [shown.get("message", ""), f"({value})" if value else ""])
    )
