"""A corrected file against the cases of its campaign: what is new, what changes.

Cases are the same person and creditor; of a case, debts are the same operation. What a
file says as it said before is no change: a payment that was taken off stays so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import UpdateOne

from batches.imports import balances
from batches.imports.balances import Contexts, Document, Line
from batches.imports.cases import Case, Cases
from batches.imports.documents import NO_PHONE, JobDocuments
from batches.imports.listed import chunked
from batches.imports.undo import without_effect
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Job, Upload
from batches.states import OPEN_JOB, JobStatus
from speechai_site.runtime import clock, keys
from speechai_site.runtime.documents import collection

CHUNK = 1000
CHANGEABLE = (*OPEN_JOB, JobStatus.REVIEW)
LEFT = "left"  # the state of a phone that is no longer in the file
_ABOUT = (
    *("creditor", "amount", "coupons", "limit_date", "max_date", "debts"),
    "variables",
)
_OWN = ("name", "extra", "warnings", "phones", "phone_keys", "name_keys", "places")
# What of a case grows with the rows that join it, and what its first row decides.
_GROWING = ("warnings", "source_rows")
_FIRST = ("name", "name_keys", "extra", "places")
_TELLING = ("amount", "due_date", "days_late", "installment")
_READ = balances.JOB_FIELDS | dict.fromkeys(
    (*_ABOUT, *_OWN, "person_key", "source_rows"), 1
)


@dataclass
class Change:
    """What a case becomes: `values` are its columns. No values: it stays as it is."""

    job: Document
    values: Document

    @property
    def of_amount(self) -> bool:
        new = self.values.get("amount")
        return new is not None and not balances.same(self.job["amount"], new)

    @property
    def was_called(self) -> bool:
        return _was_called(self.job)

    def update(self) -> UpdateOne:
        """Its write: not if the case's debts or phones have changed meanwhile, nor if
        it has ended since."""
        as_compared = {name: self.job[name] for name in ("_id", "debts", "phones")}
        before = self.job["status"]
        able = list(CHANGEABLE) if before in CHANGEABLE else [before]
        return UpdateOne(
            {**as_compared, "status": {"$in": able}}, {"$set": self.values}
        )


@dataclass
class Comparison:
    """Each case of the file is `new`, `changed`, `same` or `closed` (it had ended);
    `leaving` are cases that wait and are not in the file: id: called already."""

    new: list[Case] = field(default_factory=list)
    changed: list[tuple[Case, Change]] = field(default_factory=list)
    same: int = 0
    closed: int = 0
    left_out: int = 0  # that would be new, but for the policy of duplicates
    leaving: dict[Any, bool] = field(default_factory=dict)


class Comparer:
    """Compares the cases of a file with the jobs of the campaign of `upload`.

    `keep`: debts that the file does not name stay with their case. `joins`: the file
    holds more of the same cases, so nothing of them goes.
    """

    def __init__(
        self, cases: Cases, upload: Upload, *, keep: bool, joins: bool = False
    ) -> None:
        self.cases, self.upload, self.keep, self.joins = cases, upload, keep, joins
        self.documents = JobDocuments(cases, upload)
        now = clock.now()  # in milliseconds, as the database keeps it
        self.passed_over = [upload.pk, *without_effect(upload.batch_id)]
        self.moment = now.replace(microsecond=now.microsecond // 1000 * 1000)

    def all(self, watch: Unwatched = UNWATCHED) -> Comparison:
        """The whole file against the whole campaign."""
        found, seen = Comparison(), set()
        for place, chunk in enumerate(chunked(self.cases.cases, CHUNK)):
            watch.cases(place * CHUNK, len(self.cases.cases))
            jobs = self.jobs_of(chunk)
            contexts = Contexts([j for of in jobs.values() for j in of], self.account)
            for case in chunk:
                mine = jobs.get(self._key(case), [])
                seen.update(job["_id"] for job in mine)
                self._sort(case, mine, found, contexts)
        found.leaving = {
            job["_id"]: _was_called(job)
            for job in collection(Job).find(
                {
                    "batch_id": self.upload.batch_id,
                    "status": {"$in": list(OPEN_JOB)},
                    "upload_id": {"$nin": self.passed_over},
                },
                {"attempts": 1, "status": 1},
            )
            if job["_id"] not in seen
        }
        return found

    @property
    def account(self) -> Any:
        return self.upload.account

    def _key(self, case: Case) -> tuple[str, str]:
        return case.person_key(self.account.pk), case.subject_key

    def jobs_of(
        self, cases: Iterable[Case]
    ) -> Mapping[tuple[str, str], list[Document]]:
        """The jobs that the campaign has of these cases."""
        wanted = {self._key(case) for case in cases}
        found: dict[tuple[str, str], list[Document]] = {}
        for job in collection(Job).find(
            {
                "person_key": {"$in": [person for person, _creditor in wanted]},
                "account_id": self.account.pk,
                "batch_id": self.upload.batch_id,
                # those of the file itself may be stored already
                "upload_id": {"$nin": self.passed_over},
            },
            _READ | {"status_reason": 1},
            hint="job_person",
        ):
            key = (job["person_key"], job["creditor_key"])
            found.setdefault(key, []).append(job)
        return found

    def _sort(
        self, case: Case, jobs: list[Document], found: Comparison, contexts: Contexts
    ) -> None:
        able = [job for job in jobs if job["status"] in CHANGEABLE]
        able = able[:1] if self.joins else able
        if not able:
            if self.is_new(case, jobs):
                found.new.append(case)
            else:
                found.closed += 1
            return
        changes = [self.change(case, job, contexts) for job in able]
        changed = [change for change in changes if change.values]
        found.changed += [(case, change) for change in changed]
        found.same += not changed

    @staticmethod
    def is_new(case: Case, jobs: Iterable[Document]) -> bool:
        """Whether it becomes a case of its own beside these: none was there, or none
        that could be called, as this one can."""
        return all(_lacked_phone(job) and case.has_phone for job in jobs)

    def change(self, case: Case, job: Document, contexts: Contexts) -> Change:
        """What a case of the file makes of a job."""
        said = self.document(case)
        use_case, context = contexts.of(job)
        about: Document = {}
        if balances.has_balances(use_case):
            lines = self._merged(case, job, said, use_case)
            about = balances.restated(lines, use_case, context)
            if about is None:
                return Change(job, {})  # its debts are paid, as they were
            about["creditor"] = said["creditor"]
            chosen = self.cases.answers.chosen_variables
            balances.keep_chosen(about, said["variables"], chosen)
            balances.keep_chosen(about, job["variables"], contexts.chosen(job))
        elif not self.joins:
            about = {name: said[name] for name in _ABOUT}
        phones = _merged_phones(job["phones"], said["phones"], keep=self.joins)
        values = about | {
            "name": said["name"] or job["name"],
            "name_keys": said["name_keys"] or job["name_keys"],
            "extra": said["extra"],
            "warnings": said["warnings"],
            "places": said["places"] or job["places"],
            "phones": phones,
            "phone_keys": [keys.phone_key(phone["e164"]) for phone in phones],
        }
        if self.joins:
            values |= {name: job[name] + said[name] for name in _GROWING}
            values |= {name: job[name] or said[name] for name in _FIRST}
        return Change(job, values if _differs(job, values) else {})

    def document(self, case: Case, rank: int = 0) -> Document:
        """The job that a case of the file would be."""
        return self.documents.of(case, rank)

    def _merged(
        self, case: Case, job: Document, said: Document, use_case: Any
    ) -> list[Line]:
        """The debts of the file, and of the others those that stay."""
        moment = self.moment
        old = balances.lines_of(job, use_case)
        for line in old:
            line.paid = balances.paid_of(line.before)
        new = [
            Line(row, moment, before={**debt, "since": moment.isoformat()})
            for row, debt in zip(case.rows, said["debts"], strict=True)
        ]
        if self.joins:
            return self._joined(case, job, old, new)
        known = _by_operation(old)
        named = _by_operation(new)
        for key, line in named.items():
            before = known.get(key)
            if before is not None and before.loaded == line.loaded:
                line.paid, line.since = before.paid, before.since
                line.before.pop("since")
                if "since" in before.before:
                    line.before["since"] = before.before["since"]
        if not known or not named:
            if not _differs_in_debts(old, new):
                return _as_before(old, new)
            return new
        rest = [line for key, line in known.items() if key not in named]
        return new + [line for line in rest if self.keep or line.left == 0]

    def _joined(
        self, case: Case, job: Document, old: list[Line], new: list[Line]
    ) -> list[Line]:
        """All debts of both; one that stands in both counts once, as the file has it."""
        lines = list(old)
        for line, row in zip(new, case.rows, strict=True):
            other = self.cases.reader.other_columns(row)
            extra = [pair for pair in other if pair[1] and pair not in job["extra"]]
            line.before = {**line.before, "extra": extra} if extra else line.before
            key = _debt(line)
            places = [n for n, one in enumerate(lines) if _debt(one) == key]
            if not places:
                lines.append(line)
            elif lines[places[0]].loaded != line.loaded:
                lines[places[0]] = line
        return lines


def _debt(line: Line) -> tuple[Any, ...]:
    """What tells a debt from others: its operation, or else all that is said of it."""
    part = str(getattr(line.row.values, "installment", None) or "")
    if line.operation:
        return line.operation, part
    return tuple(getattr(line.row.values, name, None) for name in _TELLING)


def _by_operation(lines: list[Line]) -> dict[tuple[str, str], Line]:
    """The lines by operation and installment; none when those don't tell them apart."""
    found = {
        (line.operation, str(getattr(line.row.values, "installment", None) or "")): line
        for line in lines
    }
    if len(found) < len(lines) or any(not operation for operation, _part in found):
        return {}
    return found


def _differs_in_debts(old: list[Line], new: list[Line]) -> bool:
    return [line.loaded for line in old] != [line.loaded for line in new]


def _as_before(old: list[Line], new: list[Line]) -> list[Line]:
    """Debts without operations, with the same amounts: what was paid stays paid."""
    for before, line in zip(old, new, strict=True):
        line.paid, line.since = before.paid, before.since
        line.before.pop("since")
        if "since" in before.before:
            line.before["since"] = before.before["since"]
    return new


def _merged_phones(
    old: list[Document], new: list[Document], *, keep: bool
) -> list[Document]:
    """The phones in their places, since a call knows them by place; further ones
    behind them. A file without phones changes none; `keep`: none leaves."""
    if not new:
        return old
    said = {phone["e164"]: phone for phone in new}
    merged = []
    for phone in old:
        state = phone.get("state", "ok")
        if phone["e164"] not in said and state == "ok" and not keep:
            state = LEFT
        elif phone["e164"] in said and state == LEFT:
            state = "ok"
        merged.append({**phone, "state": state})
    have = {phone["e164"] for phone in old}
    return merged + [phone for e164, phone in said.items() if e164 not in have]


def _differs(job: Document, values: Document) -> bool:
    """Whether anything changes but the numbers of rows in the file."""
    for name, value in values.items():
        old = job.get(name)
        if name == "debts":
            if [_plain(line) for line in old] != [_plain(line) for line in value]:
                return True
        elif name in _GROWING:
            continue  # they name rows of the file; they change with the others
        elif not balances.same(old, value):
            return True
    return False


def _plain(line: Document) -> Document:
    return {k: v for k, v in line.items() if k not in ("row", "since")}


def _was_called(job: Document) -> bool:
    return bool(job["attempts"]) or job["status"] == JobStatus.CALLING


def _lacked_phone(job: Document) -> bool:
    return job["status"] == JobStatus.DENIED and job["status_reason"] == NO_PHONE
