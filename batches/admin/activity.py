"""The activity log: what people, keys and commands did. Nobody edits it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin.base import ReadOnly, account_ids
from batches.admin.filters import object_id
from batches.admin.keyset import KeysetAdmin
from batches.models import Account
from speechai_site.runtime.models import AuditEntry

ACTIONS = {
    "add": _("added"),
    "change": _("changed"),
    "delete": _("deleted"),
    "start": _("started"),
    "pause": _("paused"),
    "resume": _("resumed"),
    "cancelled": _("cancelled"),
    "expired": _("expired"),
    "complete": _("completed"),
    "report": _("report downloaded"),
    "import": _("workbook uploaded"),
    "sync": _("read from Retell"),
}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, KeysetAdmin):
    list_display = ["when", "who", "what", "account", "reason", "details"]
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        ids = account_ids(request)
        if ids is None:
            return rows
        return rows.filter(account_id__in=[str(pk) for pk in ids])

    def prepare(self, request: HttpRequest, rows: list[AuditEntry]) -> None:
        ids = {pk for row in rows if (pk := object_id(row.account_id))}
        names = {
            str(pk): name
            for pk, name in Account.objects.filter(pk__in=list(ids)).values_list(
                "pk", "name"
            )
        }
        for row in rows:
            row.account_shown = names.get(row.account_id, "")

    @display(description=_("at"))
    def when(self, row: AuditEntry) -> str:
        return formats.moment(row.at)

    @display(description=_("who"))
    def who(self, row: AuditEntry) -> str:
        return row.actor.removeprefix("user:")

    @display(description=_("action"))
    def what(self, row: AuditEntry) -> SafeString:
        subject, _dot, verb = row.action.partition(".")
        return format_html(
            "{} <span class='sai-faint'>{}</span>", ACTIONS.get(verb, verb), subject
        )

    @display(description=_("account"))
    def account(self, row: AuditEntry) -> str:
        return row.account_shown

    @display(description=_("detail"))
    def details(self, row: AuditEntry) -> str:
        told = (f"{key}: {value}" for key, value in row.detail.items() if value)
        return " · ".join(told)
