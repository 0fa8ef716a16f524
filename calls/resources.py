"""Flat tables in and out, row by row, through django-import-export."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import tablib
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from import_export import fields, instance_loaders, resources, widgets

from batches.imports.normalizers.dates import read_date
from batches.imports.normalizers.text import is_blank, read_text, squash, text_of
from batches.imports.problems import CELL_SENTENCES, Unreadable
from calls.block_reasons import BY_HAND, REASONS
from calls.block_requests import BlockRequest, read_person, read_phone, read_typed
from calls.suppression import Entry


class CellWidget(widgets.Widget):
    """Reads a cell by `read(value)`; a blank one is left as it is."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self.read = read

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if is_blank(value):
            return None
        try:
            return self.read(value)
        except Unreadable as error:
            raise ValueError(str(CELL_SENTENCES[error.code])) from None
        except ValidationError as error:
            raise ValueError(error.message) from None


class DoNotCallResource(resources.Resource):
    """Reads a list of people not to call; it stores nothing: `entries` holds what its
    sound rows ask for.

    Columns: `who` (phone or document), `phone`, `document`, `reason`, `expires`,
    `creditor`; of each row those that it has.
    """

    class Meta:
        using_db = "default"
        import_id_fields = ()
        force_init_instance = True
        instance_loader_class = instance_loaders.BaseInstanceLoader
        skip_diff = True

    def __init__(
        self,
        *,
        account: Any,
        source: str,
        reason: str,
        creditor: str = "",
        expires_at: datetime | None = None,
    ) -> None:
        """`account` None: for everybody. The rest is for rows that don't say."""
        super().__init__()
        self.account_id = account.pk if account else None
        countries = [account.country] if account else []
        zone = zone_of(account)
        self.source = source
        self.defaults = {
            "reason": reason,
            "creditor": creditor,
            "expires_at": expires_at,
        }
        self.entries: list[Entry] = []
        readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "who": ("typed", lambda cell: read_typed(cell, countries)),
            "phone": ("phone", lambda cell: read_phone(cell, countries)),
            "document": ("document", read_person),
            "reason": ("reason", read_reason),
            "expires": ("expires_at", lambda cell: end_of(read_date(cell), zone)),
            "creditor": ("creditor", read_text),
        }
        self.fields = {
            name: fields.Field(attribute, name, CellWidget(read))
            for name, (attribute, read) in readers.items()
        }

    def init_instance(self, row: Any = None) -> BlockRequest:
        return BlockRequest(**self.defaults)

    def import_field(
        self, field: Any, instance: BlockRequest, row: Any, *args: Any, **kwargs: Any
    ) -> None:
        """A blank cell leaves the default; `who` is a phone or a document."""
        value = field.clean(row, **kwargs) if field.column_name in row else None
        if isinstance(value, BlockRequest):
            instance.phone, instance.document = value.phone, value.document
        elif value is not None:
            setattr(instance, field.attribute, value)

    def save_instance(
        self, instance: BlockRequest, is_create: Any, row: Any, **kwargs: Any
    ) -> None:
        self.entries += instance.entries(self.account_id, self.source)


def read_list(resource: DoNotCallResource, rows: list[dict[str, Any]]) -> list[Any]:
    """Fill `resource.entries`; the faulty rows, as import-export's InvalidRow, whose
    `number` counts `rows` from 1."""
    headers = list(resource.fields)
    dataset = tablib.Dataset(headers=headers)
    for row in rows:
        dataset.append([row.get(name, "") for name in headers])
    result = resource.import_data(dataset, use_transactions=False, raise_errors=False)
    if result.has_errors():  # a fault of ours, not of the list
        raise RuntimeError("a list could not be read")
    return result.invalid_rows


def zone_of(account: Any) -> ZoneInfo:
    """In whose days an account counts; None: in those of this installation."""
    return ZoneInfo(account.time_zone if account else settings.DISPLAY_TIME_ZONE)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after a day: an entry holds on its last day too."""
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def read_reason(cell: Any) -> str:
    """The code of a reason, by code, label (in any language) or other words."""
    code = _reason_words().get(squash(text_of(cell)))
    if code is None:
        raise ValidationError(
            _("There is no such reason; there are: %(known)s.")
            % {"known": ", ".join(map(str, BY_HAND.values()))}
        )
    return code


@cache
def _reason_words() -> dict[str, str]:
    words = {}
    for code in BY_HAND:
        known = {code, *REASONS[code].words}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                known.add(str(REASONS[code].label))
        words |= dict.fromkeys(map(squash, known), code)
    return words
