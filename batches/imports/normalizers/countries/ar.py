"""Argentina: DNI, and CUIT or CUIL, which hold the DNI of a person."""

import re

from batches.imports.normalizers.checksums import (
    document_text,
    refuse_dummy,
    ungrouped,
    weighted,
)
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable

_LABEL = re.compile(r"^(?:AR:)?(?:DNI|CUIT|CUIL|LE|LC)[:.\s]*")
_CUIT = re.compile(r"(\d{2})-?(\d{8})-?(\d)", re.ASCII)
_DNI = re.compile(r"0*(\d{7,8})", re.ASCII)
_PERSONS, _COMPANIES = ("20", "23", "24", "25", "26", "27"), ("30", "33", "34")
_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def cuit_digit(ten: str) -> int:
    """Modulo 11 of the first ten digits; 10 belongs to no CUIT (the prefix changes)."""
    return (11 - weighted(ten, _WEIGHTS) % 11) % 11


def read_document(cell: Cell) -> str:
    """`AR:DNI:30123456`, also from the CUIT or CUIL of that person, so that they are
    one whatever a file gives; `AR:CUIT:30500010912` of a company."""
    text = _LABEL.sub("", document_text(cell))
    if cuit := _CUIT.fullmatch(text):
        return _from_cuit(*cuit.groups())
    dni = _DNI.fullmatch(ungrouped(text))
    if dni is None or int(dni[1]) < 1_000_000:
        raise Unreadable("document_invalid")
    number = str(int(dni[1]))
    refuse_dummy(number)
    return f"AR:DNI:{number}"


def _from_cuit(prefix: str, body: str, digit: str) -> str:
    if prefix not in (*_PERSONS, *_COMPANIES):
        raise Unreadable("document_invalid")
    if cuit_digit(prefix + body) != int(digit):
        raise Unreadable("document_check_digit")
    refuse_dummy(body)
    if prefix in _COMPANIES:
        return f"AR:CUIT:{prefix}{body}{digit}"
    if int(body) < 1_000_000:
        raise Unreadable("document_invalid")
    return f"AR:DNI:{int(body)}"


ARGENTINA = Country(
    code="AR",
    plan=PLANS["AR"],
    decimal=",",
    day_first=True,
    currencies=("ARS", "PESOS", "PESO"),
    read_document=read_document,
    document_title="DNI",
    example_document="30.123.456",
    example_mobile="+54 9 11 5555 0123",
    example_landline="+54 11 5555 0123",
)
