"""Colombia: cédula (CC), which has no check digit, and NIT, which has one."""

import re

from batches.imports.normalizers.checksums import (
    document_text,
    refuse_dummy,
    ungrouped,
)
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable

_LABEL = re.compile(r"^(?:CO:)?(?:CC|C\.C\.|NIT|N\.I\.T\.)?[:.]*")
_WITH_DIGIT = re.compile(r"([\d.,]+)-(\d)", re.ASCII)
_NUMBER = re.compile(r"0*(\d{5,10})", re.ASCII)
_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43)  # from the right


def nit_digit(body: str) -> int:
    """Modulo 11 by the weights of DIAN."""
    total = sum(int(d) * w for d, w in zip(reversed(body), _WEIGHTS, strict=False))
    rest = total % 11
    return rest if rest < 2 else 11 - rest


def read_document(cell: Cell) -> str:
    """`CO:CC:1020304050`, or `CO:NIT:900123456` (without its check digit).

    The NIT of a person is their cédula and a check digit. Companies' have nine digits
    and begin with 8 or 9, which no cédula does.
    """
    text = _LABEL.sub("", document_text(cell))
    digit = ""
    if split := _WITH_DIGIT.fullmatch(text):
        text, digit = split.groups()
    match = _NUMBER.fullmatch(ungrouped(text))
    if match is None:
        raise Unreadable("document_invalid")
    return _named(match[1].lstrip("0"), digit)


def _named(number: str, digit: str) -> str:
    if len(number) == 10 and number[0] in "89" and not digit:
        number, digit = number[:-1], number[-1]
    if digit and nit_digit(number) != int(digit):
        raise Unreadable("document_check_digit")
    if len(number) < 5:
        raise Unreadable("document_invalid")
    refuse_dummy(number)
    if len(number) == 9 and number[0] in "89":
        return f"CO:NIT:{number}"
    if len(number) == 9 or (len(number) == 10 and number[0] != "1"):
        raise Unreadable("document_invalid")
    return f"CO:CC:{number}"


def with_digit(cell: Cell, digit: Cell) -> str:
    """A NIT whose check digit is in another cell, or in both."""
    mark, text = document_text(digit), document_text(cell)
    if not re.fullmatch(r"\d", mark, re.ASCII):
        raise Unreadable("document_check_digit")
    if _WITH_DIGIT.fullmatch(text):
        if not text.endswith(mark):
            raise Unreadable("document_check_digit")
        return read_document(cell)
    return read_document(f"{text}-{mark}")


COLOMBIA = Country(
    code="CO",
    plan=PLANS["CO"],
    decimal=",",
    day_first=True,
    currencies=("COP", "PESOS", "PESO"),
    read_document=read_document,
    with_digit=with_digit,
    document_title="Cédula",
    example_document="1.020.304.050",
    example_mobile="+57 300 555 0123",
    example_landline="+57 601 555 0123",
)
