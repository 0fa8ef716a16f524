"""Logical columns of a use case, and finding them among the headers of a sheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.functional import Promise

from batches.imports.normalizers import countries, dates, names, numbers, phones
from batches.imports.normalizers.text import read_message, read_text, squash

# Kinds of phone in the order in which the numbers are tried.
PHONE_KINDS = (phones.MOBILE, phones.LANDLINE, phones.ANY)
# Phones that are found and not called, unless somebody decides it.
EXCLUDED_KINDS = ("work", "reference", "guarantor")
# Columns that complete another one.
PARTS_OF_OTHERS = ("check_digit", "area")


@dataclass(frozen=True)
class Column:
    """One logical column: how its header is known and how its cells are read.

    `headers` (Spanish), then `english`, are tried whole, best first; then `parts`
    inside longer headers, except those that hold one of `never`. `missing` is the code
    of a blank cell that reports its row. `stops_row`: so does a cell that can't be
    read, else it is a warning. `many`: every header that fits is used. `kept`: it also
    stays among the extras. `help` and `example` are for the template workbook; without
    an example it is one of its kind.
    """

    name: str
    kind: str
    headers: tuple[str, ...]
    english: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    missing: str = ""
    stops_row: bool = False
    many: bool = False
    kept: bool = False
    help: str | Promise = ""
    example: str | int | None = None

    @property
    def title(self) -> str:
        """The header as people are told to write it."""
        return self.headers[0]

    def title_in(self, language: str) -> str:
        """The header in a template of that language."""
        return self.english[0] if language == "en" and self.english else self.title


@dataclass
class Match:
    """Where the columns of a use case are in a sheet."""

    places: dict[str, list[int]] = field(default_factory=dict)
    ambiguous: dict[str, list[int]] = field(default_factory=dict)

    def missing(self, needed: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The groups of which no column was found."""
        found = self.places.keys() | self.ambiguous.keys()
        return [group for group in needed if not found & set(group)]


def match(headers: Sequence[str], columns: Sequence[Column]) -> Match:
    """Find each column by its header: whole names first, then parts of names.

    Accents, case, spaces and punctuation don't count. A column that must be one and
    fits several headers equally well is ambiguous, not the first of them.
    """
    squashed = [squash(header) for header in headers]
    result = Match()
    taken: set[int] = set()
    for finder in (_whole, _inside):
        for column in columns:
            if column.name in result.places or column.name in result.ambiguous:
                continue
            free = [place for place in range(len(squashed)) if place not in taken]
            found = finder(column, squashed, free)
            if len(found) > 1 and not column.many:
                result.ambiguous[column.name] = found
            elif found:
                result.places[column.name] = found
                taken.update(found)
    return result


def _whole(column: Column, squashed: list[str], free: list[int]) -> list[int]:
    found: list[int] = []
    for header in (*column.headers, *column.english):
        wanted = squash(header)
        found += [place for place in free if squashed[place] == wanted]
        if found and not column.many:
            break
    return sorted(found)


def _inside(column: Column, squashed: list[str], free: list[int]) -> list[int]:
    fits = [
        place
        for place in free
        if not any(word in squashed[place] for word in column.never)
    ]
    found: list[int] = []
    for part in column.parts:
        found += [place for place in fits if part in squashed[place]]
        if found and not column.many:
            break
    return sorted(set(found))


def readers_for(country: str) -> dict[str, Callable[[Any], Any]]:
    """How a cell of a kind is read in an account's country. Raises WorkbookError.

    Amounts, dates and documents are read by whole columns: `evidence.py`.
    """
    own_words = countries.get(country).currencies
    return {
        "name": names.read_name,
        "text": read_text,
        "message": read_message,
        "days": numbers.read_days,
        "percent": numbers.read_percent,
        "time": dates.read_time,
        "currency": partial(numbers.read_currency, own_words=own_words),
    }
