"""Cells as text, and text compared without accents, case and punctuation."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from batches.imports.problems import Unreadable
from speechai_site.runtime import keys

Cell = str | float | int | bool | date | datetime | time | timedelta | None

EXCEL_ERROR = re.compile(
    r"#(N/[AD]|[¡¿]?(REF|VALOR|DIV/0|NUM|NULO|NOMBRE|VALUE|NULL|NAME))", re.IGNORECASE
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
NOTHING = frozenset({"-", "--", "n/a", "na", "nan", "null", "none", "s/n", "s/i"})


def is_blank(cell: Cell) -> bool:
    """Nothing in it: empty, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def text_of(cell: Cell) -> str:
    """A cell as a person reads it: spaces tidied, 12.0 as `12`, dates in ISO."""
    if isinstance(cell, str):
        return " ".join(cell.split())
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
    return _DASHES.sub("-", " ".join(text.split())).strip("'")


@lru_cache(maxsize=4096)
def squash(text: str) -> str:
    """Without accents, case, spaces and punctuation: `Días de_retraso` is
    `diasderetraso`."""
    return re.sub(r"[^a-z0-9]", "", keys.fold(text).lower())


def read_text(cell: Cell) -> str:
    """Plain text of at most 120 characters; `#N/D` and its like are refused."""
    text = text_of(cell)
    if EXCEL_ERROR.match(text):
        raise Unreadable("formula_error")
    if len(text) > 120:
        raise Unreadable("text_too_long")
    return text
