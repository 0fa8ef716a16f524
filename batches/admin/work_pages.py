"""How far a worker is with what somebody waits for: a workbook that is read, or a change
of a campaign. The pages: `upload_reading.py`, `mode_pages.py`."""

from typing import Any

from django.utils.translation import gettext as _

from batches.admin import loading_pages
from batches.admin.progress import number
from batches.admin.words import UPLOAD_COLOURS
from batches.imports.pending import Pending
from batches.states import UploadStatus

# Where each part of a work lies in the whole of it, from 0 to 1. The file's unpacking
# tells nothing of itself.
READING = {"rows": (0.15, 0.65), "cases": (0.65, 1.0)}
# What was confirmed is looked at again, and then done.
CHECKING = {"rows": (0.05, 0.25), "cases": (0.25, 0.4)}
DOING = {
    "": (0.4, 0.4),
    "rows": (0.45, 0.6),
    "cases": (0.6, 0.7),
    "writing": (0.7, 1.0),
}


def told(kept: Pending, url: str) -> dict[str, Any]:
    """In words and numbers: plain values, ready for JSON. `url`: where it leads on."""
    work = kept.work
    if work is None:
        status, done, doing, pace = UploadStatus.READING, 1.0, "", ""
    elif work["refusal"]:
        status, done, doing, pace = UploadStatus.FAILED, 0.0, work["refusal"], ""
    elif work["started_wall"] is None:
        status, done, pace = UploadStatus.QUEUED, 0.0, ""
        doing = _("It waits for its turn.")
    else:
        status = UploadStatus.STORING if work["begun"] else UploadStatus.READING
        done, doing, pace = fraction(work), _doing(work), _pace(work)
    return {
        "status": status,
        "tone": UPLOAD_COLOURS[status],
        "label": str(_label(kept, status)),
        "ended": work is None or status == UploadStatus.FAILED,
        "percent": round(100 * done),
        "doing": doing,
        "pace": pace,
        "url": url,
        # it can't be stopped any more
        "cancelling": bool(work and work["begun"]),
    }


def _label(kept: Pending, status: UploadStatus) -> Any:
    """The status in a word; of what was confirmed, what is done with the campaign."""
    if kept.work and kept.work["step"] == "change":
        if status == UploadStatus.READING:
            return _("Being checked once more")
        if status == UploadStatus.STORING:
            return _("Being put in force")
    return status.label


def fraction(work: dict[str, Any]) -> float:
    """How much of the work is done, from 0 to 1."""
    parts = READING
    if work["step"] == "change":
        parts = DOING if work["begun"] else CHECKING
    first, last = parts.get(work["part"], (0.0, 0.0))
    if not work["total"]:
        return first
    return first + (last - first) * min(1.0, work["done"] / work["total"])


def _pace(work: dict[str, Any]) -> str:
    """Nothing while what is done tells nothing of itself."""
    if not work["total"]:
        return ""
    rows = work["total"] if work["part"] == "rows" else 0
    return loading_pages.pace(fraction(work), rows, work["started_wall"])


def _doing(work: dict[str, Any]) -> str:
    done, total = number(work["done"]), number(work["total"])
    if work["part"] == "writing":
        said = _("%(done)s of %(total)s cases written")
        return said % {"done": done, "total": total}
    if work["part"] == "cases" and not work["total"]:
        return _("All rows were read; the cases are being counted.")
    if work["part"] == "cases":
        said = _("%(done)s of %(total)s compared with the campaign")
        return said % {"done": done, "total": total}
    if not work["done"]:
        return _("The file is being unpacked.")
    return loading_pages.rows_read(work["done"], work["total"])
