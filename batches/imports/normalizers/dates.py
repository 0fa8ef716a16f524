"""Dates from cells: real dates, Excel serials, and text with the day first."""

import re
from datetime import date, datetime, timedelta

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

_EPOCH = date(1899, 12, 30)  # Excel's day 0, after its leap-year error of 1900
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}")
_YEAR_FIRST = re.compile(rf"(\d{{4}})([/.-])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_NUMBER = re.compile(r"(\d{5}|\d{8})(?:\.0+)?")


def read_date(cell: Cell) -> date:
    """The day that a cell means, between 1990 and 2100.

    Text is day-month-year, or year-month-day; two-digit years are of this century.
    Numbers are Excel serials, or 20251031.
    """
    if isinstance(cell, datetime):
        return _checked(cell.year, cell.month, cell.day)
    if isinstance(cell, date):
        return _checked(cell.year, cell.month, cell.day)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _from_number(cell)
    if isinstance(cell, str):
        return _from_text(tidy(cell))
    raise Unreadable("date_invalid")


def _from_number(number: float) -> date:
    if 10_000 <= number < 80_000:
        day = _EPOCH + timedelta(days=int(number))
        return _checked(day.year, day.month, day.day)
    if 10**7 <= number < 10**8 and number == int(number):
        return _checked(
            int(number) // 10_000, int(number) // 100 % 100, int(number) % 100
        )
    raise Unreadable("date_invalid")


def _from_text(text: str) -> date:
    if match := _DAY_FIRST.fullmatch(text):
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        return _checked(year, int(match[3]), int(match[1]))
    if match := _YEAR_FIRST.fullmatch(text):
        return _checked(int(match[1]), int(match[3]), int(match[4]))
    if match := _NUMBER.fullmatch(text):
        return _from_number(int(match[1]))
    raise Unreadable("date_invalid")


def _checked(year: int, month: int, day: int) -> date:
    try:
        read = date(year, month, day)
    except ValueError as error:
        raise Unreadable("date_invalid") from error
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Unreadable("date_out_of_range")
    return read
