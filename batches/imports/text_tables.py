"""Tables that are text: separated values, and web pages that call themselves Excel."""

import csv
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO
from itertools import islice

from django.conf import settings

from batches.imports.books import Cells, Sheet, TextBook
from batches.imports.problems import WorkbookError

_USUAL = ";\t,|"
_NEVER = set("\"'._-()/\\%$°ºª#@ \xa0")
_LOOKED_AT = 50
_NAME = "1"  # text has no sheets, and a number needs no language


def read_separated(text: str) -> TextBook:
    """A text file with any separator as a book of one sheet; raises WorkbookError."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise WorkbookError("file_empty")
    separator = _separator(text)
    quoting = csv.QUOTE_MINIMAL
    try:
        lengths, swallowed = _lengths(text, separator, quoting)
    except csv.Error:
        swallowed = True
    if swallowed:  # a quotation mark that nobody closed took whole lines with it
        quoting = csv.QUOTE_NONE
        try:
            lengths, _swallowed = _lengths(text, separator, quoting)
        except csv.Error as error:
            raise WorkbookError("file_damaged") from error
    usual = Counter(filter(None, lengths)).most_common(1)[0][0]
    width = max(lengths)
    shifted = [n for n, length in enumerate(lengths, 1) if length > usual]

    def rows() -> Iterator[Cells]:
        for cells in _reader(text, separator, quoting):
            yield cells + [""] * (width - len(cells))

    sheet = Sheet(_NAME, width, rows, hidden=set(), shifted=frozenset(shifted))
    return TextBook([sheet])


def _reader(text: str, separator: str, quoting: int) -> Iterator[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=separator, quoting=quoting)


def _lengths(text: str, separator: str, quoting: int) -> tuple[list[int], bool]:
    """Cells of each row up to the last filled one, and whether a quoted cell swallowed
    other rows."""
    lengths, swallowed = [], False
    for cells in _reader(text, separator, quoting):
        while cells and not cells[-1].strip():
            cells.pop()
        lengths.append(len(cells))
        swallowed = swallowed or any(
            "\n" in cell and cell.count(separator) >= len(cells) for cell in cells
        )
        if len(cells) > settings.UPLOAD_MAX_COLUMNS:
            raise WorkbookError(
                "too_many_columns", sheet=_NAME, limit=settings.UPLOAD_MAX_COLUMNS
            )
    return lengths, swallowed


def _separator(text: str) -> str:
    """The sign that cuts most lines into the same number of cells."""
    lines = [line for line in islice(StringIO(text), _LOOKED_AT) if line.strip()]
    first = lines[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:  # Excel's own word
        return first[4]
    unusual = {c for line in lines[:5] for c in line if not c.isalnum()} - _NEVER
    candidates = [*_USUAL, *sorted(unusual - set(_USUAL) - {"\n", "\r"})]
    best, score = ";", (0.0, 0)
    for candidate in candidates:
        counts = Counter(
            len(cells) for cells in csv.reader(lines, delimiter=candidate) if cells
        )
        width, times = counts.most_common(1)[0]
        if width > 1 and (times / sum(counts.values()), width) > score:
            best, score = candidate, (times / sum(counts.values()), width)
    return best


def read_page(text: str) -> TextBook:
    """The tables of a web page, or of Excel's XML of 2003; raises WorkbookError."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    tables = [table for table in parser.tables if table.rows]
    if not tables:
        raise WorkbookError("workbook_empty")
    return TextBook([table.as_sheet(str(n)) for n, table in enumerate(tables, 1)])


class _Table:
    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.hidden: set[int] = set()
        self.merged: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self.below: Counter[int] = Counter()  # column → rows that a cell above takes

    def as_sheet(self, name: str) -> Sheet:
        width = max(map(len, self.rows))
        padded = [cells + [""] * (width - len(cells)) for cells in self.rows]
        return Sheet(
            name, width, lambda: iter(padded), merged=self.merged, hidden=self.hidden
        )


class _Tables(HTMLParser):
    """Collects the tables of a page. Excel's XML has other names for the same tags."""

    ROWS, CELLS, TABLES = ("tr", "row"), ("td", "th", "cell"), ("table",)

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self.open: list[_Table] = []
        self.cell: list[str] | None = None
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("style", "script"):
            self.skipping += 1
        elif tag in self.TABLES:
            self.open.append(_Table())
            self.tables.append(self.open[-1])
        elif tag in self.ROWS and self.open:
            self._row(given)
        elif tag in self.CELLS and self.open:
            self._cell(given)
        elif tag in ("br", "p", "div") and self.cell:
            self.cell.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self.skipping = max(0, self.skipping - 1)
        elif tag in self.CELLS:
            self._close_cell()
        elif tag in self.TABLES and self.open:
            self._close_cell()
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipping:
            self.cell.append(data)

    def _row(self, given: dict[str, str]) -> None:
        self._close_cell()
        table = self.open[-1]
        table.rows.append([])
        if len(table.rows) > settings.UPLOAD_MAX_ROWS + 100:
            raise WorkbookError(
                "too_many_rows", sheet="", limit=settings.UPLOAD_MAX_ROWS
            )
        style = given.get("style", "").replace(" ", "").lower()
        if "display:none" in style or "hidden" in given or "ss:hidden" in given:
            table.hidden.add(len(table.rows))
        self._fill_from_above()

    def _cell(self, given: dict[str, str]) -> None:
        self._close_cell()
        table = self.open[-1]
        if not table.rows:
            self._row({})
        row = table.rows[-1]
        if index := _count(given.get("ss:index")):
            row.extend([""] * (index - 1 - len(row)))
        wide = _count(given.get("colspan")) or 1 + _count(given.get("ss:mergeacross"))
        high = _count(given.get("rowspan")) or 1 + _count(given.get("ss:mergedown"))
        place, line = len(row), len(table.rows) - 1
        row.extend([""] * wide)
        if len(row) > settings.UPLOAD_MAX_COLUMNS:
            raise WorkbookError(
                "too_many_columns", sheet="", limit=settings.UPLOAD_MAX_COLUMNS
            )
        if wide > 1 or high > 1:
            table.merged.append(((line, place), (line + high - 1, place + wide - 1)))
        for column in range(place, place + wide):
            table.below[column] = high - 1
        self.cell, self.at = [], (row, place)

    def _fill_from_above(self) -> None:
        """Leave the cells that a higher one reaches down into."""
        table = self.open[-1]
        row = table.rows[-1]
        while table.below[len(row)] > 0:
            table.below[len(row)] -= 1
            row.append("")

    def _close_cell(self) -> None:
        if self.cell is None:
            return
        row, place = self.at
        row[place] = "".join(self.cell).strip()
        self.cell = None
        if self.open and self.open[-1].rows and self.open[-1].rows[-1] is row:
            self._fill_from_above()


def _count(text: str | None) -> int:
    """A small number of an attribute; 0 when it is none, and never a huge one."""
    if not text or not text.isascii() or not text.isdigit():
        return 0
    return min(int(text), settings.UPLOAD_MAX_COLUMNS + 1)
