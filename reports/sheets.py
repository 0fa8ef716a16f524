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

    def __init__(self, target: BinaryIO, zone: ZoneInfo) -> None:
        self._workbook = Workbook(
            target,
            {"constant_memory": True, "use_zip64": True, "nan_inf_to_errors": True},
        )
        self.bold = self._workbook.add_format({"bold": True})
        self.formats = {
            kind: self._workbook.add_format({"num_format": text})
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

    def add_worksheet(self, name: str) -> Any:
        return self._workbook.add_worksheet(name[:31])

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
        # Translated once: a translation per cell takes a tenth of the time.
        self._words = [
            {code: harmless(str(words)) for code, words in (column.words or {}).items()}
            for column in columns
        ]
        self._sheets = 0
        self._open()

    def write(self, row: dict[str, Any]) -> None:
        if self._line == MOST_LINES:
            self._open()
        for value_of, write in self._writers:
            value = value_of(row)
            if value is not None and value != "":
                write(self._line, value)
        self._line += 1

    def _open(self) -> None:
        self._sheets += 1
        suffix = f" {self._sheets}" if self._sheets > 1 else ""
        sheet = self._book.add_worksheet(self._name[:28] + suffix)
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, str(column.title), self._book.bold)
        sheet.freeze_panes(1, 0)
        self._line = 1
        self._writers = [
            (column.value, self._writer(sheet, place, column.kind))
            for place, column in enumerate(self._columns)
        ]

    def _writer(self, sheet: Any, place: int, kind: Kind) -> Callable[[int, Any], None]:
        """What writes a value of this column into a line of `sheet`."""
        words = self._words[place]
        write_string, write_number = sheet.write_string, sheet.write_number
        form, number_of = self._book.formats[kind], self._book.numbers.get(kind)

        def write_text(line: int, text: Any) -> None:
            write_string(line, place, words.get(text) or harmless(str(text)))

        def write_value(line: int, value: Any) -> None:
            write_number(line, place, number_of(value), form)

        return write_value if number_of else write_text


def harmless(text: str) -> str:
    """Text that no spreadsheet runs, not even after a detour over CSV.

    An apostrophe is put before what could become a formula (OWASP, CSV injection).
    """
    first = text[:1]
    risky = first in _RISKY_FIRST or (
        first in ("+", "-") and not _SIGNED_FIGURES.match(text)
    )
    return f"'{text}" if risky else text
