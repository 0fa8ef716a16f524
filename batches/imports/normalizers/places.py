"""Where a person is: region, comuna, city, in one spelling.

A place is stopped by its name (`calls/halts.py`), so "Región de Valparaíso" and
"VALPARAISO" must be one. Nothing here is ever a reason to report a row.
"""

import re
from functools import lru_cache

import phonenumbers

from batches.imports.normalizers.phones import LANDLINE, kind_of
from speechai_site.runtime import keys

MOST_CHARACTERS = 80
_KIND = re.compile(
    r"^(?:[IVX]+ )?(?:REGION|COMUNA|PROVINCIA|CIUDAD|LOCALIDAD)"
    r"(?: (?:DE LA|DE LOS|DE LAS|DEL|DE))? (?!METROPOLITANA)"
)
_NOT_A_LETTER = re.compile(r"[^A-Z0-9Ñ]+")
# Said by the area codes: what surrounds a capital is called by it.
_SAME = {"REGION METROPOLITANA DE SANTIAGO": "REGION METROPOLITANA"}
_SAME |= {"METROPOLITANA": "REGION METROPOLITANA", "RM": "REGION METROPOLITANA"}
_SAME |= {"METROPOLITANA DE SANTIAGO": "REGION METROPOLITANA"}
_NONE = {"", "0", "NA", "N A", "S I", "SIN INFORMACION", "NULL", "CHILE", "ARGENTINA"}


@lru_cache(maxsize=4096)
def place(text: str) -> str:
    """The name of a place, folded: "Región de Valparaíso" → "VALPARAISO".

    Empty when the text names none.
    """
    words = _NOT_A_LETTER.sub(" ", keys.fold(text.upper())).strip()
    words = _KIND.sub("", words)
    words = _SAME.get(words, words)
    return "" if words in _NONE or words.isdigit() else words[:MOST_CHARACTERS].strip()


def places_of(named: list[str], phones: list[str]) -> list[str]:
    """Every place of a case, once: as its file names them, and its landlines' areas."""
    found = [place(text) for text in named]
    for phone in phones:
        if kind_of(phone) == LANDLINE:
            found += _area(phone[:-4])
    return list(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=65536)
def _area(beginning: str) -> tuple[str, ...]:
    """The places that an area code stands for, such as "Concepción, Biobío"."""
    # the world's area codes: 100 MB and a second that only an import pays for
    from phonenumbers import geocoder

    try:
        number = phonenumbers.parse(f"{beginning}0000")
    except phonenumbers.NumberParseException:
        return ()
    said = geocoder.description_for_number(number, "es")
    return tuple(place(part) for part in said.split(","))
