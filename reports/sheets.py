"""Sheets written row by row in constant memory: real numbers, dates, harmless text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

MOST_LINES = 1_048_576  # of a sheet, in any Excel
# Day 0 of Excel's calendar, for every date after February 1900.
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 a sheet knows no zones
DAY = timedelta(days=1)
DAY_MS = 86_400_000

Kind = Literal["text", "whole", "money", "dollars", "date", "moment", "duration"]
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "whole": "0",
    "money": "#,##0.00",
    "dollars": "#,##0.0000",
    "date": "dd-mm-yyyy",
    "moment": "dd-mm-yyyy hh:mm:ss",
    "duration": "[m]:ss",
}
# What a spreadsheet may take for a formula when the text is typed again or comes
# back by way of a CSV file. A sign with nothing but figures behind it (a phone, a
# negative number) can do no harm. The last four are the full-width twins of = + - @.
_RISKY = re.compile(r"[=@\t\r\n\uff1d\uff0b\uff0d\uff20]|[+-](?![\d .,]*\Z)")


@dataclass(frozen=True)
class Column:
    """One column of a sheet; `value` takes the row. None and "" leave a cell empty.

    `cost`: only for who may see what calls cost.
    """

    title: str | Promise
    kind: Kind
    value: Callable[[dict[str, Any]], Any]
    width: int = 14
    cost: bool = False


class Book:
    """A workbook whose rows go to disk as they are written."""

    def __init__(self, target: BinaryIO, zone: ZoneInfo) -> None:
        self._workbook = Workbook(
            target,
            {"constant_memory": True, "use_zip64": True, "nan_inf_to_errors": True},
        )
        self._zone = zone
        self.bold = self._workbook.add_format({"bold": True})
        self.formats = {
            kind: self._workbook.add_format({"num_format": text})
            for kind, text in NUMBER_FORMATS.items()
        }

    def sheet(self, name: str, columns: Sequence[Column]) -> "Sheet":
        """A new sheet with a line of titles."""
        return Sheet(self, name, columns)

    def add_worksheet(self, name: str) -> Any:
        return self._workbook.add_worksheet(name[:31])

    def close(self) -> None:
        """Finish the file. Raises OSError when it can't be written."""
        try:
            self._workbook.close()
        except FileCreateError as error:
            raise error.args[0] from None

    def number(self, kind: Kind, value: Any) -> float:
        """`value` as Excel counts it."""
        if kind == "date":
            return (value.replace(tzinfo=None) - EXCEL_EPOCH) / DAY
        if kind == "moment":
            local = value.astimezone(self._zone).replace(tzinfo=None)
            return (local - EXCEL_EPOCH) / DAY
        if kind == "duration":
            return value / DAY_MS
        return float(value)


class Sheet:
    """Goes on in a further sheet when one is full."""

    def __init__(self, book: Book, name: str, columns: Sequence[Column]) -> None:
        self._book = book
        self._name = name
        self._columns = columns
        self._sheets = 0
        self._open()

    def write(self, row: dict[str, Any]) -> None:
        if self._line == MOST_LINES:
            self._open()
        for place, column in enumerate(self._columns):
            value = column.value(row)
            if value is not None and value != "":
                self._cell(place, column.kind, value)
        self._line += 1

    def _open(self) -> None:
        self._sheets += 1
        suffix = f" {self._sheets}" if self._sheets > 1 else ""
        self._sheet = self._book.add_worksheet(self._name[:28] + suffix)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, str(column.title), self._book.bold)
        self._sheet.freeze_panes(1, 0)
        self._line = 1

    def _cell(self, place: int, kind: Kind, value: Any) -> None:
        if kind == "text":
            self._sheet.write_string(self._line, place, harmless(str(value)))
        else:
            number = self._book.number(kind, value)
            form = self._book.formats[kind]
            self._sheet.write_number(self._line, place, number, form)


def harmless(text: str) -> str:
    """Text that no spreadsheet runs, not even after a detour over CSV.

    An apostrophe is put before what could become a formula (OWASP, CSV injection).
    """
    return f"'{text}" if _RISKY.match(text) else text
