"""Cases that are there already: who is the same, where it is looked for, and what
becomes of them. One account never sees another's."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.cases import Case, Cases
from batches.imports.problems import sentence
from batches.imports.questions import DuplicatePolicy
from batches.imports.rows import RowError
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Batch, Job, Upload
from batches.states import OPEN_BATCH, OPEN_JOB, JobStatus
from speechai_site.runtime import clock, keys
from speechai_site.runtime.documents import collection

BY = {
    "case": _("the same person and creditor"),
    "person": _("the same person"),
    "phone": _("a phone in common"),
    "debt": _("the same person and operation"),
}
SCOPES = {
    "open": _("in the account's open campaigns"),
    "batch": _("in this same campaign"),
    "days": _("loaded to the account in the last days"),
    "file": _("in an earlier row of this file"),
}
ACTS = {
    "allow": _("load them all the same"),
    "skip": _("leave them out and report them"),
    "merge": _("join those of this campaign to their case, and load the others"),
}
REPEATED = {
    "sum": _("sum both"),
    "merge": _("count it once"),
}
CODES = ("duplicate", "duplicate_in_file")  # of rows that are left out
UNFINISHED = [*OPEN_JOB, JobStatus.REVIEW]
_CHUNK = 2000
Mark = tuple[str, ...]


def settle(
    cases: Cases,
    account_id: Any,
    batch_id: Any | None,
    upload_id: Any = None,
    watch: Unwatched = UNWATCHED,
) -> None:
    """Count the cases that are there already as `known`; those that are to be skipped
    become reported rows. What `upload_id` itself stored before is not there."""
    policy = cases.answers.duplicates
    if policy.scope == "file":
        known = _in_file(cases, account_id, policy)
    else:
        where = _where(account_id, batch_id, policy)
        if where is not None and upload_id:
            where["upload_id"] = {"$ne": upload_id}
        known = _stored(cases, account_id, where, policy, watch)
    if known and policy.act == "skip":
        in_file = policy.scope == "file"
        leave_out(cases, known, "duplicate_in_file" if in_file else "duplicate")
    cases.known = len(known)


def settle_new(
    cases: Cases, new: Sequence[Case], upload: Upload, watch: Unwatched
) -> list[Case]:
    """The same for the `new` ones alone, of a file whose other cases are in the
    campaign; those of them that are to be stored."""
    ids = set(map(id, new))
    others = [case for case in cases.cases if id(case) not in ids]
    cases.cases = list(new)
    settle(cases, upload.account_id, upload.batch_id, upload.pk, watch)
    stay = cases.cases
    cases.cases = others + stay
    return stay


def _marks(case: Case, account_id: Any, by: str) -> list[Mark]:
    """What a case shares with its duplicates: one of these."""
    if by == "phone":
        return [(keys.phone_key(phone),) for phone in case.phones()]
    person = case.person_key(account_id)
    if by == "person":
        return [(person,)]
    if by == "case":
        return [(person, case.subject_key)]
    operations = (getattr(row.values, "operation", None) for row in case.rows)
    return [(person, operation) for operation in operations if operation]


def _in_file(cases: Cases, account_id: Any, policy: DuplicatePolicy) -> set[int]:
    seen: set[Mark] = set()
    known = set()
    for place, case in enumerate(cases.cases):
        marks = _marks(case, account_id, policy.by)
        if seen & set(marks):
            known.add(place)
        seen.update(marks)
    return known


def _stored(
    cases: Cases,
    account_id: Any,
    where: dict[str, Any] | None,
    policy: DuplicatePolicy,
    watch: Unwatched,
) -> set[int]:
    if where is None:
        return set()
    known = set()
    numbered = (
        (n, _marks(c, account_id, policy.by)) for n, c in enumerate(cases.cases)
    )
    for chunk in _chunks(numbered):
        watch.beat()
        found = _found(where, policy.by, {m for _n, marks in chunk for m in marks})
        known |= {number for number, marks in chunk if found & set(marks)}
    return known


def _where(
    account_id: Any, batch_id: Any | None, policy: DuplicatePolicy
) -> dict[str, Any] | None:
    """Among which jobs; None when there can be none."""
    where: dict[str, Any] = {"account_id": account_id}
    if policy.scope == "batch":
        return where | {"batch_id": batch_id} if batch_id else None
    if policy.scope == "days":
        since = clock.now() - timedelta(days=policy.days)
        return where | {"created_at": {"$gte": since}}
    batches = Batch.objects.filter(
        account_id=account_id, status__in=OPEN_BATCH, rows__gt=0
    )
    ids = list(batches.values_list("pk", flat=True))
    if not ids:
        return None
    return where | {"batch_id": {"$in": ids}, "status": {"$in": UNFINISHED}}


def _found(where: dict[str, Any], by: str, wanted: set[Mark]) -> set[Mark]:
    firsts = {"$in": list({mark[0] for mark in wanted})}
    field, index = (
        ("phone_keys", "job_phones") if by == "phone" else ("person_key", "job_person")
    )
    shown = {"person_key": 1, "creditor_key": 1, "phone_keys": 1, "debts.operation": 1}
    # trying other indexes takes longer than the answer
    jobs = collection(Job).find({field: firsts, **where}, shown, hint=index)
    return {mark for job in jobs for mark in _marks_of_job(job, by)}


def _marks_of_job(job: dict[str, Any], by: str) -> Iterable[Mark]:
    if by == "phone":
        return [(key,) for key in job["phone_keys"]]
    if by == "person":
        return [(job["person_key"],)]
    if by == "case":
        return [(job["person_key"], job["creditor_key"])]
    return [(job["person_key"], debt.get("operation", "")) for debt in job["debts"]]


def leave_out(cases: Cases, known: set[int], code: str) -> None:
    """Make reported rows of the cases at these places."""
    header = cases.columns.get("document", "")
    for place in known:
        case = cases.cases[place]
        for row in case.rows:
            cells = cases.reader.cells_of(row)
            value = case.document.split(":")[-1]
            message = sentence(code, "")
            cases.errors.append(
                RowError(row.number, header[:255], value, code, message, cells)
            )
            cases.warning_count -= len(row.warnings)
            cases.total_amount -= cases.use_case.amount_of(row.values)
    cases.errors.sort(key=lambda error: error.row)
    cases.cases = [c for place, c in enumerate(cases.cases) if place not in known]


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
