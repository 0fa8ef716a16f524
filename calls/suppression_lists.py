"""Lists of people not to call: a workbook, a CSV file, or what was pasted.

Read whole and checked first; then all of it is added, or nothing.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from batches.imports.columns import Column, match
from batches.imports.normalizers.text import is_blank, text_of
from batches.imports.normalizers.typed import is_document
from batches.imports.problems import WorkbookError
from batches.imports.reader import open_table
from batches.imports.sniffer import sniff
from calls import suppression
from calls.resources import DoNotCallResource, read_list
from calls.suppression import Done

# Rows of one list; a longer one is split by people, or is a registry.
MOST_ROWS = 20_000
COLUMNS = (
    Column(
        "phone",
        "phone",
        ("Teléfono", "Phone", "Fono", "Celular", "Móvil", "Número"),
        parts=("fono", "phone", "celular", "movil"),
    ),
    Column(
        "document",
        "document",
        ("RUT", "RUTS", "Documento", "Document"),
        parts=("rut", "document"),
    ),
    Column("reason", "text", ("Motivo", "Reason", "Razón")),
    Column(
        "expires",
        "date",
        ("Caduca", "Caducidad", "Vence", "Expiry", "Expires", "Hasta"),
    ),
    Column("creditor", "text", ("Acreedor", "Creditor", "Mandante")),
)
NEEDED = (("phone", "document"),)
# Between two phones or documents of a line that is pasted.
SEPARATORS = re.compile(r"[\t;,|]+")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row; `row` as the file or the pasted text counts."""

    row: int
    value: str
    message: str


@dataclass
class Loaded:
    """What became of a list. With problems nothing of it was added."""

    rows: int
    problems: list[Problem] = field(default_factory=list)
    done: Done = field(default_factory=Done)
    asked: int = 0  # entries that the list amounts to

    @property
    def known(self) -> int:
        """Entries that were there before."""
        return self.asked - self.done.added


Rows = list[tuple[int, dict[str, Any]]]


def load(source: bytes | str, resource: DoNotCallResource, *, by: str) -> Loaded:
    """Add a file's or a pasted text's people; with any faulty row, nobody.

    Adding the same again adds nothing. Raises WorkbookError for a file of no use.
    """
    rows = _pasted(source) if isinstance(source, str) else _filed(source)
    if len(rows) > MOST_ROWS:
        raise WorkbookError("too_many_rows", sheet="", limit=MOST_ROWS)
    invalid = read_list(resource, [cells for _number, cells in rows])
    if invalid:
        problems = [_problem(*rows[row.number - 1], row) for row in invalid]
        return Loaded(len(rows), problems)
    entries = resource.entries
    return Loaded(
        len(rows), done=suppression.add(entries, by=by), asked=len(set(entries))
    )


def _problem(number: int, cells: dict[str, Any], invalid: Any) -> Problem:
    shown = [
        text_of(cells[name])
        for name in ("who", "phone", "document")
        if not is_blank(cells.get(name))
    ]
    messages = [str(text) for texts in invalid.error_dict.values() for text in texts]
    return Problem(number, " · ".join(shown)[:80], " ".join(messages))


def _pasted(text: str) -> Rows:
    """A phone or document in each cell of each line; one of each in a line are one
    person's."""
    rows: Rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in SEPARATORS.split(line) if cell.strip()]
        documents = [cell for cell in cells if is_document(cell)]
        if len(cells) == 2 and len(documents) == 1:
            (phone,) = (cell for cell in cells if cell not in documents)
            rows.append((number, {"phone": phone, "document": documents[0]}))
        else:
            rows += [(number, {"who": cell}) for cell in cells]
    return rows


def _filed(content: bytes) -> Rows:
    try:
        sniff(content)
    except WorkbookError as error:
        if error.code != "file_text":
            raise
        return _of_text(_decoded(content))
    with open_table(content, COLUMNS, NEEDED) as table:
        return list(_cells(table.match.places, table.rows))


def _of_text(text: str) -> Rows:
    """A CSV with a header; without one, each of its cells is a phone or document."""
    lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    found = match([text_of(cell) for cell in lines[0]], COLUMNS) if lines else None
    if found is None or found.missing(NEEDED):
        return _pasted(text)
    if found.ambiguous:
        raise WorkbookError(
            "column_ambiguous",
            sheet="CSV",
            wanted=", ".join(found.ambiguous),
            columns=", ".join(lines[0][i] for p in found.ambiguous.values() for i in p),
        )
    return list(_cells(found.places, enumerate(lines[1:], 2)))


def _cells(places: dict[str, list[int]], rows: Any) -> Iterator[tuple[int, dict]]:
    for number, cells in rows:
        if all(map(is_blank, cells)):
            continue
        yield (
            number,
            {
                name: cells[where[0]] if where[0] < len(cells) else ""
                for name, where in places.items()
            },
        )


def _decoded(content: bytes) -> str:
    encodings = ["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else []
    for encoding in [*encodings, "utf-8-sig"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(";,\t|", key=head.count)
