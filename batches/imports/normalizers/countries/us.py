"""United States: nobody has a national document, and a social security number is
never taken, not even to be told that it was wrong."""

import re

from batches.imports.normalizers.checksums import document_text
from batches.imports.normalizers.countries.base import Country
from batches.imports.normalizers.numbering import PLANS
from batches.imports.normalizers.text import Cell
from batches.imports.problems import Unreadable, WorkbookError

_SSN = re.compile(r"\d{3}([- ])\d{2}\1\d{4}", re.ASCII)
_NINE = re.compile(r"\d{9}", re.ASCII)
_SSN_HEADER = re.compile(r"\bssn\b|social\s+security|seguro\s+social", re.IGNORECASE)


def read_document(cell: Cell) -> str:
    """Nothing is a document here; what may be a social security number refuses the
    whole file, of which a copy would be kept."""
    if looks_like_ssn(cell) or _NINE.fullmatch(document_text(cell).replace("-", "")):
        raise WorkbookError("ssn_refused")
    raise Unreadable("document_none")


def looks_like_ssn(cell: Cell) -> bool:
    """Whether a cell is written as 123-45-6789."""
    return isinstance(cell, str) and bool(_SSN.fullmatch(cell.strip()))


def is_ssn_header(header: str) -> bool:
    """Whether a column says that it holds social security numbers."""
    return bool(_SSN_HEADER.search(header.replace("_", " ")))


UNITED_STATES = Country(
    code="US",
    plan=PLANS["US"],
    decimal=".",
    day_first=False,
    currencies=("USD", "US$", "U$S", "DOLLARS", "DOLARES"),
    read_document=read_document,
    document_needed=False,
    example_mobile="+1 202 555 0123",
    example_landline="+1 202 555 0124",
)
