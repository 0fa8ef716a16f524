"""Promises to pay."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin.base import AccountScopedAdmin, ReadOnly, sees_personal_data
from batches.admin.filters import AccountFilter, BatchFilter, StatusFilter
from batches.admin.jobs import shown_name
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import page_url
from batches.models import Batch, Job
from calls.admin.words import PROMISE_COLOURS
from calls.models import Promise


@admin.register(Promise)
class PromiseAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = [
        "person",
        "campaign",
        "due",
        "amount_shown",
        "state",
        "made",
        "call",
    ]
    list_display_links = None
    list_filter = [StatusFilter, BatchFilter, AccountFilter]
    empty_help = _("Promises come from conversations.")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        names = dict(
            Job.objects.filter(pk__in=[row.job_id for row in rows]).values_list(
                "pk", "name"
            )
        )
        batches = dict(
            Batch.objects.filter(
                pk__in=list({row.batch_id for row in rows})
            ).values_list("pk", "name")
        )
        full = sees_personal_data(request)
        for row in rows:
            row.name_shown = shown_name(names.get(row.job_id, ""), full=full)
            row.batch_shown = batches.get(row.batch_id, "")

    @display(description=_("name"))
    def person(self, row: Promise) -> SafeString:
        url = page_url("batches_job", row.job_id)
        return format_html('<a href="{}">{}</a>', url, row.name_shown)

    @display(description=_("campaign"))
    def campaign(self, row: Promise) -> SafeString:
        url = page_url("batches_batch", row.batch_id)
        return format_html('<a href="{}">{}</a>', url, row.batch_shown)

    @display(description=_("promised date"))
    def due(self, row: Promise) -> Any:
        return row.due_date

    @display(description=_("promised amount"))
    def amount_shown(self, row: Promise) -> str:
        return formats.money(row.amount)

    @display(description=_("status"), label=PROMISE_COLOURS)
    def state(self, row: Promise) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("made"))
    def made(self, row: Promise) -> str:
        return formats.brief(row.made_at)

    @display(description=_("call"))
    def call(self, row: Promise) -> SafeString:
        url = page_url("calls_call", row.pk)
        return format_html('<a href="{}">{}</a>', url, _("Listen and read"))
