"""Surveys: one job for each person and subject that they are asked about."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
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

MOST_QUESTIONS = 10

COLUMNS = (
    NAME,
    DOCUMENT,
    CHECK_DIGIT,
    *PHONES,
    COMPANY,
    Column(
        "topic",
        "text",
        ("Tema", "Encuesta", "Tema encuesta", "Servicio", "Producto"),
        english=("Topic", "Survey", "Service", "Product"),
        stops_row=True,
        help=_("What is asked about. Empty: the option of the file."),
        example="Atención en sucursal",
    ),
    Column(
        "served_on",
        "date",
        ("Fecha atención", "Fecha de atención", "Fecha compra", "Fecha"),
        english=("Service date", "Purchase date", "Date"),
        help=_("When the person was attended or bought."),
    ),
    Column(
        "reference",
        "text",
        ("Referencia", "Número de atención", "Pedido", "Ticket"),
        english=("Reference", "Order"),
        kept=True,
        example="A-1",
    ),
    *PLACES,
)
_QUESTIONS = Option("questions", _("Questions, separated by |"))


class Survey(UseCase):
    """A few questions about something that a person bought or was attended for."""

    name = "survey"
    label = _("Survey")
    columns = COLUMNS
    needed = (CALLABLE,)
    options = (Option("company", _("Company")), Option("topic", _("Topic")), _QUESTIONS)

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        cleaned = super().clean_options(options)
        if len(_questions(cleaned)) > MOST_QUESTIONS:
            expected = gettext("at most %(limit)d questions") % {
                "limit": MOST_QUESTIONS
            }
            raise _QUESTIONS.refusal(len(_questions(cleaned)), expected)
        return cleaned

    def problem_of(self, values: Any, context: Context) -> tuple[str, str] | None:
        if not (values.topic or context.options.get("topic")):
            return "topic", "topic_missing"
        if values.served_on and values.served_on > context.today:
            return "served_on", "date_future"
        return None

    def subject_key(self, values: Any, context: Context) -> str:
        """The company and the topic: a person is asked once about each."""
        topic = values.topic or context.options.get("topic", "")
        return key_of(self.company(values, context), topic)

    def variables(
        self, rows: Sequence[Row], values: Any, context: Context
    ) -> Mapping[str, str]:
        questions = _questions(context.options)
        return {
            "tipo_llamada": "encuesta",
            "tema_encuesta": values.topic or context.options.get("topic", ""),
            "fecha_atencion": spoken_day(values.served_on),
            **{f"pregunta_{n}": text for n, text in enumerate(questions, 1)},
        }


def _questions(options: Mapping[str, Any]) -> list[str]:
    return [q.strip() for q in options.get("questions", "").split("|") if q.strip()]
