"""Amounts and dates as people say them, both ways."""

import re
import unicodedata
from datetime import date

from num2words import num2words

MONTHS = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]

_UNITS = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciseis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidos",
    "veintitres",
    "veinticuatro",
    "veinticinco",
    "veintiseis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
]
_TENS = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_HUNDREDS = [
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
]
_WORDS = {
    **{word: value for value, word in enumerate(_UNITS)},
    **{word: 30 + 10 * position for position, word in enumerate(_TENS)},
    **{word: 100 + 100 * position for position, word in enumerate(_HUNDREDS)},
    "un": 1,
    "una": 1,
    "veintiun": 21,
    "cien": 100,
}


def read_amount(text: str) -> int | None:
    """The whole pesos of "ciento cincuenta mil pesos" or "$ 150.000"; else None."""
    folded = _fold(text)
    if digits := re.search(r"\d[\d.]*", folded):
        whole = re.sub(r"\.\d{1,2}$", "", digits.group())  # 150000.0
        return int(whole.replace(".", ""))
    millions = thousands = rest = 0
    seen = False
    for word in folded.split():
        if word in _WORDS:
            rest += _WORDS[word]
        elif word == "mil":
            thousands, rest = 1000 * (rest or 1), 0
        elif word in {"millon", "millones"}:
            millions, thousands, rest = 10**6 * (thousands + rest), 0, 0
        elif word in {"y", "de"}:
            continue
        else:
            break
        seen = True
    return millions + thousands + rest if seen else None


def say_amount(amount: int) -> str:
    """150000 as "ciento cincuenta mil pesos"."""
    words = num2words(amount, lang="es")
    words = re.sub(r"veintiuno(?= mil)", "veintiún", words)
    words = re.sub(r"uno(?= mil|$)", "un", words)
    return f"{words} de pesos" if amount % 10**6 == 0 else f"{words} pesos"


def read_date(text: str) -> date | None:
    """ "28 de septiembre de 2025", 2025-09-28 or 28/09/2025; else None."""
    folded = _fold(text)
    if match := re.search(r"(\d{4})-(\d{2})-(\d{2})", folded):
        year, month, day = map(int, match.groups())
    elif match := re.search(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", folded):
        day, month, year = map(int, match.groups())
    elif match := re.search(r"(\d{1,2}) de ([a-z]+) del? (\d{4})", folded):
        if match.group(2) not in MONTHS:
            return None
        day, year = int(match.group(1)), int(match.group(3))
        month = MONTHS.index(match.group(2)) + 1
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def say_date(day: date) -> str:
    """2025-09-28 as "28 de septiembre de 2025"."""
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
