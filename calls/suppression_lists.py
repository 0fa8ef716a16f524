"""Lists of people not to call: a workbook, a CSV file, or what was pasted.

Read whole and checked first; then all of it is added, or nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from batches.imports.columns import Column
from batches.imports.normalizers.text import is_blank, text_of
from batches.imports.normalizers.typed import is_document
from batches.imports.problems import WorkbookError
from calls import suppression
from calls.flat_files import Rows, read_file
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


def load(source: bytes | str, resource: DoNotCallResource, *, by: str) -> Loaded:
    """Add a file's or a pasted text's people; with any faulty row, nobody.

    Adding the same again adds nothing. Raises WorkbookError for a file of no use.
    """
    if isinstance(source, str):
        rows = _pasted(source)
    else:
        rows = read_file(source, COLUMNS, NEEDED, headless=_pasted)
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
