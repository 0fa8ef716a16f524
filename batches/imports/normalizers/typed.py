"""Documents and phones as people type or paste them: no column says which it is."""

import re
from collections.abc import Sequence

import phonenumbers

from batches.imports.normalizers import countries as registry
from batches.imports.normalizers import documents, phones
from batches.imports.normalizers.text import Cell, text_of
from batches.imports.problems import Unreadable, WorkbookError
from batches.models import Account

DASHED = re.compile(r"\d-[\dKk]$")


def read_document(cell: Cell) -> str | None:
    """Canonical text of a document; None when it is none."""
    try:
        return documents.read_rut(cell)
    except Unreadable:
        return None


def read_documents(cell: Cell) -> set[str]:
    """The documents, canonical, that a typed text can be in any country served."""
    found = set()
    for country in registry.COUNTRIES.values():
        try:
            found.add(country.read_document(cell))
        except (Unreadable, WorkbookError):
            continue
    return found


def read_numbers(cell: Cell, countries: Sequence[str] = ()) -> set[str]:
    """The phones, in E.164, that a typed number can be in `countries`; by default in
    any country served."""
    countries = countries or Account.Country.values
    found = set()
    for country in registry.COUNTRIES.keys() & set(countries):
        plan = registry.COUNTRIES[country].plan
        found.update(phones.read_phones(cell, phones.MOBILE, plan).numbers)
    for country in countries:
        try:
            number = phonenumbers.parse(text_of(cell), country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            found.add(
                phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            )
    return found


def read_who(cell: Cell, countries: Sequence[str] = ()) -> tuple[str | None, set[str]]:
    """The document and the phones that a text can mean; never both of a document that
    `is_document`."""
    document = read_document(cell)
    if document and is_document(cell):
        return document, set()
    return document, read_numbers(cell, countries)


def is_document(cell: Cell) -> bool:
    """Whether it is written as a document: a sound check digit behind a dash. Its
    figures could be a phone's all the same."""
    return bool(DASHED.search(text_of(cell)) and read_document(cell))
