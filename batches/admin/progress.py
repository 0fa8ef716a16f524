"""How far a campaign has come, from its counters."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from batches.models import Batch, Job
from batches.states import OPEN_JOB, JobStatus

# Rows of a campaign whose cases are counted while its page waits: some milliseconds.
COUNTED_AT_ONCE = 10_000
# The parts of the bar, in order, with their tones; what waits is the empty track.
TONES = {
    JobStatus.DONE: "success",
    JobStatus.REVIEW: "warning",
    JobStatus.EXHAUSTED: "primary",
    JobStatus.DENIED: "danger",
    JobStatus.WITHDRAWN: "grey",
    JobStatus.CANCELLED: "grey",
    JobStatus.EXPIRED: "grey",
    JobStatus.CALLING: "info",
    JobStatus.CLAIMED: "info",
}


@dataclass(frozen=True)
class Progress:
    """`closed` of `total` cases need nothing more; `parts` are (tone, percent)."""

    total: int
    closed: int
    parts: list[tuple[str, float]]

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all of them."""
        return 100 * self.closed // self.total if self.total else 0

    def bar(self) -> SafeString:
        pieces = format_html_join(
            "", '<i class="sai-{}" style="width:{}%"></i>', self._widths()
        )
        said = _("%(closed)s of %(total)s cases closed") % {
            "closed": number(self.closed),
            "total": number(self.total),
        }
        return format_html('<span class="sai-bar" title="{}">{}</span>', said, pieces)

    def _widths(self) -> list[tuple[str, str]]:
        return [(tone, f"{share:.2f}") for tone, share in self.parts]


def progress_of(batch: Batch) -> Progress:
    jobs: dict[str, int] = batch.counters.get("jobs", {})
    total = sum(jobs.values())
    waiting = sum(jobs.get(status, 0) for status in OPEN_JOB)
    parts = [
        (tone, 100 * jobs[status] / total)
        for status, tone in TONES.items()
        if jobs.get(status)
    ]
    return Progress(total, total - waiting, parts)


def up_to_date(batch: Batch) -> Batch:
    """The campaign, to be shown: what changed since its cases were counted last is in
    its figures. Of a large one they follow within seconds."""
    if not batch.counters_dirty or batch.rows > COUNTED_AT_ONCE:
        return batch
    shown = copy(batch)
    shown.counters = batch.counters | {"jobs": Job.by_status(batch.pk)}
    return shown


def number(value: Any) -> str:
    """`12.345`."""
    return f"{int(value):,}".replace(",", ".")
