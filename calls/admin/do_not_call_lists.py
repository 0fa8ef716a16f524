"""Adding people who must not be called, one or many; loading public registries."""

import io
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from batches import formats
from batches.admin.base import account_ids, choices_of, require
from batches.admin.pages import actor
from batches.admin.progress import number
from batches.imports.problems import WorkbookError
from batches.models import Account
from calls import registries, suppression_lists
from calls.block_reasons import BY_HAND, OPTED_OUT, REGISTRIES
from calls.models import RegistrySnapshot
from calls.resources import DoNotCallResource, end_of, zone_of
from speechai_site.runtime import audit, clock

SHOWN = 50  # problems of a list


class AddForm(forms.Form):
    """What is typed is hashed at once and never stored."""

    text = forms.CharField(
        label=_("Phones and documents"),
        required=False,
        max_length=400_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "autofocus": True}),
        help_text=_(
            "One in each line: a phone such as +56 9 1234 5678, or a RUT with its check "
            "digit. A phone and a RUT in one line, separated by a semicolon, are one "
            "person's."
        ),
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": ".xlsx,.xls,.xlsb,.ods,.csv,.txt"}
        ),
        help_text=_(
            "Workbook or CSV with a column Phone or RUT, and if wanted Reason, Expires, "
            "Creditor. What a row does not say is taken from below."
        ),
    )
    account = forms.ModelChoiceField(
        Account.objects.none(),
        label=_("Account"),
        widget=UnfoldAdminSelectWidget,
        required=False,
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=list(BY_HAND.items()),
        initial=OPTED_OUT,
        widget=UnfoldAdminSelectWidget,
    )
    creditor = forms.CharField(
        label=_("Creditor"),
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Only for this creditor, as workbooks write it; empty: for all."),
    )
    expires = forms.DateField(
        label=_("Until"),
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("The last day; empty: for ever."),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = choices_of(Account, request)
        everybody = account_ids(request) is None
        field = self.fields["account"]
        field.queryset, field.required = accounts, not everybody
        field.empty_label = _("Everybody: all accounts") if everybody else "---------"
        only = list(accounts[:2])
        if len(only) == 1 and not everybody:
            field.initial = only[0].pk

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        file = cleaned.get("file")
        if bool(file) == bool(cleaned.get("text")) and not self.errors:
            raise ValidationError(
                _("Write phones or documents, or choose a file."), code="nothing"
            )
        if file and file.size > settings.UPLOAD_MAX_BYTES:
            limit = settings.UPLOAD_MAX_BYTES // 1_000_000
            raise ValidationError(
                _("At most %(limit)s MB are accepted."),
                code="file_too_large",
                params={"limit": limit},
            )
        return cleaned


def add(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """One page: what is pasted or a file; all of it is added, or nothing."""
    require(request, "calls.add_donotcall")
    form = AddForm(request, request.POST or None, request.FILES or None)
    problems: list[suppression_lists.Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            loaded = _load(request, form.cleaned_data)
        except WorkbookError as error:
            form.add_error("file", ValidationError(error.message, code=error.code))
        else:
            if not loaded.problems:
                messages.success(request, _said(loaded))
                return redirect("admin:calls_donotcall_changelist")
            problems = loaded.problems
    return TemplateResponse(
        request,
        "admin/calls/do_not_call/add.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Add people not to call"),
            "opts": model_admin.opts,
            "form": form,
            "problems": problems[:SHOWN],
            "problem_count": len(problems),
        },
    )


def _load(request: HttpRequest, wanted: dict[str, Any]) -> suppression_lists.Loaded:
    by, account = audit.actor_of(request.user), wanted["account"]
    file, expires = wanted["file"], wanted["expires"]
    resource = DoNotCallResource(
        account=account,
        source=(f"upload:{by}" if file else by)[:64],
        reason=wanted["reason"],
        creditor=wanted["creditor"],
        expires_at=end_of(expires, zone_of(account)) if expires else None,
    )
    source = file.read() if file else wanted["text"]
    return suppression_lists.load(source, resource, by=by)


def _said(loaded: suppression_lists.Loaded) -> str:
    return gettext(
        "%(added)s added, %(known)s were there before; %(ended)s waiting cases ended."
    ) % {
        "added": number(loaded.done.added),
        "known": number(loaded.known),
        "ended": number(loaded.done.ended),
    }


class RegistryForm(forms.Form):
    registry = forms.ChoiceField(
        label=_("Public registry"),
        choices=[(code, row.label) for code, row in REGISTRIES.items()],
        widget=UnfoldAdminSelectWidget,
    )
    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt"}),
        help_text=_("Text with one phone in each line. It replaces the last load."),
    )


def registry(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Which registries are loaded and how old they are; POST loads one anew."""
    if account_ids(request) is not None:
        raise PermissionDenied  # registries hold for every account
    form = RegistryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            loaded = registries.load(
                form.cleaned_data["registry"],
                io.TextIOWrapper(file, encoding="utf-8", errors="replace"),
                by=audit.actor_of(request.user),
                file_name=file.name,
            )
        except registries.RegistryError as error:
            form.add_error("file", ValidationError(error.message, code=error.code))
        else:
            messages.success(
                request,
                _("%(count)s phones are in force.") % {"count": number(loaded.count)},
            )
            return redirect("admin:calls_donotcall_registry")
    return TemplateResponse(
        request,
        "admin/calls/do_not_call/registries.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Public registries"),
            "opts": model_admin.opts,
            "form": form,
            "rows": [_registry_row(code) for code in REGISTRIES],
        },
    )


def _registry_row(code: str) -> dict[str, Any]:
    row: RegistrySnapshot | None = registries.newest(code)
    return {
        "label": REGISTRIES[code].label,
        "count": number(row.count) if row else formats.EMPTY,
        "at": formats.brief(row.loaded_at) if row else gettext("never"),
        "days": (clock.now() - row.loaded_at).days if row else "",
        "by": actor(row.loaded_by) if row else "",
    }
