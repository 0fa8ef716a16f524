"""Flat tables in files: a workbook or a text, as rows of cells by logical column."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from batches.imports.columns import Column
from batches.imports.normalizers.text import is_blank
from batches.imports.problems import WorkbookError
from batches.imports.reader import open_table
from batches.imports.sniffer import decoded, sniff

# The number that the file counts, and the cells of the columns that were found.
Rows = list[tuple[int, dict[str, Any]]]


def read_file(
    content: bytes,
    columns: Sequence[Column],
    needed: Sequence[Sequence[str]],
    *,
    headless: Callable[[str], Rows] | None = None,
) -> Rows:
    """The rows of the first sheet that has the `needed` columns.

    `headless` reads a text without them; else it is refused, as every file of no use:
    WorkbookError.
    """
    try:
        with open_table(content, columns, needed) as table:
            return list(_cells(table.match.places, table.rows))
    except WorkbookError as error:
        if not headless or error.code != "columns_missing" or sniff(content) != "text":
            raise
    return headless(decoded(content))


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
