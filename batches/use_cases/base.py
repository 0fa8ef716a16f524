"""What every use case declares, and what its rows and its jobs look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from batches.imports.columns import Column
from batches.imports.normalizers import names, spoken
from batches.imports.normalizers.text import squash
from batches.imports.problems import WorkbookError

PLACES = ("region", "province", "commune", "city", "locality")
_LONGEST_OPTION = 1000
_LONGEST_KEY = 120


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
    options: Mapping[str, Any] = field(default_factory=dict)
    country: str = "CL"


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


@dataclass(frozen=True)
class Option:
    """Something that is chosen for a whole file. `kind`: days (1 to 365), percent (0
    to 100) or text."""

    name: str
    label: str | Promise
    kind: str = "text"
    choices: Sequence[str] = ()

    def clean(self, value: Any) -> Any:
        """The value checked: an int of days, a Decimal of percent, or a text; raises
        WorkbookError."""
        text = " ".join(str(value).split())
        if self.kind == "days":
            if text.isascii() and text.isdigit() and 1 <= int(text) <= 365:
                return int(text)
            raise self.refusal(value, _("whole days, from 1 to 365"))
        if self.kind == "percent":
            try:
                number = Decimal(text.removesuffix("%").replace(",", "."))
            except InvalidOperation:
                number = Decimal(-1)
            if 0 <= number <= 100:  # NaN compares as false
                return number
            raise self.refusal(value, _("a number from 0 to 100"))
        if self.choices and text not in self.choices:
            raise self.refusal(value, ", ".join(self.choices))
        if len(text) > _LONGEST_OPTION:
            raise self.refusal(
                f"{text[:20]}…",
                _("at most %(limit)d signs") % {"limit": _LONGEST_OPTION},
            )
        return text

    def refusal(self, value: Any, expected: str) -> WorkbookError:
        return WorkbookError(
            "option_invalid", name=self.name, value=value, expected=expected
        )


class UseCase:
    """A kind of campaign: its columns, its options, and how rows become a job.

    A new one names its columns and says its `variables`; the rest serves as it is when
    a row is a person who is called once. `needed`: at least one column of each group.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    columns: ClassVar[Sequence[Column]]
    needed: ClassVar[Sequence[Sequence[str]]]
    options: ClassVar[Sequence[Option]] = ()

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options checked, without the empty ones; raises WorkbookError."""
        known = {option.name: option for option in self.options}
        for name in options:
            if name not in known:
                raise WorkbookError("option_unknown", name=name, known=", ".join(known))
        cleaned = {name: known[name].clean(value) for name, value in options.items()}
        return {name: value for name, value in cleaned.items() if value != ""}

    def problem_of(self, values: Any, context: Context) -> tuple[str, str] | None:
        """What is wrong with a row whose cells are all readable: (column, code)."""
        return None

    def amount_of(self, values: Any) -> Decimal:
        """What a row adds to the total of the file."""
        return getattr(values, "amount", None) or Decimal(0)

    def company(self, values: Any, context: Context) -> str:
        """On whose behalf the person is called."""
        return (
            getattr(values, "creditor", None)
            or context.options.get("company")
            or context.account_name
        )

    def subject_key(self, values: Any, context: Context) -> str:
        """What tells two jobs of one person apart: the company, compared without
        accents, case and spaces."""
        return squash(self.company(values, context))

    def limit_date(self, values: Any, context: Context) -> date | None:
        """The day after which a call makes no sense any more."""
        return None

    def last_day(self, rows: Sequence[Row], context: Context) -> date | None:
        """The `limit_date` of the rows of one person and one subject."""
        return self.limit_date(first_values(rows), context)

    def variables(
        self, rows: Sequence[Row], values: Any, context: Context
    ) -> Mapping[str, str]:
        """What the agent is told, as a voice says it; `values` are those of the group:
        of each column the first that a row gives. Empty ones are left out."""
        raise NotImplementedError

    def describe(self, rows: Sequence[Row], context: Context) -> Subject:
        """The rows of one person and one subject, in file order, as a job: a line for
        each row."""
        values = first_values(rows)
        limit = self.limit_date(values, context)
        company = self.company(values, context)
        said = {
            "nombre": names.spoken_name(getattr(values, "name", None) or ""),
            "empresa": names.spoken_company(company),
            **self.variables(rows, values, context),
        }
        return Subject(
            creditor=company,
            creditor_key=self.subject_key(rows[0].values, context),
            amount=sum((self.amount_of(row.values) for row in rows), Decimal(0)),
            coupons=len(rows),
            limit_date=limit,
            max_date=limit,
            debts=[line_of(row) for row in rows],
            variables={key: text for key, text in said.items() if text},
            places=places_of(rows),
        )


def key_of(*parts: object) -> str:
    """What tells two subjects of a person apart, of any length, as at most 120 signs:
    compared without accents, case and spaces."""
    key = squash("|".join("" if part is None else str(part) for part in parts))
    if len(key) <= _LONGEST_KEY:
        return key
    return key[: _LONGEST_KEY - 33] + "." + sha256(key.encode()).hexdigest()[:32]


def first_values(rows: Sequence[Row]) -> Any:
    """Of each column the first value that a row gives."""
    if len(rows) == 1:
        return rows[0].values
    columns = zip(*(row.values for row in rows), strict=True)
    return rows[0].values._make(
        next((value for value in column if value is not None), None)
        for column in columns
    )


def line_of(row: Row) -> dict[str, str]:
    """A row as one line of its job: every value as text, but who the person is."""
    line = {"row": str(row.number)}
    for name, value in row.values._asdict().items():
        if value is None or name in ("document", "name", "creditor", *PLACES):
            continue
        if isinstance(value, Decimal):
            line[name] = format(value, "f")
        else:
            line[name] = str(value)  # dates in ISO
    return line


def places_of(rows: Sequence[Row]) -> list[str]:
    """The places that the rows name, as they are written."""
    indexes = _place_indexes(type(rows[0].values))
    named = [text for row in rows for i in indexes if (text := row.values[i])]
    return list(dict.fromkeys(named))


@cache
def _place_indexes(values_type: Any) -> list[int]:
    fields = values_type._fields
    return [fields.index(name) for name in PLACES if name in fields]


def spoken_day(day: date | None) -> str:
    """`28 de septiembre de 2025`, or nothing."""
    return spoken.day(day) if day else ""
