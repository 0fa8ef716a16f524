"""What may be given as a workbook, wherever a form takes one."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ACCEPTED = ".xlsx,.xlsm,.xls,.xlsb,.ods,.csv,.txt,.tsv,.htm,.html,.zip"


def small_enough(file: Any) -> Any:
    """The file that was sent, if any; raises ValidationError when it is too large."""
    if file and file.size > settings.UPLOAD_MAX_BYTES:
        raise ValidationError(
            _("At most %(limit)s MB are accepted."),
            code="file_too_large",
            params={"limit": settings.UPLOAD_MAX_BYTES // 1_000_000},
        )
    return file
