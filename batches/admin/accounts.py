"""Clients, and who may see them."""

from collections import Counter
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from batches.admin import pages
from batches.admin.base import AccountScopedAdmin, account_ids
from batches.admin.words import ACCOUNT_COLOURS
from batches.models import Account, Batch, Membership


class MembershipInline(TabularInline):
    """The people of an account, or the accounts of a person."""

    model = Membership
    extra = 0
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        ids = account_ids(request)
        return rows if ids is None else rows.filter(account_id__in=ids)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "account":
            kwargs["queryset"] = Account.objects.visible_to(request.user)
        if db_field.name == "user":
            kwargs["queryset"] = people_visible_to(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def people_visible_to(request: HttpRequest) -> QuerySet:
    """Users with whom this person shares an account, and those without any.

    A superuser sees everybody; nobody else sees a superuser.
    """
    users = Membership._meta.get_field("user").related_model.objects.all()
    ids = account_ids(request)
    if ids is None:
        return users
    rows = Membership.objects.values_list("user_id", "account_id")
    placed, mine = set(), {request.user.pk}
    for user_id, account_id in rows:
        placed.add(user_id)
        if account_id in ids:
            mine.add(user_id)
    return users.filter(is_superuser=False).filter(
        Q(pk__in=list(mine)) | ~Q(pk__in=list(placed))
    )


class AccountForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Calling hours and “today” are counted in it."),
        widget=UnfoldAdminSelect2Widget,
        choices=lambda: [(zone, zone) for zone in zones()],
    )

    class Meta:
        model = Account
        fields = [
            "slug",
            "name",
            "country",
            "time_zone",
            "plan",
            "status",
            "max_concurrent_calls",
            "max_calls_per_day",
            "callback_slots",
            "default_agent",
            "default_number",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in ("default_agent", "default_number"):
            thing = cleaned.get(name)
            if thing and thing.account_id not in (None, self.instance.pk):
                self.add_error(name, _("It is another account's."))
        return cleaned


def zones() -> list[str]:
    """Chile and Argentina first, then the other zones of the Americas."""
    american = {zone for zone in available_timezones() if zone.startswith("America/")}
    near = [
        "America/Santiago",
        "America/Punta_Arenas",
        "Pacific/Easter",
        "America/Argentina/Buenos_Aires",
    ]
    return [*near, *sorted(american.difference(near))]


@admin.register(Account)
class AccountAdmin(AccountScopedAdmin):
    account_field = "pk"
    form = AccountForm
    inlines = [MembershipInline]
    change_form_template = "admin/batches/account/change_form.html"
    list_display = ["name", "slug", "country", "state", "batches", "members"]
    search_fields = ["name", "slug"]
    actions = None
    search_help_text = _("Name or code")
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "slug"),
                    ("country", "time_zone"),
                    ("status", "plan"),
                ]
            },
        ),
        (
            _("Calls"),
            {
                "fields": [
                    ("default_agent", "default_number"),
                    ("max_concurrent_calls", "max_calls_per_day", "callback_slots"),
                ],
                "description": _("A new campaign takes these unless it names its own."),
            },
        ),
    ]

    def prepare(self, request: HttpRequest, rows: list[Account]) -> None:
        ids = [row.pk for row in rows]
        for model, name in ((Batch, "batches_shown"), (Membership, "members_shown")):
            mine = model.objects.filter(account_id__in=ids)
            counted = Counter(mine.values_list("account_id", flat=True))
            for row in rows:
                setattr(row, name, counted[row.pk])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # suspended instead: its calls stay on record

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Account | None = None
    ) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        account = self.get_object(request, unquote(object_id))
        extra = {}
        if account is not None:
            extra["notices"] = pages.gather(pages.ACCOUNT_NOTICES, request, account)
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )

    def save_model(
        self, request: HttpRequest, obj: Account, form: Any, change: Any
    ) -> None:
        """Who makes an account and does not see all of them becomes a member."""
        super().save_model(request, obj, form, change)
        if not change and not request.user.is_superuser:
            Membership.objects.get_or_create(user_id=request.user.pk, account=obj)

    @display(description=_("status"), label=ACCOUNT_COLOURS)
    def state(self, row: Account) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("campaigns"))
    def batches(self, row: Account) -> int:
        return row.batches_shown

    @display(description=_("members"))
    def members(self, row: Account) -> int:
        return row.members_shown
