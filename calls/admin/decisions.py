"""What a case's page says of why it was not called."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import pages
from batches.admin.pages import Panel
from batches.models import Job
from calls import explained
from calls.holding import HELD, holding
from calls.models import Decision

TEMPLATE = "admin/calls/decisions_of_job.html"
SHOWN = 10
COLOURS = {Decision.Kind.DEFER: "warning", Decision.Kind.DENY: "danger"}


def decisions_of_job(request: HttpRequest, job: Job) -> list[Panel]:
    """The newest decisions, in the account's zone: its hours are what rules speak of."""
    if not request.user.has_perm("batches.view_job"):
        return []
    zone = job.account.time_zone
    held = holding(job)
    rows = list(Decision.objects.filter(job_id=job.pk).order_by("-at")[:SHOWN])
    if held and held not in rows:
        rows.insert(0, held)
    if not rows:
        return []
    with timezone.override(explained.place_of(zone)):
        shown = [_row(row, zone, holds=row == held) for row in rows]
    waits = job.status in HELD
    title = _("Why it was not called") if waits else _("Why it was not called earlier")
    ask = ""
    if request.user.has_perm("calls.view_policy"):
        ask = f"{reverse('admin:may_call')}?case={job.pk}"
    return [Panel(title, TEMPLATE, {"rows": shown, "zone": zone, "ask": ask})]


def _row(row: Decision, zone: str, *, holds: bool) -> dict[str, Any]:
    said = explained.explain(row, zone)
    return {
        "at": formats.brief(row.at),
        "label": row.get_decision_display(),
        "colour": COLOURS[row.decision],
        "reason": said["reason"],
        "holds": holds,
    }


pages.JOB_PANELS.insert(0, decisions_of_job)
