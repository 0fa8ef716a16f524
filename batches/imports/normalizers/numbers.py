"""Amounts, percentages and counts of days."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

LARGEST_AMOUNT = Decimal(10) ** 12
_SIXTH = Decimal("0.000001")
_NEGATIVE = re.compile(r"[-(].*\d.*|.*\d.*-")
_DAYS = re.compile(r"(-?\d{1,5})(?:[.,]0+)?(?:\s*d[ií]as?)?", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?)\s*%?")
# Thousands and millions of pesos; other units than the country's own money.
_UNIT = re.compile(r"(?:^|[^A-Z])MM?\$|\$\s*MM?\b|\b(?:MILES|MILLONES)\b")
_OTHER_MONEY = re.compile(
    r"\b(?:UF|UTM|UVA|USD|EUR|CLP|ARS|MXN|COP|PEN|BRL|DOLAR(?:ES)?|D[OÓ]LAR(?:ES)?|"
    r"DOLLARS?|EUROS?|SOLES|PESOS?)\b|US\$|U\$S|€|S/"
)
DECIMAL_MARKS = (",", ".")


@lru_cache
def _forms(decimal: str) -> list[tuple[re.Pattern[str], str]]:
    """How text is read under a decimal mark, the first form that fits: with which mark
    of decimals, or why not."""
    d = re.escape(decimal)
    t = re.escape("." if decimal == "," else ",")
    other = "." if decimal == "," else ","
    return [
        (re.compile(r"\d+", re.ASCII), decimal),
        (re.compile(rf"[1-9]\d{{0,2}}({t}\d{{3}})+({d}\d{{1,2}})?", re.ASCII), decimal),
        (re.compile(rf"[1-9]\d{{0,2}}( \d{{3}})+({d}\d{{1,2}})?", re.ASCII), decimal),
        (re.compile(rf"\d+{d}(\d{{1,2}}|\d{{4,}})|0+{d}\d+", re.ASCII), decimal),
        (re.compile(rf"\d+{t}(\d{{1,2}}|\d{{4,}})|0+{t}\d+", re.ASCII), other),
        (re.compile(r"\d+[.,]\d{3}", re.ASCII), "amount_ambiguous"),
        (
            re.compile(rf"\d{{1,3}}({d}\d{{3}})+({t}\d+)?", re.ASCII),
            "amount_convention",
        ),
    ]


_ONLY = {
    mark: re.compile(
        rf"\d{{1,3}}(?:{t}\d{{3}})+{d}\d+|\d{{1,3}}(?:{t}\d{{3}}){{2,}}"
        rf"|\d+{d}(?:\d{{1,2}}|\d{{4,}})|0+{d}\d+",
        re.ASCII,
    )
    for mark, d, t in ((",", ",", r"\."), (".", r"\.", ","))
}
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
OWN_WORDS = ("CLP", "PESOS", "PESO")


def read_amount(
    cell: Cell, decimal: str = ",", own_words: Sequence[str] = OWN_WORDS
) -> Decimal:
    """An amount owed, exact, above zero, with at most 6 decimals.

    Numbers keep the 15 digits that Excel shows. Text follows the convention with that
    `decimal` mark; a lone mark with one, two or over three digits behind it can only
    be a decimal one. With a comma for decimals, `1.500` is fifteen hundred and `1,500`
    is refused. `own_words` are the account's own money.
    """
    if type(cell) is float and 1 <= cell < 1e12 and cell.is_integer():
        return Decimal(int(cell))  # the usual cell
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise Unreadable("amount_invalid")
    if isinstance(cell, str):
        amount = _from_text(cell, decimal, own_words)
    else:
        amount = _from_number(cell)
    if amount < 0:
        raise Unreadable("amount_negative")
    if amount >= LARGEST_AMOUNT:
        raise Unreadable("amount_too_large")
    if amount.as_tuple().exponent < -6:
        amount = amount.quantize(_SIXTH, ROUND_HALF_EVEN)
    if amount == 0:
        raise Unreadable("amount_zero")
    return Decimal(int(amount)) if amount == int(amount) else amount


def _from_number(number: float) -> Decimal:
    if number != number or abs(number) == float("inf"):
        raise Unreadable("amount_invalid")
    if number == int(number):
        return Decimal(int(number))
    return Decimal(f"{number:.15g}")


def _from_text(text: str, decimal: str, own_words: Sequence[str]) -> Decimal:
    bare = bare_amount(text, own_words)
    if _NEGATIVE.fullmatch(bare):
        raise Unreadable("amount_negative")
    for form, outcome in _forms(decimal):
        if not form.fullmatch(bare):
            continue
        if outcome not in DECIMAL_MARKS:
            raise Unreadable(outcome)
        thousands = "." if outcome == "," else ","
        bare = bare.replace(thousands, "").replace(" ", "").replace(outcome, ".")
        if len(bare.partition(".")[2].rstrip("0")) > 6:
            raise Unreadable("amount_invalid")  # nobody owes that, and none is rounded
        return Decimal(bare)
    if _UNIT.search(text.upper()):
        raise Unreadable("amount_unit")
    if any(c.isdigit() for c in bare) and _OTHER_MONEY.search(text.upper()):
        raise Unreadable("amount_currency")
    raise Unreadable("amount_invalid")


@lru_cache
def _money(own_words: Sequence[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = "|".join(re.escape(word) for word in own_words)
    signs = rf"(?:{words}|\$)"
    before = re.compile(rf"([-(]?)\s*(?:{signs}\s*)*")
    after = re.compile(rf"\s*(?:\.-|,-|{signs})+(\)?-?)\Z")
    return before, after


def bare_amount(text: str, own_words: Sequence[str] = OWN_WORDS) -> str:
    """An amount as text without the words and signs of the account's own money; a
    minus or a parenthesis stays where it was."""
    before, after = _money(tuple(own_words))
    text = after.sub(r"\1", tidy(text.upper()))
    found = before.match(text)
    return found[1] + text[found.end() :].strip()


def marks_of(text: str, own_words: Sequence[str] = OWN_WORDS) -> str:
    """Which decimal mark an amount shows: `,` or `.`; `?` when it depends on the
    convention, such as 1.500; empty when it is the same under both."""
    bare = bare_amount(text, own_words).strip("-() ")
    if _EITHER.fullmatch(bare):
        return "?"
    return next((m for m in DECIMAL_MARKS if _ONLY[m].fullmatch(bare)), "")


def has_unit(header: str) -> bool:
    """Whether a header says that its amounts are thousands or millions."""
    return bool(_UNIT.search(header.upper()))


def has_other_money(header: str, own_words: Sequence[str]) -> bool:
    """Whether a header names another money than the account's."""
    found = _OTHER_MONEY.findall(header.upper())
    return any(word not in own_words for word in found)


def read_currency(cell: Cell, own_words: Sequence[str] = OWN_WORDS) -> str:
    """The account's own money, written as its code, its word or its sign."""
    text = tidy(cell).upper() if isinstance(cell, str) else ""
    if text != "$" and text not in own_words:
        raise Unreadable("amount_currency")
    return own_words[0]


def read_percent(cell: Cell) -> Decimal:
    """From 0 to 100: `15 %`, `15,5%`, 15. A number below one may be what Excel shows
    as a percentage, or less than one percent: it is refused."""
    if isinstance(cell, str):
        match = _PERCENT.fullmatch(tidy(cell))
        number = Decimal(match[1].replace(",", ".")) if match else None
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and cell == cell:
        number = None if 0 < cell < 1 else Decimal(f"{cell:.15g}")
    else:
        number = None
    if number is None or not 0 <= number <= 100:
        raise Unreadable("percent_invalid")
    return number


def read_days(cell: Cell) -> int:
    """Whole days, possibly negative; `30.0` is 30, never 300."""
    if isinstance(cell, str):
        match = _DAYS.fullmatch(tidy(cell))
        cell = int(match[1]) if match else None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise Unreadable("days_invalid")
    if cell != cell or abs(cell) > 36_500 or cell != int(cell):
        raise Unreadable("days_invalid")
    return int(cell)
