"""What a country declares about the cells of its accounts' workbooks."""

from collections.abc import Callable
from dataclasses import dataclass

from batches.imports.normalizers.numbering import Plan
from batches.imports.normalizers.text import Cell


@dataclass(frozen=True)
class Country:
    """`decimal` and `day_first` are how text is written there; what can be read in
    another way is never guessed.

    `currencies` are the words and signs that a cell may put beside an amount.
    `document_needed` is false where people have no national document: a phone tells
    who they are. `with_digit` joins a document and a check digit of its own column;
    None where documents have none apart.
    """

    code: str
    plan: Plan
    decimal: str
    day_first: bool
    currencies: tuple[str, ...]
    read_document: Callable[[Cell], str]
    document_needed: bool = True
    with_digit: Callable[[Cell, Cell], str] | None = None
    without_digit: Callable[[Cell], str] | None = None
    # for template workbooks: people and phones that do not exist
    document_title: str = ""
    example_document: str = ""
    example_mobile: str = ""
    example_landline: str = ""
