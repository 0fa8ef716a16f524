"""Phones from cells, deterministically: numbers in E.164, or why there are none."""

import re
from decimal import Decimal
from typing import NamedTuple

from batches.imports.normalizers.numbering import (
    ANY,
    CHILE,
    LANDLINE,
    MOBILE,
    Plan,
    kind_of,
)
from batches.imports.normalizers.text import NOTHING, Cell, text_of, tidy
from batches.imports.problems import Unreadable

__all__ = ["ANY", "LANDLINE", "MOBILE", "Phones", "kind_of", "read_phones"]

_SEPARATORS = re.compile(r"[/;,|\n\r]|\s+(?:y|o|ó|e|u)\s+", re.IGNORECASE)
_NOBODY = re.compile(r"\b[SN]/[NIAD]\b", re.IGNORECASE)  # "S/N" beside numbers
_DIGITS = re.compile(r"[0-9]+")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FLOAT = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"([0-9])[.,]?([0-9]*)E\+?([0-9]{1,2})", re.IGNORECASE)
# With the country's code, the trunk's 0 or nothing: "+56 9 6001 2345", "02-20001234".
_COMPLETE = re.compile(r"(?:\+56 ?|0)?([2-9])[ -]?([0-9]{4})[ -]?([0-9]{4})", re.ASCII)
_RUT = re.compile(r"[0-9.]{7,10}-[0-9Kk]")
_LABELS = frozenset(
    {"tel", "telefono", "teléfono", "fono", "cel", "celular", "movil", "móvil"}
    | {"fijo", "casa", "wsp", "whatsapp", "phone", "mobile", "home"}
)
_NONE = NOTHING | {"0", "no", "sn", "x", "no tiene", "sin telefono", "sin teléfono"}


class Phones(NamedTuple):
    """What a cell holds: numbers in E.164, in order, and what could not be read."""

    numbers: list[str]
    problems: list[tuple[str, str]]  # (code, the text)


def read_phones(cell: Cell, kind: str, plan: Plan = CHILE, area: str = "") -> Phones:
    """The numbers of a cell in a column of `kind` (mobile, landline, or any phone).

    A complete number is taken as it is, whatever the column says; only what lacks
    something is completed by the column's kind, and by `area`, the digits of a column
    of its own.
    """
    if plan is CHILE and (national := _usual(cell)):
        try:
            return Phones([plan.e164(national)], [])
        except Unreadable as error:
            return Phones([], [(error.code, text_of(cell))])
    found = Phones([], [])
    try:
        text = _as_text(cell)
    except Unreadable as error:
        found.problems.append((error.code, text_of(cell)))
        return found
    if _is_none(text):
        return found
    plain = text.isdigit()  # the usual cell needs no splitting
    for part in [text] if plain else _SEPARATORS.split(_NOBODY.sub(" ", text)):
        typed = tidy(part)
        if _is_none(typed):
            continue
        try:
            numbers = _numbers(typed, kind, plan, area)
        except Unreadable as error:
            found.problems.append((error.code, typed))
        else:
            found.numbers.extend(n for n in numbers if n not in found.numbers)
    return found


def _usual(cell: Cell) -> str:
    """The nine digits of the most frequent cells of Chile: complete numbers, which are
    the same in any column. Empty for any other cell."""
    if type(cell) is float and cell % 1 == 0:
        if 2e8 <= cell < 1e9:
            return str(int(cell))
        if 562e8 <= cell < 57e9:
            return str(int(cell))[2:]
    elif type(cell) is str and (match := _COMPLETE.fullmatch(cell)):
        return "".join(match.groups())
    return ""


def _is_none(text: str) -> bool:
    return text.lower().strip(".") in _NONE or not text.strip("0 -")


def _as_text(cell: Cell) -> str:
    """The digits as typed: Excel's floats lose their `.0`, never gain a zero."""
    if isinstance(cell, float):
        if not cell.is_integer():
            raise Unreadable("phone_invalid")
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Unreadable("phone_invalid")
    text = str(cell).strip().strip("'")
    if whole := _FLOAT.fullmatch(text):
        return whole[1]
    if match := _SCIENTIFIC.fullmatch(text):
        shown, power = 1 + len(match[2]), int(match[3])
        if shown <= power:  # the last digits are not there
            raise Unreadable("phone_rounded")
        return str(int(Decimal(text.replace(",", "."))))
    return text


def _numbers(text: str, kind: str, plan: Plan, area: str) -> list[str]:
    if len(text) == 9 and plan is CHILE and text.isdigit() and text[0] in "23456789":
        return [plan.e164(text)]  # complete: what follows would change nothing
    groups = _DIGITS.findall(text)
    if not groups or text.startswith("-") or _RUT.fullmatch(text):
        raise Unreadable("phone_invalid")
    if not text.isascii() and _FOREIGN_DIGIT.search(text):
        raise Unreadable("phone_invalid")
    if "+" in text and not groups[0].startswith(plan.code):
        raise Unreadable("phone_foreign")
    if any(word.lower() not in _LABELS for word in _WORD.findall(text)):
        groups = [_alone(groups, plan)]  # a note beside it: only a complete number
    digits = "".join(groups)
    if len(digits) <= plan.longest:
        if _has_extension(groups, plan):
            raise Unreadable("phone_ambiguous")
        together = len(groups) == 1 or len(groups[-1]) >= 9
        national = plan.national(digits, kind, together=together, area=area)
        return [plan.e164(national)]
    return [plan.e164(plan.national(n, kind)) for n in _several(groups, plan)]


def _has_extension(groups: list[str], plan: Plan) -> bool:
    """A whole number and something behind it: gluing them would make another."""
    if len(groups) == 1:
        return False
    if len(groups[-1]) == 1:
        return True
    with_country = (
        groups[0].startswith(plan.code)
        and sum(map(len, groups)) - len(plan.code) in plan.lengths
    )
    if plan is CHILE:
        whole_before = any(len(group) >= 7 for group in groups[:-1])
        return whole_before and not with_country
    return plan.complete("".join(groups[:-1])) and not with_country


def _alone(groups: list[str], plan: Plan) -> str:
    complete = [group for group in groups if plan.complete(group)]
    if len(complete) != 1:
        raise Unreadable("phone_ambiguous")
    return complete[0]


def _several(groups: list[str], plan: Plan) -> list[str]:
    """Complete numbers one after the other; only when there is a single way."""
    ways = _ways(tuple(groups), plan)
    if len(ways) != 1:
        raise Unreadable("phone_ambiguous" if ways else "phone_invalid")
    return ways[0]


def _ways(groups: tuple[str, ...], plan: Plan) -> list[list[str]]:
    if not groups:
        return [[]]
    found = []
    for end in range(1, len(groups) + 1):
        joined = "".join(groups[:end])
        if len(joined) > plan.longest:
            break
        if plan.complete(joined):
            found += [[joined, *rest] for rest in _ways(groups[end:], plan)]
    return found
