"""Cells as text, and text compared without accents, case and punctuation."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from batches.imports.problems import Unreadable
from speechai_site.runtime import keys

Cell = str | float | int | bool | date | datetime | time | timedelta | None

EXCEL_ERROR = re.compile(
    r"#(N/[AD]|[¡¿]?(REF|VALOR|DIV/0|NUM|NULO|NOMBRE|VALUE|NULL|NAME)|SIN VALOR)",
    re.IGNORECASE,
)
NO_VALUE = "#SIN VALOR"  # stands for a formula of which the file keeps no result
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})
LOST = "\N{REPLACEMENT CHARACTER}"
# The first byte of a letter with an accent, and one of those that can follow it.
_TWICE_ENCODED = re.compile(
    "\u00c3\\?|[\u00c2\u00c3\u00c5][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
    "\u02c6\u02dc\u2013-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
    "|\u00e2[\u20ac\u201a]|\u00f0\u0178"
)
NOTHING = frozenset({"-", "--", "n/a", "na", "nan", "null", "none", "s/n", "s/i"})


def is_blank(cell: Cell) -> bool:
    """Nothing in it: empty, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def text_of(cell: Cell) -> str:
    """A cell as a person reads it: spaces tidied, 12.0 as `12`, dates in ISO."""
    if type(cell) is str:
        text = " ".join(cell.split())
        return text if text.isprintable() else _visible(text)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:.15g}"
    if isinstance(cell, datetime):
        midnight = cell.time() == time.min
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def tidy(text: str) -> str:
    """Typed text: spaces tidied, every dash a hyphen, Excel's apostrophe gone."""
    if not text.isascii():
        text = _DASHES.sub("-", _visible(" ".join(text.split())))
    return " ".join(text.split()).strip("'")


def _visible(text: str) -> str:
    """Without signs that nobody sees: directions of writing, joiners, controls."""
    return "".join(c for c in text if unicodedata.category(c) not in _UNSEEN)


def mended(text: str) -> str:
    """Text whose UTF-8 was read as another encoding, put right: `JosÃ©` is `José`.

    Raises Unreadable when signs are lost for good (`PE�A`) or the damage can't be
    undone.
    """
    if text.isascii():
        return text
    if LOST in text:
        raise Unreadable("text_broken")
    for _ in range(3):  # some files went through it twice
        if not _TWICE_ENCODED.search(text):
            return text
        try:
            text = b"".join(map(_byte, text)).decode("utf-8")
        except (UnicodeError, ValueError) as error:
            raise Unreadable("text_broken") from error
    raise Unreadable("text_broken")


def _byte(sign: str) -> bytes:
    """The byte that Windows-1252 shows as this sign; its five holes stay as they are."""
    try:
        return sign.encode("cp1252")
    except UnicodeEncodeError:
        return bytes([ord(sign)])


@lru_cache(maxsize=4096)
def squash(text: str) -> str:
    """Without accents, case, spaces and punctuation: `Días de_retraso` is
    `diasderetraso`."""
    return re.sub(r"[^a-z0-9]", "", keys.fold(text).lower())


def read_text(cell: Cell, longest: int = 120) -> str:
    """Plain text of at most 120 characters; `#N/D` and its like are refused."""
    text = text_of(mended(cell) if isinstance(cell, str) else cell)
    if text[:1] == "#" and EXCEL_ERROR.match(text):
        raise Unreadable("formula_error")
    if len(text) > longest:
        raise Unreadable("text_too_long")
    return text


def read_message(cell: Cell) -> str:
    """What the agent says as it is written: at most 600 characters."""
    return read_text(cell, 600)
