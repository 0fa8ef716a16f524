"""The phones of a row: from columns of a kind, with areas and kinds of their own."""

import re
from dataclasses import dataclass

from batches.imports.columns import EXCLUDED_KINDS, PHONE_KINDS, Column
from batches.imports.normalizers.countries import Country
from batches.imports.normalizers.numbering import ANY, LANDLINE, MOBILE
from batches.imports.normalizers.phones import read_phones
from batches.imports.normalizers.text import (
    EXCEL_ERROR,
    NO_VALUE,
    is_blank,
    squash,
    text_of,
)
from batches.imports.questions import Answers, Noticing, Question
from batches.imports.reader import Cells, Table
from batches.use_cases.base import CellWarning

_PHONE = r"(?:fono|telefono|tel|celular|phone|contacto)"
_TYPE = re.compile(
    rf"(?:tipo|clase|type)(?:de)?(?:{_PHONE}(\d*)|(\d+))|{_PHONE}(\d*)(?:tipo|type)"
)
_AREA = re.compile(r"\D*0*(\d{1,4})(?:\.0)?\D*", re.ASCII)
_NUMBER = re.compile(r"(\d*)$")
# What a cell such as "CELULAR" or "Ref. familiar" says of the phone beside it.
_KINDS = (
    ("guarantor", ("aval", "codeudor", "fiador", "guarantor")),
    ("reference", ("ref", "familiar", "conyuge", "padre", "madre", "vecin")),
    ("work", ("laboral", "trabajo", "oficina", "empleador", "work", "office", "trab")),
    (MOBILE, ("movil", "celular", "cel", "mobile", "cell")),
    (LANDLINE, ("fijo", "casa", "particular", "residencial", "home", "landline")),
)


@dataclass
class _PhonePlace:
    """A column of phones, and the columns that say more about it."""

    index: int
    header: str
    kind: str
    area: int | None = None
    type: int | None = None


class PhoneReader(Noticing):
    """Reads the phone columns of a table's rows."""

    NOTICED = ("excluded", "unknown")

    def __init__(
        self,
        table: Table,
        columns: tuple[Column, ...],
        country: Country,
        answers: Answers,
    ) -> None:
        self.plan = country.plan
        self.answers = answers
        self.excluded = 0  # cells with phones that are not called
        self.unknown = Question("phone_kind")
        self.places: list[_PhonePlace] = []
        found = table.match.places
        areas = [i for c in columns if c.kind == "area" for i in found.get(c.name, ())]
        for column in columns:
            called = column.kind in PHONE_KINDS or column.kind in answers.call_kinds
            if not called:
                continue
            for index in found.get(column.name, ()):
                header = table.headers[index]
                place = _PhonePlace(index, header, column.kind)
                place.type = _type_of(header, table.headers)
                place.area = areas[0] if len(areas) == 1 else None
                self.places.append(place)
        self.indexes = {place.index for place in self.places}

    def read(
        self, number: int, cells: Cells, warnings: list[CellWarning]
    ) -> list[list[str]]:
        """The numbers of a row, one list for each of PHONE_KINDS; adds warnings."""
        found: list[list[str]] = [[] for _ in PHONE_KINDS]
        for place in self.places:
            cell = cells[place.index]
            if is_blank(cell):
                continue
            kind, area = place.kind, ""
            if place.type is not None:
                kind = kind_said(text_of(cells[place.type])) or kind
                if kind in EXCLUDED_KINDS and kind not in self.answers.call_kinds:
                    self.excluded += 1
                    continue
            if kind not in (MOBILE, LANDLINE):
                kind = self.answers.phones or ANY
            if place.area is not None:
                area = self._area(place, cells)
            read = read_phones(cell, kind, self.plan, area)
            found[PHONE_KINDS.index(kind)] += read.numbers
            for code, text in read.problems:
                warnings.append(self._warning(number, place.header, text, code))
        return found

    def _area(self, place: _PhonePlace, cells: Cells) -> str:
        match = _AREA.fullmatch(text_of(cells[place.area]))
        return match[1] if match else ""

    def _warning(self, number: int, header: str, text: str, code: str) -> CellWarning:
        if code == "phone_kind_unknown":
            self.unknown.column = header
            self.unknown.add(number, text)
        if text == NO_VALUE:
            code = "formula_empty"
        elif EXCEL_ERROR.match(text):
            code = "formula_error"
        return CellWarning(number, header, text[:255], code)

    def questions(self) -> list[Question]:
        return [self.unknown] if self.unknown.count else []


def kind_said(text: str) -> str:
    """The kind of phone that words name; empty when they name none."""
    said = squash(text)
    return next(
        (kind for kind, words in _KINDS if any(word in said for word in words)), ""
    )


def _type_of(header: str, headers: list[str]) -> int | None:
    """The column that says of which kind the phones of `header` are: TIPO1 of FONO1."""
    own = _NUMBER.search(squash(header))[1]
    for index, other in enumerate(headers):
        match = _TYPE.fullmatch(squash(other))
        if match and own == next((g for g in match.groups() if g is not None), ""):
            return index
    return None
