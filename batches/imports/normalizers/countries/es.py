"""Spain: DNI, NIE and the CIF of companies, each with a control letter or digit."""

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

_LABEL = re.compile(r"^(?:ES:)?(?:DNI|NIE|NIF|CIF)?[:.]*")
_PERSON = re.compile(r"([XYZ]?)([\d.]{1,10})-?([A-Z])", re.ASCII)
_COMPANY = re.compile(r"([ABCDEFGHJNPQRSUVW])-?(\d{7})-?([\dA-J])", re.ASCII)
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CONTROLS = "JABCDEFGHI"
_LETTER_ALWAYS, _DIGIT_ALWAYS = "NPQRSW", "ABEH"


def letter(number: int) -> str:
    """The control letter of a DNI, or of a NIE whose X, Y, Z is 0, 1, 2."""
    return _LETTERS[number % 23]


def read_document(cell: Cell) -> str:
    """`ES:DNI:12345678Z`, `ES:NIE:X1234567L` or `ES:CIF:A58818501`.

    A DNI without its letter is incomplete, and the letter guards against a wrong
    digit: it is refused.
    """
    text = _LABEL.sub("", document_text(cell))
    if match := _COMPANY.fullmatch(text):
        return _company(*match.groups())
    match = _PERSON.fullmatch(text)
    if match is None:
        raise Unreadable("document_invalid")
    first, digits, control = match.groups()
    digits = ungrouped(digits)
    length = 7 if first else 8
    if not digits.isdigit() or not 1 <= len(digits) <= length:
        raise Unreadable("document_invalid")
    digits = digits.rjust(length, "0")
    number = int(f"{'XYZ'.index(first)}{digits}") if first else int(digits)
    if letter(number) != control:
        raise Unreadable("document_check_digit")
    refuse_dummy(digits)
    return f"ES:{'NIE' if first else 'DNI'}:{first}{digits}{control}"


def cif_control(digits: str) -> int:
    """Of the seven digits: those in odd places doubled and cast out, modulo 10."""
    odd = sum(sum(divmod(2 * int(d), 10)) for d in digits[::2])
    return -(odd + sum(map(int, digits[1::2]))) % 10


def _company(kind: str, digits: str, control: str) -> str:
    value = cif_control(digits)
    allowed = {str(value), _CONTROLS[value]}
    if kind in _LETTER_ALWAYS:
        allowed = {_CONTROLS[value]}
    elif kind in _DIGIT_ALWAYS:
        allowed = {str(value)}
    if control not in allowed:
        raise Unreadable("document_check_digit")
    refuse_dummy(digits)
    return f"ES:CIF:{kind}{digits}{control}"


SPAIN = Country(
    code="ES",
    plan=PLANS["ES"],
    decimal=",",
    day_first=True,
    currencies=("EUR", "€", "EUROS", "EURO"),
    read_document=read_document,
    document_title="DNI",
    example_document="12345678Z",
    example_mobile="+34 655 550 123",
    example_landline="+34 915 550 123",
)
