"""Contacts that others made: what was imported, and importing a file of them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from batches import formats
from batches.admin import pages
from batches.admin.base import AccountScopedAdmin, ReadOnly, choices_of, require
from batches.admin.filters import AccountFilter
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import Notice, actor
from batches.admin.progress import number
from batches.imports.problems import WorkbookError
from batches.models import Account, Batch
from batches.states import OPEN_BATCH
from calls import outside_contacts
from calls.contact_words import CHANNELS, RESULTS, labels
from calls.models import ContactImport
from calls.outside_contacts import Imported
from speechai_site.runtime import audit

SHOWN = 50  # problems of a file


@admin.register(ContactImport)
class ContactImportAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = ["when", "account_name", "file", "row_count", "new", "until", "who"]
    fields = readonly_fields = list_display
    list_filter = [AccountFilter]
    empty_help = _("Only our own calls count: nobody has imported other contacts.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("calls.add_contactimport")

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return add(request, self)

    def prepare(self, request: HttpRequest, rows: list[ContactImport]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, "")

    @display(description=_("imported"))
    def when(self, row: ContactImport) -> str:
        return formats.brief(row.imported_at)

    @display(description=_("account"))
    def account_name(self, row: ContactImport) -> str:
        return row.account_shown

    @display(description=_("file"))
    def file(self, row: ContactImport) -> str:
        return row.file_name

    @display(description=_("rows"))
    def row_count(self, row: ContactImport) -> str:
        return number(row.rows)

    @display(description=_("contacts added"))
    def new(self, row: ContactImport) -> str:
        return number(row.added)

    @display(description=_("reaches until"))
    def until(self, row: ContactImport) -> str:
        return formats.brief(row.reaches)

    @display(description=_("imported by"))
    def who(self, row: ContactImport) -> str:
        return actor(row.imported_by)


class ImportForm(forms.Form):
    """What the file says of people is hashed at once and never stored."""

    account = forms.ModelChoiceField(
        Account.objects.none(), label=_("Account"), widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": ".xlsx,.xls,.xlsb,.ods,.csv,.txt"}
        ),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = choices_of(Account, request)
        self.fields["account"].queryset = accounts
        only = list(accounts[:2])
        if len(only) == 1:
            self.fields["account"].initial = only[0].pk
        elif asked := request.GET.get("account"):
            self.fields["account"].initial = asked

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


def add(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """One page: a file; all of it is stored, or nothing."""
    require(request, "calls.add_contactimport")
    form = ImportForm(request, request.POST or None, request.FILES or None)
    problems: list[outside_contacts.Problem] = []
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            imported = outside_contacts.load(
                file.read(),
                form.cleaned_data["account"],
                by=audit.actor_of(request.user),
                file_name=file.name,
            )
        except WorkbookError as error:
            form.add_error("file", ValidationError(error.message, code=error.code))
        else:
            if not imported.problems:
                messages.success(request, _said(imported))
                return redirect("admin:calls_contactimport_changelist")
            problems = imported.problems
    return TemplateResponse(
        request,
        "admin/calls/outside_contacts/add.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Import outside contacts"),
            "opts": model_admin.opts,
            "form": form,
            "channels": labels(CHANNELS),
            "results": labels(RESULTS),
            "problems": problems[:SHOWN],
            "problem_count": len(problems),
        },
    )


def _said(imported: Imported) -> str:
    said = gettext(
        "%(added)s contacts added, %(known)s were there before; they reach until "
        "%(reaches)s."
    ) % {
        "added": number(imported.added),
        "known": number(imported.known),
        "reaches": formats.moment(imported.reaches),
    }
    if blocked := imported.suppressed.added:
        said += " " + gettext(
            "Entries on the do-not-call list: %(blocked)s; waiting cases that ended: "
            "%(ended)s."
        ) % {"blocked": number(blocked), "ended": number(imported.suppressed.ended)}
    return said


# --- what other pages say of it


def told(request: HttpRequest, account_id: Any) -> list[Notice]:
    """Whether anything but our own calls is counted, and until when it is known."""
    until = outside_contacts.reach(account_id)
    may = request.user.has_perm("calls.add_contactimport")
    url = reverse("admin:calls_contactimport_add") + f"?account={account_id}"
    way = {"url": url, "link": _("Import outside contacts")} if may else {}
    if until:
        text = gettext("Imported contacts reach until %(until)s.") % {
            "until": formats.moment(until)
        }
        return [Notice("", "history", _("Outside contacts count"), text, **way)]
    text = gettext(
        "No contacts of other dialers, people or messages were imported in the last "
        "%(days)s days: limits can't count them."
    ) % {"days": settings.CONTACT_IMPORT_DAYS}
    return [Notice("warning", "history", _("Only our own calls count"), text, **way)]


def told_of_batch(request: HttpRequest, batch: Batch) -> list[Notice]:
    return told(request, batch.account_id) if batch.status in OPEN_BATCH else []


def told_of_account(request: HttpRequest, account: Account) -> list[Notice]:
    return told(request, account.pk)


pages.BATCH_NOTICES.append(told_of_batch)
pages.ACCOUNT_NOTICES.append(told_of_account)
