"""Worksheets whose lines are written as XML at once.

XlsxWriter, which does the rest of the file, takes three times as long for its cells
as the whole report may, and takes text between <r> and </r> for markup of its own.
"""

import re
from collections.abc import Sequence

from xlsxwriter.worksheet import Worksheet

MOST_CHARACTERS = 32_767  # of a cell, counted in UTF-16
# What XML can't hold Excel writes as _xHHHH_; text that looks like that is escaped.
_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class LineSheet(Worksheet):
    """A sheet of a workbook in constant memory; mixes with no other way of writing."""

    def write_line(self, line: int, cells: Sequence[str]) -> None:
        """Append line number `line` (from 0), made of `text_cell` and `number_cell`."""
        self._check_dimensions(line, max(0, len(cells) - 1))
        self.fh.write(f'<row r="{line + 1}">{"".join(cells)}</row>')


def text_cell(reference: str, text: str, style: int = 0) -> str:
    """The cell at `reference` (`B7`); what is longer than Excel takes is cut."""
    if len(text) > MOST_CHARACTERS // 2:
        units = text.encode("utf-16-le")[: 2 * MOST_CHARACTERS]
        text = units.decode("utf-16-le", errors="ignore")
    return (
        f'<c r="{reference}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{_SPECIAL.sub(_escaped, text)}</t></is></c>'
    )


def number_cell(reference: str, number: float, style: int) -> str:
    return f'<c r="{reference}" s="{style}"><v>{number:.16g}</v></c>'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return _MARKUP.get(character) or f"_x{ord(character):04X}_"
