"""Moments from cells: a day with its time, in one cell or in two."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from batches.imports.normalizers.dates import read_date
from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

_MOMENT = re.compile(
    r"(?P<day>.*?)[ T]*(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap])?(?:\.?\s?m\.?)?"
    r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_MIDNIGHT = time.min


def read_moment(cell: Cell) -> date | datetime:
    """A datetime, aware if the text has an offset; a date where no time is said.

    Midnight in a cell of dates is no time: Excel writes it behind every day.
    """
    if isinstance(cell, datetime):
        day = read_date(cell)
        return day if cell.time() == _MIDNIGHT else cell.replace(microsecond=0)
    if isinstance(cell, float) and not cell.is_integer():
        day = read_date(cell)
        seconds = round(cell % 1 * 86400)
        return datetime.combine(day, _MIDNIGHT) + timedelta(seconds=seconds)
    if isinstance(cell, str) and (said := _MOMENT.fullmatch(tidy(cell))):
        day = read_date(said["day"].rstrip(" ,"))
        return datetime.combine(day, _time_of(said), _offset_of(said["offset"]))
    return read_date(cell)


def read_time(cell: Cell) -> time:
    """The time of day that stands in a cell of its own."""
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, time):
        return cell.replace(microsecond=0)
    if isinstance(cell, timedelta):
        cell = cell.total_seconds() / 86400
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell < 1:
        minutes, second = divmod(min(round(cell * 86400), 86399), 60)
        return time(minutes // 60, minutes % 60, second)
    said = _MOMENT.fullmatch(tidy(cell)) if isinstance(cell, str) else None
    if said is None or said["day"]:
        raise Unreadable("time_invalid")
    return _time_of(said)


def _time_of(said: re.Match[str]) -> time:
    hour, half = int(said["hour"]), (said["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(said["minute"]), int(said["second"] or 0))
    except ValueError as error:
        raise Unreadable("time_invalid") from error


def _offset_of(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
