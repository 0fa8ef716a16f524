"""People not to call: found and added by phone or document, kept as keyed hashes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from batches import formats
from batches.admin.base import AccountScopedAdmin
from batches.admin.filters import AccountFilter, CodeFilter
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import actor, page_url
from batches.admin.search import read_document, read_numbers
from batches.admin.words import reason
from batches.models import Account
from calls import suppression
from calls.models import DoNotCall
from speechai_site.runtime import audit, keys


class KindFilter(CodeFilter):
    title = _("kind")
    parameter_name = "kind"
    words = dict(DoNotCall.Kind.choices)


class AddForm(forms.ModelForm):
    """What is typed is hashed at once and never stored."""

    who = forms.CharField(
        label=_("Phone or document"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("A phone such as +56 9 1234 5678, or a RUT with its check digit."),
    )

    class Meta:
        model = DoNotCall
        fields = ["account", "reason", "expires_at"]

    def clean_who(self) -> str:
        """Fills in kind, key and mask; the text itself goes no further."""
        text = self.cleaned_data["who"]
        document, numbers = read_document(text), read_numbers(text)
        if document and not numbers:
            self.instance.kind = DoNotCall.Kind.PERSON
            self.instance.key = keys.person_key(document, "")
            self.instance.masked = formats.mask_document(document)
        elif len(numbers) == 1 and not document:
            (e164,) = numbers
            self.instance.kind = DoNotCall.Kind.PHONE
            self.instance.key = keys.phone_key(e164)
            self.instance.masked = formats.mask_phone(e164)
        elif document or numbers:
            raise forms.ValidationError(
                _("This can be read in several ways: write the phone with +56 or +54."),
                code="ambiguous",
            )
        else:
            raise forms.ValidationError(
                _("This is neither a phone nor a RUT."), code="unreadable"
            )
        return ""


@admin.register(DoNotCall)
class DoNotCallAdmin(AccountScopedAdmin, KeysetAdmin):
    shared_rows = True
    list_display = [
        "masked",
        "kind_shown",
        "whose",
        "why",
        "added_by",
        "expires",
        "added",
    ]
    list_filter = [KindFilter, AccountFilter]
    search_fields = ["key"]  # see get_search_results
    search_help_text = _("Exact phone or RUT")
    empty_help = _("Who asks not to be called is added here at once.")
    actions = None
    readonly_fields = ["masked", "kind", "account", "added_by", "created_at"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("masked", "kind"),
                    "account",
                    "reason",
                    "expires_at",
                    ("added_by", "created_at"),
                ]
            },
        )
    ]
    add_fieldsets = [
        (None, {"fields": ["who", "account", "reason", "expires_at"]}),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = AddForm
        return super().get_form(request, obj, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.readonly_fields if obj else []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        wanted = Q(pk__in=[])
        if document := read_document(search_term):
            wanted |= Q(key=keys.person_key(document, ""))
        for e164 in read_numbers(search_term):
            wanted |= Q(key=keys.phone_key(e164))
        return queryset.filter(wanted), False

    def save_model(
        self, request: HttpRequest, obj: DoNotCall, form: Any, change: Any
    ) -> None:
        """A new entry also ends what waits for that person."""
        if change:
            super().save_model(request, obj, form, change)
            return
        suppression.suppress(
            obj.kind,
            obj.key,
            account_id=obj.account_id,
            reason=obj.reason,
            source=audit.actor_of(request.user)[:64],
            masked=obj.masked,
            expires_at=obj.expires_at,
        )
        added = DoNotCall.objects.get(
            kind=obj.kind, key=obj.key, account_id=obj.account_id
        )
        obj.pk, obj.source = added.pk, added.source

    def prepare(self, request: HttpRequest, rows: list[DoNotCall]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows if row.account_id})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, _("everybody"))

    @display(description=_("kind"))
    def kind_shown(self, row: DoNotCall) -> str:
        return row.get_kind_display()

    @display(description=_("not called by"))
    def whose(self, row: DoNotCall) -> str:
        return str(row.account_shown)

    @display(description=_("reason"))
    def why(self, row: DoNotCall) -> str:
        return reason(row.reason)

    @display(description=_("source"))
    def added_by(self, row: DoNotCall) -> SafeString | str:
        kind, _colon, name = row.source.partition(":")
        if kind == "call":
            return format_html(
                '<a href="{}">{}</a>', page_url("calls_call", name), _("a call")
            )
        return actor(row.source)

    @display(description=_("expires"))
    def expires(self, row: DoNotCall) -> str:
        return formats.brief(row.expires_at) if row.expires_at else str(_("never"))

    @display(description=_("added"))
    def added(self, row: DoNotCall) -> str:
        return formats.brief(row.created_at)
