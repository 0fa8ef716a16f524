"""Sheets written row by row in constant memory: real numbers, dates, harmless text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from reports.lines import LineSheet, number_cell, text_cell

MOST_LINES = 1_048_576  # of a sheet, in any Excel
# Day 0 of Excel's calendar, for every date after February 1900.
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 a sheet knows no zones
DAY = timedelta(days=1)
DAY_MS = 86_400_000

Kind = Literal["text", "whole", "money", "dollars", "date", "moment", "duration"]
NUMBER_FORMATS: dict[Kind, str] = {
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
_RISKY_FIRST = frozenset("=@\t\r\n\uff1d\uff0b\uff0d\uff20")
_SIGNED_FIGURES = re.compile(r"[+-][\d .,]*\Z")


@dataclass(frozen=True)
class Column:
    """One column of a sheet; `value` takes the row. None and "" leave a cell empty.

    `words` are what stands for the codes that `value` gives; a code without words
    is shown as it is. `cost`: only for who may see what calls cost.
    """

    title: str | Promise
    kind: Kind
    value: Callable[[dict[str, Any]], Any]
    width: int = 14
    words: Mapping[Any, str | Promise] | None = None
    cost: bool = False


class Book:
    """A workbook whose rows go to disk as they are written."""

    def __init__(self, target: BinaryIO, zone: ZoneInfo, folder: str) -> None:
        """`folder` takes the rows until `close`; who made it removes it."""
        self._workbook = Workbook(
            target, {"constant_memory": True, "use_zip64": True, "tmpdir": folder}
        )
        self.bold = self._style({"bold": True})
        self.styles = {
            kind: self._style({"num_format": text})
            for kind, text in NUMBER_FORMATS.items()
        }
        # Kind → its value as Excel counts it.
        self.numbers: dict[Kind, Callable[[Any], float]] = {
            "whole": float,
            "money": float,
            "dollars": float,
            "date": lambda day: _days(day.replace(tzinfo=None)),
            "moment": lambda at: _days(at.astimezone(zone).replace(tzinfo=None)),
            "duration": lambda milliseconds: milliseconds / DAY_MS,
        }

    def sheet(self, name: str, columns: Sequence[Column]) -> "Sheet":
        """A new sheet with a line of titles."""
        return Sheet(self, name, columns)

    def add_worksheet(self, name: str) -> LineSheet:
        return self._workbook.add_worksheet(name[:31], worksheet_class=LineSheet)

    def cell(self, reference: str, kind: Kind, value: Any) -> str:
        """`value` (not None) as a cell, for `LineSheet.write_line`."""
        if kind == "text":
            return text_cell(reference, harmless(str(value)))
        return number_cell(reference, self.numbers[kind](value), self.styles[kind])

    def _style(self, properties: dict[str, Any]) -> int:
        return self._workbook.add_format(properties)._get_xf_index()

    def close(self) -> None:
        """Finish the file. Raises OSError when it can't be written."""
        try:
            self._workbook.close()
        except FileCreateError as error:
            raise error.args[0] from None


def _days(moment: datetime) -> float:
    return (moment - EXCEL_EPOCH) / DAY


class Sheet:
    """Goes on in a further sheet when one is full."""

    def __init__(self, book: Book, name: str, columns: Sequence[Column]) -> None:
        self._book = book
        self._name = name
        self._columns = columns
        self._cells = [
            (column.value, self._cell_of(place, column))
            for place, column in enumerate(columns)
        ]
        self._sheets = 0
        self._open()

    def write(self, row: dict[str, Any]) -> None:
        if self._line == MOST_LINES:
            self._open()
        cells = []
        number = self._line + 1
        for value_of, cell_of in self._cells:
            value = value_of(row)
            if value is not None and value != "":
                cells.append(cell_of(number, value))
        self._sheet.write_line(self._line, cells)
        self._line += 1

    def _open(self) -> None:
        self._sheets += 1
        suffix = f" {self._sheets}" if self._sheets > 1 else ""
        self._sheet = self._book.add_worksheet(self._name[:28] + suffix)
        self._sheet.freeze_panes(1, 0)
        titles = []
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            reference = xl_rowcol_to_cell(0, place)
            titles.append(text_cell(reference, str(column.title), self._book.bold))
        self._sheet.write_line(0, titles)
        self._line = 1

    def _cell_of(self, place: int, column: Column) -> Callable[[int, Any], str]:
        """What makes a cell of this column from the line's number and a value."""
        letters = xl_col_to_name(place)
        number_of = self._book.numbers.get(column.kind)
        style = self._book.styles.get(column.kind)
        # Translated once: a translation per cell takes a tenth of the time.
        words = {
            code: harmless(str(text)) for code, text in (column.words or {}).items()
        }

        def text(number: int, value: Any) -> str:
            shown = words.get(value) or harmless(str(value))
            return text_cell(f"{letters}{number}", shown)

        def figure(number: int, value: Any) -> str:
            return number_cell(f"{letters}{number}", number_of(value), style)

        return figure if number_of else text


def harmless(text: str) -> str:
    """Text that no spreadsheet runs, not even after a detour over CSV.

    An apostrophe is put before what could become a formula (OWASP, CSV injection).
    """
    first = text[:1]
    risky = first in _RISKY_FIRST or (
        first in ("+", "-") and not _SIGNED_FIGURES.match(text)
    )
    return f"'{text}" if risky else text
