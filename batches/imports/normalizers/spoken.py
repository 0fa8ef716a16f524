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
    if number < 1000:
        return _below_thousand(number)
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


@lru_cache(maxsize=1000)
def feminine(number: int) -> str:
    """Before a feminine noun, below a million: `una`, `veintiuna`, `doscientas`."""
    words = re.sub(r"un\b", "una", masculine(number)).replace("veintiún", "veintiuna")
    return words.replace("ientos", "ientas")


# One, several, and a hundredth of each country's money; none where nobody says them.
_PESOS = ("peso", "pesos", "")
_MONEY = {
    "CL": _PESOS,
    "CO": _PESOS,
    "AR": ("peso", "pesos", "centavo"),
    "MX": ("peso", "pesos", "centavo"),
    "PE": ("sol", "soles", "céntimo"),
    "ES": ("euro", "euros", "céntimo"),
    "US": ("dólar", "dólares", "centavo"),
}


def pesos(amount: Decimal) -> str:
    """Chilean pesos, which have no cents when spoken: `un millón de pesos`."""
    return money(amount, "CL")


def money(amount: Decimal, country: str) -> str:
    """An amount in a country's money: `doce euros con cincuenta céntimos`."""
    one, many, hundredth = _MONEY[country]
    whole, cents = int(amount), 0
    if amount != whole:
        if not hundredth:
            amount = amount.quantize(Decimal(1), ROUND_HALF_UP)
        whole, cents = divmod(
            int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)), 100
        )
    if whole == 1:
        said = f"un {one}"
    else:
        link = "de " if whole and whole % 1_000_000 == 0 else ""
        said = f"{masculine(whole)} {link}{many}"
    if not cents:
        return said
    return f"{said} con {masculine(cents)} {hundredth}{'' if cents == 1 else 's'}"


def percent(number: Decimal) -> str:
    """`quince por ciento`, `doce coma cinco por ciento`."""
    whole, _, decimals = format(number, "f").partition(".")
    words = num2words(int(whole), lang="es")
    if decimals := decimals.rstrip("0"):
        zeros = "cero " * (len(decimals) - len(decimals.lstrip("0")))
        words += f" coma {zeros}{num2words(int(decimals), lang='es')}"
    return f"{words} por ciento"


def hour(text: str) -> str:
    """`15:30` is `las tres y media de la tarde`."""
    of_day, minute = (int(part) for part in text.split(":"))
    shown = of_day % 12 or 12
    said = "la una" if shown == 1 else f"las {feminine(shown)}"
    if minute:
        fixed = {15: "cuarto", 30: "media"}
        said += f" y {fixed.get(minute) or num2words(minute, lang='es')}"
    return f"{said} {_part_of_day(of_day)}"


def _part_of_day(of_day: int) -> str:
    if of_day == 12:
        return "del mediodía"
    for until, part in (
        (6, "de la madrugada"),
        (12, "de la mañana"),
        (20, "de la tarde"),
    ):
        if 0 < of_day < until:
            return part
    return "de la noche"


@lru_cache(maxsize=4096)
def day(value: date) -> str:
    """`28 de septiembre de 2025`."""
    return f"{value.day} de {MONTHS[value.month - 1]} de {value.year}"
