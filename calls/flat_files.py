"""Flat tables in files: a workbook or a CSV, as rows of cells by logical column."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from batches.imports.columns import Column, match
from batches.imports.normalizers.text import is_blank, text_of
from batches.imports.problems import WorkbookError
from batches.imports.reader import open_table
from batches.imports.sniffer import sniff

# The number that the file counts, and the cells of the columns that were found.
Rows = list[tuple[int, dict[str, Any]]]


def read_file(
    content: bytes,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    *,
    headless: Callable[[str], Rows] | None = None,
) -> Rows:
    """The rows of the first sheet, or of a text, that has the `needed` columns.

    `headless` reads a text without them; else it is refused, as every file of no use:
    WorkbookError.
    """
    try:
        sniff(content)
    except WorkbookError as error:
        if error.code != "file_text":
            raise
        return _of_text(_decoded(content), columns, needed, headless)
    with open_table(content, columns, needed) as table:
        return list(_cells(table.match.places, table.rows))


def _of_text(
    text: str,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    headless: Callable[[str], Rows] | None,
) -> Rows:
    lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    found = match([text_of(cell) for cell in lines[0]], columns) if lines else None
    if found is None or (missing := found.missing(needed)):
        if headless:
            return headless(text)
        titles = {column.name: column.title for column in columns}
        lacking = missing if found else needed
        raise WorkbookError(
            "columns_missing",
            sheet="CSV",
            columns=", ".join(" / ".join(titles[n] for n in g) for g in lacking),
        )
    if found.ambiguous:
        raise WorkbookError(
            "column_ambiguous",
            sheet="CSV",
            wanted=", ".join(found.ambiguous),
            columns=", ".join(lines[0][i] for p in found.ambiguous.values() for i in p),
        )
    return list(_cells(found.places, enumerate(lines[1:], 2)))


def _cells(
    places: dict[str, list[int]], rows: Any
) -> Iterator[tuple[int, dict[str, Any]]]:
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
