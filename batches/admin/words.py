"""Colours of statuses, and the words for codes that rows carry."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from batches.models import Account, Batch, Job, Upload
from batches.states import JobStatus

# What Unfold calls its badge colours; "" is grey.
BATCH_COLOURS = {
    Batch.Status.DRAFT: "",
    Batch.Status.RUNNING: "info",
    Batch.Status.PAUSED: "warning",
    Batch.Status.COMPLETED: "success",
    Batch.Status.CANCELLED: "danger",
    Batch.Status.EXPIRED: "",
}
JOB_COLOURS = {
    Job.Status.QUEUED: "",
    Job.Status.CLAIMED: "info",
    Job.Status.CALLING: "info",
    Job.Status.DONE: "success",
    Job.Status.EXHAUSTED: "warning",
    Job.Status.REVIEW: "warning",
    Job.Status.DENIED: "danger",
    Job.Status.WITHDRAWN: "",
    Job.Status.CANCELLED: "",
    Job.Status.EXPIRED: "",
}
UPLOAD_COLOURS = {
    Upload.Status.QUEUED: "info",
    Upload.Status.READING: "warning",
    Upload.Status.STORING: "warning",
    Upload.Status.STORED: "success",
    Upload.Status.FAILED: "danger",
    Upload.Status.CANCELLED: "default",
    Upload.Status.UNDONE: "",
}
ACCOUNT_COLOURS = {Account.Status.ACTIVE: "success", Account.Status.SUSPENDED: "danger"}

# Codes of `Job.outcome` and `Job.disposition`, which `calls` knows: it fills these in.
OUTCOMES: dict[str, Any] = {}
OUTCOME_COLOURS: dict[str, str] = {}
DISPOSITIONS: dict[str, Any] = {}

# Codes of `Job.status_reason`, `Batch.pause_reason` and of histories.
REASONS: dict[str, Any] = {
    "no_phone": _("No usable phone"),
    "withdrawn_by_list": _("Withdrawn by a list"),
    "withdrawn_of_upload": _("Withdrawn with its upload"),
    "upload_undone": _("Its upload was undone"),
    "absent_in_file": _("Not in the corrected file"),
    "paid": _("It was paid"),
    "stop_now": _("Everything was stopped by hand"),
    "stop_interrupted": _("A stop was interrupted: pause or cancel it again"),
    "batch_cancelled": _("The campaign was cancelled"),
    "batch_expired": _("The campaign expired"),
    "batch_completed": _("The campaign ended"),
}


# What the variables of the use cases say; other names are shown as they are.
VARIABLES: dict[str, Any] = {
    "tipo_llamada": _("kind of call"),
    "nombre": _("name"),
    "empresa": _("creditor"),
    "monto_total": _("total amount"),
    "cuotas_adeudadas": _("installments owed"),
    "cantidad_cupones": _("number of coupons"),
    "dias_vencidos": _("days past due"),
    "fecha_limite": _("pay by"),
    "fecha_maxima": _("latest promise"),
    "descripcion_oferta": _("offer"),
    "descuento_porcentaje": _("discount"),
    "valor_oferta": _("price of the offer"),
    "oferta_expira": _("last day of the offer"),
    "categoria_producto": _("product category"),
    "segmento_cliente": _("segment"),
    "llamada_accion": _("what is asked"),
    "fecha_cita": _("date"),
    "hora_cita": _("hour"),
    "servicio": _("service"),
    "profesional": _("professional"),
    "lugar": _("place"),
    "indicaciones": _("what to know or bring"),
    "tema_encuesta": _("topic"),
    "fecha_atencion": _("day of attention"),
    "mensaje": _("message"),
}

# Logical columns of the use cases, as people call them.
COLUMNS: dict[str, Any] = {
    "document": _("document"),
    "name": _("name"),
    "creditor": _("creditor"),
    "amount": _("balance owed"),
    "due_date": _("due date"),
    "days_late": _("days past due"),
    "mobile": _("mobile phone"),
    "landline": _("landline"),
    "phone": _("phone"),
    "operation": _("operation"),
    "installment": _("installment"),
    "check_digit": _("check digit"),
    "area": _("area code"),
    "currency": _("currency"),
    "work_phone": _("work phone (not called)"),
    "reference_phone": _("reference's phone (not called)"),
    "guarantor_phone": _("guarantor's phone (not called)"),
    "region": _("region"),
    "province": _("province"),
    "commune": _("commune"),
    "city": _("city"),
    "locality": _("locality"),
    "offer": _("offer"),
    "discount": _("discount"),
    "offer_value": _("price of the offer"),
    "offer_expires": _("last day of the offer"),
    "category": _("product category"),
    "segment": _("segment"),
    "date": _("date"),
    "time": _("hour"),
    "service": _("service"),
    "professional": _("professional"),
    "place": _("place"),
    "topic": _("topic"),
    "served_on": _("day of attention"),
    "reference": _("reference"),
    "message": _("message"),
}


def job_state(status: str, attempts: int) -> Any:
    """The word for a case's status; who waits was called already, or not yet."""
    if status == JobStatus.QUEUED:
        return JobStatus.QUEUED.label if attempts else pgettext_lazy("job", "Pending")
    if status == JobStatus.CLAIMED:
        return JobStatus.CALLING.label
    return JobStatus(status).label


def shown_counts(counted: Mapping[str, int]) -> dict[str, int]:
    """Cases by status as people see them: a claimed one is being called."""
    shown = dict(counted)
    if claimed := shown.pop(JobStatus.CLAIMED, 0):
        shown[JobStatus.CALLING] = shown.get(JobStatus.CALLING, 0) + claimed
    return shown


def variable(name: str) -> Any:
    """The words for a variable of the voice agent."""
    return VARIABLES.get(name, name)


def reason(code: str) -> str:
    """The words for a reason; a code without words is shown as it is."""
    return str(REASONS.get(code, code))
