"""Calls of which nobody knows whether the phone rang: how many, and why."""

from collections import Counter
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from batches.admin import pages
from batches.admin.pages import Panel, list_url
from batches.admin.progress import number
from batches.admin.words import reason
from batches.models import Batch
from calls.models import Call
from calls.states import CallStatus
from speechai_site.runtime.documents import collection

TEMPLATE = "admin/calls/unconfirmed.html"


def unconfirmed(where: dict[str, Any], **filters: Any) -> dict[str, Any]:
    """What TEMPLATE shows of the calls that match `where`; empty when there is none.

    `filters`: those of the list of calls that show the same ones.
    """
    groups = collection(Call).aggregate(
        [
            {"$match": {"status": CallStatus.UNKNOWN, **where}},
            {"$group": {"_id": "$error_code", "n": {"$sum": 1}}},
        ]
    )
    counted: Counter[str] = Counter()
    for group in groups:  # several codes may be called the same
        counted[reason(group["_id"] or "sender_lost")] += group["n"]
    if not counted:
        return {}
    return {
        "count": number(counted.total()),
        "url": list_url("calls_call", **filters, status=CallStatus.UNKNOWN.value),
        "rows": [{"why": why, "count": number(n)} for why, n in counted.most_common()],
    }


def unconfirmed_of_batch(request: HttpRequest, batch: Batch) -> list[Panel]:
    if not request.user.has_perm("calls.view_call"):
        return []
    shown = unconfirmed({"batch_id": batch.pk}, batch=batch.pk)
    return [Panel(_("Unconfirmed calls"), TEMPLATE, shown)] if shown else []


pages.BATCH_PANELS.append(unconfirmed_of_batch)
