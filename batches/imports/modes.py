"""What a file or a list does to campaigns that exist: looked at first, then done.

The pages and the command come through `look` and `do`. What was looked at is done only
while `Look.still_holds`: calls go on meanwhile, other people's acts must not.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from batches.imports import duplicates, listed, payments, updates, withdraw
from batches.imports.listed import Entry
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Account, Batch, Payment, Upload
from batches.states import OPEN_BATCH

WITHDRAW, PAYMENTS, UPDATE, ADD = "withdraw", "payments", "update", "add"
MODES = (WITHDRAW, PAYMENTS, UPDATE, ADD)
SHOWN = 50  # entries and rows of each kind


@dataclass
class Wanted:
    """What somebody wants done. `batch` may be None for a list or payments: then all
    open campaigns of the account are meant, as always for payments.

    `pasted`: the content is text that somebody typed. `absent`: see updates.py. `watch`
    may stop it; `owner`: who does it, the same when it is repeated after a kill.
    """

    mode: str
    account: Account
    batch: Batch | None
    content: bytes
    file_name: str = ""
    pasted: bool = False
    reason: str = ""
    absent: str = updates.KEEP
    answers: Answers = NO_ANSWERS
    watch: Unwatched = UNWATCHED
    owner: str = ""


@dataclass
class Look:
    """What it would do, or did. `figures` count by name, `errors` are rows that are not
    read; `missing` and `ambiguous` entries as they were written: persons' data."""

    figures: dict[str, int | Decimal]
    acts: bool  # whether anything would change
    fixed: str = ""
    falling: tuple[str, ...] = ()
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    upload: Upload | None = None

    def kept(self) -> dict[str, Any]:
        """All of it but the upload, as MongoDB can keep it."""
        figures = [
            [name, str(value) if isinstance(value, Decimal) else value]
            for name, value in self.figures.items()
        ]
        questions = [asdict(question) for question in self.questions]
        told = {name: value for name, value in vars(self).items() if name != "upload"}
        return told | {"figures": figures, "questions": questions}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Look":
        """What `kept` gave."""
        figures = {
            name: Decimal(value) if isinstance(value, str) else value
            for name, value in kept["figures"]
        }
        questions = [Question(**question) for question in kept["questions"]]
        return cls(**kept | {"figures": figures, "questions": questions})

    def still_holds(self, before: "Look") -> bool:
        """Whether this is what was looked at, but for calls that were made meanwhile:
        they only make fewer what `falling` counts."""
        return self.fixed == before.fixed and all(
            self.figures[name] <= before.figures[name] for name in self.falling
        )


def look(wanted: Wanted) -> Look:
    """What it would do, to the unit; nothing is changed. Raises WorkbookError."""
    return _LOOKS[wanted.mode](wanted)


def do(wanted: Wanted, *, by: str, begun: Look | None = None) -> Look:
    """Do it; the figures of what was done. Raises WorkbookError.

    It may be cut off at any line, and is then repeated; `begun` is what was looked at
    right before it was done for the first time.
    """
    return _ACTS[wanted.mode](wanted, by, begun)


def end(wanted: Wanted, upload_id: Any) -> None:
    """What follows an update that counts already; safe to repeat."""
    updates.follow(Upload.objects.get(pk=upload_id), wanted.watch)


def _digest(*parts: Any) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


# --- a list of people who are called no more


def _entries(wanted: Wanted) -> list[Entry]:
    country = wanted.account.country
    if wanted.pasted:
        entries = listed.read_pasted(wanted.content.decode(), country)
    else:
        entries = listed.read_file(wanted.content, country, wanted.watch)
    if not entries:
        raise WorkbookError("list_empty")
    return entries


def _look_withdraw(wanted: Wanted) -> Look:
    scope = withdraw.scope_of(wanted.account, wanted.batch)
    return _found(withdraw.find(_entries(wanted), scope, wanted.watch))


def _found(found: withdraw.Found) -> Look:
    figures: dict[str, int | Decimal] = {
        "entries": found.entries,
        "matched": found.matched,
        "missing": len(found.missing),
        "ambiguous": len(found.ambiguous),
        "repeated": found.repeated,
        "waiting": found.waiting,
        "waiting_called": found.called,
        "under_way": found.under_way,
        "ended_before": found.closed,
    }
    known = [figures[name] for name in ("entries", "matched", "missing", "ambiguous")]
    return Look(
        figures,
        acts=bool(found.waiting or found.under_way),
        fixed=_digest(*known, *sorted(map(str, found.jobs))),
        missing=[entry.text for entry in found.missing[:SHOWN]],
        ambiguous=[entry.text for entry in found.ambiguous[:SHOWN]],
    )


def _withdraw(wanted: Wanted, by: str, begun: Look | None) -> Look:
    found, ended = withdraw.withdraw(
        _entries(wanted),
        wanted.account,
        wanted.batch,
        by=by,
        reason=wanted.reason,
        watch=wanted.watch,
    )
    if begun:
        return begun
    done = _found(found)
    done.figures |= {"waiting": ended.now, "under_way": ended.later}
    return done


# --- payments


def _look_payments(wanted: Wanted) -> Look:
    return _paid(payments.preview(wanted.content, wanted.account, wanted.watch))


def _paid(result: payments.Result) -> Look:
    figures: dict[str, int | Decimal] = {
        "rows": result.rows,
        "new_payments": result.new,
        "amount_paid": result.amount,
        "known_payments": result.known,
        "unknown_payments": len(result.missing),
        "errors": len(result.errors),
        "cancelled": result.cancelled,
        "cancelled_later": result.later,
        "recalculated": result.recalculated,
        "closed_restated": result.closed,
        "promises": result.promises,
    }
    known = [figures[name] for name in ("rows", "new_payments", "amount_paid")]
    missing = [payment.refused("payment_unknown") for payment in result.missing]
    return Look(
        figures,
        acts=bool(result.new or result.cancelled or result.recalculated),
        fixed=_digest(result.fixed, *known),
        errors=_rows([*result.errors, *missing]),
    )


def _pay(wanted: Wanted, by: str, begun: Look | None) -> Look:
    result = payments.load(wanted.content, wanted.account, by=by, watch=wanted.watch)
    return begun or _paid(result)


# --- a file for a campaign


def _look_update(wanted: Wanted) -> Look:
    batch = _batch(wanted)
    changes = updates.preview(
        wanted.content,
        batch,
        mode=wanted.mode,
        absent=wanted.absent if wanted.mode == UPDATE else updates.KEEP,
        answers=wanted.answers,
        watch=wanted.watch,
    )
    return _changed(wanted, changes)


def _changed(wanted: Wanted, changes: updates.Changes) -> Look:
    counts = changes.counts()
    figures: dict[str, int | Decimal] = {
        "rows": changes.rows,
        "cases": changes.cases,
        "new_cases": changes.new,
        "amount_in_file": changes.total_amount,
    }
    there = changes.changed + changes.same + changes.closed
    policy = wanted.answers.duplicates
    figures["left_out" if policy.act == "skip" else "duplicates"] = changes.duplicates
    if wanted.mode == ADD:
        joined = changes.changed if changes.joins else 0
        figures |= {"joined": joined, "there_already": there - joined}
        figures |= {"errors": len(changes.errors)}
        figures["without_phone"] = changes.without_phone
        acts, falling = bool(changes.new or joined), ()
    else:
        names = ("changed", "amounts", "called", "same", "closed")
        figures |= {name: counts[name] for name in names}
        figures |= {
            "leaving": changes.leaving,
            "leaving_called": changes.leaving_called,
        }
        figures |= {"errors": len(changes.errors)}
        figures["without_phone"] = changes.without_phone
        leaves = wanted.absent == updates.WITHDRAW and changes.leaving
        acts = bool(changes.new or changes.changed or leaves)
        falling = ("changed", "amounts", "leaving")
    return Look(
        figures,
        acts=acts,
        fixed=_digest(
            *(figures[name] for name in ("rows", "cases")),
            # which of these are duplicates changes with each call of other campaigns
            changes.new + changes.left_out,
            sum(error.code not in duplicates.CODES for error in changes.errors),
            there,
            _last_acts(_batch(wanted)),
        ),
        falling=falling,
        errors=_rows(changes.errors),
        questions=changes.questions,
    )


def _last_acts(batch: Batch) -> str:
    """The same as long as nobody loads another file of this campaign or payments."""
    upload = Upload.objects.filter(batch=batch).order_by("-pk").first()
    payment = Payment.objects.filter(account=batch.account_id).order_by("-pk").first()
    return f"{upload and upload.pk} {payment and payment.pk}"


def _update(wanted: Wanted, by: str, begun: Look | None) -> Look:
    done = updates.apply(
        wanted.content,
        _batch(wanted),
        by=by,
        mode=wanted.mode,
        absent=wanted.absent if wanted.mode == UPDATE else updates.KEEP,
        file_name=wanted.file_name,
        answers=wanted.answers,
        watch=wanted.watch,
        owner=wanted.owner,
        begun=begun.figures if begun else {},
    )
    found = _changed(wanted, done.changes)
    found.upload = done.upload
    return found


def _batch(wanted: Wanted) -> Batch:
    if wanted.batch is None or wanted.batch.status not in OPEN_BATCH:
        raise WorkbookError("batch_ended")
    return wanted.batch


def _rows(errors: Sequence[Any]) -> list[dict[str, Any]]:
    shown = [asdict(error) for error in errors[:SHOWN]]
    for error in shown:
        error.pop("cells")
    return shown


_LOOKS: dict[str, Callable[[Wanted], Look]] = {
    WITHDRAW: _look_withdraw,
    PAYMENTS: _look_payments,
    UPDATE: _look_update,
    ADD: _look_update,
}
_ACTS: dict[str, Callable[[Wanted, str, Look | None], Look]] = {
    WITHDRAW: _withdraw,
    PAYMENTS: _pay,
    UPDATE: _update,
    ADD: _update,
}
