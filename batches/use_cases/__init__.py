"""The registry of use cases: what a workbook means, one module each."""

from django.utils.functional import Promise

from batches.imports.problems import WorkbookError
from batches.use_cases.base import UseCase
from batches.use_cases.debt_collection import DebtCollection

_REGISTRY: dict[str, UseCase] = {}


def register(use_case: UseCase) -> None:
    """Make a use case available under its name."""
    _REGISTRY[use_case.name] = use_case


def get(name: str) -> UseCase:
    """The use case of that name; raises WorkbookError."""
    if name not in _REGISTRY:
        raise WorkbookError("use_case_unknown", name=name, known=", ".join(_REGISTRY))
    return _REGISTRY[name]


def choices() -> list[tuple[str, str | Promise]]:
    """Name and label of each use case, for model fields and forms."""
    return [(use_case.name, use_case.label) for use_case in _REGISTRY.values()]


register(DebtCollection())
