"""What every use case declares, and what its rows and its jobs look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from django.utils.functional import Promise

from batches.imports.columns import Column


class CellWarning(NamedTuple):
    """A cell of a job that could not be read and was left out."""

    row: int
    column: str
    value: str
    code: str


class Row(NamedTuple):
    """A row that became part of a job. `values` has one field for each column."""

    number: int
    values: Any
    phones: list[list[str]]  # E.164, one list for each kind of phone column
    warnings: Sequence[CellWarning]
    extra: str  # the other columns, packed: see batches/imports/rows.py


@dataclass(frozen=True)
class Context:
    """What a use case knows beside the rows."""

    account_name: str
    today: date  # in the account's zone
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Subject:
    """What one person is called about: the columns of a job that a use case fills.

    `variables` are for the agent: text, as a voice says it.
    """

    creditor: str
    creditor_key: str
    amount: Decimal
    coupons: int
    limit_date: date | None
    max_date: date | None
    debts: list[dict[str, str]]
    variables: dict[str, str]
    places: list[str] = field(default_factory=list)  # as the file names them


class UseCase(Protocol):
    """A kind of campaign: its columns, its options, and how rows become a job."""

    name: str
    label: str | Promise
    columns: Sequence[Column]
    needed: Sequence[Sequence[str]]  # at least one column of each group
    options: Sequence[str]

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, int]:
        """The options checked; raises WorkbookError."""

    def subject_key(self, values: Any, context: Context) -> str:
        """What tells two jobs of one person apart."""

    def describe(self, rows: Sequence[Row], context: Context) -> Subject:
        """The rows of one person and one subject, in file order, as a job: a debt line
        for each row."""
