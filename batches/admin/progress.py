"""How far a campaign has come, from its counters."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from batches.models import Batch
from batches.states import OPEN_JOB, JobStatus

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


def number(value: Any) -> str:
    """`12.345`."""
    return f"{int(value):,}".replace(",", ".")
