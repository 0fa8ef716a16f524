"""Withdrawing by list: whose cases are called no more, and what that ends.

`find` is the preview, to the unit; `withdraw` finds anew and ends what it finds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batches.ending import Ended, end_jobs
from batches.imports.listed import Entry, chunked, distinct
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Account, Batch, Job, Upload
from batches.states import OPEN_BATCH, JobStatus
from speechai_site.runtime import audit
from speechai_site.runtime.documents import collection

BY_LIST = "withdrawn_by_list"
OF_UPLOAD = "withdrawn_of_upload"
CHUNK = 1000
_SEEN = dict.fromkeys(
    ("status", "attempts", "document_key", "phone_keys", "debts.operation"), 1
)
UNDER_WAY = (JobStatus.CLAIMED, JobStatus.CALLING)


@dataclass
class Found:
    """What a list means in its campaigns. Each entry is `repeated`, or in `matched`,
    `missing` or `ambiguous`: the last are two persons', one by document, the other by
    phone."""

    entries: int
    repeated: int = 0
    matched: int = 0
    missing: list[Entry] = field(default_factory=list)
    ambiguous: list[Entry] = field(default_factory=list)
    jobs: dict[Any, str] = field(default_factory=dict)  # id: status
    tried: set[Any] = field(default_factory=set)  # ids of those that were called before

    @property
    def waiting(self) -> int:
        """Cases that end at once."""
        return Counter(self.jobs.values())[JobStatus.QUEUED]

    @property
    def under_way(self) -> int:
        """Cases that end with the call that is being made."""
        return sum(status in UNDER_WAY for status in self.jobs.values())

    @property
    def called(self) -> int:
        """Of the waiting cases, those that were called before."""
        return sum(self.jobs[job] == JobStatus.QUEUED for job in self.tried)

    @property
    def closed(self) -> int:
        """Cases that had ended before."""
        return len(self.jobs) - self.waiting - self.under_way


def scope_of(account: Account, batch: Batch | None = None) -> list[Any]:
    """The ids of the campaigns that a list is about: one, or all open ones."""
    if batch is not None:
        return [batch.pk]
    rows = Batch.objects.filter(account=account, status__in=OPEN_BATCH)
    return list(rows.values_list("pk", flat=True))


def find(
    entries: Sequence[Entry], batches: Sequence[Any], watch: Unwatched = UNWATCHED
) -> Found:
    """Which cases of these campaigns (ids) the entries mean. Nothing is changed."""
    found = Found(len(entries))
    entries = distinct(entries)
    found.repeated = found.entries - len(entries)
    look = _Lookup(batches, watch)
    documents = look.by("document_key", {e.document_key for e in entries})
    phones = look.by("phone_keys", {k for e in entries for k in e.phone_keys})
    left = {
        entry.operation
        for entry in entries
        if not documents.get(entry.document_key)
        and not any(map(phones.get, entry.phone_keys))
    }
    operations = look.by("debts.operation", left)
    for place, entry in enumerate(entries):
        watch.cases(place, len(entries))
        by_document = documents.get(entry.document_key, {})
        by_phone: dict[Any, Any] = {}
        for key in entry.phone_keys:
            by_phone |= phones.get(key, {})
        if by_document and by_phone.keys() - by_document.keys():
            found.ambiguous.append(entry)
            continue
        jobs = by_document or by_phone or operations.get(entry.operation, {})
        if not jobs:
            found.missing.append(entry)
            continue
        found.matched += 1
        found.jobs |= {job["_id"]: job["status"] for job in jobs.values()}
        found.tried |= {job["_id"] for job in jobs.values() if job["attempts"]}
    return found


def withdraw(
    entries: Sequence[Entry],
    account: Account,
    batch: Batch | None = None,
    *,
    by: str,
    reason: str,
    watch: Unwatched = UNWATCHED,
) -> tuple[Found, Ended]:
    """Withdraw the cases that the entries mean; what was found, and what ended.

    `reason` is a person's words, kept with each case and in the activity log.
    """
    found = find(entries, scope_of(account, batch), watch)
    ended = end_jobs(
        list(found.jobs),
        JobStatus.WITHDRAWN,
        code=BY_LIST,
        by=by,
        said=reason,
        told=watch.writing,
    )
    audit.record(
        "job.withdraw",
        batch or account,
        by=by,
        reason=reason,
        account_id=account.pk,
        entries=found.entries,
        jobs=len(found.jobs),
        now=ended.now,
        later=ended.later,
        missing=len(found.missing),
        ambiguous=len(found.ambiguous),
    )
    return found, ended


def not_called(upload: Upload) -> list[Any]:
    """The ids of an upload's cases for which nothing was ever dialed, and that wait."""
    rows = collection(Job).find(_not_called(upload), {"_id": 1})
    return [job["_id"] for job in rows]


def _not_called(upload: Upload) -> dict[str, Any]:
    return {
        "batch_id": upload.batch_id,
        "upload_id": upload.pk,
        "status": {"$in": [JobStatus.QUEUED, JobStatus.CLAIMED]},
        "attempts": 0,
        "history.to": {"$ne": JobStatus.CALLING},
    }


def withdraw_not_called(upload: Upload, *, by: str, reason: str) -> Ended:
    """Withdraw the cases of an upload that were not called yet."""
    ended = end_jobs(
        not_called(upload),
        JobStatus.WITHDRAWN,
        code=OF_UPLOAD,
        by=by,
        said=reason,
        only_from=[JobStatus.QUEUED, JobStatus.CLAIMED],
    )
    audit.record(
        "upload.withdraw",
        upload,
        by=by,
        reason=reason,
        now=ended.now,
        later=ended.later,
    )
    return ended


class _Lookup:
    """The jobs of some campaigns (ids) by a column."""

    def __init__(self, batches: Sequence[Any], watch: Unwatched) -> None:
        self.batches, self.watch = list(batches), watch

    def by(
        self, column: str, wanted: Iterable[str]
    ) -> Mapping[str, dict[Any, dict[str, Any]]]:
        """By each of these values, the jobs (by id) that have it."""
        values = [value for value in wanted if value]
        found: dict[str, dict[Any, dict[str, Any]]] = {}
        for chunk in chunked(values, CHUNK):
            self.watch.beat()
            where = {"batch_id": {"$in": self.batches}, column: {"$in": chunk}}
            asked = set(chunk)
            for job in collection(Job).find(where, _SEEN):
                for value in asked & set(_values(job, column)):
                    found.setdefault(value, {})[job["_id"]] = job
        return found


def _values(job: dict[str, Any], column: str) -> list[str]:
    if column == "debts.operation":
        return [line.get("operation", "") for line in job["debts"]]
    value = job[column]
    return value if isinstance(value, list) else [value]
