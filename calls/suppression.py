"""Putting people on the do-not-call list, what that ends at once, and withdrawing.

The one writer of `DoNotCall`, but for loads of registries (`calls/registries.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from batches.models import Job
from batches.states import JOB, JobStatus
from calls import blocks, counters
from calls.block_reasons import OPTED_OUT, PROVIDER, REASONS, WRONG_PAIR
from calls.models import Call, DoNotCall
from calls.models.suppression import slot_of
from calls.states import CALL, CallStatus
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection, unique, upsert
from speechai_site.runtime.transactions import in_transaction, session

Document = dict[str, Any]
Kind = DoNotCall.Kind
# Entries that are written, and whose cases are looked for, at once.
CHUNK = 500


@dataclass(frozen=True)
class Entry:
    """One entry to add. `account_id` None: for everybody. `expires_at` None: never."""

    kind: str
    key: str
    account_id: Any
    reason: str
    source: str
    masked: str = ""
    phone_key: str = ""
    creditor: str = ""
    creditor_key: str = ""
    expires_at: datetime | None = None

    @property
    def slot(self) -> str:
        return slot_of(
            self.kind,
            self.key,
            phone_key=self.phone_key,
            account_id=self.account_id,
            creditor_key=self.creditor_key,
            reason=self.reason,
        )


@dataclass(frozen=True)
class Done:
    """What adding entries did: new entries, and cases that ended."""

    added: int = 0
    ended: int = 0


def suppress(kind: str, key: str, **values: Any) -> int:
    """Add one entry (fields of Entry), once however often asked, and deny what waits
    for it. Returns how many cases ended."""
    return suppress_all([Entry(kind, key, **values)]).ended


def suppress_all(entries: Sequence[Entry]) -> Done:
    """Add entries, once however often asked, and end what waits for them.

    Of an entry that exists the longer expiry holds. Waiting cases that can be called
    no more are denied, with their planned calls; live calls go on, and their cases
    are denied when those end. What is dialed this moment is the gate's affair.
    """
    added = ended = 0
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        added += _write(chunk)
        ended += _end_waiting(chunk)
    return Done(added, ended)


def add(entries: Sequence[Entry], *, by: str) -> Done:
    """`suppress_all` as the act of a person, key or command: it is recorded."""
    done = suppress_all(entries)
    if entries:
        slot = {"slot": unique(entries[0].slot)}
        found = collection(DoNotCall).find_one(slot, {"_id": 1})
        first = DoNotCall.objects.get(pk=found["_id"])
        audit.record("donotcall.add", first, by=by, rows=done.added, jobs=done.ended)
    return done


def withdraw(entry: DoNotCall, *, by: str, reason: str) -> bool:
    """The entry holds no more. What it has ended stays so. False: it was withdrawn
    before. Who may is the caller's question (`may_withdraw`)."""
    changed = collection(DoNotCall).update_one(
        {"_id": entry.pk, "withdrawn_at": None},
        {
            "$set": {
                "withdrawn_at": clock.now(),
                "withdrawn_by": by,
                "slot": str(entry.pk),  # its place is free for a new entry
            }
        },
    )
    if changed.modified_count:
        audit.record("donotcall.withdraw", entry, by=by, reason=reason)
    return bool(changed.modified_count)


def may_withdraw(entry: DoNotCall, *, administrator: bool) -> bool:
    """What the person asked for is withdrawn by administrators alone; a registry's
    entry by nobody."""
    if entry.registry or entry.withdrawn_at:
        return False
    known = REASONS.get(entry.reason)
    return administrator or (known is not None and not known.asked)


# --- what a call brings


def after_call(call: Document, who: str, code: str) -> list[Entry]:
    """What the called person asked for in a call, for `suppress_all`.

    `who` is "phone" (a stranger speaks for the phone alone), or "person": then the
    person and the phone that was dialed. `code`: of the step (calls/steps.py).
    """
    values = {
        "account_id": call["account_id"],
        "reason": code if code in REASONS and code != WRONG_PAIR else OPTED_OUT,
        "source": f"call:{call['_id']}",
        "masked": _masked(call),
    }
    entries = [Entry(Kind.PHONE, call["to_key"], **values)]
    if who == "person":
        entries.append(Entry(Kind.PERSON, call["person_key"], **values))
    return entries


def wrong_pair(call: Document) -> Entry:
    """The phone that was dialed is not this person's, in any later upload either."""
    return Entry(
        Kind.PAIR,
        call["person_key"],
        phone_key=call["to_key"],
        account_id=call["account_id"],
        reason=WRONG_PAIR,
        source=f"call:{call['_id']}",
        masked=_masked(call),
    )


def refused_by_retell(call: Document) -> Entry:
    """Retell's own list is the whole workspace's, so this is everybody's entry."""
    return Entry(
        Kind.PHONE,
        call["to_key"],
        account_id=None,
        reason=PROVIDER,
        source=f"call:{call['_id']}",
        masked=_masked(call),
    )


def _masked(call: Document) -> str:
    return f"…{call['to_number'][-3:]}"


# --- writing


def _write(entries: Iterable[Entry]) -> int:
    """Upserts by slot; how many are new."""
    now = clock.now()
    changes = [change for entry in entries for change in _changes(entry, now)]
    return upsert(collection(DoNotCall), changes)


def _changes(entry: Entry, now: datetime) -> Iterator[UpdateOne]:
    """The entry if it is missing; a longer expiry if it has a shorter one."""
    made = {
        "kind": str(entry.kind),
        "key": entry.key,
        "phone_key": entry.phone_key,
        "masked": entry.masked,
        "account_id": entry.account_id,
        "creditor": entry.creditor,
        "creditor_key": entry.creditor_key,
        "reason": entry.reason,
        "source": entry.source,
        "registry": "",
        "expires_at": entry.expires_at,
        "created_at": now,
        "withdrawn_at": None,
        "withdrawn_by": "",
    }
    yield UpdateOne({"slot": unique(entry.slot)}, {"$setOnInsert": made}, upsert=True)
    shorter: Document = {"$ne": None}
    if entry.expires_at is not None:
        shorter["$lt"] = entry.expires_at
    yield UpdateOne(
        {"slot": unique(entry.slot), "expires_at": shorter},
        {"$set": {"expires_at": entry.expires_at, "source": entry.source}},
    )


# --- what ends at once


def _end_waiting(entries: Sequence[Entry]) -> int:
    """Deny the open cases of these people and phones that can be called no more."""
    phones = [entry.key for entry in entries if entry.kind == Kind.PHONE]
    people = [entry.key for entry in entries if entry.kind != Kind.PHONE]
    where = [
        {name: {"$in": wanted}}
        for name, wanted in (("phone_keys", phones), ("person_key", people))
        if wanted
    ]
    open_ = [JobStatus.QUEUED, JobStatus.CLAIMED, JobStatus.CALLING]
    jobs = list(
        collection(Job).find(
            {"status": {"$in": open_}, "$or": where},
            {**blocks.JOB_FIELDS, "batch_id": 1, "status": 1},
        )
    )
    if not jobs:
        return 0
    blocked = blocks.Blocks(jobs, clock.now())
    by_code: dict[str, list[Document]] = {}
    for job in jobs:
        if code := blocked.case(job):
            by_code.setdefault(code, []).append(job)
    source = entries[0].source
    ended = sum(_deny(of_code, code, source) for code, of_code in by_code.items())
    if ended:
        counters.mark_dirty({job["batch_id"] for job in jobs})
    return ended


def _deny(jobs: Sequence[Document], code: str, by: str) -> int:
    """Waiting cases now, planned ones with their calls, live ones when they end."""
    ids = [job["_id"] for job in jobs]
    values = {
        "by": by,
        "reason": code,
        "status_reason": code,
        "next_attempt_at": None,
        "finished_at": clock.now(),
    }
    denied = JobStatus.DENIED
    ended = JOB.move(
        {"_id": {"$in": ids}}, denied, only_from=[JobStatus.QUEUED], **values
    )
    if any(job["status"] != JobStatus.QUEUED for job in jobs):
        ended += in_transaction(lambda: _deny_planned(ids, code, by, values))
        # a call that is live now may want to put its case back when it ends
        collection(Job).update_many(
            {"_id": {"$in": ids}, "status": JobStatus.CALLING},
            {"$set": {"stop_requested": denied, "stop_reason": ""}},
        )
    return ended


def _deny_planned(ids: list[Any], code: str, by: str, values: Document) -> int:
    """Inside a transaction: a planned call and its case end together, or neither."""
    planned = list(
        collection(Call).find(
            {"job_id": {"$in": ids}, "status": CallStatus.PLANNED},
            {"job_id": 1, "round_id": 1},
            session=session(),
        )
    )
    CALL.move(
        {"_id": {"$in": [call["_id"] for call in planned]}},
        CallStatus.WITHDRAWN,
        only_from=[CallStatus.PLANNED],
        by=by,
        reason=code,
    )
    return JOB.write(
        [
            JOB.change(
                {"_id": call["job_id"], "round_id": call["round_id"]},
                JobStatus.DENIED,
                only_from=[JobStatus.CLAIMED],
                **values,
            )
            for call in planned
        ]
    )
