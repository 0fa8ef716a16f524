"""People who sign in: their role, and the accounts that they see."""

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
)

from batches import formats
from batches.admin.accounts import MembershipInline, people_visible_to, zones
from batches.admin.base import SpeechAdmin, account_ids
from batches.models import Account, Membership

User = get_user_model()


class AccountsInline(MembershipInline):
    verbose_name = _("account")
    verbose_name_plural = _("accounts")


class UserForm(UserChangeForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Times on the screen are shown in it."),
        widget=UnfoldAdminSelect2Widget,
        choices=lambda: [(zone, zone) for zone in [*zones(), "UTC"]],
    )


@admin.register(User)
class UserAdmin(SpeechAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [AccountsInline]
    actions = None
    list_display = [
        "username",
        "person",
        "roles",
        "accounts",
        "is_active",
        "last_seen",
    ]
    list_filter = ["is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = _("User, name or e-mail")
    ordering = ["username"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("username", "is_active"),
                    "password",
                    ("first_name", "last_name"),
                    "email",
                ]
            },
        ),
        (
            _("What this person may do"),
            {
                "fields": ["groups", "is_superuser"],
                "description": _("The role says what; the accounts say where."),
            },
        ),
        (
            _("Preferences"),
            {"fields": [("language", "time_zone"), ("last_login", "date_joined")]},
        ),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        (_("What this person may do"), {"fields": ["groups"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return people_visible_to(request).order_by("username")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.is_superuser:
            return fieldsets
        return [
            (title, {**options, "fields": _without(options["fields"], "is_superuser")})
            for title, options in fieldsets
        ]

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.order_by("name")
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            return db_field.formfield(
                **kwargs, label=_("Role"), help_text=_("One is enough for most people.")
            )
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_only_mine(
            request, obj
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # made inactive instead: the activity log names them

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if not change:
            obj.is_staff = True  # the admin is the product: whoever signs in, uses it
        super().save_model(request, obj, form, change)

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        ids = [row.pk for row in rows]
        roles, accounts = defaultdict(list), defaultdict(list)
        groups = dict(Group.objects.values_list("pk", "name"))
        held = User.groups.through.objects.filter(user_id__in=ids)
        for user_id, group_id in held.values_list("user_id", "group_id"):
            roles[user_id].append(groups[group_id])
        names = dict(Account.objects.visible_to(request.user).values_list("pk", "name"))
        members = Membership.objects.filter(user_id__in=ids)
        for user_id, account_id in members.values_list("user_id", "account_id"):
            if account_id in names:
                accounts[user_id].append(names[account_id])
        for row in rows:
            row.roles_shown = sorted(roles[row.pk])
            row.accounts_shown = ", ".join(sorted(accounts[row.pk]))

    @display(description=_("last seen"))
    def last_seen(self, row: Any) -> str:
        return formats.brief(row.last_login)

    @display(description=_("name"))
    def person(self, row: Any) -> str:
        return row.get_full_name()

    @display(description=_("role"), label=True)
    def roles(self, row: Any) -> list[str]:
        return [_("Superuser")] if row.is_superuser else row.roles_shown

    @display(description=_("accounts"))
    def accounts(self, row: Any) -> str:
        return str(_("all")) if row.is_superuser else row.accounts_shown


def _is_only_mine(request: HttpRequest, obj: Any) -> bool:
    """Whether every account of this user is also the asking person's.

    Who may set a password can sign in with it, and would see the other accounts.
    """
    ids = account_ids(request)
    if ids is None or not isinstance(obj, User):
        return True
    owned = Membership.objects.filter(user_id=obj.pk)
    return set(owned.values_list("account_id", flat=True)) <= set(ids)


def _without(fields: list[Any], name: str) -> list[Any]:
    return [field for field in fields if field != name]
