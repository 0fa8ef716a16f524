"""Why cases of a campaign wait or are not called: by reason, from one index."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches import formats
from batches.admin import pages
from batches.admin.pages import Panel, list_url
from batches.admin.progress import number
from batches.admin.words import reason
from batches.models import Batch, Job
from batches.states import NOT_CALLED, JobStatus
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

TEMPLATE = "admin/batches/batch/waiting.html"
# Of one reason no more are counted: the page must not read a million keys.
MOST_COUNTED = 10_000


def reasons_of(batch_id: Any) -> list[dict[str, Any]]:
    """`{"status", "code", "earliest"}` for each status and reason that occurs among the
    cases that are not called; `earliest`: the first next attempt, None for none."""
    return [
        {"status": status, "code": row["_id"], "earliest": row["earliest"]}
        for status in NOT_CALLED
        for row in collection(Job).aggregate(pipeline(batch_id, status))
    ]


def pipeline(batch_id: Any, status: str) -> list[dict[str, Any]]:
    """MongoDB answers this by a jump from reason to reason (DISTINCT_SCAN of
    `job_reason`), however many cases there are."""
    return [
        {"$match": _where(batch_id, status, {"$gt": ""})},
        {"$sort": {"status_reason": 1, "next_attempt_at": 1}},
        {
            "$group": {
                "_id": "$status_reason",
                "earliest": {"$first": "$next_attempt_at"},
            }
        },
    ]


def waiting_of_batch(request: HttpRequest, batch: Batch) -> list[Panel]:
    if not request.user.has_perm("batches.view_job"):
        return []
    rows = [_shown(batch, **found) for found in reasons_of(batch.pk)]
    if not rows:
        return []
    rows.sort(key=lambda row: (-row["n"], row["label"]))
    return [Panel(gettext_lazy("Why cases are not called"), TEMPLATE, {"rows": rows})]


def _where(batch_id: Any, status: str, code: Any) -> dict[str, Any]:
    return {"batch_id": batch_id, "status": str(status), "status_reason": code}


def _shown(batch: Batch, status: str, code: str, earliest: Any) -> dict[str, Any]:
    n = collection(Job).count_documents(
        _where(batch.pk, status, code), limit=MOST_COUNTED + 1
    )
    return {
        "n": n,
        "count": number(n)
        if n <= MOST_COUNTED
        else _("more than %(n)s") % {"n": number(MOST_COUNTED)},
        "label": reason(code),
        "state": JobStatus(status).label,
        "again": _again(status, earliest),
        "url": list_url("batches_job", batch=batch.pk, status=status, reason=code),
    }


def _again(status: str, earliest: Any) -> str:
    if status == JobStatus.DENIED or earliest is None:
        return formats.EMPTY
    return formats.brief(earliest) if earliest > clock.now() else _("now")


pages.BATCH_PANELS.append(waiting_of_batch)
