"""Identity documents, by country. Canonical text: `CL:RUT:123456785`."""

import re
from operator import mul

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

# Body in one piece or in groups of three, check digit with or without a dash.
_RUT = re.compile(
    r"(?:RU[TN]:?)?0*(\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*|\d+)-?([\dK])", re.ASCII
)
_FLOAT = re.compile(r"(\d+)\.0+", re.ASCII)
_PREFIX = "CL:RUT:"
_WEIGHTS = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7)
_SMALLEST, _LARGEST = 100_000, 99_999_999


def read_rut(cell: Cell) -> str:
    """Chilean RUT with its check digit (modulo 11): `CL:RUT:` + digits + 0-9 or K.

    Numbers hold the check digit as their last digit. 11.111.111-1 … 99.999.999-9 pass
    modulo 11 and are typed where nobody knows the document.
    """
    if type(cell) is float and 10**6 <= cell < 10**9 and cell.is_integer():
        typed = str(int(cell))  # the usual cell
        body, digit = typed[:-1], typed[-1]
    else:
        body, digit = _split(cell)
    if not _SMALLEST <= int(body) <= _LARGEST:
        raise Unreadable("document_invalid")
    if check_digit(body) != digit:
        raise Unreadable("document_check_digit")
    if body == body[0] * 8:
        raise Unreadable("document_dummy")
    return f"{_PREFIX}{body}{digit}"


def _split(cell: Cell) -> tuple[str, str]:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Unreadable("document_invalid")
    text = tidy(str(cell)).upper().replace(" ", "").removeprefix(_PREFIX)
    if whole := _FLOAT.fullmatch(text):
        text = whole[1]
    match = _RUT.fullmatch(text)
    if match is None:
        raise Unreadable("document_invalid")
    body = match[1].replace(".", "").replace(",", "").lstrip("0")
    if not 1 <= len(body) <= 8:
        raise Unreadable("document_invalid")
    return body, match[3]


def check_digit(body: str) -> str:
    """Modulo 11 of a RUT's digits: weights 2…7 from the right; 11 is 0, 10 is K."""
    total = sum(map(mul, map(int, reversed(body)), _WEIGHTS))
    return "0K987654321"[total % 11]


def show_rut(canonical: str) -> str:
    """`CL:RUT:123456785` as people write it: 12.345.678-5."""
    digits = canonical.removeprefix(_PREFIX)
    return f"{int(digits[:-1]):,}-{digits[-1]}".replace(",", ".")
