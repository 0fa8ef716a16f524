"""Collection of overdue debts: one job for each person and creditor.

The columns are those of a real collections workbook, and the dates follow its
formulas: `fecha_limite` (pay without surcharge) is the latest due date plus the days
late of that row plus 3; `fecha_maxima` (latest promise) the earliest due date plus
the days late of that row plus 7.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column
from batches.imports.normalizers import names, spoken
from batches.use_cases.base import Context, Option, Row, Subject, UseCase, places_of
from batches.use_cases.people import (
    ABOUT,
    CALLABLE,
    CHECK_DIGIT,
    DOCUMENT,
    NAME,
    PHONES,
    PLACES,
    needed,
)

LIMIT_GRACE, MAX_GRACE = 3, 7  # days
_due_date = attrgetter("due_date")

COLUMNS = (
    needed(DOCUMENT, "document_missing"),
    CHECK_DIGIT,
    NAME,
    Column(
        "creditor",
        "text",
        ("Origen Empresa", "Empresa origen", "Empresa", "Acreedor", "Mandante"),
        english=("Creditor", "Company"),
        parts=("origenempresa",),
        stops_row=True,
        help=_("Whom the person owes. Empty: the account."),
        example="Empresa de Prueba",
    ),
    Column(
        "amount",
        "amount",
        (
            "Saldo actualizado",
            "Saldo",
            "Saldo adeudado",
            "Monto",
            "Monto total",
            "Monto deuda",
            "Monto adeudado",
            "Deuda",
        ),
        english=("Amount", "Balance", "Amount owed", "Balance owed", "Total amount"),
        parts=("saldoactualizado", "saldoadeudado", "montoadeudado"),
        never=ABOUT,
        missing="amount_missing",
        stops_row=True,
        help=_("What is owed of this debt: rows of a person and creditor are summed."),
        example=150000,
    ),
    Column(
        "currency",
        "currency",
        ("Moneda", "Divisa", "Moneda deuda", "Tipo moneda"),
        english=("Currency",),
        stops_row=True,
        kept=True,
        help=_("Only when it is written: rows in another currency are reported."),
    ),
    Column(
        "due_date",
        "date",
        ("FechaVencimiento", "Fecha de vencimiento", "Vencimiento", "Fecha vcto"),
        english=("Due date",),
        parts=("fechavencimiento", "fechadevencimiento"),
        never=("original",),
        help=_("Day, month and year; also a real date of Excel."),
    ),
    Column(
        "days_late",
        "days",
        (
            "Días de retraso",
            "Días retraso",
            "Días de atraso",
            "Días atraso",
            "Días de mora",
            "Días mora",
        ),
        english=("Days past due", "Days late", "Days overdue"),
        parts=("diasderetraso", "diasretraso", "diasdeatraso", "diasdemora"),
        help=_("Whole days since the due date."),
        example=30,
    ),
    *PHONES,
    Column(
        "operation",
        "text",
        ("Número de operación", "N° operación", "Nº operación", "Operación", "Título"),
        english=("Operation", "Operation number"),
        kept=True,
        help=_("By which the creditor knows the debt."),
        example="OP-1",
    ),
    Column(
        "installment",
        "text",
        ("Cuota", "Número de cuota"),
        english=("Installment",),
        kept=True,
        example="1",
    ),
    *PLACES,
)


class DebtCollection(UseCase):
    """Overdue debts of a creditor's clients."""

    name = "debt_collection"
    label = _("Debt collection")
    columns = COLUMNS
    needed = (("document",), ("amount",), CALLABLE)
    options = (
        Option("limit_days", _("Pay by, in days from today"), "days"),
        Option("max_days", _("Latest promise, in days from today"), "days"),
    )

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """`limit_days` and `max_days`: 1 ≤ limit < max ≤ 365, either or both."""
        cleaned = super().clean_options(options)
        limit, most = cleaned.get("limit_days", 1), cleaned.get("max_days", 365)
        if limit >= most:
            raise self.options[0].refusal(limit, "1 ≤ limit_days < max_days ≤ 365")
        return cleaned

    def last_day(self, rows: Sequence[Row], context: Context) -> date | None:
        """The last day to pay of the debts of a group, or what the option says."""
        return _dates(rows, context)[0]

    def describe(self, rows: Sequence[Row], context: Context) -> Subject:
        """Debts summed, counted and listed; the dates of the group; the variables."""
        first = rows[0].values
        creditor = self.company(first, context)
        limit_date, max_date = _dates(rows, context)
        debts = [row.values for row in rows]
        amount = sum([debt.amount for debt in debts], Decimal(0))
        name = next((debt.name for debt in debts if debt.name), "")
        days = max([debt.days_late or 0 for debt in debts])
        variables = {
            "tipo_llamada": "cobranza",
            "nombre": names.spoken_name(name),
            "empresa": names.spoken_company(creditor),
            "monto_total": spoken.money(amount, context.country),
            "cuotas_adeudadas": spoken.feminine(len(rows)),
            "cantidad_cupones": spoken.masculine(len(rows)),
            "dias_vencidos": spoken.masculine(days) if days > 0 else "",
            "fecha_limite": spoken.day(limit_date) if limit_date else "",
            "fecha_maxima": spoken.day(max_date) if max_date else "",
        }
        return Subject(
            creditor=creditor,
            creditor_key=self.subject_key(first, context),
            amount=amount,
            coupons=len(rows),
            limit_date=limit_date,
            max_date=max_date,
            debts=[_debt(row) for row in rows],
            variables={key: text for key, text in variables.items() if text},
            places=places_of(rows),
        )


def _dates(rows: Sequence[Row], context: Context) -> tuple[date | None, date | None]:
    """`fecha_limite` and `fecha_maxima` of a group; the options take their place."""
    dated = [row.values for row in rows if _has_dates(row)]
    limit_date = max_date = None
    if dated:
        latest = max(dated, key=_due_date) if len(dated) > 1 else dated[0]
        earliest = min(dated, key=_due_date) if len(dated) > 1 else dated[0]
        limit_date = latest.due_date + _days(latest, LIMIT_GRACE)
        max_date = earliest.due_date + _days(earliest, MAX_GRACE)
    if "limit_days" in context.options:
        limit_date = context.today + timedelta(days=context.options["limit_days"])
    if "max_days" in context.options:
        max_date = context.today + timedelta(days=context.options["max_days"])
    return limit_date, max_date


def _has_dates(row: Row) -> bool:
    """A due date, and days late that are not unreadable: blank ones count as none."""
    if row.values.due_date is None:
        return False
    return not row.warnings or all(w.code != "days_invalid" for w in row.warnings)


def _days(debt: Any, grace: int) -> timedelta:
    return timedelta(days=(debt.days_late or 0) + grace)


def _debt(row: Row) -> dict[str, str]:
    """A debt line as text, without what its row does not say."""
    values = row.values
    line = {"row": str(row.number)}
    if values.operation:
        line["operation"] = values.operation
    if values.installment:
        line["installment"] = values.installment
    if values.due_date:
        line["due_date"] = values.due_date.isoformat()
    if values.days_late is not None:
        line["days_late"] = str(values.days_late)
    line["amount"] = format(values.amount, "f")
    return line
