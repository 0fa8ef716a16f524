"""The table in a workbook: its sheet, its header row, and its rows one by one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from django.conf import settings
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from batches.imports.columns import Column, Match, match
from batches.imports.normalizers.text import Cell, is_blank, text_of
from batches.imports.problems import WorkbookError
from batches.imports.sniffer import Source, open_source, sniff

# Titles and logos stand above a header; further down nobody would find it either.
HEADER_WITHIN = 30

Cells = list[Cell]


@dataclass
class Table:
    """A sheet with the needed columns. Row numbers are Excel's."""

    sheet: str
    header_row: int
    headers: list[str]
    match: Match
    rows: Iterator[tuple[int, Cells]]  # blank rows are skipped
    other_sheets: list[str]  # with data that is not read

    def header_of(self, column: str) -> str:
        """The header under which a logical column was found, or an empty text."""
        return " / ".join(self.headers[i] for i in self.match.places.get(column, ()))


@contextmanager
def open_table(
    source: Source, columns: Sequence[Column], needed: Sequence[Sequence[str]]
) -> Iterator[Table]:
    """The first visible sheet that has a header row with the `needed` columns.

    Raises WorkbookError when the file, or every sheet of it, is of no use.
    """
    sniff(source)
    with open_source(source) as file:
        workbook = _open_workbook(file)
        with workbook:
            yield _find_table(workbook, columns, needed)


def _open_workbook(file) -> CalamineWorkbook:
    with _damage_as_refusal():
        return CalamineWorkbook.from_filelike(file)


def _find_table(
    workbook: CalamineWorkbook,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
) -> Table:
    found: Table | None = None
    refusal: WorkbookError | None = None
    others: list[str] = []
    for name in _visible_sheets(workbook):
        with _damage_as_refusal():
            sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None:
            continue
        if found:
            others.append(name)
            continue
        try:
            found = _table(sheet, columns, needed)
        except WorkbookError as error:
            refusal = refusal or error
            others.append(name)
    if found is None:
        raise refusal or WorkbookError("workbook_empty")
    found.other_sheets = others
    return found


def _visible_sheets(workbook: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
        and sheet.visible == SheetVisibleEnum.Visible
    ]


def _table(
    sheet: CalamineSheet,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
) -> Table:
    if sheet.width > settings.UPLOAD_MAX_COLUMNS:
        raise WorkbookError(
            "too_many_columns", sheet=sheet.name, limit=settings.UPLOAD_MAX_COLUMNS
        )
    rows = _numbered(sheet)
    top = list(islice(rows, HEADER_WITHIN))
    place, headers, found = _header(sheet, top, columns)
    row = top[place][0] if top else 1
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
    below = _limited(chain(top[place + 1 :], rows), sheet.name)
    first = next(below, None)
    if first is None:
        raise WorkbookError("rows_missing", sheet=sheet.name, row=row)
    return Table(sheet.name, row, headers, found, chain([first], below), [])


def _numbered(sheet: CalamineSheet) -> Iterator[tuple[int, Cells]]:
    """Rows that hold something, with Excel's row numbers: iter_rows leaves out blank
    columns on the left, but no blank row above."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if not all(map(is_blank, cells)):
            yield number, cells


def _header(
    sheet: CalamineSheet, top: list[tuple[int, Cells]], columns: Sequence[Column]
) -> tuple[int, list[str], Match]:
    """The row among the first that names most columns."""
    left = sheet.start[1]
    best: tuple[int, list[str], Match] = (0, [], Match())
    for place, (_, cells) in enumerate(top):
        headers = [text_of(c) or _letter(i + left) for i, c in enumerate(cells)]
        found = match(headers, columns)
        if len(found.places) > len(best[2].places):
            best = (place, headers, found)
    return best


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
    rows: Iterator[tuple[int, Cells]], sheet: str
) -> Iterator[tuple[int, Cells]]:
    limit = settings.UPLOAD_MAX_ROWS
    for count, row in enumerate(rows, 1):
        if count > limit:
            raise WorkbookError("too_many_rows", sheet=sheet, limit=limit)
        yield row


def _letter(index: int) -> str:
    """The name of a column without header: A … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@contextmanager
def _damage_as_refusal() -> Iterator[None]:
    """calamine's errors, and panics of its Rust code, as a refusal of the file."""
    try:
        yield
    except PasswordError as error:
        raise WorkbookError("file_encrypted") from error
    except (CalamineError, OSError, ValueError) as error:
        raise WorkbookError("file_damaged") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookError("file_damaged") from error
