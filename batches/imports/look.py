"""A first look at a workbook: its sheets, its header, its first rows. Nothing is read
of the rows but their text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.conf import settings

from batches.imports import reasons
from batches.imports.books import Book, Sheet
from batches.imports.cases import columns_for
from batches.imports.normalizers.text import text_of
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers
from batches.imports.reader import (
    HEADER_WITHIN,
    header_of_sheet,
    numbered_rows,
    open_book,
)
from batches.imports.sniffer import Source
from batches.use_cases.base import UseCase

TOP = 10  # rows that are shown
_LONGEST = 60


@dataclass
class Look:
    """What a person is shown before anything is decided.

    `header_row` is Excel's number, 0 for none. `rows` are the first TOP of the sheet, or
    up to below its header, as (number, texts); `values` the first text below each header. `columns`: the places
    of the logical columns that were found by their headers, those that fit several
    headers left out.
    """

    sheets: list[str]  # that can be chosen: the visible ones, then the hidden ones
    other_sheets: list[str]  # visible, with data, and not this one
    sheet: str
    header_row: int
    headers: list[str]
    rows: list[tuple[int, list[str]]]
    values: list[str]
    columns: dict[str, list[int]] = field(default_factory=dict)
    corrects: bool = False  # an error workbook, without its two columns in front


def look(
    source: Source | Book,
    use_case: UseCase,
    country: str,
    answers: Answers = NO_ANSWERS,
) -> Look:
    """The sheet whose header names most columns of the use case, or what `answers` say
    of sheet and header; raises WorkbookError, PasswordNeeded."""
    columns, _needed = columns_for(use_case, country)
    with open_book(source) as book:
        known = book.visible + book.hidden_sheets
        if answers.sheet and answers.sheet not in known:
            raise WorkbookError("sheet_missing", sheet=answers.sheet)
        best: Look | None = None
        for name in [answers.sheet] if answers.sheet else book.visible:
            sheet = book.sheet(name)
            if sheet is None or sheet.width > settings.UPLOAD_MAX_COLUMNS:
                continue
            seen = _look_at(sheet, columns, answers)
            if seen and (best is None or len(seen.columns) > len(best.columns)):
                best = seen
        if best is None:
            raise WorkbookError("workbook_empty")
        best.sheets, best.other_sheets = known, _others(book, best.sheet)
    return best


def _others(book: Book, chosen: str) -> list[str]:
    return [name for name in book.visible if name != chosen and book.has_data(name)]


def _look_at(sheet: Sheet, columns: Sequence, answers: Answers) -> Look | None:
    sheet = reasons.without(sheet)
    top = list(islice(numbered_rows(sheet), HEADER_WITHIN))
    if not top:
        return None
    place, headers, found = header_of_sheet(sheet, top, columns, answers)
    shown = max(TOP, place + 4)
    below = [cells for _number, cells in top[place + 1 :]]
    return Look(
        sheets=[],
        other_sheets=[],
        sheet=sheet.name,
        header_row=top[place][0] if place >= 0 else 0,
        headers=headers,
        rows=[
            (number, [_short(cell) for cell in cells]) for number, cells in top[:shown]
        ],
        values=[_first_text(below, index) for index in range(len(headers))],
        columns=found.places,
        corrects=sheet.corrects,
    )


def _first_text(rows: Sequence, index: int) -> str:
    texts = (_short(cells[index]) for cells in rows if index < len(cells))
    return next((text for text in texts if text), "")


def _short(cell: object) -> str:
    text = text_of(cell)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
