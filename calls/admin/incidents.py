"""Incidents: the list that people work off, and what campaigns say of it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin import pages
from batches.admin.base import (
    AccountScopedAdmin,
    ReadOnly,
    account_ids,
    require,
    sees_personal_data,
)
from batches.admin.filters import AccountFilter, BatchFilter, CodeFilter, StatusFilter
from batches.admin.jobs import shown_name
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import Card, Link, Notice, actor, list_url, page_url
from batches.admin.progress import number
from batches.models import Account, Batch, Job
from calls import incidents
from calls.admin.words import INCIDENT_CODES, INCIDENT_COLOURS, value
from calls.models import Call, Incident
from calls.states import IncidentStatus
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection

# No more are counted for a notice, and no more paused campaigns are named.
MOST_COUNTED, MOST_NAMED = 10_000, 5
MAY_WORK = "calls.work_incident"


class KindFilter(CodeFilter):
    title = _("kind")
    parameter_name = "kind"
    words = dict(Incident.Kind.choices)


@admin.register(Incident)
class IncidentAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = ["found", "what", "campaign", "state", "owned", "due", "the_call"]
    list_filter = [StatusFilter, KindFilter, BatchFilter, AccountFilter]
    list_leaves_out = ("resolution", "history")
    change_form_template = "admin/calls/incident/change_form.html"
    empty_help = _("What was not said, or should not have been, appears here.")
    fields = ()

    def prepare(self, request: HttpRequest, rows: list[Incident]) -> None:
        names = dict(
            Batch.objects.filter(
                pk__in=list({row.batch_id for row in rows})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.batch_shown = names.get(row.batch_id, "")

    @display(description=_("found"))
    def found(self, row: Incident) -> str:
        return formats.brief(row.at)

    @display(description=_("incident"), header=True)
    def what(self, row: Incident) -> list[str]:
        return [row.get_kind_display(), value(row.code, INCIDENT_CODES)]

    @display(description=_("campaign"))
    def campaign(self, row: Incident) -> SafeString:
        url = page_url("batches_batch", row.batch_id)
        return format_html('<a href="{}">{}</a>', url, row.batch_shown)

    @display(description=_("status"), label=INCIDENT_COLOURS)
    def state(self, row: Incident) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("owner"))
    def owned(self, row: Incident) -> str:
        return actor(row.owner) if row.owner else formats.EMPTY

    @display(description=_("due"))
    def due(self, row: Incident) -> SafeString | str:
        late = row.status == IncidentStatus.OPEN and row.due_at < clock.now()
        shown = formats.brief(row.due_at)
        return format_html("<b>{}: {}</b>", _("overdue"), shown) if late else shown

    @display(description=_("call"))
    def the_call(self, row: Incident) -> SafeString:
        url = page_url("calls_call", row.call_id)
        return format_html('<a href="{}">{}</a>', url, _("Listen and read"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        extra = {"record": record(request, row)} if row else {}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<path:object_id>/work/", "calls_incident_work", work),)


def work(
    request: HttpRequest, object_id: str, model_admin: IncidentAdmin
) -> HttpResponse:
    """Take or resolve (POST `verb`; `owner` as it was shown, or `resolution`)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, MAY_WORK)
    row = model_admin.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    by = audit.actor_of(request.user)
    verb = request.POST.get("verb", "")
    if verb == "take":
        done = incidents.take(row, by=by, owner=request.POST.get("owner", ""))
    elif verb == "resolve" and (text := request.POST.get("resolution", "").strip()):
        done = incidents.resolve(row, by=by, text=text[:2000])
    else:
        return HttpResponseBadRequest()
    if done:
        messages.success(request, _("It is on record."))
    else:
        messages.warning(request, _("Nothing was done: somebody else was faster."))
    return redirect("admin:calls_incident_change", row.pk)


def record(request: HttpRequest, row: Incident) -> dict[str, Any]:
    """All that an incident's page shows."""
    job = Job.objects.filter(pk=row.job_id).only("name").first()
    call = Call.objects.filter(pk=row.call_id).only("planned_at").first()
    is_open = row.status == IncidentStatus.OPEN
    mine = row.owner == audit.actor_of(request.user)
    may = is_open and request.user.has_perm(MAY_WORK)
    return {
        "incident": row,
        "kind": row.get_kind_display(),
        "what": value(row.code, INCIDENT_CODES),
        "state": (row.get_status_display(), INCIDENT_COLOURS[row.status]),
        "place": None if row.utterance is None else row.utterance + 1,
        "owner": actor(row.owner) if row.owner else formats.EMPTY,
        "found": formats.moment(row.at),
        "due": formats.moment(row.due_at),
        "resolved": formats.moment(row.resolved_at) if row.resolved_at else "",
        "name": shown_name(job.name, full=sees_personal_data(request)) if job else "",
        "called": formats.moment(call.planned_at) if call else "",
        "batch": Batch.objects.get(pk=row.batch_id),
        "account": Account.objects.get(pk=row.account_id),
        "call_url": page_url("calls_call", row.call_id),
        "job_url": page_url("batches_job", row.job_id),
        "batch_url": page_url("batches_batch", row.batch_id),
        "work_url": reverse("admin:calls_incident_work", args=[row.pk]),
        "may_take": may and not mine,
        "may_resolve": may,
        "history": pages.history_of(row, lambda to: IncidentStatus(to).label),
    }


# --- what other pages say of them


def notices(request: HttpRequest) -> list[Notice]:
    """For the home page: campaigns that paused by themselves, and the open list."""
    if not request.user.has_perm("calls.view_incident"):
        return []
    ids = account_ids(request)
    paused = Batch.objects.filter(
        status=Batch.Status.PAUSED, pause_reason=incidents.PAUSE_REASON
    )
    if ids is not None:
        paused = paused.filter(account_id__in=ids)
    found = [_paused(batch) for batch in paused.order_by("-pk")[:MOST_NAMED]]
    scope = {} if ids is None else {"account_id": {"$in": ids}}
    return found + _open(scope)


def notices_of_batch(request: HttpRequest, batch: Batch) -> list[Notice]:
    if not request.user.has_perm("calls.view_incident"):
        return []
    found = []
    by_itself = batch.pause_reason == incidents.PAUSE_REASON
    if batch.status == Batch.Status.PAUSED and by_itself:
        found.append(_paused(batch, on_its_page=True))
    return found + _open({"batch_id": batch.pk}, batch=batch.pk)


def notices_of_call(request: HttpRequest, call: Call) -> list[Notice]:
    if not request.user.has_perm("calls.view_incident"):
        return []
    return [
        Notice(
            "warning" if row.status == IncidentStatus.OPEN else "",
            "report",
            row.get_kind_display(),
            " · ".join(
                filter(
                    None,
                    (
                        value(row.code, INCIDENT_CODES),
                        _sentence(row),
                        str(row.get_status_display()),
                    ),
                )
            )
            + ".",
            page_url("calls_incident", row.pk),
            _("See the incident"),
        )
        for row in Incident.objects.filter(call_id=call.pk).order_by("pk")
    ]


def _sentence(row: Incident) -> str:
    if row.utterance is None:
        return ""
    return gettext("turn %(n)s of the conversation") % {"n": row.utterance + 1}


def _paused(batch: Batch, *, on_its_page: bool = False) -> Notice:
    """On the campaign's page it links to the incidents, elsewhere to that page."""
    url = page_url("batches_batch", batch.pk)
    if on_its_page:
        status = IncidentStatus.OPEN.value
        url = list_url("calls_incident", batch=batch.pk, status=status)
    return Notice(
        "danger",
        "pause_circle",
        gettext("Automatic pause: %(campaign)s") % {"campaign": batch.name},
        _(
            "Two calls or more with forbidden speech, or the debt before the identity. "
            "Listen to them, mend the agent, then resume."
        ),
        url,
        _("See the incidents") if on_its_page else _("See the campaign"),
    )


def _open(scope: dict[str, Any], **filters: Any) -> list[Notice]:
    n = collection(Incident).count_documents(
        {"status": IncidentStatus.OPEN, **scope}, limit=MOST_COUNTED
    )
    if not n:
        return []
    return [
        Notice(
            "warning",
            "report",
            _("Open incidents"),
            gettext("%(n)s things that were said, or not said, wait for somebody.")
            % {"n": number(n)},
            list_url("calls_incident", **filters, status=IncidentStatus.OPEN.value),
            _("See the incidents"),
        )
    ]


def notices_card(_request: HttpRequest, batch: Batch) -> list[Card]:
    """*Avisos completos*: of the conversations with the verified titular, those in
    which everything was announced (operations.md 5)."""
    counted = batch.counters.get("notices", {})
    direct, complete = counted.get("direct", 0), counted.get("complete", 0)
    if not direct:
        return []
    return [
        Card(
            _("Notices complete"),
            formats.percent(complete, direct),
            gettext("%(n)s of %(total)s contacts with the holder")
            % {"n": number(complete), "total": number(direct)},
        )
    ]


def incidents_of_batch(request: HttpRequest, batch: Batch) -> list[Link]:
    if not request.user.has_perm("calls.view_incident"):
        return []
    url = list_url("calls_incident", batch=batch.pk)
    return [Link(_("Incidents"), url, "report")]


pages.BATCH_NOTICES.append(notices_of_batch)
pages.BATCH_CARDS.append(notices_card)
pages.BATCH_LINKS.append(incidents_of_batch)
