"""What others did to the people of an account (another dialer, people, messages), read
from a file into the contact ledger, so that caps and waiting times count it.

A file is read whole and checked first; with any faulty row nothing of it is stored. What
is stored comes in chunks that may be repeated: after a crash the same file completes it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pymongo import UpdateOne

from batches.imports.columns import Column
from batches.imports.listed import chunked
from batches.imports.normalizers import countries
from batches.imports.normalizers.moments import read_moment, read_time
from batches.imports.normalizers.text import Cell, read_text, squash, text_of
from batches.imports.problems import WorkbookError
from batches.models import Account
from calls import suppression
from calls.asked import debt_keys
from calls.block_reasons import WRONG_PAIR
from calls.block_requests import BlockRequest, read_phone
from calls.contact_words import (
    CHANNELS,
    RESULTS,
    labels,
    needs_result,
    read_channel,
    read_result,
)
from calls.flat_files import read_file
from calls.models import ContactImport, ContactLedger
from calls.resources import RowsResource, end_of, read_list, zone_of
from calls.suppression import Done, Entry
from speechai_site.runtime import audit, clock, keys
from speechai_site.runtime.documents import collection, insert_missing, unique, upsert

Document = dict[str, Any]
MOST_ROWS = 50_000  # of one file: it is read while somebody waits
CHUNK = 1_000  # contacts that are written at once
COLUMNS = (
    Column(
        "moment",
        "date",
        ("Fecha y hora", "Fecha/hora", "Fecha", "Date and time", "Datetime", "Date"),
        parts=("fecha", "datetime", "date"),
    ),
    Column("hour", "time", ("Hora", "Hour", "Time")),
    Column(
        "document",
        "document",
        ("RUT", "RUTS", "Documento", "Document", "DNI", "CUIT", "CUIL"),
        parts=("rut", "document"),
    ),
    Column(
        "phone",
        "phone",
        ("Teléfono", "Phone", "Fono", "Celular", "Móvil", "Número"),
        parts=("fono", "phone", "celular", "movil"),
    ),
    Column("channel", "text", ("Canal", "Channel", "Medio", "Tipo de gestión")),
    Column(
        "result",
        "text",
        ("Resultado", "Result", "Tipificación", "Disposition", "Respuesta", "Outcome"),
        parts=("resultado", "tipificacion"),
    ),
    Column("creditor", "text", ("Acreedor", "Creditor", "Mandante")),
    Column(
        "operation",
        "text",
        ("Operación", "Número de operación", "N° operación", "Operation", "Debt"),
        parts=("operacion",),
    ),
)
# What to do about a cell that cannot be read.
ADVICE = {
    "moment": gettext_lazy("Write it as 24/11/2026 10:30."),
    "hour": gettext_lazy("Write it as 10:30."),
    "document": gettext_lazy(
        "Correct it; if the row has a phone, it may be left empty."
    ),
    "phone": gettext_lazy(
        "Correct it; if the row has a document, it may be left empty."
    ),
}
NEEDED = (("moment",), ("document", "phone"), ("channel",))


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell, and what to do. `row` as the file counts."""

    row: int
    column: str
    value: str
    message: str


@dataclass
class Imported:
    """What became of a file. With problems nothing of it was stored."""

    rows: int
    problems: list[Problem] = field(default_factory=list)
    added: int = 0
    reaches: datetime | None = None  # its last contact
    suppressed: Done = field(default_factory=Done)

    @property
    def known(self) -> int:
        """Contacts that were there before."""
        return 0 if self.problems else self.rows - self.added


@dataclass
class ContactRow:
    """One row, read. Phone and document are never shown by repr, and never stored."""

    moment: date | datetime | None = None
    hour: time | None = None
    document: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    channel: str = ""
    result: str = ""
    creditor: str = ""
    operation: str = ""


class ContactsResource(RowsResource):
    """Reads a file of contacts: `contacts` (ledger rows as documents, without ids of
    equal ones) and `entries` (of the do-not-call list) of its sound rows."""

    def __init__(self, account: Account, source: str) -> None:
        self.account, self.source = account, source
        self.zone, self.now = zone_of(account), clock.now()
        self.contacts: list[Document] = []
        self.entries: list[Entry] = []
        self._seen: Counter[str] = Counter()
        country = countries.get(account.country)
        super().__init__(
            {
                "moment": ("moment", read_moment),
                "hour": ("hour", read_time),
                "document": ("document", country.read_document),
                "phone": ("phone", lambda cell: read_phone(cell, [country.code])),
                "channel": ("channel", _channel),
                "result": ("result", _result),
                "creditor": ("creditor", read_text),
                "operation": ("operation", read_text),
            }
        )

    def start(self) -> ContactRow:
        return ContactRow()

    def take(self, row: ContactRow) -> None:
        _check(row)
        at, written = self._when(row)
        result = RESULTS[row.result or "sent"]
        creditor = squash(row.creditor)
        subject = {"creditor_key": creditor, "debts": [{"operation": row.operation}]}
        contact: Document = {
            # without a document the person is not known: whoever is asked about
            "person_key": keys.person_key(row.document, "") if row.document else "",
            "phone_key": keys.phone_key(row.phone) if row.phone else "",
            "creditor_key": creditor,
            # an operation without its creditor may be anybody's
            "debt_keys": list(debt_keys(subject)) if creditor else [],
            "channel": row.channel,
            "kind": result.kind.value,
            "outcome": result.outcome,
        }
        content = "|".join((str(self.account.pk), written, *map(str, contact.values())))
        self._seen[content] += 1
        # equal rows with a time of day are one contact; without it, as many as rows
        number = 1 if _has_time(row) else self._seen[content]
        digest = hashlib.sha256(f"{content}|{number}".encode()).hexdigest()
        slot = f"import|{digest}"
        self.contacts.append(
            {
                "_id": slot,
                "phone_slot": slot,
                "call_id": "",
                "account_id": self.account.pk,
                **contact,
                "source": self.source,
                "at": at,
            }
        )
        self.entries += self._blocked(row, result.reason)

    def _when(self, row: ContactRow) -> tuple[datetime, str]:
        """The moment, and as it was written; a day alone is over at its end."""
        moment, day = row.moment, _day_of(row.moment)
        if row.hour is not None:
            moment = datetime.combine(day, row.hour)
        if isinstance(moment, datetime):
            at = moment if moment.tzinfo else _local(moment, self.zone)
            written = at.timestamp()
        else:
            at = end_of(day, self.zone) - timedelta(seconds=1)
            written = day.isoformat()
            if day == self.now.astimezone(self.zone).date():
                at = min(at, self.now)
        if at > self.now:
            raise ValidationError(
                {
                    "moment": _(
                        "This moment has not come yet: only contacts that were made "
                        "are imported. Times without zone are those of %(zone)s."
                    )
                    % {"zone": self.zone.key}
                }
            )
        return at, str(written)

    def _blocked(self, row: ContactRow, reason: str) -> list[Entry]:
        lacks_pair = reason == WRONG_PAIR and not (row.phone and row.document)
        if not reason or lacks_pair:
            return []
        asked = BlockRequest(row.phone, row.document, reason)
        return asked.entries(self.account.pk, self.source)


def _has_time(row: ContactRow) -> bool:
    return row.hour is not None or isinstance(row.moment, datetime)


def _day_of(moment: date | datetime | None) -> date:
    assert moment is not None
    return moment.date() if isinstance(moment, datetime) else moment


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Of an hour that comes twice, the later one."""
    return moment.replace(tzinfo=zone, fold=1)


def _check(row: ContactRow) -> None:
    """What must stand in each row; raises ValidationError by column."""
    lacking = {}
    if row.moment is None:
        lacking["moment"] = _("Write the day and the time of the contact.")
    if not row.document and not row.phone:
        lacking["document"] = _("Write the document, the phone, or both.")
    if not row.channel:
        known = {"known": labels(CHANNELS)}
        lacking["channel"] = _("Write the channel: %(known)s.") % known
    elif not row.result and needs_result(row.channel):
        known = {"known": labels(RESULTS)}
        lacking["result"] = (
            _("Write what came of it, so that it counts as it should: %(known)s.")
            % known
        )
    if lacking:
        raise ValidationError(lacking)


def _channel(cell: Cell) -> str:
    code = read_channel(text_of(cell))
    if code is None:
        raise ValidationError(
            _("There is no such channel; write one of: %(known)s.")
            % {"known": labels(CHANNELS)}
        )
    return code


def _result(cell: Cell) -> str:
    code = read_result(text_of(cell))
    if code is None:
        raise ValidationError(
            _("There is no such result; write one of: %(known)s.")
            % {"known": labels(RESULTS)}
        )
    return code


# --- a file -------------------------------------------------------------------------


def load(content: bytes, account: Account, *, by: str, file_name: str = "") -> Imported:
    """Store the contacts of a file; with any faulty row, none.

    The same file again adds nothing. Who asked not to be called goes on the do-not-call
    list first. Raises WorkbookError for a file of no use.
    """
    rows = read_file(content, COLUMNS, NEEDED)
    if len(rows) > MOST_ROWS:
        raise WorkbookError("too_many_rows", sheet="", limit=MOST_ROWS)
    resource = ContactsResource(account, f"upload:{by}"[:64])
    invalid = read_list(resource, [cells for _number, cells in rows])
    if invalid:
        problems = [
            problem
            for row in invalid
            for problem in _problems(*rows[row.number - 1], row.error_dict)
        ]
        return Imported(len(rows), problems)
    if not rows:
        raise WorkbookError("rows_missing", sheet="", row=1)
    suppressed = suppression.add(resource.entries, by=by)
    added = _write(resource.contacts)
    reaches = max(contact["at"] for contact in resource.contacts)
    imported = Imported(len(rows), [], added, reaches, suppressed)
    _remember(imported, account, content, by=by, file_name=file_name)
    return imported


def _problems(
    number: int, cells: dict[str, Any], errors: dict[str, list[str]]
) -> Iterable[Problem]:
    titles = {column.name: column.title for column in COLUMNS}
    for name, messages in errors.items():
        said = [*map(str, messages)]
        value = text_of(cells.get(name))[:80]
        if value and name in ADVICE:
            said.append(str(ADVICE[name]))
        yield Problem(number, titles.get(name, ""), value, " ".join(said))


def _write(contacts: list[Document]) -> int:
    """Insert those that are not there; how many are new."""
    ledger = collection(ContactLedger)
    distinct = list({contact["_id"]: contact for contact in contacts}.values())
    return sum(insert_missing(ledger, chunk) for chunk in chunked(distinct, CHUNK))


def _remember(
    imported: Imported, account: Account, content: bytes, *, by: str, file_name: str
) -> None:
    slot = f"{account.pk}|{hashlib.sha256(content).hexdigest()}"
    made = {
        "account_id": account.pk,
        "file_name": file_name[:255],
        "rows": imported.rows,
        "added": imported.added,
        "reaches": imported.reaches,
        "imported_by": by,
        "imported_at": clock.now(),
    }
    row = UpdateOne({"slot": unique(slot)}, {"$setOnInsert": made}, upsert=True)
    upsert(collection(ContactImport), [row])
    audit.record(
        "contactimport.load",
        ContactImport.objects.get(slot=slot),
        by=by,
        rows=imported.rows,
        added=imported.added,
        blocked=imported.suppressed.added,
        jobs=imported.suppressed.ended,
    )


def reach(account_id: Any) -> datetime | None:
    """Until when the outside contacts of an account are known; None: none were imported
    in the last days (CONTACT_IMPORT_DAYS), so that only our own calls count."""
    since = clock.now() - timedelta(days=settings.CONTACT_IMPORT_DAYS)
    recent = ContactImport.objects.filter(
        account_id=account_id, imported_at__gte=since
    ).values_list("reaches", flat=True)
    return max(recent, default=None)
