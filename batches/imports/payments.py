"""A file of payments: what is paid is called for no more, the rest is said anew.

`preview` changes nothing; `load` stores the payments, once each, and puts in force what
follows from all that are stored. So it can be repeated, and be cut off at any line.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from batches.ending import end_jobs, mark_dirty
from batches.imports import balances, totals
from batches.imports.balances import Contexts, Document, Paid
from batches.imports.listed import chunked
from batches.imports.loading import fingerprint
from batches.imports.normalizers.text import squash
from batches.imports.payment_rows import PaymentRow, read_payments
from batches.imports.rows import RowError
from batches.imports.sniffer import Source
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Account, Batch, Job, Payment
from batches.states import (
    OPEN_BATCH,
    OPEN_JOB,
    BatchStatus,
    JobStatus,
)
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection, insert_missing, unique

# Each takes (ids of jobs of which something was paid) and returns how many promises that
# keeps; higher apps append theirs.
ON_PAYMENTS: list[Callable[[Sequence[Any]], int]] = []
# The same before it is done: (ids, those of them that would be paid, what is new by
# (document key, creditor key)). Nothing is changed.
BEFORE_PAYMENTS: list[
    Callable[[Sequence[Any], set[Any], Mapping[tuple[str, str], Decimal]], int]
] = []
PAID = "paid"
# Campaigns that ended so long ago are not looked through.
LOOK_BACK = timedelta(days=90)
CHUNK = 1000
TRIES = 10


@dataclass
class Effect:
    """What the payments that are known do to one case."""

    job: Document
    values: Document  # its columns
    is_paid: bool
    paid: Decimal

    @property
    def changes(self) -> bool:
        return not all(
            balances.same(self.job.get(name), value)
            for name, value in self.values.items()
        )

    @property
    def matters(self) -> bool:
        """Something is to be written, or a case that is paid is to be ended."""
        return self.changes or (self.is_paid and self.job["status"] in OPEN_JOB)


@dataclass
class Result:
    """What a file of payments does, or did. `rows` are the new ones, those that were
    `known` before, the `missing` of which no case is known, and `errors`."""

    rows: int
    new: int = 0
    known: int = 0
    missing: list[PaymentRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    amount: Decimal = Decimal(0)  # of the new payments
    cancelled: int = 0  # cases that are paid, and waited
    later: int = 0  # that end with the call that is under way
    recalculated: int = 0  # cases that owe less, and may be called
    closed: int = 0  # cases that did not wait
    promises: int = 0  # that are kept by what was paid
    fixed: str = ""  # the same while no other payments come between


def preview(source: Source, account: Account, watch: Unwatched = UNWATCHED) -> Result:
    """What a file would do, to the unit. Raises WorkbookError."""
    result, payments, jobs = _read(source, account, watch)
    paid, said = set(), []
    for place, effect in enumerate(_effects(jobs, account, payments)):
        watch.cases(place, len(jobs))
        said.append(f"{effect.job['_id']} {effect.paid} {effect.is_paid}")
        if effect.is_paid:
            paid.add(effect.job["_id"])
        if effect.matters:
            _count(result, effect)
    new: dict[tuple[str, str], Decimal] = {}
    for payment in payments:
        key = (payment.document_key, payment.creditor_key)
        new[key] = new.get(key, Decimal(0)) + payment.amount
    result.promises = sum(look(jobs, paid, new) for look in BEFORE_PAYMENTS)
    result.fixed = hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()
    return result


def load(
    source: Source, account: Account, *, by: str, watch: Unwatched = UNWATCHED
) -> Result:
    """Store the payments of a file and put in force what follows. Raises WorkbookError."""
    result, payments, jobs = _read(source, account, watch)
    digest, _size = fingerprint(source)
    _store(payments, account, source=digest, by=by, watch=watch)
    put_in_force(jobs, account, by=by, result=result, watch=watch)
    audit.record(
        "payment.load",
        account,
        by=by,
        account_id=account.pk,
        file=digest[:16],
        rows=result.rows,
        new=result.new,
        cancelled=result.cancelled,
        recalculated=result.recalculated,
        promises=result.promises,
        missing=len(result.missing),
        errors=len(result.errors),
    )
    return result


def put_in_force(
    job_ids: Sequence[Any],
    account: Account,
    *,
    by: str,
    result: Result | None = None,
    watch: Unwatched = UNWATCHED,
) -> None:
    """Have these cases owe what the stored payments leave; safe to repeat."""
    result = result or Result(0)
    left, touched = list(job_ids), set()
    for _try in range(TRIES):
        if not left:
            break
        again: list[Any] = []
        for place, chunk in enumerate(chunked(left, CHUNK)):
            watch.writing(place * CHUNK, len(left))
            effects = list(_effects(chunk, account, []))
            # whoever is paid is not called, before anything else
            paid = [e.job["_id"] for e in effects if e.is_paid]
            ended = end_jobs(paid, JobStatus.CANCELLED, code=PAID, by=by)
            result.later += ended.later
            result.cancelled += ended.now
            changed = [effect for effect in effects if effect.changes]
            missed = _write(changed)
            again += missed
            # of those too that one before this, which was killed, has written
            touched |= {effect.job["batch_id"] for effect in effects}
            for effect in changed:
                if effect.job["_id"] not in missed:
                    _count(result, effect, in_force=True)
        left = again
    for batch_id in touched:
        watch.beat()
        totals.restate(batch_id)
    if job_ids:
        mark_dirty(job_ids)
        for act in ON_PAYMENTS:
            result.promises += act(job_ids) or 0


def _count(result: Result, effect: Effect, *, in_force: bool = False) -> None:
    """Of what is in force, the paid cases were counted when they ended."""
    status = effect.job["status"]
    if status not in OPEN_JOB:
        result.closed += 1
    elif not effect.is_paid:
        result.recalculated += 1
    elif not in_force:
        if status == JobStatus.QUEUED:
            result.cancelled += 1
        else:
            result.later += 1


# --- which payment is of which case


def _read(
    source: Source, account: Account, watch: Unwatched
) -> tuple[Result, list[PaymentRow], list[Any]]:
    """The file's payments that are of a case, and the ids of those cases."""
    rows, payments, errors = read_payments(source, account, watch)
    result = Result(rows, errors=errors)
    found = _Cases(payments, account, watch)
    kept: dict[str, PaymentRow] = {}
    jobs: dict[Any, None] = {}
    for payment in payments:
        of_it = found.of(payment)
        creditors = {job["creditor_key"] for job in of_it}
        people = {job["document_key"] for job in of_it}
        if not of_it:
            result.missing.append(payment)
        elif len(creditors) > 1 or len(people) > 1:
            code = "payment_of_several" if len(people) == 1 else "payment_of_others"
            result.errors.append(payment.refused(code))
        else:
            payment.creditor_key, payment.document_key = creditors.pop(), people.pop()
            if payment.slot(account) in kept:
                result.known += 1
            kept.setdefault(payment.slot(account), payment)
            jobs |= dict.fromkeys(job["_id"] for job in of_it)
    known = _stored(kept, watch)
    result.known += len(known)
    new = [payment for slot, payment in kept.items() if slot not in known]
    result.new = len(new)
    result.amount = sum((payment.amount for payment in new), Decimal(0))
    return result, new, list(jobs)


def _stored(slots: Iterable[str], watch: Unwatched) -> set[str]:
    """Those of these slots that have their payment."""
    found: set[str] = set()
    for chunk in chunked(list(slots), CHUNK):
        watch.beat()
        rows = collection(Payment).find({"slot": unique(*chunk)}, {"slot": 1})
        found |= {row["slot"] for row in rows}
    return found


class _Cases:
    """The cases of an account by document and by operation, as payments name them."""

    def __init__(
        self, payments: Sequence[PaymentRow], account: Account, watch: Unwatched
    ) -> None:
        self.batches, self.watch = _batches(account), watch
        self.by_document: dict[str, list[Document]] = {}
        self.by_operation: dict[str, list[Document]] = {}
        documents = {p.document_key for p in payments if p.document_key}
        for job in self._jobs("document_key", documents):
            self.by_document.setdefault(job["document_key"], []).append(job)
        alone = {p.operation for p in payments if not p.document_key}
        for job in self._jobs("debts.operation", alone):
            for operation in _operations(job):
                self.by_operation.setdefault(operation, []).append(job)

    def _jobs(self, column: str, values: Iterable[str]) -> Iterable[Document]:
        for chunk in chunked(sorted(values), CHUNK):
            self.watch.beat()
            yield from collection(Job).find(
                {"batch_id": {"$in": self.batches}, column: {"$in": chunk}},
                {"document_key": 1, "creditor_key": 1, "debts.operation": 1},
            )

    def of(self, payment: PaymentRow) -> list[Document]:
        operation = squash(payment.operation)
        if payment.document_key:
            jobs = self.by_document.get(payment.document_key, [])
            if operation:
                jobs = [job for job in jobs if operation in _operations(job)]
        else:
            jobs = self.by_operation.get(operation, [])
        if payment.creditor_key:
            jobs = [job for job in jobs if job["creditor_key"] == payment.creditor_key]
        return jobs


def _operations(job: Document) -> set[str]:
    return {squash(line.get("operation", "")) for line in job["debts"]} - {""}


def _batches(account: Account) -> list[Any]:
    """The account's campaigns that have cases to be paid."""
    rows = Batch.objects.filter(account=account)
    recent = rows.filter(
        status__in=[BatchStatus.COMPLETED, BatchStatus.EXPIRED],
        completed_at__gte=clock.now() - LOOK_BACK,
    )
    found = [*rows.filter(status__in=OPEN_BATCH), *recent]
    return [
        row.pk
        for row in found
        if balances.has_balances(balances.use_cases.get(row.use_case))
    ]


# --- what follows for the cases


def _effects(
    job_ids: Sequence[Any], account: Account, new: Sequence[PaymentRow]
) -> Iterable[Effect]:
    """What the stored payments, and `new` ones that are not, do to each case."""
    for chunk in chunked(list(job_ids), CHUNK):
        jobs = list(
            collection(Job).find(
                {"_id": {"$in": chunk}},
                {**balances.JOB_FIELDS, "coupons": 1, "variables": 1}
                | {"limit_date": 1, "max_date": 1},
            )
        )
        contexts, stored = Contexts(jobs, account), _payments_of(jobs, account, new)
        for job in jobs:
            use_case, context = contexts.of(job)
            lines = balances.lines_of(job, use_case)
            balances.take_off(lines, _those_of(job, stored))
            values = balances.restated(lines, use_case, context)
            if values:
                chosen = contexts.chosen(job)
                balances.keep_chosen(values, job["variables"], chosen)
            yield Effect(
                job,
                values or balances.paid_off(lines),
                is_paid=values is None,
                paid=sum((line.paid for line in lines), Decimal(0)),
            )


Stored = Mapping[str, list[Document]]


def _payments_of(
    jobs: Sequence[Document], account: Account, new: Sequence[PaymentRow]
) -> Stored:
    """The payments that may be of these jobs, by document and by operation."""
    documents = {job["document_key"] for job in jobs} - {""}
    operations = {
        line["operation"]
        for job in jobs
        for line in job["debts"]
        if "operation" in line
    }
    rows = list(
        collection(Payment)
        .find(
            {
                "account_id": account.pk,
                "$or": [
                    {"document_key": {"$in": sorted(documents)}},
                    {"operation": {"$in": sorted(operations)}, "document_key": ""},
                ],
            }
        )
        .sort("_id", 1)
    )
    now = clock.now()
    rows += [payment.as_document(account, loaded_at=now) for payment in new]
    found: dict[str, list[Document]] = {}
    for row in rows:
        key = row["document_key"] or squash(row["operation"])
        found.setdefault(key, []).append(row)
    return found


def _those_of(job: Document, stored: Stored) -> Iterable[Paid]:
    """The payments of a job, whenever they were loaded."""
    for key in (job["document_key"], *sorted(_operations(job))):
        for row in stored.get(key, ()) if key else ():
            operation = squash(row["operation"])
            if row["creditor_key"] == job["creditor_key"] and (
                not operation or operation in _operations(job)
            ):
                amount = row["amount"].to_decimal()
                yield Paid(amount, row["loaded_at"], operation)


# --- writing


def _store(
    payments: Sequence[PaymentRow],
    account: Account,
    *,
    source: str,
    by: str,
    watch: Unwatched,
) -> None:
    """Insert the payments; one that is stored already stays as it is."""
    now = clock.now()
    for chunk in chunked(list(payments), CHUNK):
        watch.beat()
        rows = [
            payment.as_document(account, loaded_at=now)
            | {"_id": ObjectId(), "source": source[:64], "loaded_by": by}
            for payment in chunk
        ]
        insert_missing(collection(Payment), rows)


def _write(effects: Sequence[Effect]) -> set[Any]:
    """Write what changed of each case, unless its debts changed meanwhile; the ids of
    those that have to be looked at again."""
    if not effects:
        return set()
    as_seen = ("_id", "debts", "balance_at")
    totals.change_some(
        [
            (
                UpdateOne(
                    {name: effect.job[name] for name in as_seen},
                    {"$set": effect.values},
                ),
                effect.job["batch_id"],
            )
            for effect in effects
        ]
    )
    stored = {
        row["_id"]: row["debts"]
        for row in collection(Job).find(
            {"_id": {"$in": [effect.job["_id"] for effect in effects]}}, {"debts": 1}
        )
    }
    return {
        effect.job["_id"]
        for effect in effects
        if stored.get(effect.job["_id"]) != effect.values["debts"]
    }
