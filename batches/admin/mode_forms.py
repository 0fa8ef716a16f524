"""What is asked before a campaign is changed: a list or a file, and what it is for."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from batches.admin.mode_words import ABSENT, WHY
from batches.admin.workbook_field import ACCEPTED, small_enough
from batches.imports.duplicates import ACTS, BY, SCOPES
from batches.imports.modes import ADD, PAYMENTS, UPDATE, WITHDRAW
from batches.imports.unlocking import table_of


def password_field() -> forms.CharField:
    return forms.CharField(
        label=_("Password of the file, if it has one"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("It is used once and kept nowhere."),
    )


class FileForm(forms.Form):
    """A file. `said` are the choices that go with it, as text."""

    file = forms.FileField(
        label=_("Workbook"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
    )

    password = password_field()

    def clean_file(self) -> Any:
        return small_enough(self.cleaned_data["file"])

    def content(self) -> tuple[bytes, str]:
        """What is to be read, and its name. Raises WorkbookError, PasswordNeeded."""
        file = self.cleaned_data["file"]
        return table_of(file.read(), file.name, self.cleaned_data["password"])

    def said(self) -> dict[str, Any]:
        return {}


class PaymentsForm(FileForm):
    file = forms.FileField(
        label=_("File of payments"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=_(
            "Columns: document or operation, amount paid; if there are, date of payment, "
            "means of payment and creditor. They are taken off in all campaigns of the "
            "account. A payment that was loaded before counts once."
        ),
    )


class DuplicatesForm(FileForm):
    """What becomes of new cases that the account has elsewhere."""

    ACTS: ClassVar[tuple[str, ...]] = ("allow", "skip")
    act = forms.ChoiceField(
        label=_("New cases that are duplicates"),
        initial="allow",
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    by = forms.ChoiceField(
        label=_("What counts as a duplicate"),
        choices=list(BY.items()),
        initial="case",
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    duplicates_in = forms.ChoiceField(
        label=_("Where it is looked for"),
        choices=list(SCOPES.items()),
        initial="open",
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    days = forms.IntegerField(
        label=_("Days, if it is the last days"),
        min_value=1,
        max_value=365,
        initial=30,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = [(act, ACTS[act]) for act in self.ACTS]

    def said(self) -> dict[str, Any]:
        told = self.cleaned_data
        policy = {"act": told["act"], "by": told["by"], "scope": told["duplicates_in"]}
        policy = {name: value for name, value in policy.items() if value}
        return {"duplicates": policy | {"days": told["days"] or 30}}


class AddForm(DuplicatesForm):
    ACTS = ("allow", "skip", "merge")
    file = forms.FileField(
        label=_("Workbook"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=_("With the columns of the campaign's first workbook."),
    )


class UpdateForm(DuplicatesForm):
    file = AddForm.base_fields["file"]
    absent = forms.ChoiceField(
        label=_("Cases that wait and are not in the file"),
        choices=list(ABSENT.items()),
        widget=UnfoldAdminRadioSelectWidget,
    )

    def said(self) -> dict[str, Any]:
        return super().said() | {"absent": self.cleaned_data["absent"]}

    field_order = ("file", "password", "absent")


class WithdrawForm(forms.Form):
    text = forms.CharField(
        label=_("Documents, phones or operations"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "autofocus": True}),
        help_text=_("One in each line, or with commas between them."),
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=_("With a column of documents, operations or phones."),
    )
    password = password_field()
    scope = forms.ChoiceField(
        label=_("Where"),
        choices=[
            ("account", _("All open campaigns of the account")),
            ("batch", _("Only this campaign")),
        ],
        initial="account",
        widget=UnfoldAdminSelectWidget,
    )
    why = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose one")), *WHY.items()],
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For the history, such as who asked; no data of persons."),
    )

    def clean_file(self) -> Any:
        return small_enough(self.cleaned_data["file"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        if bool(cleaned.get("file")) == bool(cleaned.get("text", "").strip()):
            raise ValidationError(_("Paste a list or choose a file."), code="nothing")
        if cleaned["why"] == "other" and not cleaned["note"]:
            self.add_error("note", _("Say why."))
        return cleaned

    def content(self) -> tuple[bytes, str]:
        if file := self.cleaned_data["file"]:
            return table_of(file.read(), file.name, self.cleaned_data["password"])
        return self.cleaned_data["text"].encode(), ""

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        reason = ": ".join(filter(None, (str(WHY[said["why"]]), said["note"])))
        return {
            "pasted": not said["file"],
            "scope": said["scope"],
            "reason": reason[:64],
        }


FORMS: dict[str, type[forms.Form]] = {
    WITHDRAW: WithdrawForm,
    PAYMENTS: PaymentsForm,
    UPDATE: UpdateForm,
    ADD: AddForm,
}
