"""Chilean phones, deterministically: `+56` and nine digits, or nothing.

Sources: Subtel's nine-digit plan of 2016 (mobiles 9 + 8 digits; Santiago 2 + 8), and
the old forms that workbooks still hold. Valid is what phonenumbers holds valid, whose
own patterns are compiled here because a call of it costs 40 µs.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from phonenumbers import PhoneMetadata

from batches.imports.normalizers.text import NOTHING, Cell, text_of, tidy
from batches.imports.problems import Unreadable

_PLAN = PhoneMetadata.metadata_for_region("CL")
_VALID = re.compile(
    "|".join(
        f"(?:{kind.national_number_pattern})"
        for kind in (_PLAN.fixed_line, _PLAN.mobile, _PLAN.voip)
    ),
    re.ASCII,
)
_SERVICE = ("600", "800", "809")  # lines of companies, never a person's

_SEPARATORS = re.compile(r"[/;,|\n\r]|\s+(?:y|o|ó|e|u)\s+", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FLOAT = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"([0-9])[.,]?([0-9]*)E\+?([0-9]{1,2})", re.IGNORECASE)
_RUT = re.compile(r"[0-9.]{7,10}-[0-9Kk]")
_LABELS = frozenset(
    {"tel", "telefono", "teléfono", "fono", "cel", "celular", "movil", "móvil"}
    | {"fijo", "casa", "wsp", "whatsapp"}
)
_NONE = NOTHING | {"0", "no", "sn", "x", "no tiene", "sin telefono", "sin teléfono"}

MOBILE, LANDLINE, ANY = "mobile", "landline", "phone"


class Phones(NamedTuple):
    """What a cell holds: numbers in E.164, in order, and what could not be read."""

    numbers: list[str]
    problems: list[tuple[str, str]]  # (code, the text)


def read_phones(cell: Cell, kind: str) -> Phones:
    """The numbers of a cell in a column of `kind` (mobile, landline, or any phone).

    A complete number is taken as it is, whatever the column says; only the old short
    forms are completed by the column's kind.
    """
    found = Phones([], [])
    try:
        text = _as_text(cell)
    except Unreadable as error:
        found.problems.append((error.code, text_of(cell)))
        return found
    if _is_none(text):
        return found
    plain = text.isdigit()  # the usual cell needs no splitting
    for part in [text] if plain else _SEPARATORS.split(text):
        typed = tidy(part)
        if _is_none(typed):
            continue
        try:
            numbers = _numbers(typed, kind)
        except Unreadable as error:
            found.problems.append((error.code, typed))
        else:
            found.numbers.extend(n for n in numbers if n not in found.numbers)
    return found


def _is_none(text: str) -> bool:
    return text.lower().strip(".") in _NONE or not text.strip("0 -")


def kind_of(e164: str) -> str:
    """`mobile` or `landline`, by the number itself."""
    return MOBILE if e164.startswith("+569") else LANDLINE


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


def _numbers(text: str, kind: str) -> list[str]:
    if len(text) == 9 and text.isdigit() and text.isascii() and text[0] != "0":
        return [_e164(text)]  # complete: what follows would change nothing
    groups = _DIGITS.findall(text)
    if not groups or text.startswith("-") or _RUT.fullmatch(text):
        raise Unreadable("phone_invalid")
    if "+" in text and not groups[0].startswith("56"):
        raise Unreadable("phone_foreign")
    if any(word.lower() not in _LABELS for word in _WORD.findall(text)):
        return [_e164(_alone(groups))]  # a note beside it: only a complete number
    digits = "".join(groups)
    if len(digits) <= 13:
        if _has_extension(groups):
            raise Unreadable("phone_ambiguous")
        complete = len(groups) == 1 or len(groups[-1]) >= 9
        return [_e164(_national(digits, kind, doubled=complete))]
    return [_e164(number) for number in _several(groups)]


def _has_extension(groups: list[str]) -> bool:
    """A whole number and something behind it: gluing them would make another."""
    if len(groups) == 1:
        return False
    with_country = groups[0].startswith("56") and sum(map(len, groups)) == 11
    whole_before = any(len(group) >= 7 for group in groups[:-1])
    return len(groups[-1]) == 1 or (whole_before and not with_country)


def _e164(national: str) -> str:
    if not _VALID.fullmatch(national) or national.startswith(_SERVICE):
        raise Unreadable("phone_invalid")
    if len(set(national[1:])) == 1:
        raise Unreadable("phone_dummy")
    return f"+56{national}"


def _national(digits: str, kind: str, *, doubled: bool) -> str:
    """The nine national digits. `doubled`: a 9 typed twice may be dropped, which is
    only safe where the digits stand together."""
    bare = digits.lstrip("0")
    has_country = bare.startswith("56") and len(bare) >= 10
    if has_country:
        bare = bare[2:].lstrip("0")
    if len(bare) == 10 and bare.startswith("99") and doubled:
        bare = bare[1:]
    if len(bare) == 9:
        return bare
    prefix = _missing_prefix(bare, kind, coded=has_country or digits.startswith("0"))
    return prefix + bare


def _missing_prefix(short: str, kind: str, *, coded: bool) -> str:
    """What an old short form lacks. `coded`: it came with a trunk 0 or 56, so its
    first digit is an area code, or the 9 of a mobile."""
    first = short[:1]
    if len(short) == 8:
        if first == "9" and (coded or kind != LANDLINE):
            return "9"
        if first == "2" and (coded or kind != MOBILE):
            return "2"
        if first in "45678" and kind == MOBILE:
            return "9"
        if first == "3" and kind != MOBILE:
            return "2"
    if len(short) == 7 and kind == LANDLINE and not coded and first in "23456789":
        return "22"
    raise Unreadable("phone_ambiguous" if 7 <= len(short) <= 8 else "phone_invalid")


def _complete(digits: str) -> str | None:
    """The national number, when nothing has to be added."""
    bare = digits.lstrip("0")
    bare = bare[2:].lstrip("0") if len(bare) >= 11 and bare.startswith("56") else bare
    return bare if len(bare) == 9 and _VALID.fullmatch(bare) else None


def _alone(groups: list[str]) -> str:
    complete = [number for group in groups if (number := _complete(group))]
    if len(complete) != 1:
        raise Unreadable("phone_ambiguous")
    return complete[0]


def _several(groups: list[str]) -> list[str]:
    """Complete numbers one after the other; only when there is a single way."""
    ways = _ways(tuple(groups))
    if len(ways) != 1:
        raise Unreadable("phone_ambiguous" if ways else "phone_invalid")
    return ways[0]


def _ways(groups: tuple[str, ...]) -> list[list[str]]:
    if not groups:
        return [[]]
    found = []
    for end in range(1, len(groups) + 1):
        joined = "".join(groups[:end])
        if len(joined) > 13:
            break
        if number := _complete(joined):
            found += [[number, *rest] for rest in _ways(groups[end:])]
    return found
