"""Before a start (*Revisión previa*): who would be called, what the policy means for the
campaign, and when it would end. After an upload: who of it could be called."""

from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches.admin import pages
from batches.admin.base import choices_of, require
from batches.admin.pages import Panel
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, UploadStatus
from calls import finish, forecast, forecast_words, policy_words, rules
from calls.asked import hours_are_lifted
from calls.finish import Finish
from calls.policies import sentences
from calls.policies.disclosures import notices_for
from calls.policies.merge import Effective
from calls.resources import zone_of
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

BEFORE_A_START = (BatchStatus.DRAFT, BatchStatus.PAUSED)
# More cases than that are counted when somebody asks for it.
AT_ONCE = 2_000


def preflight(request: HttpRequest, batch: Batch) -> list[Panel]:
    if batch.status not in BEFORE_A_START:
        return []
    context = {
        **_words(batch),
        **_counts({"batch_id": batch.pk}, "batch", batch),
        "template": "admin/calls/preflight/counts.html",
    }
    return [Panel(_("Preflight"), "admin/calls/preflight/panel.html", context)]


def of_upload(request: HttpRequest, upload: Upload) -> list[Panel]:
    batch = Batch.objects.get(pk=upload.batch_id)
    if upload.status != UploadStatus.STORED or batch.completed_at:
        return []
    context = _counts({"upload_id": upload.pk}, "upload", upload)
    template = "admin/calls/preflight/counts.html"
    return [Panel(_("If it were called now"), template, context)]


def _policy_of(batch: Batch) -> Effective:
    account, now = batch.account, clock.now()
    return rules.current().policy(
        account.country,
        batch.use_case,
        (),
        account.sector,
        on=now.date(),
        account_id=account.pk,
        batch_id=batch.pk,
    )


def _words(batch: Batch) -> dict[str, Any]:
    policy, table = _policy_of(batch), rules.current().holidays(batch.account.country)
    if policy.refusal:
        return {"refusal": sentences.label(policy.refusal)}
    today = timezone.localdate(clock.now(), timezone=zone_of(batch.account))
    return {
        "headline": policy_words.headline(policy, batch),
        "other_phones": policy_words.other_phones(policy, batch, today),
        "limits": policy_words.limits(policy),
        "hours": policy_words.hours(policy),
        "hours_lifted": hours_are_lifted(),
        "holidays": policy_words.holidays(policy, table, today),
        "minds_holidays": policy.minds_holidays,
        "records": ", ".join(policy.records),
        "notices_unused": ", ".join(_notices_unused(batch)),
    }


def _notices_unused(batch: Batch) -> list[str]:
    """Variables of notices that the agent's script has no place for; none if Retell has
    not told what the script uses."""
    if not batch.agent or not batch.agent.variables:
        return []
    notices = notices_for(batch.account.country, batch.use_case)
    wanted = dict.fromkeys(row.variable for row in notices.rows)
    return [name for name in wanted if name not in batch.agent.variables]


# --- the counts, at once or when somebody asks --------------------------------------


def _counts(where: dict[str, Any], name: str, row: Any) -> dict[str, Any]:
    few = collection(Job).count_documents(where, limit=AT_ONCE + 1) <= AT_ONCE
    if few:
        return counted(where, row)
    return {"url": reverse(f"admin:{name}_forecast", args=[row.pk])}


def counted(where: dict[str, Any], row: Any) -> dict[str, Any]:
    """The line of counts; of a campaign also when it would end."""
    found = forecast.of(where)
    shown: dict[str, Any] = {"sentence": forecast_words.sentence(found)}
    if isinstance(row, Batch):
        table = rules.current().holidays(row.account.country)
        estimate = finish.estimate(row, found.to_call, _policy_of(row), table)
        if estimate:
            shown |= {"finish": _ends(row, estimate), "basis": _basis(estimate)}
    return shown


def _ends(batch: Batch, estimate: Finish) -> str:
    if estimate.day is None:
        return gettext("It would not end within a year.")
    said = gettext("It would end on %(day)s.") % {
        "day": date_format(estimate.day, "l j/n/Y")
    }
    expires = batch.expires_at
    if (
        expires
        and timezone.localdate(expires, timezone=zone_of(batch.account)) < estimate.day
    ):
        said += " " + gettext("It expires before.")
    return said


def _basis(estimate: Finish) -> str:
    pace = estimate.pace
    figures = {
        "attempts": f"{estimate.attempts:.1f}".replace(".", ","),
        "seconds": round(pace.seconds),
        "calls": estimate.concurrency,
        "measured": pace.measured,
    }
    if pace.measured:
        return gettext(
            "Estimate: %(attempts)s attempts per case, %(seconds)s seconds per call "
            "(as in the last %(measured)s calls of the account), %(calls)s "
            "simultaneous calls."
        ) % (figures)
    return gettext(
        "Estimate: %(attempts)s attempts per case and %(seconds)s seconds per call "
        "(assumed: there are few calls yet), %(calls)s simultaneous calls."
    ) % (figures)


def batch_forecast(request: HttpRequest, pk: str) -> HttpResponse:
    require(request, "batches.view_batch")
    batch = _found(choices_of(Batch, request), pk)
    return _fragment(request, counted({"batch_id": batch.pk}, batch))


def upload_forecast(request: HttpRequest, pk: str) -> HttpResponse:
    require(request, "batches.view_upload")
    upload = _found(Upload.objects.all(), pk)
    _found(choices_of(Batch, request), str(upload.batch_id))
    return _fragment(request, counted({"upload_id": upload.pk}, upload))


def _found(rows: Any, pk: str) -> Any:
    try:
        row = rows.filter(pk=ObjectId(pk)).first()
    except InvalidId:
        row = None
    if row is None:
        raise Http404
    return row


def _fragment(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    template = "admin/calls/preflight/counts.html"
    return TemplateResponse(request, template, {"panel": shown})


pages.BATCH_PANELS.append(preflight)
pages.UPLOAD_PANELS.append(of_upload)
