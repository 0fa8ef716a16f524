"""Campaigns: the list, and the page from which one is run."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from batches import formats, states
from batches.admin import mode_pages, order_page, pages
from batches.admin.base import AccountScopedAdmin, account_ids, require
from batches.admin.filters import AccountFilter, StatusFilter
from batches.admin.pages import Card, Link, list_url
from batches.admin.progress import TONES, number, progress_of, up_to_date
from batches.admin.words import (
    BATCH_COLOURS,
    OUTCOME_COLOURS,
    OUTCOMES,
    job_state,
    reason,
    shown_counts,
)
from batches.models import Account, Batch, Job
from speechai_site.runtime import audit
from speechai_site.runtime.documents import collection

S = Batch.Status
EDITABLE = (S.DRAFT, S.PAUSED)


@dataclass(frozen=True)
class Control:
    """A button: what it asks before it acts, and from which statuses it is offered."""

    label: str | Promise
    icon: str
    question: str | Promise
    offered: tuple[str, ...]
    said: str | Promise
    asks_reason: bool = False
    danger: bool = False


CONTROLS = {
    "start": Control(
        _("Start"),
        "play_arrow",
        _("Phones start to ring as soon as the calling hours allow."),
        (S.DRAFT,),
        _("The campaign is running."),
    ),
    "pause": Control(
        _("Pause"),
        "pause",
        _("No further number is dialed. Calls that are ringing or talking go on."),
        (S.RUNNING,),
        _("The campaign is paused."),
        asks_reason=True,
    ),
    "resume": Control(
        _("Resume"),
        "play_arrow",
        _("It goes on where it stopped."),
        (S.PAUSED,),
        _("The campaign is running again."),
    ),
    "cancel": Control(
        _("Cancel campaign"),
        "cancel",
        _("It ends for good: what waits is cancelled. This can't be undone."),
        (S.DRAFT, S.RUNNING, S.PAUSED),
        _("The campaign was cancelled."),
        asks_reason=True,
        danger=True,
    ),
    "stop_now": Control(
        _("Hang up now"),
        "call_end",
        _(
            "Everything of it stops at once and for good: what waits is cancelled, and "
            "calls that are ringing or talking are hung up. This can't be undone. To "
            "stop for a while, use Pause."
        ),
        (S.RUNNING, S.PAUSED, S.CANCELLED, S.EXPIRED),
        _("The campaign was stopped; its live calls are being hung up."),
        asks_reason=True,
        danger=True,
    ),
}


@admin.register(Batch)
class BatchAdmin(AccountScopedAdmin):
    list_display = [
        "name",
        "account_name",
        "state",
        "progress",
        "cases",
        "amount",
        "made",
    ]
    list_filter = [StatusFilter, AccountFilter]
    search_fields = ["name"]
    search_help_text = _("Name of the campaign")
    ordering = ["-pk"]
    sortable_by = ()
    actions = None
    actions_list = ["upload_workbook"]
    change_form_template = "admin/batches/batch/change_form.html"
    empty_help = _("A campaign is made by uploading a workbook.")
    readonly_fields = ["account", "use_case"]
    fieldsets = [
        (
            _("Call settings"),
            {
                "fields": [
                    ("name", "priority"),
                    ("account", "use_case"),
                    ("agent", "number"),
                    ("max_attempts", "retry_days", "max_concurrent_calls"),
                    ("ring_seconds", "max_call_seconds"),
                    "starts_at",
                    "expires_at",
                ],
            },
        ),
    ]

    # --- the list

    def get_list_display(self, request: HttpRequest) -> list[str]:
        ids = account_ids(request)
        one_account = ids is not None and len(ids) < 2
        return [
            n for n in self.list_display if not (one_account and n == "account_name")
        ]

    def prepare(self, request: HttpRequest, rows: list[Batch]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, "")
            row.progress_shown = progress_of(row)

    @display(description=_("account"))
    def account_name(self, row: Batch) -> str:
        return row.account_shown

    @display(description=_("status"), label=BATCH_COLOURS)
    def state(self, row: Batch) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("progress"))
    def progress(self, row: Batch) -> SafeString | str:
        shown = row.progress_shown
        if not shown.total:
            return formats.EMPTY
        return format_html(
            '<span class="sai-progress">{} <b>{} %</b></span>',
            shown.bar(),
            shown.percent,
        )

    @display(description=_("cases"))
    def cases(self, row: Batch) -> str:
        return number(row.progress_shown.total)

    @display(description=_("total amount"))
    def amount(self, row: Batch) -> str:
        return formats.money(row.total_amount)

    @display(description=_("made"))
    def made(self, row: Batch) -> str:
        return formats.brief(row.created_at)

    @action(
        description=_("Upload workbook"),
        icon="upload_file",
        permissions=["upload"],
        variant="primary",
    )
    def upload_workbook(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:batches_upload_add")

    def has_upload_permission(self, request: HttpRequest) -> bool:
        # named so because unfold's check would ask the database for "batches.add_upload"
        return request.user.has_perm("batches.add_upload")

    # --- the page

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # see upload_workbook

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its calls are the record of what was done to people

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Batch) or obj.status in EDITABLE)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        for name in ("agent", "number"):
            if obj and name in form.base_fields:
                field = form.base_fields[name]
                field.queryset = field.queryset.filter(
                    Q(account_id=obj.account_id) | Q(account_id__isnull=True)
                )
        return form

    def save_model(
        self, request: HttpRequest, obj: Batch, form: Any, change: Any
    ) -> None:
        """Write what was edited, provided that it is still a draft or paused."""
        fields = [Batch._meta.get_field(name) for name in form.changed_data]
        obj.edited = {} if not fields else None
        before = fields and collection(Batch).find_one_and_update(
            {"_id": obj.pk, "status": {"$in": list(EDITABLE)}},
            {"$set": {f.column: getattr(obj, f.attname) for f in fields}},
        )
        if before:
            old = Batch(**{f.attname: before[f.column] for f in fields})
            obj.edited = {
                f.name: f"{shown_setting(old, f.name)} → {shown_setting(obj, f.name)}"
                for f in fields
            }

    def log_change(self, request: HttpRequest, obj: Batch, message: Any) -> None:
        """On record with the old and the new settings."""
        if obj.edited:
            self._record(request, "change", obj, **obj.edited)

    def response_change(self, request: HttpRequest, obj: Batch) -> HttpResponse:
        if obj.edited is not None:
            return super().response_change(request, obj)
        messages.error(
            request, _("Nothing was saved: the campaign changed its status.")
        )
        return redirect("admin:batches_batch_change", obj.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self.get_object(request, unquote(object_id))
        extra = {"summary": summary(request, batch)} if batch else {}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<path:object_id>/control/", "batches_batch_control", control),
            (
                "<path:object_id>/mode/<str:mode>/",
                "batches_batch_mode",
                mode_pages.choose,
            ),
            (
                "<path:object_id>/look/<str:token>/",
                "batches_batch_look",
                mode_pages.look,
            ),
            (
                "<path:object_id>/look/<str:token>/state/",
                "batches_batch_look_state",
                mode_pages.state,
            ),
            (
                "<path:object_id>/look/<str:token>/cancel/",
                "batches_batch_look_cancel",
                mode_pages.cancel,
            ),
            ("<path:object_id>/order/", "batches_batch_order", order_page.order),
        )


def shown_setting(batch: Batch, name: str) -> str:
    """A setting for the activity log; nothing in it is about a person."""
    value = getattr(batch, name)
    return formats.EMPTY if value is None else str(value)


def control(
    request: HttpRequest, object_id: str, model_admin: BatchAdmin
) -> HttpResponse:
    """Start, pause, resume, cancel or hang up (POST `verb`, and `reason` where it is asked)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, "batches.control_batch")
    batch = model_admin.get_object(request, unquote(object_id))
    if batch is None:
        raise Http404
    verb = request.POST.get("verb", "")
    if verb not in CONTROLS:
        return HttpResponseBadRequest()
    chosen = CONTROLS[verb]
    told = {"reason": request.POST.get("reason", "")[:64]} if chosen.asks_reason else {}
    try:
        done = getattr(batch, verb)(by=audit.actor_of(request.user), **told)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    else:
        if done:
            messages.success(request, chosen.said)
        else:
            messages.warning(
                request, _("Nothing was done: the campaign changed its status.")
            )
    return redirect("admin:batches_batch_change", batch.pk)


def summary(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    """Everything above the form of a campaign's page."""
    batch = up_to_date(batch)
    progress = progress_of(batch)
    may_control = request.user.has_perm("batches.control_batch")
    return {
        "batch": batch,
        "sandbox": settings.SANDBOX,
        "state": (batch.get_status_display(), BATCH_COLOURS[batch.status]),
        "pause_reason": reason(batch.pause_reason),
        "progress": progress,
        "cards": [*_cards(batch), *pages.gather(pages.BATCH_CARDS, request, batch)],
        "notices": pages.gather(pages.BATCH_NOTICES, request, batch),
        "panels": pages.gather(pages.BATCH_PANELS, request, batch),
        "jobs": _job_rows(batch),
        "outcomes": _outcome_rows(batch),
        "links": [
            *_links(request, batch),
            *pages.gather(pages.BATCH_LINKS, request, batch),
        ],
        "controls": [
            (verb, chosen)
            for verb, chosen in CONTROLS.items()
            if may_control and batch.status in chosen.offered and has_use(verb, batch)
        ],
        "control_url": reverse("admin:batches_batch_control", args=[batch.pk]),
        "obstacles": batch.obstacles() if batch.status in EDITABLE else [],
        "history": pages.history_of(batch, lambda to: states.BatchStatus(to).label),
    }


def has_use(verb: str, batch: Batch) -> bool:
    """Of an ended campaign there is something to hang up only while a call is live."""
    if verb != "stop_now" or batch.status in states.OPEN_BATCH:
        return True
    return Job.objects.filter(batch=batch, status=states.JobStatus.CALLING).exists()


def _cards(batch: Batch) -> list[Card]:
    progress = progress_of(batch)
    waiting = progress.total - progress.closed
    counted = bool(batch.counters)
    return [
        Card(
            _("Cases"),
            number(progress.total) if counted else formats.EMPTY,
            gettext("%(n)s still open") % {"n": number(waiting)}
            if counted
            else gettext("they are being counted"),
        ),
        Card(
            _("Rows in the workbooks"),
            number(batch.rows),
            gettext("%(n)s reported") % {"n": number(batch.row_errors)}
            if batch.row_errors
            else gettext("all became cases"),
            "warning" if batch.row_errors else "",
        ),
        Card(_("Total amount"), formats.money(batch.total_amount)),
    ]


def _links(request: HttpRequest, batch: Batch) -> list[Link]:
    links = []
    if request.user.has_perm("batches.view_job"):
        links.append(Link(_("Cases"), list_url("batches_job", batch=batch.pk), "group"))
    if request.user.has_perm("batches.view_upload"):
        links.append(
            Link(
                _("Uploads"), list_url("batches_upload", batch=batch.pk), "upload_file"
            )
        )
    return links


def _job_rows(batch: Batch) -> list[dict[str, Any]]:
    counted = shown_counts(batch.counters.get("jobs", {}))
    total = sum(counted.values())
    return [
        {
            "label": _("To be called")
            if status == states.JobStatus.QUEUED
            else job_state(status, 1),
            "tone": TONES.get(status, "track"),
            "count": number(counted[status]),
            "percent": formats.percent(counted[status], total),
            "width": f"{100 * counted[status] / total:.1f}",
            "url": list_url("batches_job", batch=batch.pk, status=status),
        }
        for status in states.JobStatus.values
        if counted.get(status)
    ]


def _outcome_rows(batch: Batch) -> list[dict[str, Any]]:
    counted = batch.counters.get("outcomes", {})
    total = sum(counted.values())
    return [
        {
            "label": OUTCOMES.get(code, code),
            "tone": OUTCOME_COLOURS.get(code) or "grey",
            "count": number(n),
            "percent": formats.percent(n, total),
            "width": f"{100 * n / total:.1f}",
        }
        for code, n in sorted(counted.items(), key=lambda pair: -pair[1])
    ]
