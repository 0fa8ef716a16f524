"""The activity log: what people, keys and commands did. Nobody edits it."""

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin.base import ReadOnly, account_ids
from batches.admin.filters import object_id
from batches.admin.keyset import KeysetAdmin
from batches.admin.mode_words import FIGURES
from batches.admin.pages import actor, page_url
from batches.admin.words import reason
from batches.imports.normalizers.places import shown
from batches.models import Account, Batch
from speechai_site.runtime.models import AuditEntry

# Verbs of `AuditEntry.action` ("batch.start"); an unknown one is shown as it is.
VERBS = {
    "add": pgettext_lazy("activity", "added"),
    "create": pgettext_lazy("activity", "added"),
    "change": pgettext_lazy("activity", "changed"),
    "delete": pgettext_lazy("activity", "deleted"),
    "start": pgettext_lazy("activity", "started"),
    "pause": pgettext_lazy("activity", "paused"),
    "resume": pgettext_lazy("activity", "resumed"),
    "cancelled": pgettext_lazy("activity", "cancelled"),
    "expired": pgettext_lazy("activity", "expired"),
    "complete": pgettext_lazy("activity", "completed"),
    "store": pgettext_lazy("activity", "uploaded"),
    "download": pgettext_lazy("activity", "workbook downloaded"),
    "errors": pgettext_lazy("activity", "reported rows downloaded"),
    "export": pgettext_lazy("activity", "report downloaded"),
    "stop_now": pgettext_lazy("activity", "hung up and cancelled"),
    "halt": pgettext_lazy("activity", "calls stopped"),
    "lift": pgettext_lazy("activity", "calls allowed again"),
    "take": pgettext_lazy("activity", "taken"),
    "resolve": pgettext_lazy("activity", "resolved"),
    "sync": pgettext_lazy("activity", "read from Retell"),
    "withdraw": pgettext_lazy("activity", "withdrawn"),
    "undo": pgettext_lazy("activity", "undone"),
    "order": pgettext_lazy("activity", "put in order"),
    "update": pgettext_lazy("activity", "updated"),
    "load": pgettext_lazy("activity", "loaded"),
    "arm": pgettext_lazy("activity", "armed"),
    "disarm": pgettext_lazy("activity", "disarmed"),
    "place": pgettext_lazy("activity", "asked for"),
    "verify": pgettext_lazy("activity", "verified"),
    "remove": pgettext_lazy("activity", "removed"),
}
# Objects of `AuditEntry.action` that have no page of their own.
OBJECTS = {
    "live": _("Live mode"),
    "staffphone": _("staff phone"),
    "staffcall": _("test call"),
}
# Keys of `AuditEntry.detail`; an unknown one is shown as it is.
DETAILS = {
    # what lists and files did to campaigns
    **{name: label for name, (label, _hint, _tone) in FIGURES.items()},
    "new": FIGURES["new_cases"][0],
    "now": FIGURES["waiting"][0],
    "later": FIGURES["under_way"][0],
    "absent": FIGURES["leaving"][0],
    "order_by": _("order of calling"),
    "agents": _("voice agents"),
    "cost": _("cost"),
    "fields": _("fields"),
    "jobs": _("cases"),
    "numbers": _("caller ids"),
    "added": pgettext_lazy("contacts", "added"),
    "blocked": _("blocked"),
    "rows": _("rows"),
    "versions": _("versions"),
    "place": _("place"),
    "hang_up": _("live calls hung up"),
    "kind": _("kind"),
    "phone": _("phone"),
    "test_call": _("test call"),
    "webhook": _("webhook"),
    # settings of a campaign, old → new
    **{
        field.name: field.verbose_name
        for field in Batch._meta.concrete_fields
        if field.editable
    },
}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, KeysetAdmin):
    list_display = ["when", "who", "what", "about", "account", "why", "details"]
    list_display_links = None
    empty_help = _("What people, keys and commands do is written here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        ids = account_ids(request)
        if ids is None:
            return rows
        return rows.filter(account_id__in=[str(pk) for pk in ids])

    def prepare(self, request: HttpRequest, rows: list[AuditEntry]) -> None:
        ids = {pk for row in rows if (pk := object_id(row.account_id))}
        accounts = Account.objects.filter(pk__in=list(ids)).values_list("pk", "name")
        names = {str(pk): name for pk, name in accounts}
        for row in rows:
            row.account_shown = names.get(row.account_id, "")

    @display(description=_("at"))
    def when(self, row: AuditEntry) -> str:
        return formats.moment(row.at)

    @display(description=_("who"))
    def who(self, row: AuditEntry) -> str:
        return str(_("command")) if row.actor == "command" else actor(row.actor)

    @display(description=_("action"))
    def what(self, row: AuditEntry) -> str:
        verb = row.action.rpartition(".")[2]
        return capfirst(VERBS.get(verb, verb))

    @display(description=_("object"))
    def about(self, row: AuditEntry) -> SafeString | str:
        try:
            model = apps.get_model(row.target)
            url = page_url(row.target.replace(".", "_"), row.target_id)
        except (LookupError, ValueError, NoReverseMatch):
            what = row.action.partition(".")[0]
            return capfirst(OBJECTS.get(what, what))
        name = capfirst(model._meta.verbose_name)
        return format_html('<a class="sai-link" href="{}">{}</a>', url, name)

    @display(description=_("account"))
    def account(self, row: AuditEntry) -> str:
        return row.account_shown

    @display(description=_("reason"))
    def why(self, row: AuditEntry) -> str:
        return reason(row.reason)

    @display(description=_("detail"))
    def details(self, row: AuditEntry) -> str:
        told = (
            f"{DETAILS.get(key, key)}: {_said(key, value)}"
            for key, value in row.detail.items()
            if value
        )
        return " · ".join(told)


def _said(key: str, value: str) -> str:
    """A detail in words. Django names changed fields by their untranslated labels,
    which are verbose names with a capital."""
    if key == "fields":
        names = (name[:1].lower() + name[1:] for name in value.split(", "))
        return ", ".join(gettext(name) for name in names if name)
    if key == "place":
        return shown(value)
    return {"True": gettext("yes"), "False": gettext("no")}.get(value, value)
