"""A file or list that is to change a campaign: looked at, and done once it is confirmed.

What is small is done while the person waits, what is large by a worker (`working.py`).
Killed at any line, what was confirmed is done by another, and comes once: payments and
withdrawals repeat without effect, and an update counts in one step that is told with it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from batches.imports import modes, pending, updates, working
from batches.imports.loading import collector_paused
from batches.imports.modes import Look, Wanted
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers, DuplicatePolicy
from batches.imports.watching import UNWATCHED, Unwatched
from batches.models import Batch
from batches.states import OPEN_BATCH

# Up to here a request does it, looking again included: some 200 rows of a workbook or
# 1200 pasted documents, 0.9 s on an idle core.
SMALL_BYTES = 15_000
# An update looks through its whole campaign, and payments add up what is owed in it.
SMALL_CAMPAIGN = 10_000  # rows
BLANK: dict[str, Any] = {
    "answers": {},
    "duplicates": {},
    "pasted": False,
    "scope": "account",
    "reason": "",
    "absent": updates.KEEP,
    "look": [],  # what was seen last
    "problems": [],  # why the last step did not go as it was asked for
    "done": [],  # what was done in the end
}


@dataclass
class Change:
    """`said` is what is kept; its look and answers are made of it."""

    kept: pending.Pending
    batch: Batch
    said: dict[str, Any]

    @classmethod
    def of(cls, kept: pending.Pending, batch: Batch | None = None) -> "Change":
        """What is kept, of a campaign that was asked for, or of its own."""
        batch = batch or Batch.objects.get(pk=kept.choices["batch"])
        return cls(kept, batch, BLANK | kept.choices)

    @property
    def mode(self) -> str:
        return self.said["mode"]

    @cached_property
    def content(self) -> bytes:
        return self.kept.content()

    @property
    def is_everywhere(self) -> bool:
        """Whether it is about all open campaigns of the account."""
        return self.mode == modes.PAYMENTS or (
            self.mode == modes.WITHDRAW and self.said["scope"] == "account"
        )

    @property
    def look(self) -> Look | None:
        """What was seen last, if anything was."""
        return Look.of(self.said["look"]) if self.said["look"] else None

    @property
    def done(self) -> Look | None:
        return Look.of(self.said["done"]) if self.said["done"] else None

    def wanted(self, watch: Unwatched = UNWATCHED) -> Wanted:
        return Wanted(
            self.mode,
            self.batch.account,
            None if self.is_everywhere else self.batch,
            self.content,
            file_name=self.kept.file_name,
            pasted=self.said["pasted"],
            reason=self.said["reason"],
            absent=self.said["absent"],
            answers=Answers(
                **self.said["answers"],
                duplicates=DuplicatePolicy(**self.said["duplicates"]),
            ),
            watch=watch,
        )

    def is_large(self) -> bool:
        """Whether a request may take too long for it."""
        if working.is_large(self.content, SMALL_BYTES):
            return True
        if self.mode == modes.WITHDRAW:
            return False
        batches = Batch.objects.filter(pk=self.batch.pk)
        if self.is_everywhere:
            account = self.batch.account_id
            batches = Batch.objects.filter(account=account, status__in=OPEN_BATCH)
        return (batches.aggregate(n=Sum("rows"))["n"] or 0) > SMALL_CAMPAIGN


def look(change: Change, back: dict[str, Any] | None = None) -> bool:
    """See what it would do: now, or, of what is large, by a worker: then False.

    `back`: see `working.begin`; without it WorkbookError is raised where it can't be
    done, or the worker refuses it. False as well when another changes it meanwhile.
    """
    kept = change.kept
    if change.is_large():
        if working.begin(kept, "look", change.said, back):
            working.queue(kept.token)
        return False
    try:
        found = _looked(change.wanted())
    except WorkbookError as error:
        if back is None:
            raise
        change.said = working.refused(back, error.message)
    else:
        change.said["look"] = found.kept()
    return pending.decide(kept.token, kept.user_id, change.said)


def confirm(change: Change, *, by: str) -> bool:
    """Have it done as it was looked at, by this process or a worker, once; False when
    that was asked for before, or another changes it."""
    kept, said = change.kept, change.said | {"problems": []}
    told = {"by": by, "looked": [], "stored": None}
    if not working.begin(kept, "change", said, said, **told):
        return False
    if change.is_large():
        working.queue(kept.token)
    else:
        working.here(kept.token)
    return True


@collector_paused()
def _looked(wanted: Wanted) -> Look:
    return modes.look(wanted)


# --- in a worker, or in the request that can wait ----------------------------------


def _look(kept: pending.Pending, watch: working.Watch) -> None:
    change = Change.of(kept)
    change.said["look"] = _looked(change.wanted(watch)).kept()
    pending.end_work(kept.token, kept.work["id"], change.said)


def _change(kept: pending.Pending, watch: working.Watch) -> None:
    change, work = Change.of(kept), kept.work
    wanted = change.wanted(watch)
    wanted.owner = f"change:{work['id']}"
    begun = Look.of(work["looked"]) if work["begun"] else None
    if begun is None:
        found = _looked(wanted)
        if not found.still_holds(change.look):
            why = _(
                "Something changed meanwhile: these are the new figures. Confirm again."
            )
            told = {"look": found.kept(), "problems": [why]}
            pending.end_work(kept.token, work["id"], change.said | told)
            return
        watch.begins(looked=found.kept())
    if work["stored"]:
        modes.end(wanted, work["stored"])
        done = begun
    else:
        done = _done(wanted, work["by"], begun)
    # nothing that is about a person is kept
    told = {name: change.said[name] for name in ("mode", "batch", "absent")}
    told["done"] = Look(done.figures, acts=True).kept()
    pending.finish_work(kept.token, work["id"], told)


@collector_paused()
def _done(wanted: Wanted, by: str, begun: Look | None) -> Look:
    return modes.do(wanted, by=by, begun=begun)


working.STEPS |= {"look": _look, "change": _change}
