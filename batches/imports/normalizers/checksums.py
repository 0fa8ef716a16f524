"""Check digits of identity documents, and how their cells become text."""

import re

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

_FLOAT = re.compile(r"(\d+)\.0+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d[.,]?\d*E\+?\d{1,2}", re.IGNORECASE | re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", re.ASCII)
_WHOLE = 10**15  # beyond it a float has lost digits


def document_text(cell: Cell) -> str:
    """A cell as an upper-case document, its spaces gone; raises Unreadable.

    Numbers are their digits. What Excel rounded (2,01234E+10) is lost and told so.
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE:
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Unreadable("document_invalid")
    text = tidy(str(cell)).upper().replace(" ", "")
    if whole := _FLOAT.fullmatch(text):
        return whole[1]
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable("document_rounded")
    return text


def ungrouped(text: str) -> str:
    """Digits without the marks of thousands: 30.123.456 is 30123456."""
    return re.sub(r"[.,]", "", text) if _GROUPED.fullmatch(text) else text


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Sum of digits times weights, from the left."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=True))


def refuse_dummy(digits: str) -> None:
    """All digits alike: typed where nobody knows the document."""
    if len(set(digits)) == 1:
        raise Unreadable("document_dummy")
