"""A list of people or debts, pasted or as a file: who may be meant by each entry."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from batches.imports.columns import Column
from batches.imports.normalizers import countries
from batches.imports.normalizers.countries import Country
from batches.imports.normalizers.text import Cell, is_blank, text_of
from batches.imports.normalizers.typed import is_document, read_numbers
from batches.imports.problems import Unreadable, WorkbookError
from batches.imports.questions import Answers
from batches.imports.reader import Cells, Table, open_table
from batches.imports.watching import UNWATCHED, Unwatched
from batches.use_cases.people import CHECK_DIGIT, DOCUMENT, PHONE
from speechai_site.runtime import keys

MOST_ENTRIES = 20_000  # of a list that is pasted
OPERATION = Column(
    "operation",
    "text",
    ("Número de operación", "N° operación", "Nº operación", "Operación", "Título"),
    english=("Operation", "Operation number"),
    parts=("operacion",),
)
COLUMNS = (
    DOCUMENT,
    CHECK_DIGIT,
    OPERATION,
    replace(PHONE, many=False, headers=("Teléfono", "Fono", "Celular", "Móvil")),
)
NEEDED = (("document", "operation", "phone"),)
# Between two entries of a line that is pasted; a space may be part of a phone.
_SEPARATORS = re.compile(r"[\t;,|]+")


@dataclass(frozen=True)
class Entry:
    """One entry as it is written, and all that it can mean."""

    row: int
    text: str
    document_key: str = ""
    phone_keys: frozenset[str] = frozenset()
    operation: str = ""


def read_pasted(text: str, country: str) -> list[Entry]:
    """An entry in each line, or several with `;`, a comma or a tab between them."""
    cells = (
        (number, cell.strip())
        for number, line in enumerate(text.splitlines(), 1)
        for cell in _SEPARATORS.split(line)
    )
    return _entries(cells, country, MOST_ENTRIES)


def read_file(
    content: bytes, country: str, watch: Unwatched = UNWATCHED
) -> list[Entry]:
    """A workbook or text with a column of documents, operations or phones; without a
    header every cell of it is an entry. Raises WorkbookError."""
    try:
        with open_table(content, COLUMNS, NEEDED) as table:
            places = {name: found[0] for name, found in table.match.places.items()}
            read = _reader(countries.get(country), places)
            rows = _watched(table, watch)
            return _kept(
                (read(number, cells) for number, cells in rows),
                settings.UPLOAD_MAX_ROWS,
            )
    except WorkbookError as error:
        if error.code not in ("columns_missing", "rows_missing", "column_ambiguous"):
            raise
    with open_table(content, (), (), Answers(header_row=0)) as table:
        rows = _watched(table, watch)
        cells = ((number, cell) for number, row in rows for cell in row)
        return _entries(cells, country, settings.UPLOAD_MAX_ROWS)


def _watched(table: Table, watch: Unwatched) -> Iterator[tuple[int, Cells]]:
    expected = max(0, table.height - table.header_row)
    for read, line in enumerate(table.rows):
        watch.rows(read, expected)
        yield line


def _entries(cells: Iterable[tuple[int, Cell]], country: str, most: int) -> list[Entry]:
    rules = countries.get(country)
    return _kept((_meant(number, cell, rules) for number, cell in cells), most)


def _kept(entries: Iterable[Entry | None], most: int) -> list[Entry]:
    """All that are there, repeated ones too; raises WorkbookError for more than a list
    has."""
    found = []
    for entry in entries:
        if entry is not None:
            found.append(entry)
        if len(found) > most:
            raise WorkbookError("too_many_entries", limit=most)
    return found


def distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Each entry once, however often it is written."""
    found: dict[Any, Entry] = {}
    for entry in entries:
        is_known = entry.document_key or entry.phone_keys or entry.operation
        text = "" if is_known else entry.text
        found.setdefault(replace(entry, row=0, text=text), entry)
    return list(found.values())


def _meant(number: int, cell: Cell, country: Country) -> Entry | None:
    if is_blank(cell):
        return None
    text = text_of(cell)
    document = _document(cell, country)
    if document and is_document(cell):
        return Entry(number, text, document_key=keys.document_key(document))
    phones = read_numbers(cell, [country.code])
    return Entry(
        number,
        text,
        document_key=keys.document_key(document) if document else "",
        phone_keys=frozenset(map(keys.phone_key, phones)),
        operation=text[:120],
    )


def _reader(country: Country, places: dict[str, int]) -> Any:
    """Reads a row by its columns: a document says more than an operation, and that
    more than a phone."""

    def read(number: int, cells: list[Cell]) -> Entry | None:
        at = {name: cells[place] for name, place in places.items()}
        for name in ("document", "operation", "phone"):
            cell = at.get(name, "")
            if is_blank(cell):
                continue
            text = text_of(cell)
            if name == "operation":
                return Entry(number, text, operation=text[:120])
            if name == "phone":
                phones = read_numbers(cell, [country.code])
                found = frozenset(map(keys.phone_key, phones))
                return Entry(number, text, phone_keys=found)
            document = _document(cell, country, at.get("check_digit", ""))
            key = keys.document_key(document) if document else ""
            return Entry(number, text, document_key=key)
        return None

    return read


def _document(cell: Cell, country: Country, digit: Cell = "") -> str:
    """Canonical text of a document; empty when it is none."""
    try:
        if country.with_digit and not is_blank(digit):
            return country.with_digit(cell, digit)
        return country.read_document(cell)
    except Unreadable:
        return ""


def chunked(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
