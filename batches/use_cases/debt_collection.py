"""Collection of overdue debts: one job for each person and creditor.

The columns are those of a real collections workbook, and the dates follow its
formulas: `fecha_limite` (pay without surcharge) is the latest due date plus the days
late of that row plus 3; `fecha_maxima` (latest promise) the earliest due date plus
the days late of that row plus 7.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column
from batches.imports.normalizers import names, spoken
from batches.imports.normalizers.text import squash
from batches.imports.problems import WorkbookError
from batches.use_cases.base import Context, Row, Subject

LIMIT_GRACE, MAX_GRACE = timedelta(days=3), timedelta(days=7)

# Phones and data of somebody else than the debtor, and columns about a column.
_OTHERS = ("aval", "codeudor", "referencia", "familiar", "conyuge", "representante")
_WORK = ("laboral", "trabajo", "oficina", "empleador")
_ABOUT = ("tipo", "estado", "origen", "fecha", "cantidad", "resultado", "ejecutivo")
_NOT_A_PHONE = (*_OTHERS, *_WORK, *_ABOUT)

COLUMNS = (
    Column(
        "document",
        "document",
        ("RUTS", "RUT", "RUN", "RUT cliente", "RUT deudor"),
        parts=("rut",),
        never=("ruta", "empresa", "acreedor", *_OTHERS, *_ABOUT),
        missing="document_missing",
        stops_row=True,
    ),
    Column(
        "name",
        "name",
        ("Nombre", "Nombre completo", "Nombre cliente", "Nombre deudor"),
        parts=("nombrecliente", "nombredeudor", "nombrecompleto", "nombredel"),
        never=_OTHERS,
        missing="",
    ),
    Column(
        "creditor",
        "text",
        ("Origen Empresa", "Empresa origen", "Empresa", "Acreedor", "Mandante"),
        parts=("origenempresa",),
        stops_row=True,
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
        parts=("saldoactualizado", "saldoadeudado", "montoadeudado"),
        never=_ABOUT,
        missing="amount_missing",
        stops_row=True,
    ),
    Column(
        "due_date",
        "date",
        ("FechaVencimiento", "Fecha de vencimiento", "Vencimiento", "Fecha vcto"),
        parts=("fechavencimiento", "fechadevencimiento"),
        never=("original",),
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
        parts=("diasderetraso", "diasretraso", "diasdeatraso", "diasdemora"),
    ),
    Column(
        "mobile",
        "mobile",
        ("Teléfono móvil", "Teléfono celular", "Celular", "Móvil"),
        parts=("telefonomovil", "telefonocelular", "celular"),
        never=_NOT_A_PHONE,
        many=True,
    ),
    Column(
        "landline",
        "landline",
        ("Teléfono Residencial", "Teléfono fijo", "Teléfono particular"),
        parts=("telefonoresidencial", "telefonofijo"),
        never=_NOT_A_PHONE,
        many=True,
    ),
    Column(
        "phone",
        "phone",
        ("Teléfono", "Fono"),
        parts=("telefono", "fono"),
        never=_NOT_A_PHONE,
        many=True,
    ),
    Column(
        "operation",
        "text",
        ("Número de operación", "N° operación", "Nº operación", "Operación", "Título"),
        kept=True,
    ),
    Column("installment", "text", ("Cuota", "Número de cuota"), kept=True),
    # where the person is: what is stopped by region
    Column("region", "text", ("Región", "Región cliente"), kept=True),
    Column("province", "text", ("Provincia", "Provincia cliente"), kept=True),
    Column("commune", "text", ("Comuna", "Comuna cliente"), kept=True),
    Column("city", "text", ("Ciudad", "Ciudad cliente"), kept=True),
    Column("locality", "text", ("Localidad", "Localidad cliente"), kept=True),
)
PLACES = ("region", "province", "commune", "city", "locality")


class DebtCollection:
    """Overdue debts of a creditor's clients."""

    name = "debt_collection"
    label = _("Debt collection")
    columns = COLUMNS
    needed = (("document",), ("amount",), ("mobile", "landline", "phone"))
    options = ("limit_days", "max_days")

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, int]:
        """`limit_days` and `max_days`: 1 ≤ limit < max ≤ 365, either or both."""
        cleaned: dict[str, int] = {}
        for name, value in options.items():
            if name not in self.options:
                raise WorkbookError(
                    "option_unknown", name=name, known=", ".join(self.options)
                )
            text = str(value).strip()
            if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 365:
                raise WorkbookError("option_invalid", name=name, value=value)
            cleaned[name] = int(text)
        limit, most = cleaned.get("limit_days", 1), cleaned.get("max_days", 365)
        if limit >= most:
            raise WorkbookError("option_invalid", name="limit_days", value=limit)
        return cleaned

    def subject_key(self, values: Any, context: Context) -> str:
        """The creditor, compared without accents, case and spaces."""
        return squash(values.creditor or context.account_name)

    def describe(self, rows: Sequence[Row], context: Context) -> Subject:
        """Debts summed, counted and listed; the dates of the group; the variables."""
        first = rows[0].values
        creditor = first.creditor or context.account_name
        limit_date, max_date = _dates(rows, context)
        amount = sum((row.values.amount for row in rows), Decimal(0))
        name = next((row.values.name for row in rows if row.values.name), "")
        days = max((row.values.days_late or 0 for row in rows), default=0)
        variables = {
            "tipo_llamada": "cobranza",
            "nombre": names.spoken_name(name),
            "empresa": names.spoken_company(creditor),
            "monto_total": spoken.pesos(amount),
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
            places=_places(rows),
        )


def _dates(rows: Sequence[Row], context: Context) -> tuple[date | None, date | None]:
    """`fecha_limite` and `fecha_maxima` of a group; the options take their place."""
    dated = [row.values for row in rows if _has_dates(row)]
    limit_date = max_date = None
    if dated:
        latest = max(dated, key=lambda values: values.due_date)
        earliest = min(dated, key=lambda values: values.due_date)
        limit_date = latest.due_date + _days(latest) + LIMIT_GRACE
        max_date = earliest.due_date + _days(earliest) + MAX_GRACE
    if "limit_days" in context.options:
        limit_date = context.today + timedelta(days=context.options["limit_days"])
    if "max_days" in context.options:
        max_date = context.today + timedelta(days=context.options["max_days"])
    return limit_date, max_date


def _has_dates(row: Row) -> bool:
    """A due date, and days late that are not unreadable: blank ones count as none."""
    return row.values.due_date is not None and not any(
        warning.code == "days_invalid" for warning in row.warnings
    )


def _days(values: Any) -> timedelta:
    return timedelta(days=values.days_late or 0)


def _places(rows: Sequence[Row]) -> list[str]:
    """The places that the rows name, as they are written."""
    named = (getattr(row.values, name) for row in rows for name in PLACES)
    return list(dict.fromkeys(text for text in named if text))


def _debt(row: Row) -> dict[str, str]:
    """A debt line as text, without what its row does not say."""
    values = row.values
    line = {
        "row": str(row.number),
        "operation": values.operation or "",
        "installment": values.installment or "",
        "due_date": values.due_date.isoformat() if values.due_date else "",
        "days_late": "" if values.days_late is None else str(values.days_late),
        "amount": format(values.amount, "f"),
    }
    return {key: text for key, text in line.items() if text}
