"""What can be wrong with a workbook, a row or a cell: stable codes and sentences."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# The whole file is refused. `%(…)s` are the words given to WorkbookError.
FILE_SENTENCES = {
    "file_missing": gettext_lazy("The file %(file)s cannot be read."),
    "file_empty": gettext_lazy("The file is empty."),
    "file_too_large": gettext_lazy(
        "The file has %(size)s MB; at most %(limit)s MB are accepted."
    ),
    "file_bomb": gettext_lazy("The file unpacks to more than %(limit)s MB."),
    "file_not_workbook": gettext_lazy(
        "The file is not an Excel workbook (xlsx, xls, xlsb or ods)."
    ),
    "file_html": gettext_lazy(
        "The file is a web page named like a workbook: open it in Excel and save it "
        "as .xlsx."
    ),
    "file_text": gettext_lazy(
        "The file is plain text (such as CSV): open it in Excel and save it as .xlsx."
    ),
    "file_encrypted": gettext_lazy(
        "The workbook is protected with a password: save it without one."
    ),
    "file_damaged": gettext_lazy("The workbook is damaged and cannot be opened."),
    "workbook_empty": gettext_lazy("The workbook has no sheet with data."),
    "too_many_rows": gettext_lazy(
        "The sheet %(sheet)s has more than %(limit)s rows: split the file."
    ),
    "too_many_columns": gettext_lazy(
        "The sheet %(sheet)s has more than %(limit)s columns."
    ),
    "too_many_cells": gettext_lazy(
        "A sheet reaches to the cell %(cell)s: delete the empty rows and columns "
        "beyond the data."
    ),
    "columns_missing": gettext_lazy(
        "The sheet %(sheet)s lacks needed columns: %(columns)s."
    ),
    "column_ambiguous": gettext_lazy(
        "Several columns of the sheet %(sheet)s could be %(wanted)s: %(columns)s. "
        "Leave one."
    ),
    "rows_missing": gettext_lazy(
        "The sheet %(sheet)s has a header in row %(row)s and no rows below it."
    ),
    "case_too_large": gettext_lazy(
        "One person has too many rows in the file (the last in row %(row)s)."
    ),
    "country_unknown": gettext_lazy(
        "Workbooks of accounts of the country %(country)s cannot be imported yet."
    ),
    "use_case_unknown": gettext_lazy(
        "There is no use case %(name)s; there are: %(known)s."
    ),
    "option_unknown": gettext_lazy(
        "There is no option %(name)s; there are: %(known)s."
    ),
    "option_invalid": gettext_lazy(
        "The option %(name)s is %(value)s; give whole days with "
        "1 ≤ limit_days < max_days ≤ 365."
    ),
    "batch_not_draft": gettext_lazy(
        "Rows can only be added to a campaign that was not started."
    ),
    "batch_of_other_account": gettext_lazy("The campaign is another account's."),
    "batch_of_other_use_case": gettext_lazy("The campaign is of another use case."),
    "already_importing": gettext_lazy("This same file is being imported right now."),
    "import_interrupted": gettext_lazy(
        "The campaign changed while the file was stored; nothing of it was kept."
    ),
}

# A cell that cannot be read. The row is reported, or the job carries a warning.
CELL_SENTENCES = {
    "document_missing": gettext_lazy("The document is missing."),
    "document_invalid": gettext_lazy("It is not a RUT."),
    "document_check_digit": gettext_lazy("The check digit of the RUT is wrong."),
    "document_dummy": gettext_lazy("It is a made-up RUT."),
    "amount_missing": gettext_lazy("The amount is missing."),
    "amount_invalid": gettext_lazy("The amount cannot be read."),
    "amount_ambiguous": gettext_lazy(
        "The amount can be read in two ways: write it without separators."
    ),
    "amount_convention": gettext_lazy(
        "The amount is not written as $ 1.234,56: write it without separators."
    ),
    "amount_negative": gettext_lazy("The amount is negative, a balance in favour."),
    "amount_zero": gettext_lazy("The amount is zero."),
    "amount_too_large": gettext_lazy("The amount is too large to be a debt."),
    "date_invalid": gettext_lazy("The date cannot be read."),
    "date_out_of_range": gettext_lazy("The date is out of any sensible range."),
    "time_invalid": gettext_lazy("The time of day cannot be read."),
    "days_invalid": gettext_lazy("The number of days cannot be read."),
    "text_too_long": gettext_lazy("The text is too long."),
    "formula_error": gettext_lazy("The cell holds an Excel error."),
    "phone_invalid": gettext_lazy("It is not a valid phone."),
    "phone_ambiguous": gettext_lazy("The phone can be read in several ways."),
    "phone_dummy": gettext_lazy("It is a made-up phone."),
    "phone_foreign": gettext_lazy("It is a phone of another country."),
    "phone_rounded": gettext_lazy("Excel rounded the phone: digits were lost."),
    "name_missing": gettext_lazy("The name is missing."),
    "row_total": gettext_lazy("It is a total, not a person."),
    "row_header": gettext_lazy("It is the header again."),
}


class WorkbookError(Exception):
    """The file is refused as a whole; nothing of it was kept.

    `message` is a sentence for people in the active language, `code` never changes.
    """

    def __init__(self, code: str, *, row: int | None = None, **words: object) -> None:
        self.code = code
        self.row = row
        self.column = str(words.get("column", ""))
        self.value = str(words.get("value", ""))
        self.message = str(FILE_SENTENCES[code]) % (words | {"row": row})
        super().__init__(code)  # the sentence may hold a person's data: never logged

    def __str__(self) -> str:
        return self.code


class Unreadable(ValueError):
    """A cell cannot be read; `code` is a key of CELL_SENTENCES."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def sentence(code: str, column: str) -> str:
    """What is wrong with a cell, for people."""
    return (
        _("%(column)s: %(why)s") % {"column": column, "why": CELL_SENTENCES[code]}
        if column
        else str(CELL_SENTENCES[code])
    )
