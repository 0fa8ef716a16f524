"""One row of a table: read by its columns, or reported with what is wrong in it."""

import re
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from batches.imports.columns import PHONE_KINDS, Column, readers_for
from batches.imports.normalizers.phones import read_phones
from batches.imports.normalizers.text import Cell, is_blank, squash, text_of
from batches.imports.problems import Unreadable, sentence
from batches.imports.reader import Cells, Table
from batches.use_cases.base import CellWarning, Row, UseCase

_SEPARATOR = "\x1f"  # text_of turns it into a space, so no cell can hold it
_TOTAL = re.compile(r"(sub[ -]?|gran |suma )?total(es)?(\W.*)?", re.IGNORECASE)


@dataclass
class RowError:
    """A row that is no part of a job: the first thing wrong, and all in a sentence."""

    row: int
    column: str
    value: str
    code: str
    message: str
    cells: Cells


@dataclass
class _Place:
    """Where a column is in the sheet, how its cells are read, and where in a Row."""

    field: int
    index: int
    header: str
    column: Column
    read: Callable[[Any], Any] | None  # None: a phone


@lru_cache
def values_type(columns: tuple[Column, ...]) -> type:
    """A tuple with one named field for each column of a use case."""
    return namedtuple("Values", [column.name for column in columns])


class RowReader:
    """Reads the rows of one table for one use case and country."""

    def __init__(self, table: Table, use_case: UseCase, country: str) -> None:
        self.table = table
        readers = readers_for(country)
        self.columns = tuple(use_case.columns)
        self.values_type = values_type(self.columns)
        self.places: list[_Place] = []
        self.phones: list[_Place] = []
        for field, column in enumerate(self.columns):
            for index in table.match.places.get(column.name, ()):
                reader = readers.get(column.kind)
                place = _Place(field, index, table.headers[index], column, reader)
                is_phone = column.kind in PHONE_KINDS
                (self.phones if is_phone else self.places).append(place)
        self.document_indexes = [
            place.index for place in self.places if place.column.kind == "document"
        ]
        read = {place.index for place in self.places + self.phones}
        kept = {place.index for place in self.places if place.column.kept}
        self.extra_indexes = [
            index
            for index in range(len(table.headers))
            if index not in read or index in kept
        ]
        self.extra_headers = [table.headers[index] for index in self.extra_indexes]

    def read(self, number: int, cells: Cells) -> Row | RowError:
        """The row, or why it is none."""
        values: list[object] = [None] * len(self.columns)
        problems: list[tuple[_Place, str]] = []
        warnings: list[CellWarning] = []
        for place in self.places:
            cell, column = cells[place.index], place.column
            if cell == "" or is_blank(cell):
                if column.missing:
                    problems.append((place, column.missing))
                continue
            try:
                values[place.field] = place.read(cell)
            except Unreadable as error:
                if column.stops_row:
                    problems.append((place, error.code))
                else:
                    warnings.append(_warning(number, place.header, cell, error.code))
        if problems:
            return self._error(number, cells, problems)
        phones = self._phones(number, cells, warnings)
        extra = _SEPARATOR.join([text_of(cells[i]) for i in self.extra_indexes])
        return Row(
            number, self.values_type._make(values), phones, tuple(warnings), extra
        )

    def other_columns(self, row: Row) -> list[list[str]]:
        """The other columns of a row: [[header, text], …], blanks too."""
        texts = row.extra.split(_SEPARATOR)
        return [list(pair) for pair in zip(self.extra_headers, texts, strict=False)]

    def _phones(
        self, number: int, cells: Cells, warnings: list[CellWarning]
    ) -> list[list[str]]:
        found: list[list[str]] = [[] for _ in PHONE_KINDS]
        for place in self.phones:
            cell, kind = cells[place.index], place.column.kind
            if cell == "" or is_blank(cell):
                continue
            read = read_phones(cell, kind)
            found[PHONE_KINDS.index(kind)] += read.numbers
            for code, text in read.problems:
                warnings.append(_warning(number, place.header, text, code))
        return found

    def _error(
        self, number: int, cells: Cells, problems: list[tuple[_Place, str]]
    ) -> RowError:
        index, code = problems[0][0].index, problems[0][1]
        message = " ".join(sentence(why, place.header) for place, why in problems)
        if sum(map(_same_text, cells, self.table.headers)) >= 2:
            code = "row_header"
            message = sentence(code, "")
        elif (total := self._total(cells)) is not None:
            index, code = total, "row_total"
            message = sentence(code, "")
        return RowError(
            row=number,
            column=self.table.headers[index][:255],
            value=text_of(cells[index])[:255],
            code=code,
            message=message[:500],
            cells=cells,
        )

    def _total(self, cells: Cells) -> int | None:
        """Which cell says that the row is a total: the document's, or any if blank."""
        written = [i for i in self.document_indexes if not is_blank(cells[i])]
        for index in written or range(len(cells)):
            if _TOTAL.fullmatch(text_of(cells[index])):
                return index
        return None


def _same_text(cell: Cell, header: str) -> bool:
    return isinstance(cell, str) and cell != "" and squash(cell) == squash(header)


def _warning(number: int, header: str, cell: Cell, code: str) -> CellWarning:
    return CellWarning(number, header, text_of(cell)[:255], code)
