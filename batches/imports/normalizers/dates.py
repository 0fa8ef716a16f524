"""Dates and hours from cells: real ones, Excel serials, and text."""

import re
from datetime import date, datetime, time, timedelta

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable
from speechai_site.runtime import keys

_EPOCH = date(1899, 12, 30)  # Excel's day 0, after its leap-year error of 1900
_LATER = 1462  # days by which the epoch of 1904 is later
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
PARTS = re.compile(
    rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.ASCII
)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([/.-])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_NUMBER = re.compile(r"(\d{5}|\d{8})(?:\.0+)?", re.ASCII)
_WORDS = re.compile(
    r"(\d{1,2})(?: de |[ /-])([a-z]{3,10})\.?(?: de |[ /-])(\d{4}|\d{2})", re.ASCII
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("ene enero jan january", "feb febrero february", "mar marzo march"),
            *("abr abril apr april", "may mayo", "jun junio june", "jul julio july"),
            *("ago agosto aug august", "sep sept septiembre setiembre september"),
            *("oct octubre october", "nov noviembre november"),
            "dic diciembre dec december",
        ),
        1,
    )
    for name in names.split()
}
_HOUR = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2})?\s*(?:(am|pm)|h|hr|hrs|horas)?", re.ASCII
)


def read_date(
    cell: Cell,
    day_first: bool = True,  # noqa: FBT001, FBT002 a convention, given by position
    *,
    swapped: bool = False,
    since_1904: bool = False,
) -> date:
    """The day that a cell means, between 1990 and 2100.

    Text is day-month-year (month-day-year without `day_first`), or year-month-day;
    two-digit years are of this century. Numbers are Excel serials, or 20251031.
    `swapped`: real dates have day and month in each other's place.
    """
    if type(cell) is date and not swapped and _FIRST_YEAR <= cell.year <= _LAST_YEAR:
        return cell  # the usual cell
    if isinstance(cell, date):
        if swapped and cell.day > 12:
            raise Unreadable("date_swapped")
        month, day = (cell.day, cell.month) if swapped else (cell.month, cell.day)
        return _checked(cell.year, month, day)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _from_number(cell, since_1904)
    if isinstance(cell, str):
        return _from_text(tidy(cell), day_first, since_1904)
    raise Unreadable("date_invalid")


def _from_number(number: float, since_1904: bool) -> date:  # noqa: FBT001
    if 10_000 <= number < 80_000:
        day = _EPOCH + timedelta(days=int(number) + (_LATER if since_1904 else 0))
        return _checked(day.year, day.month, day.day)
    if 10**7 <= number < 10**8 and number == int(number):
        return _checked(
            int(number) // 10_000, int(number) // 100 % 100, int(number) % 100
        )
    raise Unreadable("date_invalid")


def _from_text(text: str, day_first: bool, since_1904: bool) -> date:  # noqa: FBT001
    if match := PARTS.fullmatch(text):
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        return _checked(_year(match[4]), int(month), int(day))
    if match := _YEAR_FIRST.fullmatch(text):
        return _checked(int(match[1]), int(match[3]), int(match[4]))
    if match := _NUMBER.fullmatch(text):
        return _from_number(int(match[1]), since_1904)
    if match := _WORDS.fullmatch(keys.fold(text).lower()):
        month = _MONTHS.get(match[2])
        if month:
            return _checked(_year(match[3]), month, int(match[1]))
    raise Unreadable("date_invalid")


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _checked(year: int, month: int, day: int) -> date:
    try:
        read = date(year, month, day)
    except ValueError as error:
        raise Unreadable("date_invalid") from error
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Unreadable("date_out_of_range")
    return read


def orders_of(text: str) -> str:
    """Which order the day and month of a text show: `dm`, `md`; `?` when both would
    be a date, such as 05/03/2025; empty when it is none of these."""
    match = PARTS.fullmatch(tidy(text))
    if match is None:
        return ""
    first, second = int(match[1]), int(match[3])
    if first <= 12 and second <= 12:
        return "?" if first != second else ""
    if first <= 31 and second <= 12:
        return "dm"
    return "md" if first <= 12 and second <= 31 else ""


def read_time(cell: Cell) -> str:
    """The hour of a day as `15:30`; a fraction of a day, too, and a date with an hour.

    Seconds are left out.
    """
    if isinstance(cell, datetime | time):
        return f"{cell.hour:02}:{cell.minute:02}"
    if isinstance(cell, float) and 0 <= cell % 1 < 1 and cell == cell:
        minutes = round(cell % 1 * 1440)
        return _hour(minutes // 60, minutes % 60)
    if isinstance(cell, timedelta):
        minutes = round(cell.total_seconds() / 60)
        return _hour(minutes // 60, minutes % 60)
    if isinstance(cell, str):
        text = tidy(cell).lower().replace("a.m.", "am").replace("p.m.", "pm")
        match = _HOUR.fullmatch(text.replace("a. m.", "am").replace("p. m.", "pm"))
        if match and (match[2] or match[3] or not text.isdigit()):
            return _of_day(int(match[1]), int(match[2] or 0), match[3])
    raise Unreadable("time_invalid")


def _of_day(hour: int, minute: int, half: str | None) -> str:
    if half:
        if not 1 <= hour <= 12:
            raise Unreadable("time_invalid")
        hour = hour % 12 + (12 if half == "pm" else 0)
    return _hour(hour, minute)


def _hour(hour: int, minute: int) -> str:
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise Unreadable("time_invalid")
    return f"{hour:02}:{minute:02}"
