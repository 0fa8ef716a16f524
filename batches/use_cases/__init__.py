"""The registry of use cases: what a workbook means, one module each."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def choices() -> list[tuple[str, str | Promise]]:
    """Name and label of each use case, for model fields and forms."""
    return [("debt_collection", _("Debt collection"))]
