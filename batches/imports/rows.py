"""One row of a table: read by its columns, or reported with what is wrong in it."""

import pickle
import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from batches.imports.columns import PARTS_OF_OTHERS, Column, readers_for
from batches.imports.evidence import COLUMN_READERS, ColumnReader, DateColumn, Where
from batches.imports.normalizers import countries
from batches.imports.normalizers.countries import us
from batches.imports.normalizers.text import (
    EXCEL_ERROR,
    NO_VALUE,
    Cell,
    is_blank,
    squash,
    text_of,
)
from batches.imports.phone_columns import PhoneReader
from batches.imports.problems import Unreadable, WorkbookError, sentence
from batches.imports.questions import NO_ANSWERS, Answers, Question
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
    read: Callable[[Any], Any]
    missing: str  # the code of a blank cell, where one is a problem
    digit: int | None  # where the check digit of a document is, apart


class RowForm:
    """How the rows of a use case are held and carried: packed, in a quarter of the
    memory, and as values with one named field for each column."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.values_type = namedtuple("Values", [column.name for column in columns])
        # What pickle does not know takes it half of its time.
        self.unlike = [
            (field, *_PLAIN[column.kind])
            for field, column in enumerate(columns)
            if column.kind in _PLAIN
        ]

    def packed(self, row: Row) -> bytes:
        """A row as bytes."""
        values = list(row.values)
        for field, to_plain, _from_plain in self.unlike:
            if values[field] is not None:
                values[field] = to_plain(values[field])
        return pickle.dumps((row.number, values, *row[2:]), pickle.HIGHEST_PROTOCOL)

    def row(self, packed: bytes) -> Row:
        """What was `packed`."""
        number, values, *rest = pickle.loads(packed)  # noqa: S301 our own
        for field, _to_plain, from_plain in self.unlike:
            if values[field] is not None:
                values[field] = from_plain(values[field])
        return Row(number, self.values_type._make(values), *rest)


_PLAIN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "amount": (str, Decimal),
    "percent": (str, Decimal),
    "date": (date.toordinal, date.fromordinal),
}


@lru_cache
def form_of(columns: tuple[Column, ...]) -> RowForm:
    """The form of rows with these columns."""
    return RowForm(columns)


class RowReader:
    """Reads the rows of one table for one use case and country.

    `strict`: the headers' places whose cells are not read by convention.
    """

    def __init__(
        self,
        table: Table,
        use_case: UseCase,
        country: str,
        answers: Answers = NO_ANSWERS,
        strict: frozenset[int] = frozenset(),
    ) -> None:
        self.table = table
        self.made_of = (use_case, country, answers, strict)
        self.country = countries.get(country)
        self.columns = tuple(use_case.columns)
        self.form = form_of(self.columns)
        self.watching: list[ColumnReader] = []
        self.where = Where()
        self.digit_index = self._digit_index()
        self.places = self._places(answers, strict)
        self.phones = PhoneReader(table, self.columns, self.country, answers)
        self.document_indexes = [
            place.index for place in self.places if place.column.kind == "document"
        ]
        read = {place.index for place in self.places} | self.phones.indexes
        kept = {place.index for place in self.places if place.column.kept}
        self.extra_indexes = [
            index
            for index in range(len(table.headers))
            if index not in read or index in kept
        ]
        self.extra_headers = [table.headers[index] for index in self.extra_indexes]
        self.variables = {
            name: self.extra_indexes.index(place)
            for name, place in answers.variables.items()
            if place in self.extra_indexes
        }
        self.guards_ssn = self.country.code == "US"
        if self.guards_ssn and any(map(us.is_ssn_header, table.headers)):
            raise WorkbookError("ssn_refused")

    def fresh(self) -> "RowReader":
        """Another one that reads the same, and has noticed nothing yet."""
        make, arguments = self.__reduce__()
        return make(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without the rows of its table, and what was noticed in them."""
        stopped = [watcher.stopped for watcher in self.watching]
        return _stopped_reader, (stopped, self.table.without_rows(), *self.made_of)

    def _places(self, answers: Answers, strict: frozenset[int]) -> list[_Place]:
        readers = readers_for(self.country.code)
        places = []
        for field, column in enumerate(self.columns):
            watcher = COLUMN_READERS.get(column.kind)
            if not watcher and column.kind not in readers:
                continue  # a phone, or a part of another column
            for index in self.table.match.places.get(column.name, ()):
                header = self.table.headers[index]
                read = readers.get(column.kind)
                if watcher:
                    read = watcher(
                        header,
                        self.country,
                        answers,
                        self.where,
                        strict=index in strict,
                    )
                    self.watching.append(read)
                    if isinstance(read, DateColumn):
                        read.since_1904 = self.table.since_1904
                is_document = column.kind == "document"
                needed = self.country.document_needed or not is_document
                missing = column.missing if needed else ""
                digit = self.digit_index if is_document else None
                places.append(
                    _Place(field, index, header, column, read, missing, digit)
                )
        return places

    def _digit_index(self) -> int | None:
        places = [
            place
            for column in self.columns
            if column.kind == PARTS_OF_OTHERS[0]
            for place in self.table.match.places.get(column.name, ())
        ]
        return places[0] if places and self.country.with_digit else None

    def read(self, number: int, cells: Cells) -> Row | RowError:
        """The row, or why it is none."""
        values: list[object] = [None] * len(self.columns)
        problems: list[tuple[_Place, str]] = []
        warnings: list[CellWarning] = []
        if self.guards_ssn and any(map(us.looks_like_ssn, cells)):
            raise WorkbookError("ssn_refused")
        self.where.row = number
        for place in self.places:
            cell = cells[place.index]
            if (not cell or cell.isspace()) if type(cell) is str else cell is None:
                if place.missing:
                    problems.append((place, place.missing))
                continue
            try:
                if place.digit is None:
                    values[place.field] = place.read(cell)
                else:
                    values[place.field] = self._with_digit(place, cell, cells)
            except Unreadable as error:
                self._blame(number, place, cell, error.code, problems, warnings)
        if problems:
            return self._error(number, cells, problems)
        phones = self.phones.read(number, cells, warnings)
        extra = _SEPARATOR.join([text_of(cells[i]) for i in self.extra_indexes])
        return Row(
            number, self.form.values_type._make(values), phones, tuple(warnings), extra
        )

    def _with_digit(self, place: _Place, cell: Cell, cells: Cells) -> Any:
        digit = cells[place.digit]
        return (
            place.read(cell)
            if is_blank(digit)
            else self.country.with_digit(cell, digit)
        )

    def _blame(
        self,
        number: int,
        place: _Place,
        cell: Cell,
        code: str,
        problems: list[tuple[_Place, str]],
        warnings: list[CellWarning],
    ) -> None:
        """A cell that cannot be read: of its row the problem, or only a warning."""
        if code == "document_none":
            return
        if cell == NO_VALUE:
            code = "formula_empty"
        elif isinstance(cell, str) and EXCEL_ERROR.match(cell):
            code = "formula_error"
        if place.column.stops_row:
            problems.append((place, code))
        else:
            warnings.append(CellWarning(number, place.header, shown(cell), code))

    def other_columns(self, row: Row) -> list[list[str]]:
        """The other columns of a row: [[header, text], …], blanks too."""
        texts = row.extra.split(_SEPARATOR)
        return [list(pair) for pair in zip(self.extra_headers, texts, strict=False)]

    def variables_of(self, rows: Sequence[Row]) -> dict[str, str]:
        """The agent's variables that other columns feed: the first text of each."""
        if not self.variables:
            return {}
        texts = [row.extra.split(_SEPARATOR) for row in rows]
        return {
            name: next((cells[place] for cells in texts if cells[place]), "")
            for name, place in self.variables.items()
        }

    def cells_of(self, row: Row) -> Cells:
        """A row that was read, as its cells were, nearly: a document and phones are in
        their canonical form."""
        cells: Cells = [""] * len(self.table.headers)
        for place, text in zip(
            self.extra_indexes, row.extra.split(_SEPARATOR), strict=False
        ):
            cells[place] = text
        for place in self.places:
            value = row.values[place.field]
            if value is not None:
                is_document = place.column.kind == "document"
                cells[place.index] = value.split(":")[-1] if is_document else value
        numbers = [number for kind in row.phones for number in kind]
        for index, number in zip(sorted(self.phones.indexes), numbers, strict=False):
            cells[index] = number
        return cells

    def questions(self) -> list[Question]:
        """What the rows read so far leave open."""
        asked = [q for watcher in self.watching for q in watcher.questions()]
        return asked + self.phones.questions()

    def to_be_strict(self) -> frozenset[int]:
        """The headers' places that have to be read again, without a convention."""
        return frozenset(
            place.index
            for place in self.places
            if isinstance(place.read, ColumnReader) and place.read.must_be_strict()
        )

    def turned_around(self) -> list[bool]:
        """Which of the columns that are watched are dates that Excel turned around."""
        return [
            isinstance(watcher, DateColumn) and watcher.was_turned_around()
            for watcher in self.watching
        ]

    def stop(self, columns: Sequence[bool]) -> None:
        """Read no cell of these dates, as `turned_around` tells of another reading."""
        for watcher, stopped in zip(self.watching, columns, strict=True):
            watcher.stopped = watcher.stopped or stopped

    def noticed(self) -> list[Any]:
        """What was seen of the columns so far, for `notice`. Can be pickled."""
        return [
            *(watcher.noticed() for watcher in self.watching),
            self.phones.noticed(),
        ]

    def notice(self, noticed: list[Any]) -> None:
        """Add what another reader saw of the rows that follow."""
        for watcher, seen in zip([*self.watching, self.phones], noticed, strict=True):
            watcher.notice(seen)

    def refuse(self, number: int, cells: Cells, column: str, code: str) -> RowError:
        """A row of readable cells that a use case does not take."""
        for place in self.places:
            if place.column.name == column:
                return self._error(number, cells, [(place, code)])
        return self._report(number, cells, "", "", code, sentence(code, ""))

    def _error(
        self, number: int, cells: Cells, problems: list[tuple[_Place, str]]
    ) -> RowError:
        index, code = problems[0][0].index, problems[0][1]
        message = " ".join(sentence(why, place.header) for place, why in problems)
        header = self.table.headers[index]
        return self._report(number, cells, header, shown(cells[index]), code, message)

    def _report(
        self,
        number: int,
        cells: Cells,
        column: str,
        value: str,
        code: str,
        message: str,
    ) -> RowError:
        if sum(map(_same_text, cells, self.table.headers)) >= 2:
            code = "row_header"
            message = sentence(code, "")
        elif (total := self._total(cells)) is not None:
            column, value = self.table.headers[total], shown(cells[total])
            code = "row_total"
            message = sentence(code, "")
        return RowError(
            row=number,
            column=column[:255],
            value=value,
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


def _stopped_reader(stopped: list[bool], *arguments: Any) -> RowReader:
    reader = RowReader(*arguments)
    reader.stop(stopped)
    return reader


def shown(cell: Cell) -> str:
    """A cell as a report shows it."""
    return text_of(cell)[:255]


def _same_text(cell: Cell, header: str) -> bool:
    return isinstance(cell, str) and cell != "" and squash(cell) == squash(header)
