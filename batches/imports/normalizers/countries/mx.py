"""Mexico: CURP and RFC."""

import re
from datetime import date

from batches.imports.normalizers.checksums import document_text
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable

_LABEL = re.compile(r"^(?:MX:)?(?:CURP:|RFC:)?")
_CURP = re.compile(
    r"[A-ZÑ]{4}([0-9]{6})[HMX][A-Z]{2}[B-DF-HJ-NP-TV-ZÑ]{3}[A-Z0-9][0-9]"
)
_RFC = re.compile(r"[A-ZÑ&]{3,4}([0-9]{6})[A-Z0-9]{2}[A0-9]")
_CURP_SIGNS = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_RFC_SIGNS = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
# Everybody without an RFC, at home and abroad.
_GENERIC = frozenset({"XAXX010101000", "XEXX010101000"})


def curp_digit(first: str) -> str:
    """Of the first 17 signs: weights 18 to 2, modulo 10."""
    total = sum(_CURP_SIGNS.index(s) * (18 - i) for i, s in enumerate(first))
    return str(-total % 10)


def rfc_digit(first: str) -> str:
    """Of all signs but the last (11 or 12): weights 13 to 2, modulo 11; 10 is A."""
    padded = first.rjust(12)
    total = sum(_RFC_SIGNS.index(s) * (13 - i) for i, s in enumerate(padded))
    return "0A987654321"[total % 11]


def read_document(cell: Cell) -> str:
    """`MX:CURP:…` or `MX:RFC:…`, with a right check digit and a possible birth date.

    An RFC without its last three signs belongs to several people: it is refused.
    """
    text = _LABEL.sub("", document_text(cell)).replace("-", "")
    if text in _GENERIC:
        raise Unreadable("document_dummy")
    if match := _CURP.fullmatch(text):
        kind, expected = "CURP", curp_digit(text[:-1])
    elif match := _RFC.fullmatch(text):
        kind, expected = "RFC", rfc_digit(text[:-1])
    else:
        raise Unreadable("document_invalid")
    if not _is_day(match[1]):
        raise Unreadable("document_invalid")
    if text[-1] != expected:
        raise Unreadable("document_check_digit")
    return f"MX:{kind}:{text}"


def _is_day(six: str) -> bool:
    """YYMMDD, in either century."""
    for century in (1900, 2000):
        try:
            date(century + int(six[:2]), int(six[2:4]), int(six[4:]))
        except ValueError:
            continue
        return True
    return False


MEXICO = Country(
    code="MX",
    plan=PLANS["MX"],
    decimal=".",
    day_first=True,
    currencies=("MXN", "PESOS", "PESO", "M.N.", "MN"),
    read_document=read_document,
    document_title="CURP",
    example_document="PEPA900101HDFRRN04",
    example_mobile="+52 55 5555 0123",
    example_landline="+52 55 5555 0124",
)
