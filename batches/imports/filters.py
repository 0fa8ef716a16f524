"""Rows that are left out of a file on purpose, and how many each filter left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from batches.imports.normalizers.text import Cell, text_of
from speechai_site.runtime import keys

TESTS = {
    "is": _("is"),
    "is_not": _("is not"),
    "contains": _("contains"),
    "empty": _("is empty"),
    "not_empty": _("is not empty"),
}
NO_VALUE_ASKED = ("empty", "not_empty")


@dataclass(frozen=True)
class RowFilter:
    """Leaves out the rows of which one cell passes a test.

    `place` is the column among the headers, from 0; `test` a key of TESTS. Accents and
    case don't count.
    """

    place: int
    test: str
    value: str = ""

    def leaves_out(self, cells: Sequence[Cell]) -> bool:
        """Whether this row is not wanted; a short row has empty cells."""
        cell = cells[self.place] if self.place < len(cells) else ""
        said, wanted = _plain(text_of(cell)), _plain(self.value)
        if self.test == "is":
            return said == wanted
        if self.test == "is_not":
            return said != wanted
        if self.test == "contains":
            return bool(wanted) and wanted in said
        return bool(said) == (self.test == "not_empty")


def _plain(text: str) -> str:
    return " ".join(keys.fold(text).lower().split())


@dataclass
class Sieve:
    """Lets rows through that no filter leaves out; `counts`: rows by filter. A row is
    counted once, for the first filter that leaves it out."""

    filters: Sequence[RowFilter]
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.filters)

    def kept(
        self, rows: Iterator[tuple[int, list[Cell]]]
    ) -> Iterator[tuple[int, list[Cell]]]:
        """The rows that are wanted."""
        if not self.filters:
            yield from rows
            return
        for number, cells in rows:
            for place, one in enumerate(self.filters):
                if one.leaves_out(cells):
                    self.counts[place] += 1
                    break
            else:
                yield number, cells
