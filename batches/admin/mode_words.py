"""The words of the pages by which a campaign is changed while it runs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from batches import formats
from batches.admin.progress import number
from batches.imports.modes import ADD, PAYMENTS, UPDATE, WITHDRAW, Look


@dataclass(frozen=True)
class ModeWords:
    """A page: its title, what it is for, its button, and who may."""

    title: str | Promise
    icon: str
    about: str | Promise
    confirm: str | Promise
    permissions: tuple[str, ...]


_BOTH = ("batches.add_upload", "batches.control_batch")
MODES = {
    WITHDRAW: ModeWords(
        _("Withdraw by list"),
        "person_remove",
        _(
            "Paste documents, phones or operations, or choose a file: who is called no more."
        ),
        _("Withdraw these cases"),
        ("batches.control_batch",),
    ),
    PAYMENTS: ModeWords(
        _("Load payments"),
        "payments",
        _("What was paid is called for no more; who paid a part is told the rest."),
        _("Load these payments"),
        _BOTH,
    ),
    UPDATE: ModeWords(
        _("Update with a workbook"),
        "sync_alt",
        _("A corrected file: amounts and phones change; attempts and promises stay."),
        _("Update the campaign"),
        _BOTH,
    ),
    ADD: ModeWords(
        _("Add rows"),
        "playlist_add",
        _(
            "Cases that are not in the campaign yet are added; the others stay as they are."
        ),
        _("Add these cases"),
        _BOTH,
    ),
}
# Why somebody is withdrawn by hand.
WHY: dict[str, Any] = {
    "client": _("The creditor asked for it"),
    "paid": pgettext_lazy("withdrawal", "Paid"),
    "disputed": pgettext_lazy("withdrawal", "Disputed"),
    "legal": _("Legal collection"),
    "complaint": pgettext_lazy("withdrawal", "Complaint"),
    "deceased": _("Deceased"),
    "data": _("Wrong data"),
    "other": pgettext_lazy("withdrawal", "Other"),
}
ABSENT = {
    "keep": _("They stay and are called on"),
    "withdraw": _("They are withdrawn: they are called no more"),
}
# (label, hint, tone when it is not zero) of each figure of a look.
FIGURES: dict[str, tuple[Any, Any, str]] = {
    "entries": (_("Entries"), "", ""),
    "matched": (_("Found"), "", ""),
    "missing": (_("Not found"), "", "warning"),
    "ambiguous": (
        _("Doubtful"),
        _("one's document, another's phone: left alone"),
        "warning",
    ),
    "repeated": (_("Repeated"), "", ""),
    "waiting": (_("Withdrawn at once"), _("cases that wait"), ""),
    "waiting_called": (_("Of those, called before"), "", ""),
    "under_way": (_("In a call right now"), _("withdrawn when it ends"), ""),
    "ended_before": (_("Closed before"), _("they are not called again"), ""),
    "rows": (_("Rows"), "", ""),
    "new_payments": (_("New payments"), "", ""),
    "amount_paid": (_("Sum of the new payments"), "", ""),
    "known_payments": (_("Loaded before or repeated"), _("they count once"), ""),
    "unknown_payments": (_("Of no case"), _("not stored"), "warning"),
    "cancelled": (_("Paid in full"), _("called no more"), ""),
    "cancelled_later": (_("Paid, in a call right now"), _("they end with it"), ""),
    "recalculated": (_("Paid in part"), _("the new balance is said"), ""),
    "closed_restated": (_("Of closed cases"), _("their balance changes"), ""),
    "promises": (_("Promises kept"), _("they are closed"), ""),
    "cases": (_("Cases in the file"), "", ""),
    "amount_in_file": (_("Total amount of the file"), "", ""),
    "new_cases": (_("New"), _("they are added and called"), ""),
    "there_already": (_("There already"), _("they stay as they are"), ""),
    "duplicates": (_("Duplicates"), _("they are added all the same"), "warning"),
    "left_out": (_("Duplicates"), _("left out and reported"), "warning"),
    "joined": (_("Joined to their case in the campaign"), "", ""),
    "changed": (_("Changed"), "", ""),
    "amounts": (_("Of those, with another amount"), "", ""),
    "called": (
        _("Of those, called already"),
        _("they may have been told the old one"),
        "warning",
    ),
    "same": (_("Unchanged"), "", ""),
    "closed": (_("Already closed"), _("they stay as they are"), ""),
    "leaving": (_("Not in the file"), "", "warning"),
    "leaving_called": (_("Of those, called before"), "", ""),
    "errors": (_("Rows reported"), _("not read"), "danger"),
    "without_phone": (_("New, without a usable phone"), "", "warning"),
}


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    hint: str
    tone: str


def figures(found: Look) -> list[Figure]:
    """The figures of a look, ready to be shown."""
    shown = []
    for name, value in found.figures.items():
        label, hint, tone = FIGURES[name]
        said = formats.money(value) if isinstance(value, Decimal) else number(value)
        shown.append(Figure(str(label), said, str(hint), tone if value else ""))
    return shown


def done(mode: str, found: Look, absent: str) -> str:
    """What was done, in a sentence; `absent`: with the cases that an update lacks."""
    said = {
        name: formats.money(value) if isinstance(value, Decimal) else number(value)
        for name, value in found.figures.items()
    }
    sentence = str(_DONE[mode]) % said
    if mode == UPDATE and found.figures["leaving"]:
        sentence += f" {_ABSENT_DONE[absent]}" % said
    return sentence


_DONE: dict[str, Any] = {
    WITHDRAW: _(
        "Withdrawn: %(waiting)s cases at once and %(under_way)s when their call ends. "
        "Entries not found: %(missing)s."
    ),
    PAYMENTS: _(
        "%(new_payments)s payments were loaded: %(cancelled)s cases are paid and "
        "%(cancelled_later)s when their call ends; %(recalculated)s owe less, "
        "%(promises)s promises were kept."
    ),
    UPDATE: _("%(changed)s cases changed, %(new_cases)s are new."),
    ADD: _("%(new_cases)s cases were added."),
}
_ABSENT_DONE = {
    "keep": _("%(leaving)s are not in the file and stay."),
    "withdraw": _("%(leaving)s are not in the file and were withdrawn."),
}
