"""Reminders of appointments: one job for each person and appointment."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column
from batches.imports.normalizers import names, spoken
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
    needed,
)

COLUMNS = (
    needed(NAME, "name_missing"),
    DOCUMENT,
    CHECK_DIGIT,
    *PHONES,
    Column(
        "date",
        "date",
        ("Fecha cita", "Fecha de la cita", "Fecha hora", "Fecha", "Día", "Cita"),
        english=("Appointment date", "Date"),
        parts=("fechacita", "fechadelacita", "fechahora"),
        missing="date_missing",
        stops_row=True,
        help=_("The day of the appointment, today or later."),
    ),
    Column(
        "time",
        "time",
        ("Hora cita", "Hora de la cita", "Hora", "Horario"),
        english=("Appointment time", "Time", "Hour"),
        parts=("horacita", "horadelacita"),
        stops_row=True,
        help=_("As 15:30 or 3:30 PM. Empty: the hour is not said."),
        example="15:30",
    ),
    COMPANY,
    Column(
        "service",
        "text",
        ("Servicio", "Especialidad", "Tipo de cita", "Motivo", "Prestación"),
        english=("Service", "Specialty", "Reason"),
        stops_row=True,
        help=_("What the appointment is for."),
        example="Control anual",
    ),
    Column(
        "professional",
        "text",
        ("Profesional", "Médico", "Doctor", "Atiende", "Ejecutivo"),
        english=("Professional", "Physician"),
        stops_row=True,
        help=_("With whom."),
        example="Dra. Inés Prueba",
    ),
    Column(
        "place",
        "text",
        ("Lugar", "Sucursal", "Dirección cita", "Sede", "Centro"),
        english=("Place", "Branch", "Location"),
        stops_row=True,
        help=_("Where the person goes."),
        example="Sede Centro, piso 2",
    ),
    *PLACES,
)


class AppointmentReminder(UseCase):
    """A person is told of an appointment and asked to confirm it."""

    name = "appointment_reminder"
    label = _("Appointment reminder")
    columns = COLUMNS
    needed = (("name",), ("date",), CALLABLE)
    options = (
        Option("company", _("Company")),
        Option("place", _("Place")),
        Option("instructions", _("What the person has to know or bring")),
    )

    def problem_of(self, values: Any, context: Context) -> tuple[str, str] | None:
        if values.date < context.today:
            return "date", "date_past"
        return None

    def subject_key(self, values: Any, context: Context) -> str:
        """The company and the appointment: two of a person are two jobs."""
        return key_of(
            self.company(values, context),
            values.date,
            values.time,
            values.service,
            values.professional,
        )

    def limit_date(self, values: Any, context: Context) -> date | None:
        return values.date

    def variables(
        self, rows: Sequence[Row], values: Any, context: Context
    ) -> Mapping[str, str]:
        options = context.options
        return {
            "tipo_llamada": "recordatorio",
            "fecha_cita": spoken_day(values.date),
            "hora_cita": spoken.hour(values.time) if values.time else "",
            "servicio": values.service or "",
            "profesional": names.spoken_name(values.professional or ""),
            "lugar": values.place or options.get("place", ""),
            "indicaciones": options.get("instructions", ""),
        }
