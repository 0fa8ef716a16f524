"""Chile: the RUT, with its check digit in the same cell, in another, or computed."""

import re

from batches.imports.normalizers.checksums import document_text, ungrouped
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.documents import check_digit, read_rut
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable

_DIGIT = re.compile(r"[0-9K]", re.ASCII)
_BODY = re.compile(r"0*(\d{1,8})", re.ASCII)


def with_digit(cell: Cell, digit: Cell) -> str:
    """A RUT whose check digit is in another cell, or in both, and then the same."""
    mark = document_text(digit)
    if not _DIGIT.fullmatch(mark):
        raise Unreadable("document_check_digit")
    body = _BODY.fullmatch(ungrouped(document_text(cell)))
    if body is None or check_digit(body[1]) != mark:
        whole = read_rut(cell)  # it holds its check digit already
        if not whole.endswith(mark):
            raise Unreadable("document_check_digit")
        return whole
    return read_rut(f"{body[1]}-{mark}")


def without_digit(cell: Cell) -> str:
    """A RUT of a column where no check digit was typed: it is computed."""
    body = _BODY.fullmatch(ungrouped(document_text(cell)))
    if body is None:
        return read_rut(cell)
    return read_rut(f"{body[1]}-{check_digit(body[1])}")


CHILE = Country(
    code="CL",
    plan=PLANS["CL"],
    decimal=",",
    day_first=True,
    currencies=("CLP", "PESOS", "PESO"),
    read_document=read_rut,
    with_digit=with_digit,
    without_digit=without_digit,
    document_title="RUT",
    example_document="12.345.678-5",
    example_mobile="+56 9 6001 2345",
    example_landline="+56 2 2000 1234",
)
