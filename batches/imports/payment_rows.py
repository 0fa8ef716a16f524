"""Reading a file of payments: its columns, and its rows one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bson import Decimal128

from batches.imports.columns import Column
from batches.imports.normalizers import countries
from batches.imports.normalizers.text import squash
from batches.imports.problems import sentence
from batches.imports.questions import Answers
from batches.imports.reader import Cells, open_table
from batches.imports.rows import RowError, RowReader
from batches.imports.sniffer import Source
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Account
from batches.use_cases.base import UseCase
from batches.use_cases.people import CHECK_DIGIT, DOCUMENT
from speechai_site.runtime import clock, keys


class Payments(UseCase):
    """The columns of a file of payments; it is no campaign."""

    name = "payments"
    needed = (("document", "operation"), ("amount",))
    columns = (
        DOCUMENT,
        CHECK_DIGIT,
        Column(
            "operation",
            "text",
            ("Número de operación", "N° operación", "Nº operación", "Operación"),
            english=("Operation", "Operation number"),
            parts=("operacion", "titulo"),
            stops_row=True,
        ),
        Column(
            "date",
            "date",
            ("Fecha de pago", "Fecha pago", "Fecha abono", "Fecha"),
            english=("Payment date", "Date"),
            parts=("fechapago", "fechadepago"),
            stops_row=True,
        ),
        Column(
            "amount",
            "amount",
            (
                *("Monto pagado", "Monto pago", "Monto abonado", "Abono", "Monto"),
                *("Pago", "Importe", "Importe pagado", "Valor pagado"),
            ),
            english=("Amount paid", "Amount", "Payment"),
            parts=("montopag", "abono", "importe"),
            never=("fecha", "medio", "forma", "saldo"),
            missing="amount_missing",
            stops_row=True,
        ),
        Column(
            "medium",
            "text",
            ("Medio de pago", "Medio", "Forma de pago", "Canal de pago", "Canal"),
            english=("Payment method", "Method", "Medium"),
        ),
        Column(
            "creditor",
            "text",
            ("Origen Empresa", "Empresa origen", "Empresa", "Acreedor", "Mandante"),
            english=("Creditor", "Company"),
            stops_row=True,
        ),
    )


PAYMENTS = Payments()


@dataclass
class PaymentRow:
    """One payment of a file."""

    row: int
    document_key: str
    operation: str
    paid_on: date | None
    amount: Decimal
    medium: str
    creditor_key: str
    cells: Cells = field(repr=False, default=())
    # what names its case: the header and the text of the cell
    column: str = ""
    named: str = field(repr=False, default="")

    def slot(self, account: Account) -> str:
        """The same for the same payment in any file of the account."""
        parts = (
            account.pk,
            self.document_key,
            squash(self.operation),
            self.paid_on or "",
            format(self.amount.normalize(), "f"),
            squash(self.medium),
            self.creditor_key,
        )
        return keys.lookup_key("payment", "|".join(map(str, parts)))

    def as_document(self, account: Account, *, loaded_at: datetime) -> dict[str, Any]:
        """As a document of the collection, without where it came from."""
        day = self.paid_on
        return {
            "slot": self.slot(account),
            "account_id": account.pk,
            "document_key": self.document_key,
            "operation": self.operation,
            "paid_on": day and datetime.combine(day, time.min),
            "amount": Decimal128(self.amount),
            "medium": self.medium,
            "creditor_key": self.creditor_key,
            "loaded_at": loaded_at,
        }

    def refused(self, code: str) -> RowError:
        why = sentence(code, "")
        return RowError(self.row, self.column, self.named, code, why, self.cells)


def read_payments(
    source: Source, account: Account, watch: Unwatched = UNWATCHED
) -> tuple[int, list[PaymentRow], list[RowError]]:
    """How many rows a file has, its payments, and the rows that are none. Raises
    WorkbookError."""
    rules = countries.get(account.country)
    # the day tells payments apart and decides nothing else
    answers = Answers(dates="dm" if rules.day_first else "md", real_dates="right")
    found, reader = _read(source, account, answers, frozenset(), watch)
    if strict := reader.to_be_strict():
        found, _reader = _read(source, account, answers, strict, watch)
    errors = [row for row in found if isinstance(row, RowError)]
    rows = [row for row in found if isinstance(row, PaymentRow)]
    return len(found), rows, errors


def _read(
    source: Source,
    account: Account,
    answers: Answers,
    strict: frozenset[int],
    watch: Unwatched,
) -> tuple[Sequence[PaymentRow | RowError], RowReader]:
    with open_table(source, PAYMENTS.columns, PAYMENTS.needed, answers) as table:
        reader = RowReader(table, PAYMENTS, account.country, answers, strict)
        today = clock.today(account.time_zone)
        expected = max(0, table.height - table.header_row)
        found: list[PaymentRow | RowError] = []
        for number, cells in table.rows:
            watch.rows(len(found), expected)
            found.append(_row(reader, number, cells, today))
    return found, reader


def _row(
    reader: RowReader, number: int, cells: Cells, today: date
) -> PaymentRow | RowError:
    row = reader.read(number, cells)
    if isinstance(row, RowError):
        return row
    values = row.values
    if not values.document and not values.operation:
        return reader.refuse(number, cells, "", "payment_of_nobody")
    if values.date and values.date > today:
        return reader.refuse(number, cells, "date", "date_future")
    who = "document" if values.document else "operation"
    header = next(place.header for place in reader.places if place.column.name == who)
    return PaymentRow(
        number,
        keys.document_key(values.document) if values.document else "",
        values.operation or "",
        values.date,
        values.amount,
        values.medium or "",
        squash(values.creditor or ""),
        cells,
        column=header,
        named=getattr(values, who).split(":")[-1],
    )
