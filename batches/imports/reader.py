"""The table in a workbook: its sheet, its header row, and its rows one by one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from django.conf import settings

from batches.imports import reasons
from batches.imports.books import (
    Book,
    Cells,
    ExcelBook,
    Sheet,
    TextBook,
    open_excel,
)
from batches.imports.columns import Column, Match, match
from batches.imports.filters import Sieve
from batches.imports.normalizers.text import is_blank, text_of
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.sniffer import Source, decoded, open_source, sniff, unpacked
from batches.imports.text_tables import read_page, read_separated

# Titles and logos stand above a header; further down nobody would find it either.
HEADER_WITHIN = 30


@dataclass
class Table:
    """A sheet with the needed columns. Row numbers are Excel's."""

    sheet: str
    header_row: int  # the last one of the header; 0: none
    headers: list[str]
    match: Match
    rows: Iterator[tuple[int, Cells]]  # blank rows are skipped
    other_sheets: list[str]  # with data that is not read
    hidden_sheets: list[str] = field(default_factory=list)
    hidden_rows: int | None = None  # of those read so far; None: nobody can tell
    filtered: list[int] = field(default_factory=list)  # left out by each filter
    shifted: frozenset[int] = frozenset()  # rows with more cells than the others
    since_1904: bool = False
    height: int = 0  # rows from the first of the sheet; 0: not known beforehand
    corrects: bool = False  # it was an error workbook (`reasons.py`)
    is_full: bool = False
    has_macros: bool = False

    def without_rows(self) -> "Table":
        """The same table for who reads no row of it, which can be pickled."""
        return replace(self, rows=iter(()))

    def header_of(self, column: str) -> str:
        """The header under which a logical column was found, or an empty text."""
        return " / ".join(self.headers[i] for i in self.match.places.get(column, ()))

    def questions(self) -> list[Question]:
        """What is to be asked or told of the sheet, once its rows were read."""
        counts = {
            "hidden_rows": self.hidden_rows or 0,
            "hidden_sheets": len(self.hidden_sheets),
            "rows_truncated": int(self.is_full),
            "macros": int(self.has_macros),
        }
        return [Question(code, count=count) for code, count in counts.items() if count]


@contextmanager
def open_table(
    source: Source | Book,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    answers: Answers = NO_ANSWERS,
) -> Iterator[Table]:
    """The first visible sheet that has a header row with the `needed` columns, or what
    `answers` say.

    Raises WorkbookError when the file, or every sheet of it, is of no use, and
    PasswordNeeded.
    """
    with open_book(source, answers.password) as book:
        yield _find_table(book, columns, needed, answers)


@contextmanager
def open_book(source: Source | Book, password: str = "") -> Iterator[Book]:
    """A file of any kind as a book; raises WorkbookError, PasswordNeeded. A book that is
    open already is taken as it is, and stays open."""
    if isinstance(source, ExcelBook | TextBook):
        yield source
        return
    source = unpacked(source, password)
    kind = sniff(source)
    with open_source(source) as file:
        if kind == "text":
            yield read_separated(decoded(file.read()))
        elif kind == "html":
            yield read_page(decoded(file.read()))
        else:
            with open_excel(file, kind) as book:
                yield book


def _find_table(
    book: Book,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    answers: Answers,
) -> Table:
    found: Table | None = None
    refusal: WorkbookError | None = None
    others: list[str] = []
    names = [answers.sheet] if answers.sheet else book.visible
    if answers.sheet and answers.sheet not in book.visible + book.hidden_sheets:
        raise WorkbookError("sheet_missing", sheet=answers.sheet)
    for name in names:
        if found:
            others += [name] if book.has_data(name) else []
            continue
        sheet = book.sheet(name)
        if sheet is None:
            continue
        try:
            found = _table(sheet, columns, needed, answers)
        except WorkbookError as error:
            refusal = refusal or error
            others.append(name)
    if found is None:
        raise refusal or WorkbookError("workbook_empty")
    found.other_sheets = others
    found.has_macros = book.has_macros
    found.hidden_sheets = [n for n in book.hidden_sheets if n != answers.sheet]
    return found


def _table(
    sheet: Sheet,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    answers: Answers,
) -> Table:
    if sheet.width > settings.UPLOAD_MAX_COLUMNS:
        raise WorkbookError(
            "too_many_columns", sheet=sheet.name, limit=settings.UPLOAD_MAX_COLUMNS
        )
    sheet = reasons.without(sheet)
    rows = numbered_rows(sheet)
    top = list(islice(rows, HEADER_WITHIN))
    place, headers, found = header_of_sheet(sheet, top, columns, answers)
    row = top[place][0] if top and place >= 0 else 0
    _place_by_hand(found, answers, len(headers))
    if found.missing(needed):
        raise _columns_missing(sheet.name, found, columns, needed)
    for name, places in found.ambiguous.items():
        if any(name in group for group in needed):
            raise WorkbookError(
                "column_ambiguous",
                sheet=sheet.name,
                wanted=_titles(columns)[name],
                columns=", ".join(headers[i] for i in places),
            )
    table = Table(sheet.name, row, headers, found, iter(()), [])
    table.shifted, table.since_1904 = sheet.shifted, sheet.since_1904
    table.height, table.corrects = sheet.height, sheet.corrects
    sieve = Sieve(answers.filters)
    table.filtered = sieve.counts
    below = sieve.kept(_limited(chain(top[place + 1 :], rows), sheet, table, answers))
    first = next(below, None)
    if first is None and any(sieve.counts):
        raise WorkbookError("rows_filtered", sheet=sheet.name)
    if first is None:
        raise WorkbookError("rows_missing", sheet=sheet.name, row=row)
    table.rows = chain([first], below)
    return table


def numbered_rows(sheet: Sheet) -> Iterator[tuple[int, Cells]]:
    """Rows that hold something, with Excel's row numbers."""
    faults, left = sheet.faults, sheet.left
    for number, cells in enumerate(sheet.rows(), 1):
        if number in faults:
            for column, text in faults[number].items():
                if 0 <= column - left < len(cells):
                    cells[column - left] = text
        if not all(map(is_blank, cells)):
            yield number, cells


def header_of_sheet(
    sheet: Sheet,
    top: list[tuple[int, Cells]],
    columns: Sequence[Column],
    answers: Answers,
) -> tuple[int, list[str], Match]:
    """The row among the first that names most columns, or the pair of rows, when cells
    are merged: its place in `top`, -1 for none, its headers and what they are."""
    letters = [_letter(i + sheet.left) for i in range(sheet.width)]
    if answers.header_row == 0:
        return -1, letters, Match()
    best: tuple[int, list[str], Match] = (0, [], Match())
    for place, (number, _cells) in enumerate(top):
        if answers.header_row not in (None, number):
            continue
        for headers in _readings(sheet, top, place, columns):
            named = [text or letters[i] for i, text in enumerate(headers)]
            found = match(named, columns)
            if len(found.places) > len(best[2].places) or not best[1]:
                best = (place, named, found)
    if answers.header_row is not None and not best[1]:
        raise WorkbookError("header_missing", sheet=sheet.name, row=answers.header_row)
    return best


def _readings(
    sheet: Sheet,
    top: list[tuple[int, Cells]],
    place: int,
    columns: Sequence[Column],
) -> Iterator[list[str]]:
    """A row as a header; and, when the row above it has merged cells, both together:
    "Teléfono" over "Móvil" and "Fijo"."""
    number, cells = top[place]
    own = [text_of(cell) for cell in cells]
    yield own
    if not place or top[place - 1][0] != number - 1:
        return
    spans = [span for span in sheet.merged if span[0][0] == number - 2]
    if not spans:
        return
    above = [text_of(cell) for cell in top[place - 1][1]]
    for (_row, first), (_last, last) in spans:
        for column in range(first - sheet.left + 1, last - sheet.left + 1):
            if 0 < column < len(above):
                above[column] = above[column] or above[first - sheet.left]
    lower = [b or a for a, b in zip(above, own, strict=True)]
    whole = [f"{a} {b}".strip() for a, b in zip(above, own, strict=True)]
    known = {i for places in match(lower, columns).places.values() for i in places}
    yield [lower[i] if i in known else whole[i] for i in range(len(own))]
    yield whole


def _place_by_hand(found: Match, answers: Answers, width: int) -> None:
    """Columns where a person says they are, instead of where they were found."""
    taken = {place for places in answers.columns.values() for place in places}
    for name, places in answers.columns.items():
        if any(not 0 <= place < width for place in places):
            raise WorkbookError("column_outside", wanted=name, limit=width)
        found.ambiguous.pop(name, None)
        if not places:
            found.places.pop(name, None)
    for name in list(found.places):
        left = [place for place in found.places[name] if place not in taken]
        found.places[name] = left
        if not left:
            del found.places[name]
    found.places |= {name: list(p) for name, p in answers.columns.items() if p}


def _columns_missing(
    sheet: str,
    found: Match,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
) -> WorkbookError:
    titles = _titles(columns)
    missing = [" / ".join(titles[n] for n in group) for group in found.missing(needed)]
    return WorkbookError("columns_missing", sheet=sheet, columns=", ".join(missing))


def _titles(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.title for column in columns}


def _limited(
    rows: Iterator[tuple[int, Cells]], sheet: Sheet, table: Table, answers: Answers
) -> Iterator[tuple[int, Cells]]:
    """The rows up to the limit, those that are hidden counted, and left out when that
    was decided."""
    limit, hidden = settings.UPLOAD_MAX_ROWS, sheet.hidden or ()
    if sheet.hidden is not None:
        table.hidden_rows = 0
    skip = answers.hidden_rows == "skip"
    count = 0
    for number, cells in rows:
        if number in hidden:
            table.hidden_rows += 1
            if skip:
                continue
        count += 1
        if count > limit:
            raise WorkbookError("too_many_rows", sheet=sheet.name, limit=limit)
        table.is_full = number == sheet.full_at
        yield number, cells


def _letter(index: int) -> str:
    """The name of a column without header: A … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
