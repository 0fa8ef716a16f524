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


class RowsResource(resources.Resource):
    """Reads a flat table row by row into plain objects; it stores nothing.

    A subclass gives `start()`, the object of an empty row, and `take(object)`, which
    keeps a sound one; both may raise ValidationError.
    """

    class Meta:
        using_db = "default"
        import_id_fields = ()
        force_init_instance = True
        instance_loader_class = instance_loaders.BaseInstanceLoader
        skip_diff = True

    def __init__(self, readers: dict[str, tuple[str, Callable[[Any], Any]]]) -> None:
        """`readers`: of each column, the attribute that it fills and how."""
        super().__init__()
        self.fields = {
            name: fields.Field(attribute, name, CellWidget(read))
            for name, (attribute, read) in readers.items()
        }

    def start(self) -> Any:
        raise NotImplementedError

    def take(self, instance: Any) -> None:
        raise NotImplementedError

    def init_instance(self, row: Any = None) -> Any:
        return self.start()

    def import_field(
        self, field: Any, instance: Any, row: Any, *args: Any, **kwargs: Any
    ) -> None:
        """A blank cell leaves what the object had."""
        value = field.clean(row, **kwargs) if field.column_name in row else None
        if value is not None:
            self.fill(instance, field.attribute, value)

    def fill(self, instance: Any, name: str, value: Any) -> None:
        setattr(instance, name, value)

    def save_instance(
        self, instance: Any, is_create: Any, row: Any, **kwargs: Any
    ) -> None:
        self.take(instance)


class DoNotCallResource(RowsResource):
    """Reads a list of people not to call: `entries` holds what its sound rows ask for.

    Columns: `who` (phone or document), `phone`, `document`, `reason`, `expires`,
    `creditor`; of each row those that it has.
    """

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
        super().__init__(
            {
                "who": ("typed", lambda cell: read_typed(cell, countries)),
                "phone": ("phone", lambda cell: read_phone(cell, countries)),
                "document": ("document", read_person),
                "reason": ("reason", read_reason),
                "expires": ("expires_at", lambda cell: end_of(read_date(cell), zone)),
                "creditor": ("creditor", read_text),
            }
        )

    def start(self) -> BlockRequest:
        return BlockRequest(**self.defaults)

    def fill(self, instance: BlockRequest, name: str, value: Any) -> None:
        """`who` is a phone or a document."""
        if isinstance(value, BlockRequest):
            instance.phone, instance.document = value.phone, value.document
        else:
            setattr(instance, name, value)

    def take(self, instance: BlockRequest) -> None:
        self.entries += instance.entries(self.account_id, self.source)


def read_list(resource: RowsResource, rows: list[dict[str, Any]]) -> list[Any]:
    """Let the resource take every sound row; returns the faulty ones, as import-export's
    InvalidRow, whose `number` counts `rows` from 1."""
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
