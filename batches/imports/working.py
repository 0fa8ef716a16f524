"""What a worker has to do with a kept workbook: a step of an upload, or of a change of a
campaign.

What is kept is the truth (`pending.py`) and a task is only a hint: what was lost or
killed is found by `tend`, which the clock process calls. A repetition finds the same,
and what comes second changes nothing.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import translation
from django_q.tasks import async_task

from batches.imports import archive, loading, pending, slots
from batches.imports.problems import FILE_SENTENCES, WorkbookError
from batches.imports.watching import Unwatched
from speechai_site.runtime import clock, leases

log = logging.getLogger(__name__)
TASK = "batches.tasks.go_on"
# How much XML is counted as one byte of a file: what Excel packs shrinks so far.
PACKED = 8
# A task that was not begun so long after it was queued may be lost, or found no slot.
REQUEUE_AFTER = timedelta(seconds=15)
MOST_ATTEMPTS = 3
TIMEOUT = 3600


class Stopped(Exception):
    """Nobody wants this work any more, or another process does it."""


class Watch(Unwatched):
    """Keeps the lease of who works on what is kept, tells how far it is, and hears of a
    cancellation: once in `loading.BEAT_SECONDS`, however often it is called."""

    def __init__(
        self,
        kept: pending.Pending,
        held: leases.Held,
        slot: leases.Held | None = None,
    ) -> None:
        self.token, self.work_id = kept.token, kept.work["id"]
        self.held, self.slot = held, slot
        self.children = slots.children(slot) if slot else 0
        self.next_beat = 0.0
        self.told: tuple[str, int, int] = ("", 0, 0)

    def rows(self, read: int, expected: int) -> None:
        """All were read: what follows, counting them, tells nothing of itself."""
        if 0 < expected <= read:
            self._at("cases", 0, 0)
        else:
            self._at("rows", read, expected)

    def cases(self, done: int, total: int) -> None:
        self._at("cases", done, total)

    def writing(self, done: int, total: int) -> None:
        self._at("writing", done, total)

    def beat(self) -> None:
        self._at(*self.told)

    def _at(self, part: str, done: int, total: int) -> None:
        """A new part is told at once. Raises Stopped."""
        if time.monotonic() < self.next_beat and part == self.told[0]:
            return
        self._keep()
        self.tell(part=part, done=done, total=total)
        self.told = (part, done, total)
        self.next_beat = time.monotonic() + loading.BEAT_SECONDS

    def _keep(self) -> None:
        held = self.held
        kept = leases.take(held.name, held.owner, loading.LEASE_SECONDS)
        if kept is None or kept.token > held.token + 1:
            if kept:
                leases.release(kept)
            raise Stopped
        self.held = kept  # one more: it had lapsed, and nobody has taken it
        if self.slot:
            leases.take(self.slot.name, self.slot.owner, loading.LEASE_SECONDS)

    def tell(self, **told: Any) -> None:
        """Write something of the work. Raises Stopped."""
        if not pending.tell_work(self.token, self.work_id, **told):
            raise Stopped

    def begins(self, **told: Any) -> None:
        """From here on it can't be cancelled: it is done, by this process or another.
        Raises Stopped."""
        self.told = ("", 0, 0)
        self.tell(begun=True, part="", done=0, total=0, **told)

    def stored(self, upload_id: Any) -> None:
        """What counts and that it does are one: whoever goes on knows."""
        if not leases.touch(self.held):
            raise Stopped
        self.tell(stored=upload_id)


# Each does its work as it was decided, and ends it; raises WorkbookError, Stopped.
Step = Callable[[pending.Pending, Watch], None]
STEPS: dict[str, Step] = {}
# What only one process can do, which was given a password (`unlocking.py`).
UNLOCK = "unlock"


def is_large(content: bytes, most: int) -> bool:
    """Whether a file is counted as more than `most` bytes."""
    return max(len(content), archive.unpacked_size(content) // PACKED) > most


def begin(
    kept: pending.Pending,
    step: str,
    choices: Mapping[str, Any],
    back: Mapping[str, Any] | None,
    **told: Any,
) -> bool:
    """Keep what was decided, and that this step of STEPS is to be done: somebody does
    it. False when another changes, uses or dropped it.

    `back`: what is to be the case when it can't be done or is cancelled; its `problems`
    say why. Without it nothing is kept then. `told`: plain values of the step's own.
    """
    work = work_of(step, back) | told
    return pending.begin_work(kept.token, kept.user_id, choices, work)


def work_of(step: str, back: Mapping[str, Any] | None) -> dict[str, Any]:
    """What `pending.begin_work` keeps of a step that is to be done."""
    language = translation.get_language() or ""
    return {"id": uuid4().hex, "step": step, "back": back, "language": language}


def queue(token: str) -> None:
    """Have a worker do what was begun."""
    async_task(TASK, token, timeout=TIMEOUT)


def refused(back: Mapping[str, Any], why: str) -> dict[str, Any]:
    """What is kept of a step that could not be done."""
    return {**back, "problems": [why]}


def cancel(kept: pending.Pending) -> bool:
    """Stop what a worker does, or would do: all is what it was before, or gone. False
    when that has ended, or can't be stopped. The worker hears of it within a second."""
    work = kept.work
    if work is None:
        return False
    if work["back"] is None:
        return pending.drop_work(kept.token, work["id"])
    return pending.give_up_work(kept.token, work["id"], work["back"])


# --- in a worker --------------------------------------------------------------------


def run(token: str) -> str:
    """Do what is to be done with what is kept; how it ended, for the log. Harmless when
    repeated."""
    slot = slots.take()
    if slot is None:
        return "no slot"
    try:
        return here(token, slot)
    finally:
        slots.give_back(slot)


def here(token: str, slot: leases.Held | None = None) -> str:
    """The same in this process, at once: for what is short."""
    held = hold(token)
    if held is None:
        return "another reads it"
    kept = pending.start_work(token)
    if kept is None:
        leases.release(held)
        return "nothing to do"
    watch = Watch(kept, held, slot)
    try:
        with in_words_of(kept):
            ended = _work(kept, watch)
    except Exception as error:
        # The type alone: a message may hold personal data. The lease lapses on its
        # own, which is the pause before the next attempt.
        log.error("a kept workbook was not used: %s", type(error).__name__)
        return type(error).__name__
    leases.release(watch.held)
    return ended


def _work(kept: pending.Pending, watch: Watch) -> str:
    try:
        STEPS[kept.work["step"]](kept, watch)
    except Stopped:
        return "stopped"
    except WorkbookError as error:
        refuse(kept, error.message)
        return error.code
    return "done"


def in_words_of(kept: pending.Pending) -> AbstractContextManager[None]:
    """In the language of the person whose work it is."""
    return translation.override(kept.work["language"] or settings.LANGUAGE_CODE)


def refuse(kept: pending.Pending, why: str) -> None:
    """Back to where the work began, with this sentence; or the end of what is kept."""
    work = kept.work
    if work["back"] is None:
        pending.refuse_work(kept.token, work["id"], why)
        return
    # once it was begun, what was looked at before holds no more
    stale = {"look": []} if work["begun"] else {}
    pending.end_work(kept.token, work["id"], refused(work["back"] | stale, why))


def hold(token: str) -> leases.Held | None:
    """The lease of who does something with what is kept, for this call alone."""
    return leases.take(f"draft:{token}", loading.owner(), loading.LEASE_SECONDS)


def _queue_next() -> None:
    """What waits longest, since there is a slot for it now."""
    waiting = [
        kept
        for kept in pending.at_work()
        if not kept.work["started_wall"] and kept.work["step"] != UNLOCK
    ]
    if waiting:
        queue(min(waiting, key=lambda kept: kept.work["queued_wall"]).token)


# before the uploads: somebody sits and waits
slots.WAITING.insert(0, _queue_next)


# --- in the clock process -----------------------------------------------------------


def tend() -> None:
    """Go on with whatever stands still: lost tasks, killed workers."""
    for kept in pending.at_work():
        try:
            _tend(kept)
        except Exception as error:
            log.error("a kept workbook was not tended: %s", type(error).__name__)


def _tend(kept: pending.Pending) -> None:
    work = kept.work
    if work["started_wall"] is None:
        if work["queued_wall"] >= clock.wall() - REQUEUE_AFTER:
            return
    elif held := hold(kept.token):  # who began it is dead, or failed
        leases.release(held)
    else:
        return
    if work["step"] == UNLOCK:
        _give_up(kept, "unlock_failed")
    elif work["started_wall"] and work["attempts"] >= MOST_ATTEMPTS:
        _give_up(kept, "change_interrupted" if work["begun"] else "import_failed")
    else:
        _queue_again(kept)


def _give_up(kept: pending.Pending, code: str) -> None:
    with in_words_of(kept):
        refuse(kept, str(FILE_SENTENCES[code]))


def _queue_again(kept: pending.Pending) -> None:
    again = {"queued_wall": clock.wall(), "started_wall": None}
    if pending.tell_work(kept.token, kept.work["id"], **again):
        queue(kept.token)
