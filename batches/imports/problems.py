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
        "The file is no workbook (xlsx, xls, xlsb, ods, csv or text)."
    ),
    "file_encrypted": gettext_lazy(
        "The workbook is protected with a password: give it, or save it without one."
    ),
    "password_wrong": gettext_lazy("That is not the password of the file."),
    "unlock_failed": gettext_lazy(
        "The file was not opened: give its password once more."
    ),
    "unlock_busy": gettext_lazy("Other files are being opened: try again in a minute."),
    "file_entities": gettext_lazy(
        "The workbook declares XML entities, as attacks do: save it again from Excel."
    ),
    "zip_many": gettext_lazy(
        "The archive holds %(count)s tables: upload one file at a time."
    ),
    "zip_cipher": gettext_lazy(
        "The archive is packed in a way that cannot be opened here: unpack it first."
    ),
    "office_cipher": gettext_lazy(
        "The workbook is encrypted in a way that cannot be opened here: save it without "
        "a password."
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
    "sheet_missing": gettext_lazy("The workbook has no sheet %(sheet)s."),
    "header_missing": gettext_lazy(
        "The row %(row)s of the sheet %(sheet)s cannot be its header."
    ),
    "column_outside": gettext_lazy(
        "The column of %(wanted)s is none of the %(limit)s of the sheet."
    ),
    "ssn_refused": gettext_lazy(
        "The file seems to hold social security numbers, which are never stored: "
        "remove that column."
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
    "rows_filtered": gettext_lazy(
        "The filters leave no row of the sheet %(sheet)s to load."
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
        "The option %(name)s cannot be %(value)s, but: %(expected)s."
    ),
    "batch_not_draft": gettext_lazy(
        "Rows can only be added to a campaign that was not started."
    ),
    "batch_of_other_account": gettext_lazy("The campaign is another account's."),
    "batch_of_other_use_case": gettext_lazy("The campaign is of another use case."),
    "already_importing": gettext_lazy("This same file is being imported right now."),
    "layout_drifted": gettext_lazy(
        "The file lacks columns that its layout goes by: %(columns)s."
    ),
    "too_many_entries": gettext_lazy(
        "The list has more than %(limit)s entries: split it."
    ),
    "list_empty": gettext_lazy("The list is empty."),
    "batch_ended": gettext_lazy("The campaign has ended: it takes no more rows."),
    "upload_not_undoable": gettext_lazy(
        "This upload can't be undone: it changed cases that were there before."
    ),
    "upload_was_dialed": gettext_lazy(
        "Some of its cases were called already: it can't be undone any more."
    ),
    "batch_being_updated": gettext_lazy(
        "Another file is being loaded into this campaign right now."
    ),
    "import_failed": gettext_lazy(
        "Loading the file failed again and again; nothing of it was kept. Upload it "
        "once more, and tell your administrator when that does not help."
    ),
    "change_interrupted": gettext_lazy(
        "It was interrupted again and again, and a part of it may have been done. These "
        "are the figures of what is left: confirm it again, nothing is done twice."
    ),
    "import_interrupted": gettext_lazy(
        "The campaign changed while the file was stored; nothing of it was kept."
    ),
}

# A cell that cannot be read. The row is reported, or the job carries a warning.
CELL_SENTENCES = {
    "document_missing": gettext_lazy("The document is missing."),
    "document_invalid": gettext_lazy("It is not a document of the account's country."),
    "document_check_digit": gettext_lazy("The check digit of the document is wrong."),
    "document_dummy": gettext_lazy("It is a made-up document."),
    "document_rounded": gettext_lazy("Excel rounded the document: digits were lost."),
    "document_none": gettext_lazy("The country has no national document."),
    "person_unknown": gettext_lazy(
        "Neither a document nor a valid phone tells who the person is."
    ),
    "amount_missing": gettext_lazy("The amount is missing."),
    "amount_invalid": gettext_lazy("The amount cannot be read."),
    "amount_ambiguous": gettext_lazy(
        "The amount can be read in two ways: write it without separators."
    ),
    "amount_convention": gettext_lazy(
        "The amount is not written as in the account's country: write it without "
        "separators."
    ),
    "amount_currency": gettext_lazy("The amount is in another currency."),
    "amount_unit": gettext_lazy(
        "The amount may be in thousands or millions: write it in full."
    ),
    "amount_negative": gettext_lazy("The amount is negative, a balance in favour."),
    "amount_zero": gettext_lazy("The amount is zero."),
    "amount_too_large": gettext_lazy("The amount is too large to be a debt."),
    "date_invalid": gettext_lazy("The date cannot be read."),
    "date_out_of_range": gettext_lazy("The date is out of any sensible range."),
    "date_missing": gettext_lazy("The date is missing."),
    "date_past": gettext_lazy("The date is past."),
    "date_future": gettext_lazy("The date is still to come."),
    "date_ambiguous": gettext_lazy(
        "The column has dates with the day first and others with the month first."
    ),
    "date_swapped": gettext_lazy(
        "Excel may have swapped day and month in this column: it is not read."
    ),
    "time_invalid": gettext_lazy("The hour cannot be read."),
    "percent_invalid": gettext_lazy("It is no percentage from 0 to 100."),
    "offer_missing": gettext_lazy("It is not said what is offered."),
    "topic_missing": gettext_lazy("It is not said what the survey is about."),
    "message_missing": gettext_lazy("There is no message."),
    "days_invalid": gettext_lazy("The number of days cannot be read."),
    "text_too_long": gettext_lazy("The text is too long."),
    "text_broken": gettext_lazy("The text has lost letters."),
    "formula_error": gettext_lazy("The cell holds an Excel error."),
    "formula_empty": gettext_lazy(
        "The formula has no result in the file: open it in Excel and save it."
    ),
    "phone_invalid": gettext_lazy("It is not a valid phone."),
    "phone_ambiguous": gettext_lazy("The phone can be read in several ways."),
    "phone_dummy": gettext_lazy("It is a made-up phone."),
    "phone_foreign": gettext_lazy("It is a phone of another country."),
    "phone_rounded": gettext_lazy("Excel rounded the phone: digits were lost."),
    "phone_area_missing": gettext_lazy("The phone lacks its area code."),
    "phone_kind_unknown": gettext_lazy(
        "It is not known whether the phone is a mobile or a landline."
    ),
    "name_missing": gettext_lazy("The name is missing."),
    "payment_unknown": gettext_lazy("No case of the account is about it."),
    "payment_of_nobody": gettext_lazy(
        "Neither a document nor an operation tells whose payment it is."
    ),
    "payment_of_several": gettext_lazy(
        "The person owes several creditors: add the operation or the creditor."
    ),
    "payment_of_others": gettext_lazy(
        "Several persons have this operation: add the document."
    ),
    "debt_repeated": gettext_lazy("The same debt stands in an earlier row."),
    "duplicate": gettext_lazy("It is a duplicate: it was loaded before."),
    "duplicate_in_file": gettext_lazy("It is a duplicate of an earlier row."),
    "row_total": gettext_lazy("It is a total, not a person."),
    "row_header": gettext_lazy("It is the header again."),
    "row_shifted": gettext_lazy(
        "The row has more cells than the others: a separator stands inside of a value."
    ),
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


class PasswordNeeded(WorkbookError):
    """The file can be read with a password, which is asked for and never stored."""

    def __init__(self, code: str = "file_encrypted") -> None:
        super().__init__(code)


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
