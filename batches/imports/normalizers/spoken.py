"""Numbers, amounts and dates as a voice says them in Spanish."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from num2words import num2words

MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_SCALES = ((10**12, "billón", "billones"), (10**6, "millón", "millones"))


@lru_cache(maxsize=1000)
def _below_thousand(number: int) -> str:
    """In the form before a masculine noun, which num2words does not know."""
    words = num2words(number, lang="es")
    if words.endswith("veintiuno"):
        return words[:-3] + "ún"
    return words.removesuffix("o") if words.endswith("uno") else words


def masculine(number: int) -> str:
    """Before a masculine noun: 1 is `un`, 21 `veintiún`, 31.000 `treinta y un mil`."""
    words = []
    for scale, one, many in _SCALES:
        count, number = divmod(number, scale)
        if count:
            words.append(f"{masculine(count)} {one if count == 1 else many}")
    thousands, units = divmod(number, 1000)
    if thousands:
        words.append("mil" if thousands == 1 else f"{_below_thousand(thousands)} mil")
    if units or not words:
        words.append(_below_thousand(units))
    return " ".join(words)


def feminine(number: int) -> str:
    """Before a feminine noun, below a million: `una`, `veintiuna`, `doscientas`."""
    words = re.sub(r"un\b", "una", masculine(number)).replace("veintiún", "veintiuna")
    return words.replace("ientos", "ientas")


def pesos(amount: Decimal) -> str:
    """Chilean pesos, which have no cents when spoken: `un millón de pesos`."""
    whole = int(amount.quantize(Decimal(1), ROUND_HALF_UP))
    if whole == 1:
        return "un peso"
    link = "de " if whole and whole % 1_000_000 == 0 else ""
    return f"{masculine(whole)} {link}pesos"


@lru_cache(maxsize=4096)
def day(value: date) -> str:
    """`28 de septiembre de 2025`."""
    return f"{value.day} de {MONTHS[value.month - 1]} de {value.year}"
