"""What may be given as a workbook, wherever a form takes one."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from batches.imports.sniffer import sniff, unpacked

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


def opened(content: bytes, name: str, password: str) -> tuple[bytes, str]:
    """A table out of the archive or the encryption around it, which nobody needs any
    more: so no later step needs the password. Raises WorkbookError, PasswordNeeded."""
    table = unpacked(content, password)
    if table is content:
        return content, name
    kind = {"text": "csv"}.get(found := sniff(table), found)
    return table, f"{Path(name).stem}.{kind}"
