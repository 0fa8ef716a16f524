"""Names of people and companies, as they are kept and as a voice says them."""

import re
from functools import lru_cache

from batches.imports.normalizers.text import NOTHING, Cell, mended, text_of
from batches.imports.problems import Unreadable

_PARTICLES = frozenset({"de", "del", "la", "las", "los", "y", "e", "da", "do", "dos"})
_WORD = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile(r"[AEIOUÁÉÍÓÚÜ]")


def read_name(cell: Cell) -> str:
    """A name with tidy spaces, cut at 200 characters."""
    text = text_of(mended(cell) if isinstance(cell, str) else cell)
    if not _WORD.search(text) or text.lower() in NOTHING or text.startswith("#"):
        raise Unreadable("name_missing")
    return text[:200]


def spoken_name(name: str) -> str:
    """A person's name without shouting: `SOTO PEREZ, JUAN` is `Juan Soto Perez`."""
    if name.count(",") == 1:
        surnames, given = name.split(",")
        name = f"{given.strip()} {surnames.strip()}".strip()
    if name not in (name.upper(), name.lower()):
        return name
    words = name.lower().split()
    return " ".join(
        word if word in _PARTICLES and place else _capital(word)
        for place, word in enumerate(words)
    )


@lru_cache(maxsize=1000)
def spoken_company(name: str) -> str:
    """A company without shouting; short words and acronyms stay (`BCI`, `S.A.`)."""
    if name != name.upper():
        return name
    return " ".join(
        _capital(word.lower())
        if len(word) > 3 and "." not in word and _VOWEL.search(word)
        else word.lower()
        if word.lower() in _PARTICLES
        else word
        for word in name.split()
    )


def _capital(word: str) -> str:
    return _WORD.sub(lambda part: part[0].capitalize(), word)
