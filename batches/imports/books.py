"""Every kind of file as a book of sheets with rows of cells."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from batches.imports import sheet_xml
from batches.imports.normalizers.text import Cell
from batches.imports.problems import PasswordNeeded, WorkbookError

Cells = list[Cell]
FULL_SHEET = {"xlsx": 1_048_576, "xlsb": 1_048_576, "ods": 1_048_576, "xls": 65_536}


@dataclass
class Sheet:
    """A sheet with something in it.

    `rows` gives its rows from the first of the sheet, each of `width` cells, the first
    of them in the column `left`. `hidden`: numbers of hidden rows; None where the file
    does not tell. `faults`: what stands for the cells without a value, by row and
    column of the sheet. `shifted`: rows with more cells than the others.
    """

    name: str
    width: int
    rows: Callable[[], Iterator[Cells]]
    left: int = 0
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()
    hidden: set[int] | None = None
    faults: dict[int, dict[int, str]] = field(default_factory=dict)
    shifted: frozenset[int] = frozenset()
    since_1904: bool = False
    height: int = 0  # rows from the first of the sheet; 0: not known beforehand
    full_at: int = 0  # the last row that a sheet of this kind can have
    corrects: bool = False  # it was an error workbook (`reasons.py`)


class Book(Protocol):
    """What a file holds. `visible` and `hidden_sheets` are names, in their order."""

    visible: list[str]
    hidden_sheets: list[str]
    has_macros: bool

    def sheet(self, name: str) -> Sheet | None:
        """A sheet, or None when nothing is in it."""

    def has_data(self, name: str) -> bool:
        """Whether anything is in a sheet, without reading all of it."""


class ExcelBook:
    """xlsx, xlsb, xls and ods, as calamine reads them."""

    def __init__(self, file: BinaryIO, kind: str, workbook: CalamineWorkbook) -> None:
        self.file, self.kind, self.workbook = file, kind, workbook
        sheets = [
            sheet
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        shown = SheetVisibleEnum.Visible
        self.visible = [sheet.name for sheet in sheets if sheet.visible == shown]
        self.hidden_sheets = [sheet.name for sheet in sheets if sheet.visible != shown]
        self.packed = zipfile.ZipFile(file) if kind == "xlsx" else None
        self.parts = sheet_xml.parts_of(self.packed) if self.packed else {}
        names = self.packed.namelist() if self.packed else []
        self.has_macros = "xl/vbaProject.bin" in names
        self.last: tuple[str, Sheet | None] | None = None

    def sheet(self, name: str) -> Sheet | None:
        """The sheet; the one that was asked for last is not unpacked again."""
        if self.last is None or self.last[0] != name:
            self.last = None  # its memory goes before the next one's comes
            self.last = name, self._unpacked(name)
        return self.last[1]

    def _unpacked(self, name: str) -> Sheet | None:
        part, seen = self.parts.get(name), None
        if part:
            seen = sheet_xml.scan(self.packed, self.file, part.path)
        with damage_as_refusal():
            sheet = self.workbook.get_sheet_by_name(name)
            merged = sheet.merged_cell_ranges or ()
        if sheet.start is None and not (seen and seen.faults):
            return None
        return Sheet(
            name=name,
            width=sheet.width,
            rows=sheet.iter_rows,
            left=sheet.start[1] if sheet.start else 0,
            merged=merged,
            hidden=seen.hidden if seen else None,
            faults=seen.faults if seen else {},
            since_1904=bool(part and part.since_1904),
            height=sheet.end[0] + 1 if sheet.end else 0,
            full_at=FULL_SHEET[self.kind],
        )

    def has_data(self, name: str) -> bool:
        if part := self.parts.get(name):
            return sheet_xml.has_values(self.packed, self.file, part.path)
        with damage_as_refusal():
            return self.workbook.get_sheet_by_name(name).start is not None


class TextBook:
    """Tables of text, held as a list of sheets."""

    has_macros = False

    def __init__(self, sheets: list[Sheet]) -> None:
        self.visible = [sheet.name for sheet in sheets]
        self.hidden_sheets: list[str] = []
        self.by_name = {sheet.name: sheet for sheet in sheets}

    def sheet(self, name: str) -> Sheet | None:
        return self.by_name[name]

    def has_data(self, name: str) -> bool:
        return True


@contextmanager
def open_excel(file: BinaryIO, kind: str) -> Iterator[ExcelBook]:
    """A workbook of a kind that calamine reads; raises WorkbookError."""
    with damage_as_refusal():
        workbook = CalamineWorkbook.from_filelike(file)
    with workbook:
        yield ExcelBook(file, kind, workbook)


@contextmanager
def damage_as_refusal() -> Iterator[None]:
    """calamine's errors, and panics of its Rust code, as a refusal of the file."""
    try:
        yield
    except PasswordError as error:
        raise PasswordNeeded from error
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise WorkbookError("file_damaged") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookError("file_damaged") from error
