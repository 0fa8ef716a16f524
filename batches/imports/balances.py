"""What a case still owes: its debt lines, with payments taken off, said anew.

The lines of a job are turned back into the rows that they were made of, so that the
amounts, dates and variables come from the use case's own code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bson import Decimal128, Int64

from batches import use_cases
from batches.imports.normalizers.text import squash
from batches.imports.questions import Answers
from batches.imports.rows import form_of
from batches.models import Account, Batch, Upload
from batches.use_cases.base import CellWarning, Context, Row, UseCase

Document = dict[str, Any]
ZERO = Decimal(0)
# What is read of a job to say its balance anew.
JOB_FIELDS = dict.fromkeys(
    (
        *("account_id", "batch_id", "upload_id", "status", "document", "name"),
        *("creditor", "creditor_key", "document_key", "amount", "debts", "warnings"),
        *("balance_at", "attempts"),
    ),
    1,
)


@dataclass
class Line:
    """One debt of a job: its row with the amount of the file, and what was paid."""

    row: Row
    since: datetime  # when its file was loaded: earlier payments are in its amount
    paid: Decimal = ZERO
    before: Mapping[str, Any] = field(default_factory=dict)  # as it is stored

    @property
    def loaded(self) -> Decimal:
        return self.row.values.amount

    @property
    def left(self) -> Decimal:
        return max(self.loaded - self.paid, ZERO)

    @property
    def operation(self) -> str:
        return squash(getattr(self.row.values, "operation", None) or "")


@dataclass(frozen=True)
class Paid:
    """A payment as it is taken off: when it was loaded, and of which operation
    (squashed; empty: of any debt)."""

    amount: Decimal
    at: datetime
    operation: str = ""


def has_balances(use_case: UseCase) -> bool:
    """Whether its cases owe something that can be paid."""
    return any(column.name == "amount" for column in use_case.columns)


def lines_of(job: Document, use_case: UseCase) -> list[Line]:
    """The debts of a job (JOB_FIELDS), as they were loaded. Nothing is paid yet."""
    stored = job["debts"] or [{"amount": format(_decimal(job["amount"]), "f")}]
    columns = tuple(use_case.columns)
    warned: dict[int, list[CellWarning]] = {}
    for told in job["warnings"]:
        if isinstance(told, Mapping) and str(told.get("row", "")).isdigit():
            row = int(told["row"])
            warned.setdefault(row, []).append(
                CellWarning(row, told["column"], told["value"], told["code"])
            )
    person = {name: job[name] or None for name in ("document", "name", "creditor")}
    lines = []
    for line in stored:
        said = {**line, "amount": line.get("loaded", line.get("amount", "0"))}
        values = form_of(columns).values_type._make(
            _value(column.kind, said.get(column.name, person.get(column.name)))
            for column in columns
        )
        number = int(line.get("row", 0))
        row = Row(number, values, [[], [], []], tuple(warned.get(number, ())), "")
        since = line.get("since")
        at = datetime.fromisoformat(since) if since else job["balance_at"]
        lines.append(Line(row, at, before=line))
    return lines


def take_off(lines: Sequence[Line], payments: Iterable[Paid]) -> None:
    """Take payments off: off the operation that they name, else off the oldest debt
    first. What is paid beyond the debts is nobody's."""
    in_order = sorted(lines, key=lambda line: _age(line.row.values))
    for payment in payments:
        rest = payment.amount
        for line in in_order:
            if payment.at < line.since:
                continue
            if payment.operation and line.operation != payment.operation:
                continue
            part = min(rest, line.left)
            line.paid += part
            rest -= part


def restated(
    lines: Sequence[Line], use_case: UseCase, context: Context
) -> Document | None:
    """The columns of a job that these debts decide; None when all of them are paid."""
    owed = [line for line in lines if line.left > 0]
    if not owed:
        return None
    rows = [
        line.row._replace(values=line.row.values._replace(amount=line.left))
        for line in owed
    ]
    subject = use_case.describe(rows, context)
    said = iter(subject.debts)
    return {
        "amount": Decimal128(subject.amount),
        "coupons": Int64(subject.coupons),
        "limit_date": _midnight(subject.limit_date),
        "max_date": _midnight(subject.max_date),
        "debts": [
            _stored(line, next(said)) if line.left > 0 else _stored(line, line.before)
            for line in lines
        ],
        "variables": subject.variables,
    }


def paid_off(lines: Sequence[Line]) -> Document:
    """The columns of a job of which every debt is paid."""
    return {
        "amount": Decimal128(ZERO),
        "debts": [_stored(line, line.before) for line in lines],
    }


def _stored(line: Line, said: Mapping[str, Any]) -> Document:
    stored = {**said, "amount": format(line.left, "f")}
    stored |= {
        name: line.before[name] for name in ("extra", "since") if name in line.before
    }
    stored.pop("loaded", None)
    stored.pop("paid", None)
    if line.paid:
        stored["loaded"] = format(line.loaded, "f")
        stored["paid"] = format(line.paid, "f")
    return stored


def keep_chosen(
    values: Document, before: Mapping[str, str], names: Iterable[str]
) -> None:
    """Keep the texts of variables that the debts do not say: a column or a fixed text
    feeds them."""
    for name in names:
        if before.get(name) and not values["variables"].get(name):
            values["variables"][name] = before[name]


class Contexts:
    """The use case and the context of jobs: as on the day of their file."""

    def __init__(self, jobs: Iterable[Document], account: Account) -> None:
        jobs = list(jobs)
        self.account = account
        self.zone = ZoneInfo(account.time_zone)
        batches = Batch.objects.filter(pk__in=list({job["batch_id"] for job in jobs}))
        self.cases = {row.pk: use_cases.get(row.use_case) for row in batches}
        uploads = Upload.objects.filter(
            pk__in=list({job["upload_id"] for job in jobs if job.get("upload_id")})
        )
        self.options, self.names = {}, {}
        for pk, options, told in uploads.values_list("pk", "options", "answers"):
            self.options[pk] = options
            self.names[pk] = Answers.from_json(told).chosen_variables

    def chosen(self, job: Document) -> frozenset[str]:
        """The variables that a person fed by a column or a fixed text."""
        return self.names.get(job.get("upload_id"), frozenset())

    def of(self, job: Document) -> tuple[UseCase, Context]:
        use_case = self.cases[job["batch_id"]]
        options = use_case.clean_options(self.options.get(job.get("upload_id"), {}))
        day = job["balance_at"].astimezone(self.zone).date()
        name, country = self.account.name, self.account.country
        return use_case, Context(name, day, options, country)


def _value(kind: str, text: Any) -> Any:
    if text in (None, ""):
        return None
    if kind in ("amount", "percent"):
        return Decimal(text)
    if kind == "days":
        return int(text)
    return date.fromisoformat(text) if kind == "date" else text


def _age(values: Any) -> date:
    return getattr(values, "due_date", None) or date.max


def paid_of(stored: Mapping[str, Any]) -> Decimal:
    """What was paid of a stored debt line."""
    return Decimal(stored.get("paid", "0"))


def same(old: Any, new: Any) -> bool:
    """Whether a column holds the same; 150000 and 150000.000000 are."""
    if isinstance(old, Decimal128) and isinstance(new, Decimal128):
        return old.to_decimal() == new.to_decimal()
    return old == new


def _decimal(value: Any) -> Decimal:
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)


def _midnight(day: date | None) -> datetime | None:
    return day and datetime.combine(day, time.min, UTC)
