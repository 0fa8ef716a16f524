"""The template workbook of a use case: headers, one invented row, and what they mean.

It is imported as it stands: whoever fills it in writes over the invented row.
"""

from datetime import timedelta
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches import use_cases
from batches.imports.columns import EXCLUDED_KINDS, Column
from batches.imports.normalizers import countries
from batches.imports.normalizers.countries import Country
from batches.use_cases.base import UseCase
from speechai_site.runtime import clock

LANGUAGES = ("es", "en")
# Columns that only some files have; a template with them would mislead.
_LEFT_OUT = (*EXCLUDED_KINDS, "check_digit", "area", "currency")
_AHEAD = timedelta(days=30)
_KINDS = {
    "document": gettext_lazy("document"),
    "name": gettext_lazy("text"),
    "text": gettext_lazy("text"),
    "message": gettext_lazy("text"),
    "amount": gettext_lazy("amount"),
    "date": gettext_lazy("date"),
    "days": gettext_lazy("whole number"),
    "percent": gettext_lazy("percentage"),
    "time": gettext_lazy("hour"),
    "mobile": gettext_lazy("phone"),
    "landline": gettext_lazy("phone"),
    "phone": gettext_lazy("phone"),
}


def template_workbook(use_case: str, language: str, country: str = "CL") -> bytes:
    """An xlsx in `es` or `en` for accounts of a country; raises WorkbookError."""
    case, land = use_cases.get(use_case), countries.get(country)
    columns = [
        column
        for column in case.columns
        if column.kind not in _LEFT_OUT
        and (land.document_needed or column.kind != "document")
    ]
    file = BytesIO()
    with (
        translation.override(language),
        xlsxwriter.Workbook(
            file, {"in_memory": True, "strings_to_urls": False}
        ) as book,
    ):
        _write_data(book, columns, language, land)
        _write_explanations(book, case, columns, language, land)
    return file.getvalue()


def _write_data(
    book: xlsxwriter.Workbook, columns: list[Column], language: str, country: Country
) -> None:
    sheet = book.add_worksheet(_("data"))
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "dd-mm-yyyy"})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        title = _title(column, language, country)
        sheet.write_string(0, place, title, bold)
        sheet.set_column(place, place, max(14, len(title) + 2))
        example = _example(column, country)
        if column.kind == "date":
            sheet.write_datetime(1, place, example, day)
        elif isinstance(example, str):
            sheet.write_string(1, place, example)
        else:
            sheet.write(1, place, example)


def _title(column: Column, language: str, country: Country) -> str:
    if column.kind == "document" and language == "es":
        return country.document_title
    return column.title_in(language)


def _example(column: Column, country: Country) -> Any:
    if column.example is not None:
        return column.example
    if column.kind == "date":
        # a debt or an attention was before, an appointment or an offer is to come
        past = column.name in ("due_date", "served_on")
        today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return (today - _AHEAD if past else today + _AHEAD).replace(tzinfo=None)
    return {
        "document": country.example_document,
        "name": "Ana Prueba Soto",
        "mobile": country.example_mobile,
        "landline": country.example_landline,
    }.get(column.kind, "")


def _write_explanations(
    book: xlsxwriter.Workbook,
    case: UseCase,
    columns: list[Column],
    language: str,
    country: Country,
) -> None:
    sheet = book.add_worksheet(_("explanations"))
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 3, 24, wrapped)
    sheet.set_column(3, 3, 60, wrapped)
    lines = [
        str(case.label),
        _("The row of the example is invented: write over it."),
        _("Other columns may be added; they are kept with each case."),
    ]
    for line, text in enumerate(lines):
        sheet.write_string(line, 0, text, bold)
    head = [_("Column"), _("Needed"), _("Kind"), _("What it is")]
    sheet.write_row(len(lines) + 1, 0, head, bold)
    for line, column in enumerate(columns, len(lines) + 2):
        cells = [
            _title(column, language, country),
            _needed(case, column),
            str(_KINDS.get(column.kind, "")),
            str(column.help),
        ]
        sheet.write_row(line, 0, cells)


def _needed(case: UseCase, column: Column) -> str:
    for group in case.needed:
        if column.name in group:
            return _("yes") if len(group) == 1 else _("yes, or another phone")
    return ""
