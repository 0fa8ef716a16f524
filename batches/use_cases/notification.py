"""Notifications: one job for each person and message."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column
from batches.use_cases.base import (
    Context,
    Option,
    Row,
    UseCase,
    key_of,
    spoken_day,
)
from batches.use_cases.people import (
    CALLABLE,
    CHECK_DIGIT,
    COMPANY,
    DOCUMENT,
    NAME,
    PHONES,
    PLACES,
)

COLUMNS = (
    NAME,
    DOCUMENT,
    CHECK_DIGIT,
    *PHONES,
    COMPANY,
    Column(
        "message",
        "message",
        ("Mensaje", "Aviso", "Texto", "Notificación"),
        english=("Message", "Notice", "Text"),
        stops_row=True,
        help=_("What the agent says. Empty: the option of the file."),
        example="Su pedido ya puede ser retirado.",
    ),
    Column(
        "date",
        "date",
        ("Fecha", "Fecha aviso", "Fecha evento"),
        english=("Date", "Event date"),
        stops_row=True,
        help=_("The day that the message is about; after it nobody is told."),
    ),
    Column(
        "reference",
        "text",
        ("Referencia", "Pedido", "Número de pedido", "Contrato"),
        english=("Reference", "Order", "Contract"),
        kept=True,
        example="P-1",
    ),
    *PLACES,
)


class Notification(UseCase):
    """A person is told something and asked nothing but whether they heard it."""

    name = "notification"
    label = _("Notification")
    columns = COLUMNS
    needed = (CALLABLE,)
    options = (Option("company", _("Company")), Option("message", _("Message")))

    def problem_of(self, values: Any, context: Context) -> tuple[str, str] | None:
        if not (values.message or context.options.get("message")):
            return "message", "message_missing"
        if values.date and values.date < context.today:
            return "date", "date_past"
        return None

    def subject_key(self, values: Any, context: Context) -> str:
        """The company and the message: two messages are two jobs."""
        message = values.message or context.options.get("message", "")
        return key_of(self.company(values, context), values.reference, message)

    def limit_date(self, values: Any, context: Context) -> date | None:
        return values.date

    def variables(
        self, rows: Sequence[Row], values: Any, context: Context
    ) -> Mapping[str, str]:
        return {
            "tipo_llamada": "notificacion",
            "mensaje": values.message or context.options.get("message", ""),
            "fecha": spoken_day(values.date),
        }
