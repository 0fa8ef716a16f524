"""Calling stopped by a person: everything, an account, or the cases of a region.

A halt is a row. The gate reads it in the transaction of each dial, and `halt` closes
the fence that every dial enters, so that when it returns no call can be sent any more
but those that were `sending` already. Cases of a region are put aside, so that the others have
their turn, and put back when the halt is lifted; the clock process does both.
"""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError

from batches.imports.normalizers.places import is_at, spellings
from batches.models import Account, Batch, Job
from batches.states import BatchStatus, JobStatus
from calls import hangups
from calls.models import Halt
from speechai_site.runtime import audit, clock, fences
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

Document = dict[str, Any]
# Business time after which a case of a halted region is looked at again.
ASIDE = timedelta(hours=1)
PLACE_CODES = ("place_halted", "place_unknown_halted")
# Cases that one step puts aside or back.
ROUND = 5000
ACTIVE = {"returned": False, "lifted_at": None}


def active() -> list[Document]:
    """The halts that hold now; in a transaction, those of its snapshot."""
    return list(collection(Halt).find(ACTIVE, session=session()))


def stops_account(halts: list[Document], account_id: Any) -> bool:
    """Whether nobody of this account may be called, wherever they are."""
    return any(not halt["place"] and _covers(halt, account_id) for halt in halts)


def code_for(halts: list[Document], job: Document) -> str:
    """Why a job (`account_id`, `places`) may not be called; empty when it may."""
    halts = [halt for halt in halts if _covers(halt, job["account_id"])]
    if any(not halt["place"] for halt in halts):
        return "calls_halted"
    places = job.get("places") or []
    if any(is_at(halt["place"], places) for halt in halts):
        return "place_halted"
    if not places and any(halt["unknown_too"] for halt in halts):
        return "place_unknown_halted"
    return ""


def halt(
    *,
    by: str,
    account: Account | None = None,
    place: str = "",
    unknown_too: bool = True,
    hang_up: bool = False,
    reason: str = "",
) -> Halt:
    """Stop calling at once, until `lift`. Repeatable: a second one widens the first.

    `place`: as `batches.imports.normalizers.places.place` gives it. `hang_up`: what is live is hung up too.
    """
    account_id = account.pk if account else None
    key = f"{account_id or '*'}|{place}"
    values = {"unknown_too": unknown_too, "hang_up": hang_up}
    try:
        row = Halt.objects.create(
            key=key, account=account, place=place, by=by, reason=reason, **values
        )
    except IntegrityError:
        wider = {name: True for name, wanted in values.items() if wanted}
        if wider:
            Halt.objects.filter(key=key).update(**wider)
        row = Halt.objects.filter(key=key).first()
        if row is None:  # it was lifted this moment
            return halt(by=by, account=account, place=place, reason=reason, **values)
    fences.close()
    audit.record(
        "calls.halt",
        row,
        by=by,
        reason=reason,
        account_id=account_id or "",
        place=place,
        hang_up=hang_up,
    )
    if hang_up:
        hangups.at_once()
    return row


def lift(row: Halt, *, by: str) -> bool:
    """Call again. False when it was lifted before.

    The calls that it wanted hung up are hung up all the same.
    """
    held = collection(Halt).find_one({"_id": row.pk, "lifted_at": None})
    if held and held["hang_up"]:
        hangups.remember(held)
    return in_transaction(lambda: _lift(row, by))


def _lift(row: Halt, by: str) -> bool:
    """Lifted and on record, or neither."""
    lifted = Halt.objects.filter(pk=row.pk, lifted_at__isnull=True).update(
        key=None,
        lifted_at=clock.now(),
        lifted_by=by,
        returned=not row.place,
    )
    if lifted:
        audit.record(
            "calls.lift",
            row,
            by=by,
            account_id=row.account_id or "",
            place=row.place,
        )
    return bool(lifted)


def tend() -> None:
    """Put the cases of halted regions aside, and those of lifted ones back."""
    for row in collection(Halt).find({"returned": False, "place": {"$ne": ""}}):
        if row["lifted_at"] is None:
            _put_aside(row)
        elif _put_back(row) < ROUND:
            collection(Halt).update_one(
                {"_id": row["_id"]}, {"$set": {"returned": True}}
            )


def _put_aside(row: Document) -> int:
    now = clock.now()
    due = {"next_attempt_at": {"$lte": now}}
    moved = _move_cases(
        row,
        {"places": {"$in": list(spellings(row["place"]))}, **due},
        next_attempt_at=now + ASIDE,
        status_reason="place_halted",
    )
    if row["unknown_too"]:
        moved += _move_cases(
            row,
            {"places": {"$in": [[], None]}, **due},
            next_attempt_at=now + ASIDE,
            status_reason="place_unknown_halted",
        )
    return moved


def _put_back(row: Document) -> int:
    return _move_cases(
        row,
        {
            "places": {"$in": [*spellings(row["place"]), [], None]},
            "status_reason": {"$in": PLACE_CODES},
        },
        next_attempt_at=clock.now(),
        status_reason="",
    )


def _move_cases(row: Document, which: Document, **values: Any) -> int:
    """Change waiting cases that a halt covers, ROUND at most; how many."""
    scope = {} if row["account_id"] is None else {"account_id": row["account_id"]}
    open_batches = collection(Batch).find(
        {**scope, "status": {"$in": [BatchStatus.RUNNING, BatchStatus.PAUSED]}},
        {"_id": 1},
    )
    where = {
        "batch_id": {"$in": [batch["_id"] for batch in open_batches]},
        "status": JobStatus.QUEUED,
        **which,
    }
    ids = [job["_id"] for job in collection(Job).find(where, {"_id": 1}).limit(ROUND)]
    if ids:
        collection(Job).update_many({**where, "_id": {"$in": ids}}, {"$set": values})
    return len(ids)


def _covers(halt: Document, account_id: Any) -> bool:
    return halt["account_id"] in (None, account_id)
