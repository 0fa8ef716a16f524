"""The steps of an upload that look at its file or read it: at once when the file is
small, else by the queue's workers.

The draft is the truth (`pending.py`) and a task is only a hint: what was lost or killed
is found by `tend`, which the clock process calls. A repetition finds the same, and what
comes second changes nothing.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import translation
from django_q.tasks import async_task

from batches.imports import archive, helpers, loading, pending, slots
from batches.imports.drafts import Draft
from batches.imports.problems import FILE_SENTENCES, WorkbookError
from batches.models import Account
from speechai_site.runtime import clock, leases

log = logging.getLogger(__name__)
TASK = "batches.tasks.read_draft"
# Up to here a request does it: some 5000 rows, 0.7 s on an idle core.
SMALL_BYTES = 500_000
# How much XML is counted as one byte of a file: what Excel packs shrinks so far.
PACKED = 8
# A task that was not begun so long after it was queued may be lost, or found no slot.
REQUEUE_AFTER = timedelta(seconds=15)
MOST_ATTEMPTS = 3
TIMEOUT = 3600


class Stopped(Exception):
    """Nobody wants this work any more, or another process does it."""


def _first(draft: Draft, **how: Any) -> None:
    """Look at the file for the first time, and read it as it was found."""
    draft.look_again()
    draft.read(**how)
    if draft.is_known:
        draft.said |= {"sheet_seen": True, "columns_seen": True}
    elif draft.said["profile"]:
        draft.said["sheet_seen"] = True


def _sheet(draft: Draft, **how: Any) -> None:
    """Take another sheet or header row, if it is another."""
    if draft.is_stale:
        draft.said |= {"columns_seen": False, "asked": [], "answers": {}}
        draft.look_again()
    if draft.said["sheet_seen"] and draft.is_unread:
        draft.read(**how)


def _columns(draft: Draft, **how: Any) -> None:
    """Read it as its columns were decided; on to the review, when that was asked for
    and nothing is left to be decided."""
    asked = {(q.code, q.column) for q in draft.open_questions}
    if draft.is_unread:
        draft.read(**how)
    new = {(q.code, q.column) for q in draft.open_questions} - asked
    is_done = draft.preview and not draft.said["problems"] and not new
    goes_on = draft.said["goes_on"] and is_done and not draft.unfed
    draft.said["columns_seen"] = bool(goes_on)


STEPS: dict[str, Callable[..., None]] = {
    "first": _first,
    "sheet": _sheet,
    "columns": _columns,
}


def first(draft: Draft) -> bool:
    """Look at a workbook that was just kept; raises WorkbookError, and then it is not
    kept any more. False as in `do`."""
    draft.said["sha256"], _size = loading.fingerprint(draft.content)
    try:
        return do(draft, "first")
    except WorkbookError:
        pending.drop(draft.token)
        raise


def do(draft: Draft, step: str, back: dict[str, Any] | None = None) -> bool:
    """Do a step as it was decided: now, or, of a large file, by a worker: then False.

    `back`: what is to be the case when it can't be done or is cancelled; its `problems`
    say why. Without it the draft is worth nothing then: raises WorkbookError, or the
    worker refuses it. False as well when the draft is changed by another meanwhile.
    """
    reads = _reads(draft, step)
    if reads and _is_large(draft):
        if pending.begin_work(
            draft.token, draft.user_id, draft.said, work_of(step, back)
        ):
            _queue(draft.token)
        return False
    try:
        with draft.opened() if reads else nullcontext():
            STEPS[step](draft)
    except WorkbookError as error:
        if back is None:
            raise
        draft.said = _refused(back, error.message)
    return draft.save()


def _is_large(draft: Draft) -> bool:
    content = draft.content
    return max(len(content), archive.unpacked_size(content) // PACKED) > SMALL_BYTES


def _reads(draft: Draft, step: str) -> bool:
    """Whether the step needs the file at all."""
    if step == "columns":
        return draft.is_unread
    return draft.is_stale or (draft.said["sheet_seen"] and draft.is_unread)


def work_of(step: str, back: dict[str, Any] | None) -> dict[str, Any]:
    """What `pending.begin_work` keeps of a step that is to be done."""
    return {
        "id": uuid4().hex,
        "step": step,
        "back": back,
        "language": translation.get_language() or "",
    }


def _refused(back: dict[str, Any], why: str) -> dict[str, Any]:
    return back | {"problems": [why]}


def cancel(draft: Draft) -> bool:
    """Stop what a worker does, or would do: the draft is what it was before, or gone.
    False when that has ended. The worker hears of it within a second."""
    work = draft.kept.work
    if work is None:
        return False
    if work["back"] is None:
        return pending.drop_work(draft.token, work["id"])
    return pending.end_work(draft.token, work["id"], work["back"])


# --- in a worker --------------------------------------------------------------------


class Watch:
    """Keeps the lease of who reads a draft, tells how far it is, and hears of a
    cancellation: once in `loading.BEAT_SECONDS`, however often it is called."""

    def __init__(self, kept: pending.Pending, *held: leases.Held) -> None:
        self.token, self.work_id = kept.token, kept.work["id"]
        self.leases = held
        self.next_beat = 0.0
        self.counts = False  # all rows were read: what follows is told at once

    def rows(self, read: int, expected: int) -> None:
        """Raises Stopped."""
        counts = 0 < expected <= read
        if time.monotonic() < self.next_beat and counts == self.counts:
            return
        self.counts = counts
        for held in self.leases:
            kept = leases.take(held.name, held.owner, loading.LEASE_SECONDS)
            if kept is None:
                raise Stopped
        told = {"rows_read": read, "rows_expected": expected}
        if not pending.tell_work(self.token, self.work_id, **told):
            raise Stopped
        self.next_beat = time.monotonic() + loading.BEAT_SECONDS


def run(token: str) -> str:
    """Do what is to be done with a draft; how it ended, for the log. Harmless when
    repeated."""
    slot = slots.take()
    if slot is None:
        return "no slot"
    try:
        return _run(token, slot)
    finally:
        slots.give_back(slot)


def _run(token: str, slot: leases.Held) -> str:
    held = hold(token)
    if held is None:
        return "another reads it"
    kept = pending.start_work(token)
    if kept is None:
        leases.release(held)
        return "nothing to do"
    try:
        with in_words_of(kept):
            ended = _work(kept, Watch(kept, held, slot), slots.children(slot))
    except Exception as error:
        # The type alone: a message may hold personal data. The lease lapses on its
        # own, which is the pause before the next attempt.
        log.error("a draft was not read: %s", type(error).__name__)
        return type(error).__name__
    leases.release(held)
    return ended


def _work(kept: pending.Pending, watch: Watch, children: int) -> str:
    account = Account.objects.get(pk=kept.choices["account"])
    draft, work = Draft.of(kept, account), kept.work
    try:
        with helpers.forked(kept.size, children) as helping, draft.opened():
            STEPS[work["step"]](draft, on_rows=watch.rows, helpers=helping)
    except Stopped:
        return "stopped"
    except WorkbookError as error:
        refuse(kept, error.message)
        return error.code
    pending.end_work(kept.token, work["id"], draft.said)
    return "done"


def in_words_of(kept: pending.Pending) -> AbstractContextManager[None]:
    """In the language of the person whose work it is."""
    return translation.override(kept.work["language"] or settings.LANGUAGE_CODE)


def refuse(kept: pending.Pending, why: str) -> None:
    """Back to where the work began, with this sentence; or the end of the draft."""
    work = kept.work
    if work["back"] is None:
        pending.refuse_work(kept.token, work["id"], why)
    else:
        pending.end_work(kept.token, work["id"], _refused(work["back"], why))


def hold(token: str) -> leases.Held | None:
    """The lease of who does something with a draft, for this call alone."""
    return leases.take(f"draft:{token}", loading.owner(), loading.LEASE_SECONDS)


def _queue(token: str) -> None:
    async_task(TASK, token, timeout=TIMEOUT)


def _queue_next() -> None:
    """The draft that waits longest, since there is a slot for it now."""
    waiting = [
        kept
        for kept in pending.at_work()
        if not kept.work["started_wall"] and kept.work["step"] in STEPS
    ]
    if waiting:
        _queue(min(waiting, key=lambda kept: kept.work["queued_wall"]).token)


# before the uploads: somebody sits and waits
slots.WAITING.insert(0, _queue_next)


# --- in the clock process -----------------------------------------------------------


def tend() -> None:
    """Go on with whatever stands still: lost tasks, killed workers."""
    for kept in pending.at_work():
        try:
            _tend(kept)
        except Exception as error:
            log.error("a draft was not tended: %s", type(error).__name__)


def _tend(kept: pending.Pending) -> None:
    work = kept.work
    if work["started_wall"] is None:
        if work["queued_wall"] >= clock.wall() - REQUEUE_AFTER:
            return
    elif held := hold(kept.token):  # who began it is dead, or failed
        leases.release(held)
    else:
        return
    if work["step"] not in STEPS:
        _give_up(kept, "unlock_failed")  # only one process knew the password
    elif work["started_wall"] and work["attempts"] >= MOST_ATTEMPTS:
        _give_up(kept, "import_failed")
    else:
        _queue_again(kept)


def _give_up(kept: pending.Pending, code: str) -> None:
    with in_words_of(kept):
        refuse(kept, str(FILE_SENTENCES[code]))


def _queue_again(kept: pending.Pending) -> None:
    again = {"queued_wall": clock.wall(), "started_wall": None}
    if pending.tell_work(kept.token, kept.work["id"], **again):
        _queue(kept.token)
