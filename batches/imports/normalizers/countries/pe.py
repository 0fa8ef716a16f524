"""Peru: DNI, and RUC, which holds the DNI of a person."""

import re

from batches.imports.normalizers.checksums import (
    document_text,
    refuse_dummy,
    weighted,
)
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable

_LABEL = re.compile(r"^(?:PE:)?(?:DNI|RUC)?[:.]*")
_RUC = re.compile(r"(10|15|16|17|20)\d{9}", re.ASCII)
_DNI = re.compile(r"\d{6,8}", re.ASCII)
_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def ruc_digit(ten: str) -> int:
    """Modulo 11 of the first ten digits."""
    return (11 - weighted(ten, _WEIGHTS) % 11) % 10


def read_document(cell: Cell) -> str:
    """`PE:DNI:01234567` (eight digits: a number loses the zeros before them), also
    from the RUC of that person; `PE:RUC:20100070970` of others."""
    text = _LABEL.sub("", document_text(cell))
    if _RUC.fullmatch(text):
        if ruc_digit(text[:-1]) != int(text[-1]):
            raise Unreadable("document_check_digit")
        if not text.startswith("10"):
            return f"PE:RUC:{text}"
        text = text[2:-1]
    if not _DNI.fullmatch(text):
        raise Unreadable("document_invalid")
    number = text.rjust(8, "0")
    refuse_dummy(number)
    return f"PE:DNI:{number}"


PERU = Country(
    code="PE",
    plan=PLANS["PE"],
    decimal=".",
    day_first=True,
    currencies=("PEN", "S/.", "S/", "SOLES", "SOL"),
    read_document=read_document,
    document_title="DNI",
    example_document="40123456",
    example_mobile="+51 955 550 123",
    example_landline="+51 1 555 0123",
)
