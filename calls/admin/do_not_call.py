"""People not to call: found by phone or document, kept as keyed hashes, withdrawn."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from batches import formats
from batches.admin.base import AccountScopedAdmin, account_ids, require
from batches.admin.filters import AccountFilter, CodeFilter
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import actor, page_url
from batches.imports.normalizers.typed import read_documents, read_numbers
from batches.models import Account
from calls import suppression
from calls.admin import do_not_call_lists
from calls.block_reasons import REASONS
from calls.models import DoNotCall
from speechai_site.runtime import audit, keys

REASON_WORDS = {code: row.label for code, row in REASONS.items()}


class KindFilter(CodeFilter):
    title = _("kind")
    parameter_name = "kind"
    words = dict(DoNotCall.Kind.choices)


class ReasonFilter(CodeFilter):
    title = _("reason")
    parameter_name = "reason"
    words = REASON_WORDS


class WithdrawnFilter(SimpleListFilter):
    """What holds, unless those that were withdrawn are asked for."""

    title = _("withdrawn")
    parameter_name = "withdrawn"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Withdrawn"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(withdrawn_at__isnull=self.value() != "yes")


@admin.register(DoNotCall)
class DoNotCallAdmin(AccountScopedAdmin, KeysetAdmin):
    """Of one's own accounts only: what the agency or another account blocks is shown
    to nobody else, not even that there is something."""

    list_display = [
        "who",
        "kind_shown",
        "whose",
        "why",
        "added_by",
        "expires",
        "added",
    ]
    list_filter = [KindFilter, ReasonFilter, AccountFilter, WithdrawnFilter]
    search_fields = ["key"]  # see get_search_results
    search_help_text = _("Exact phone or RUT")
    empty_help = _("Who asks not to be called is added here at once.")
    actions = None
    actions_list: ClassVar[list[str]] = ["registries"]
    change_form_template = "admin/calls/do_not_call/change_form.html"
    fields = [
        ("who", "kind_shown"),
        ("whose", "why"),
        ("added_by", "added"),
        "expires",
        "withdrawal",
    ]
    readonly_fields = [
        "who",
        "kind_shown",
        "whose",
        "why",
        "added_by",
        "added",
        "expires",
        "withdrawal",
    ]

    # --- who may, and which rows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # withdrawn and added again: each with its reason

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a withdrawn one stays, as proof

    def has_registries_permission(self, request: HttpRequest) -> bool:
        return account_ids(request) is None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset.filter(registry=""), False
        wanted = [keys.person_key(each, "") for each in read_documents(search_term)]
        phones = [keys.phone_key(e164) for e164 in read_numbers(search_term)]
        found = Q(key__in=wanted + phones) | Q(phone_key__in=phones, phone_key__gt="")
        return queryset.filter(found), False

    # --- adding, withdrawing, registries

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<path:object_id>/withdraw/", "calls_donotcall_withdraw", withdraw),
            ("load-registry/", "calls_donotcall_registry", do_not_call_lists.registry),
        )

    @action(
        description=_("Public registries"),
        permissions=["registries"],
        icon="library_books",
    )
    def registries(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:calls_donotcall_registry")

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return do_not_call_lists.add(request, self)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        entry = self.get_object(request, unquote(object_id))
        extra: dict[str, Any] = {}
        if entry is not None:
            self.prepare(request, [entry])
            request.page_title = str(entry)
            if may_withdraw(request, entry):
                extra["withdraw_url"] = reverse(
                    "admin:calls_donotcall_withdraw", args=[entry.pk]
                )
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )

    # --- what is shown

    def prepare(self, request: HttpRequest, rows: list[DoNotCall]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows if row.account_id})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, _("everybody"))

    @display(description=_("ends in"))
    def who(self, row: DoNotCall) -> str:
        return row.masked

    @display(description=_("kind"))
    def kind_shown(self, row: DoNotCall) -> str:
        return row.get_kind_display()

    @display(description=_("not called by"))
    def whose(self, row: DoNotCall) -> str:
        account = getattr(row, "account_shown", None) or row.account or _("everybody")
        return f"{account} · {row.creditor}" if row.creditor else str(account)

    @display(description=_("reason"))
    def why(self, row: DoNotCall) -> str:
        return str(REASON_WORDS.get(row.reason, row.reason))

    @display(description=_("source"))
    def added_by(self, row: DoNotCall) -> SafeString | str:
        kind, _colon, name = row.source.partition(":")
        if kind == "call":
            return format_html(
                '<a href="{}">{}</a>', page_url("calls_call", name), _("a call")
            )
        if kind == "upload":
            return gettext("a list of %(who)s") % {"who": actor(name)}
        return actor(row.source)

    @display(description=_("expires"))
    def expires(self, row: DoNotCall) -> str:
        return formats.brief(row.expires_at) if row.expires_at else str(_("never"))

    @display(description=_("added"))
    def added(self, row: DoNotCall) -> str:
        return formats.brief(row.created_at)

    @display(description=_("withdrawn"))
    def withdrawal(self, row: DoNotCall) -> str:
        if row.withdrawn_at is None:
            return str(_("no"))
        return f"{formats.brief(row.withdrawn_at)}, {actor(row.withdrawn_by)}"


def may_withdraw(request: HttpRequest, entry: DoNotCall) -> bool:
    """What a person asked for is an administrator's affair. Everybody's entries are
    seen by superusers alone."""
    return request.user.has_perm(
        "calls.withdraw_donotcall"
    ) and suppression.may_withdraw(
        entry, administrator=request.user.has_perm("calls.delete_donotcall")
    )


def withdraw(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """POST `reason`: the entry holds no more."""
    require(request, "calls.withdraw_donotcall")
    entry = model_admin.get_object(request, unquote(object_id))
    if entry is None or request.method != "POST":
        raise Http404
    if not may_withdraw(request, entry):
        raise PermissionDenied
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why it is withdrawn."))
        return redirect(page_url("calls_donotcall", entry.pk))
    by = audit.actor_of(request.user)
    if suppression.withdraw(entry, by=by, reason=reason):
        messages.success(request, _("It is withdrawn; cases that it ended stay ended."))
    return redirect("admin:calls_donotcall_changelist")
