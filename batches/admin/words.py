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
UPLOAD_COLOURS = {Upload.Status.STORING: "warning", Upload.Status.STORED: "success"}
ACCOUNT_COLOURS = {Account.Status.ACTIVE: "success", Account.Status.SUSPENDED: "danger"}

# Codes of `Job.outcome` and `Job.disposition`, which `calls` knows: it fills these in.
OUTCOMES: dict[str, Any] = {}
OUTCOME_COLOURS: dict[str, str] = {}
DISPOSITIONS: dict[str, Any] = {}

# Codes of `Job.status_reason`, `Batch.pause_reason` and of histories.
REASONS: dict[str, Any] = {
    "no_phone": _("No usable phone"),
    "stop_now": _("Everything was stopped by hand"),
    "batch_cancelled": _("The campaign was cancelled"),
    "batch_expired": _("The campaign expired"),
    "batch_completed": _("The campaign ended"),
}


# What the variables of `debt_collection` say; other names are shown as they are.
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
