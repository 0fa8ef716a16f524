"""The reported rows as they were, to be corrected in Excel and uploaded again."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import xlsxwriter
from django.conf import settings
from django.utils.translation import gettext as _

from batches.imports import reasons
from batches.imports.normalizers.text import Cell, text_of
from batches.imports.rows import RowError


def path_for(upload_id: object) -> Path:
    """Where the error workbook of an upload is kept."""
    return settings.VAR_DIR / "errors" / f"{upload_id}.xlsx"


def write(path: Path, headers: Sequence[str], errors: Iterable[RowError]) -> None:
    """The rows with two columns in front: which column is wrong, and why."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,  # a cell that starts with = stays text
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(path, options) as book:
        formats = {
            datetime: book.add_format({"num_format": "dd-mm-yyyy hh:mm"}),
            date: book.add_format({"num_format": "dd-mm-yyyy"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
            timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        sheet = book.add_worksheet(_("errors"))
        sheet.write_row(0, 0, [*reasons.headers(), *headers])
        for line, error in enumerate(errors, 1):
            sheet.write_string(line, 0, error.column)
            sheet.write_string(line, 1, error.message)
            for place, cell in enumerate(error.cells, reasons.COUNT):
                _write_cell(sheet, line, place, cell, formats)
    path.chmod(0o600)


def _write_cell(sheet, line: int, place: int, cell: Cell, formats: dict) -> None:
    if isinstance(cell, str):
        if cell:
            sheet.write_string(line, place, cell)
    elif isinstance(cell, bool):
        # LibreOffice would make a formula of it, whose value is a number
        sheet.write_string(line, place, text_of(cell))
    elif type(cell) in formats:
        sheet.write_datetime(line, place, cell, formats[type(cell)])
    else:
        sheet.write(line, place, cell)
