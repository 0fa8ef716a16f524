"""The registry of use cases: what a workbook means, one module each."""

from django.utils.functional import Promise

from batches.imports.problems import WorkbookError
from batches.use_cases.appointment_reminder import AppointmentReminder
from batches.use_cases.base import UseCase
from batches.use_cases.debt_collection import DebtCollection
from batches.use_cases.marketing import Marketing
from batches.use_cases.notification import Notification
from batches.use_cases.survey import Survey

_REGISTRY: dict[str, UseCase] = {}


def register(use_case: UseCase) -> None:
    """Make a use case available under its name."""
    _REGISTRY[use_case.name] = use_case


def unregister(name: str) -> None:
    """Forget a use case; tests clean up after themselves with it."""
    del _REGISTRY[name]


def get(name: str) -> UseCase:
    """The use case of that name; raises WorkbookError."""
    if name not in _REGISTRY:
        raise WorkbookError("use_case_unknown", name=name, known=", ".join(_REGISTRY))
    return _REGISTRY[name]


def choices() -> list[tuple[str, str | Promise]]:
    """Name and label of each use case, for model fields and forms."""
    return [(use_case.name, use_case.label) for use_case in _REGISTRY.values()]


for _use_case in (
    DebtCollection(),
    Marketing(),
    AppointmentReminder(),
    Survey(),
    Notification(),
):
    register(_use_case)
