"""The steps of an upload that look at its file or read it: at once when the file is
small, else by the queue's workers (`working.py`).
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from batches.imports import helpers, loading, pending, working
from batches.imports.drafts import Draft
from batches.imports.problems import WorkbookError
from batches.models import Account

# Up to here a request does it: some 5000 rows, 0.7 s on an idle core.
SMALL_BYTES = 500_000


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

    `back`: see `working.begin`. Without it the draft is worth nothing when it can't be
    done: raises WorkbookError, or the worker refuses it. False as well when the draft is
    changed by another meanwhile.
    """
    reads = _reads(draft, step)
    if reads and working.is_large(draft.content, SMALL_BYTES):
        if working.begin(draft.kept, step, draft.said, back):
            working.queue(draft.token)
        return False
    try:
        with draft.opened() if reads else nullcontext():
            STEPS[step](draft)
    except WorkbookError as error:
        if back is None:
            raise
        draft.said = working.refused(back, error.message)
    return draft.save()


def _reads(draft: Draft, step: str) -> bool:
    """Whether the step needs the file at all."""
    if step == "columns":
        return draft.is_unread
    return draft.is_stale or (draft.said["sheet_seen"] and draft.is_unread)


def _in_worker(kept: pending.Pending, watch: working.Watch) -> None:
    draft = Draft.of(kept, Account.objects.get(pk=kept.choices["account"]))
    with helpers.forked(kept.size, watch.children) as helping, draft.opened():
        STEPS[kept.work["step"]](draft, on_rows=watch.rows, helpers=helping)
    pending.end_work(kept.token, kept.work["id"], draft.said)


working.STEPS.update(dict.fromkeys(STEPS, _in_worker))
