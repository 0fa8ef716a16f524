"""API keys of integrations. A key's text is shown once, when it is made.

Not in `admin.py`: that module is loaded while the site itself is being made.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from batches import formats
from batches.admin.base import AccountScopedAdmin
from batches.models import Account
from speechai_site.models import ApiKey


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=ApiKey.Scope.choices,
        initial=[ApiKey.Scope.READ.value],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ["name", "account", "scopes", "is_active"]


@admin.register(ApiKey)
class ApiKeyAdmin(AccountScopedAdmin):
    form = ApiKeyForm
    list_display = ["name", "begins", "account_name", "is_active", "made"]
    empty_help = _("An integration needs one to read campaigns, cases and calls.")
    actions = None
    add_fieldsets = [(None, {"fields": ["name", "account", "scopes"]})]
    fieldsets = [
        (None, {"fields": [("name", "is_active"), ("account", "prefix"), "scopes"]})
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account", "prefix"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # made invalid instead, so that the activity log keeps its name

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, text = ApiKey.issue(obj.account, obj.name, form.cleaned_data["scopes"])
        obj.pk, obj.prefix = made.pk, made.prefix
        messages.warning(
            request,
            format_html(
                "{} <code class='sai-key'>{}</code>",
                _("Copy the key now, it is not shown again:"),
                text,
            ),
        )

    def prepare(self, request: HttpRequest, rows: list[ApiKey]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, "")

    @display(description=_("begins with"))
    def begins(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @display(description=_("account"))
    def account_name(self, row: ApiKey) -> str:
        return row.account_shown

    @display(description=_("made"))
    def made(self, row: ApiKey) -> str:
        return formats.brief(row.created_at)
