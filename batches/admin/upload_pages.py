"""Uploading a workbook: choose it, look at what it holds, confirm."""

import hashlib
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from batches import callers, formats, use_cases
from batches.admin import loading_pages
from batches.admin.base import choices_of, require
from batches.admin.pages import page_url
from batches.admin.progress import number
from batches.admin.words import COLUMNS, variable
from batches.imports import importer, pending
from batches.imports.loading import Begun
from batches.imports.problems import WorkbookError
from batches.models import Account, Agent, Batch, PhoneNumber, Upload
from speechai_site.runtime import audit

ACCEPTED = ".xlsx,.xlsm,.xls,.xlsb,.ods,.csv,.txt,.tsv,.htm,.html,.zip"


class UploadForm(forms.Form):
    """Which workbook, for whom, and what it is called with."""

    file = forms.FileField(
        label=_("Workbook"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=_(
            "Excel, CSV or text, without password. The row with headers is found."
        ),
    )
    account = forms.ModelChoiceField(
        Account.objects.none(),
        label=_("Account"),
        widget=UnfoldAdminSelectWidget,
        empty_label=_("Choose an account"),
    )
    use_case = forms.ChoiceField(
        label=_("Use case"), choices=use_cases.choices, widget=UnfoldAdminSelectWidget
    )
    batch = forms.ModelChoiceField(
        Batch.objects.none(),
        label=_("Campaign"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label=_("A new campaign"),
        help_text=_("Rows can be added to a campaign that was not started yet."),
    )
    name = forms.CharField(
        label=_("Name of the new campaign"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Empty: the name of the file."),
    )
    agent = forms.ModelChoiceField(
        Agent.objects.none(),
        label=_("Voice agent"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label=_("The account's own"),
    )
    number = forms.ModelChoiceField(
        PhoneNumber.objects.none(),
        label=_("Caller id"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label=_("The account's own"),
    )
    limit_days = forms.IntegerField(
        label=_("Pay by, in days from today"),
        required=False,
        min_value=1,
        max_value=364,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty: from the due date and the days past due of each case."),
    )
    max_days = forms.IntegerField(
        label=_("Latest promise, in days from today"),
        required=False,
        min_value=2,
        max_value=365,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty: likewise."),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = Account.objects.visible_to(request.user).filter(
            status=Account.Status.ACTIVE
        )
        self.fields["account"].queryset = accounts
        only = list(accounts[:2])
        if len(only) == 1:
            self.fields["account"].initial = only[0].pk
        self.fields["batch"].queryset = Batch.objects.filter(
            account_id__in=list(accounts.values_list("pk", flat=True)),
            status=Batch.Status.DRAFT,
        ).order_by("-pk")
        for name, model in (("agent", Agent), ("number", PhoneNumber)):
            offered = choices_of(model, request)
            self.fields[name].queryset = offered.filter(is_active=True)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_MAX_BYTES:
            limit = settings.UPLOAD_MAX_BYTES // 1_000_000
            raise ValidationError(
                _("At most %(limit)s MB are accepted."),
                code="file_too_large",
                params={"limit": limit},
            )
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        account = cleaned.get("account")
        for name in ("batch", "agent", "number"):
            thing = cleaned.get(name)
            if account and thing and thing.account_id not in (None, account.pk):
                self.add_error(name, _("It is another account's."))
        return cleaned

    def options(self) -> dict[str, int]:
        days = {name: self.cleaned_data[name] for name in ("limit_days", "max_days")}
        return {name: value for name, value in days.items() if value is not None}

    def choices(self) -> dict[str, str]:
        """What was chosen, as text: ids, or empty."""
        chosen = {
            name: str(row.pk) if (row := self.cleaned_data[name]) else ""
            for name in ("account", "batch", "agent", "number")
        }
        return chosen | {
            "use_case": self.cleaned_data["use_case"],
            "name": self.cleaned_data["name"],
        }


def choose(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Step 1: the form. A readable workbook is kept and leads to step 2."""
    require(request, "batches.add_upload", "batches.add_batch")
    form = UploadForm(request, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read()
        try:
            seen = importer.preview(
                content,
                form.cleaned_data["account"],
                form.cleaned_data["use_case"],
                form.options(),
            )
        except WorkbookError as error:
            form.add_error("file", ValidationError(error.message, code=error.code))
        else:
            token = pending.keep(
                content,
                file_name=form.cleaned_data["file"].name,
                user_id=request.user.pk,
                choices=form.choices()
                | {
                    "options": form.options(),
                    "sha256": hashlib.sha256(content).hexdigest(),
                },
                preview=_plain(asdict(seen)),
            )
            return redirect("admin:batches_upload_preview", token)
    return TemplateResponse(
        request,
        "admin/batches/upload/choose.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Upload workbook"),
            "opts": model_admin.opts,
            "form": form,
            "templates": _templates(request),
            "groups": [
                (_("The workbook"), ["file", "account", "use_case"]),
                (_("The campaign"), ["batch", "name", "agent", "number"]),
                (_("Dates that the agent says"), ["limit_days", "max_days"]),
            ],
        },
    )


def _templates(request: HttpRequest) -> list[tuple[Any, str, str]]:
    """The template workbooks that a person may need: (use case, country, address)."""
    countries = sorted(
        set(Account.objects.visible_to(request.user).values_list("country", flat=True))
    )
    return [
        (
            label,
            country if len(countries) > 1 else "",
            f"{reverse('admin:batches_upload_template', args=[name])}?country={country}",
        )
        for name, label in use_cases.choices()
        for country in countries
    ]


def preview(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """Step 2: what the workbook holds. POST `act`: create, start or discard."""
    require(request, "batches.add_upload", "batches.add_batch")
    kept = pending.find(token, request.user.pk)
    if kept is None:
        messages.warning(
            request, _("That workbook was already imported or is kept no longer.")
        )
        return redirect("admin:batches_upload_add")
    account = _visible_account(request, kept)
    if request.method == "POST":
        return _decide(request, kept, account)
    batch = _chosen(Batch, kept.choices["batch"])
    return TemplateResponse(
        request,
        "admin/batches/upload/preview.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("What the workbook holds"),
            "opts": model_admin.opts,
            "file_name": kept.file_name,
            "account": account,
            "batch": batch,
            "name": kept.choices["name"] or Path(kept.file_name).stem,
            "may_start": request.user.has_perm("batches.control_batch"),
            "before": _uploaded_before(kept, account),
            **_shown(kept.preview),
        },
    )


def _decide(
    request: HttpRequest, kept: pending.Pending, account: Account
) -> HttpResponse:
    act = request.POST.get("act")
    if act == "discard":
        pending.drop(kept.token)
        messages.info(request, _("Nothing was kept of the workbook."))
        return redirect("admin:batches_upload_add")
    if act not in ("create", "start"):
        return redirect("admin:batches_upload_preview", kept.token)
    if act == "start":
        require(request, "batches.control_batch")
    chosen = kept.choices
    if not pending.claim(kept.token):
        messages.warning(request, _("That workbook is being imported already."))
        return redirect("admin:batches_batch_changelist")
    begun = Begun(
        kept.content(),
        account,
        chosen["use_case"],
        chosen["options"],
        audit.actor_of(request.user),
        file_name=kept.file_name,
        batch=_chosen(Batch, chosen["batch"]),
        name=chosen["name"],
        agent=_chosen(Agent, chosen["agent"])
        or callers.choose_agent(account, needed=False),
        number=_chosen(PhoneNumber, chosen["number"])
        or callers.choose_number(account, needed=False),
    )
    rows = dict(kept.preview)["rows"]
    try:
        response = loading_pages.begin(request, begun, rows=rows, start=act == "start")
    except WorkbookError as error:
        pending.unclaim(kept.token)
        messages.error(request, error.message)
        return redirect("admin:batches_upload_preview", kept.token)
    except BaseException:
        pending.unclaim(kept.token)
        raise
    pending.drop(kept.token)
    return response


def _chosen(model: type[Model], pk: str) -> Any:
    return model.objects.filter(pk=pk).first() if pk else None


def _visible_account(request: HttpRequest, kept: pending.Pending) -> Account:
    """The account, provided that the person may still see it."""
    visible = Account.objects.visible_to(request.user)
    account = visible.filter(pk=kept.choices["account"]).first()
    if account is None:
        raise Http404
    return account


def _uploaded_before(kept: pending.Pending, account: Account) -> dict[str, str] | None:
    """When the same bytes were uploaded for this account, and to which campaign."""
    same = Upload.objects.filter(account=account, sha256=kept.choices["sha256"])
    upload = same.order_by("-pk").first()
    if upload is None:
        return None
    return {
        "at": formats.moment(upload.created_at),
        "url": page_url("batches_upload", upload.pk),
    }


def _plain(value: Any) -> Any:
    """A preview as MongoDB can keep it: amounts as text, keys without dots."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return [[key, _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _shown(pairs: list[Any]) -> dict[str, Any]:
    """A kept preview as its page shows it."""
    seen = dict(pairs)
    return {
        "sheet": seen["sheet"],
        "other_sheets": seen["other_sheets"],
        "figures": [
            (_("Rows"), number(seen["rows"]), ""),
            (_("Persons"), number(seen["contacts"]), ""),
            (_("Cases"), number(seen["jobs"]), ""),
            (_("Total amount"), formats.money(Decimal(seen["total_amount"])), ""),
            (
                _("Rows reported"),
                number(seen["error_count"]),
                "danger" if seen["error_count"] else "",
            ),
            (
                _("Without a usable phone"),
                number(seen["without_phone"]),
                "warning" if seen["without_phone"] else "",
            ),
            (
                _("Already in a campaign"),
                number(seen["duplicates"]),
                "warning" if seen["duplicates"] else "",
            ),
            (_("Warnings"), number(seen["warning_count"]), ""),
        ],
        "duplicates": seen["duplicates"],
        "no_cases": not seen["jobs"],
        "columns": [
            (COLUMNS.get(name, name), header) for name, header in seen["columns"]
        ],
        "unread": seen["unread_columns"],
        "samples": [_sample(dict(sample)) for sample in seen["samples"]],
        "errors": [dict(error) for error in seen["errors"]],
        "error_count": seen["error_count"],
    }


def _sample(sample: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": sample["name"],
        "creditor": sample["creditor"],
        "amount": formats.money(Decimal(sample["amount"])),
        "phones": [formats.phone(e164) for e164 in sample["phones"]],
        "variables": [(variable(key), text) for key, text in sample["variables"]],
    }
