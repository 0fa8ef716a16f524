"""Amounts and counts of days."""

import re
from decimal import ROUND_HALF_EVEN, Decimal

from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable

LARGEST_AMOUNT = Decimal(10) ** 12
_SIXTH = Decimal("0.000001")
_CURRENCY_BEFORE = re.compile(r"(?:CLP)?\s*\$?\s*")
_CURRENCY_AFTER = re.compile(r"\s*(?:\.-|,-|CLP|PESOS)\Z")
_NEGATIVE = re.compile(r"[-(].*\d.*|.*\d.*-")
_DAYS = re.compile(r"(-?\d{1,5})(?:[.,]0+)?(?:\s*d[ií]as?)?", re.IGNORECASE)

# How text is read, the first form that fits: under which decimal mark, or why not.
_FORMS = [
    (re.compile(r"\d+"), "comma"),
    (re.compile(r"[1-9]\d{0,2}(\.\d{3})+(,\d{1,2})?"), "comma"),
    (re.compile(r"[1-9]\d{0,2}( \d{3})+(,\d{1,2})?"), "comma"),
    (re.compile(r"\d+,(\d{1,2}|\d{4,})|0+,\d+"), "comma"),
    (re.compile(r"\d+\.(\d{1,2}|\d{4,})|0+\.\d+"), "dot"),
    (re.compile(r"\d+[.,]\d{3}"), "amount_ambiguous"),
    (re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?"), "amount_convention"),
]


def read_amount(cell: Cell) -> Decimal:
    """An amount owed, exact, above zero, with at most 6 decimals.

    Numbers keep the 15 digits that Excel shows. Text follows the Chilean convention;
    a lone dot with one, two or over three digits behind it can only be a decimal
    one (`1234.56`); `1.500` is fifteen hundred; `1,500` is refused.
    """
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise Unreadable("amount_invalid")
    amount = _from_text(cell) if isinstance(cell, str) else _from_number(cell)
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


def _from_text(text: str) -> Decimal:
    text = _CURRENCY_AFTER.sub("", tidy(text.upper()))
    bare = text[_CURRENCY_BEFORE.match(text).end() :]
    if _NEGATIVE.fullmatch(text) or _NEGATIVE.fullmatch(bare):
        raise Unreadable("amount_negative")
    for form, outcome in _FORMS:
        if not form.fullmatch(bare):
            continue
        if outcome == "comma":
            bare = bare.replace(".", "").replace(" ", "").replace(",", ".")
        elif outcome != "dot":
            raise Unreadable(outcome)
        return Decimal(bare)
    raise Unreadable("amount_invalid")


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
