"""Uploading a workbook, step 1: which file, for whom, and into which campaign.

The next steps: `upload_sheet.py`, `upload_columns.py`, `upload_review.py`. A file of a
known layout goes straight to the last one.
"""

from typing import Any

from bson import ObjectId
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from batches import use_cases
from batches.admin.base import choices_of, require
from batches.admin.pages import actor, page_url
from batches.admin.progress import number
from batches.admin.upload_draft import Busy, Gone, find_draft, next_page, sent_away
from batches.admin.upload_reading import unfinished
from batches.admin.workbook_field import ACCEPTED, small_enough
from batches.formats import when
from batches.imports import drafting, pending, unlocking
from batches.imports.drafts import Draft
from batches.imports.problems import PasswordNeeded, WorkbookError
from batches.imports.sniffer import can_be_asked
from batches.models import Account, Agent, Batch, PhoneNumber


class UploadForm(forms.Form):
    """Which workbook, for whom, and what it is called with."""

    file = forms.FileField(
        label=_("Workbook"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=_(
            "Excel, CSV or text, also with a password. The row with headers is found."
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
        return small_enough(self.cleaned_data["file"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        account = cleaned.get("account")
        for name in ("batch", "agent", "number"):
            thing = cleaned.get(name)
            if account and thing and thing.account_id not in (None, account.pk):
                self.add_error(name, _("It is another account's."))
        batch = cleaned.get("batch")
        if batch and batch.use_case != cleaned.get("use_case"):
            self.add_error("use_case", _("The campaign is of another use case."))
        return cleaned

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
    """Step 1: the form. A workbook that can be opened is kept and leads to the next
    step that somebody has to look at."""
    require(request, "batches.add_upload", "batches.add_batch")
    form = UploadForm(
        request, request.POST or None, request.FILES or None, initial=_wanted(request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _keep(request, form)
        except WorkbookError as error:
            form.add_error("file", ValidationError(error.message, code=error.code))
    return TemplateResponse(
        request,
        "admin/batches/upload/choose.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Upload workbook"),
            "opts": model_admin.opts,
            "form": form,
            "step": 1,
            "templates": _templates(request),
            "unfinished": unfinished(request),
            "groups": [
                (_("The workbook"), ["file", "account", "use_case"]),
                (_("The campaign"), ["batch", "name", "agent", "number"]),
            ],
        },
    )


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What a link to this page chooses beforehand: `batch`, a campaign of theirs."""
    drafts = Batch.objects.filter(
        account__in=Account.objects.visible_to(request.user), status=Batch.Status.DRAFT
    )
    pk = request.GET.get("batch", "")
    batch = drafts.filter(pk=pk).first() if ObjectId.is_valid(pk) else None
    if batch is None:
        return {}
    account = batch.account_id
    return {"batch": batch.pk, "account": account, "use_case": batch.use_case}


def _keep(request: HttpRequest, form: UploadForm) -> HttpResponse:
    file = form.cleaned_data["file"]
    content, name = file.read(), file.name
    try:
        content, name = unlocking.table_of(content, name, "")
        locked = False
    except PasswordNeeded:
        locked = can_be_asked(content)
    token = pending.keep(
        content,
        file_name=name,
        user_id=request.user.pk,
        choices=form.choices() | {"locked": locked},
    )
    if locked:
        return redirect("admin:batches_upload_password", token)
    draft = find_draft(request, token)
    is_done = drafting.first(draft)
    return next_page(draft) if is_done else sent_away(request, Busy(token))


def password(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """The password of a packed or encrypted table: used once, and kept nowhere."""
    try:
        draft = find_draft(request, token)
        if not draft.said["locked"]:
            return next_page(draft)
        refusal = " ".join(draft.said["problems"])
        if request.method == "POST":
            given = request.POST.get("password", "")
            opened = unlocking.unlock(draft, given)
            return next_page(find_draft(request, opened or token))
    except Gone as gone:
        return sent_away(request, gone)
    except WorkbookError as error:
        refusal = error.message
    return TemplateResponse(
        request,
        "admin/batches/upload/password.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Password of the file"),
            "opts": model_admin.opts,
            "file_name": draft.file_name,
            "refusal": refusal,
            "step": 1,
        },
    )


def again(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """The same file was loaded before: stop, or go on all the same."""
    try:
        draft = find_draft(request, token)
        before = draft.same_file
        if request.method == "POST" and request.POST.get("act") == "discard":
            return discard(request, draft)
        if request.method == "POST" or before is None:
            draft.said["again_seen"] = True
            if not draft.save():
                raise Gone
            return next_page(draft)
    except Gone as gone:
        return sent_away(request, gone)
    return TemplateResponse(
        request,
        "admin/batches/upload/again.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("This same file was uploaded before"),
            "opts": model_admin.opts,
            "file_name": draft.file_name,
            "before": before,
            "when": when(before.created_at),
            "who": actor(before.created_by),
            "url": page_url("batches_upload", before.pk),
            "cases": number(before.jobs),
            "step": 1,
        },
    )


def discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep nothing of it."""
    pending.drop(draft.token)
    messages.info(request, _("Nothing was kept of the workbook."))
    return redirect("admin:batches_upload_add")


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
