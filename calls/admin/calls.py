"""Calls: the list of a million, and what was said in one."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from batches import formats
from batches.admin import pages
from batches.admin.base import (
    AccountScopedAdmin,
    ReadOnly,
    sees_cost,
    sees_personal_data,
)
from batches.admin.filters import AccountFilter, BatchFilter, StatusFilter
from batches.admin.jobs import shown_name, shown_phone
from batches.admin.keyset import KeysetAdmin
from batches.admin.pages import Card, Link, Panel, list_url, page_url
from batches.admin.progress import number
from batches.admin.search import jobs_of
from batches.admin.words import DISPOSITIONS, OUTCOME_COLOURS, OUTCOMES, reason
from batches.models import Account, Agent, Batch, Job
from calls import pacing
from calls.admin.incidents import notices_of_call
from calls.admin.words import (
    ANALYSIS,
    ANALYSIS_CODES,
    CALL_COLOURS,
    CONTACTS,
    HOLDS,
    SENTIMENTS,
    value,
)
from calls.models import Call, CallDetail
from calls.states import PLACED, CallStatus
from speechai_site.runtime.documents import collection, unique

# A search finds the cases first: that many of them at most, newest first.
CASES_SEARCHED = 200
CALLS_OF_JOB = 30


@admin.register(Call)
class CallAdmin(ReadOnly, AccountScopedAdmin, KeysetAdmin):
    list_display = [
        "when",
        "person",
        "campaign",
        "state",
        "result",
        "disposition_shown",
        "length",
    ]
    list_filter = [StatusFilter, BatchFilter, AccountFilter]
    search_fields = ["job__name_keys"]  # see get_search_results
    search_help_text = _("RUT, phone, words of the name, or a call's id")
    list_leaves_out = ("summary", "history")
    change_form_template = "admin/calls/call/change_form.html"
    empty_help = _("Calls appear as soon as a campaign runs.")
    fields = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Cases are found by keyed hashes; their calls by the index on the case."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.startswith(("att_", "call_")):
            named = collection(Call).find_one({"retell_id": unique(term)}, {"_id": 1})
            return queryset.filter(pk=named["_id"] if named else term), False
        wanted = jobs_of(term)
        if wanted is None:
            return queryset.none(), False
        cases = self.admin_site.get_model_admin(Job).get_queryset(request)
        ids = cases.filter(wanted).order_by("-pk").values_list("pk", flat=True)
        return queryset.filter(job_id__in=list(ids[:CASES_SEARCHED])), False

    def prepare(self, request: HttpRequest, rows: list[Call]) -> None:
        names = dict(
            Batch.objects.filter(
                pk__in=list({row.batch_id for row in rows})
            ).values_list("pk", "name")
        )
        full, cost = sees_personal_data(request), sees_cost(request)
        for row in rows:
            row.batch_shown = names.get(row.batch_id, "")
            row.full = full
            row.cost_shown = formats.dollars(row.cost_usd) if cost else ""

    @display(description=_("prepared"))
    def when(self, row: Call) -> str:
        return formats.brief(row.planned_at)

    @display(description=_("person"), header=True)
    def person(self, row: Call) -> list[str]:
        return [
            shown_name(row.name, full=row.full),
            shown_phone(row.to_number, full=row.full),
        ]

    @display(description=_("campaign"))
    def campaign(self, row: Call) -> SafeString:
        url = page_url("batches_batch", row.batch_id)
        return format_html('<a href="{}">{}</a>', url, row.batch_shown)

    @display(description=_("status"), label=CALL_COLOURS)
    def state(self, row: Call) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("outcome"), label=OUTCOME_COLOURS)
    def result(self, row: Call) -> tuple[str, str] | str:
        return (row.outcome, value(row.outcome, OUTCOMES)) if row.outcome else ""

    @display(description=_("disposition"))
    def disposition_shown(self, row: Call) -> str:
        return value(row.disposition, DISPOSITIONS) or reason(row.reason)

    @display(description=_("duration"), header=True)
    def length(self, row: Call) -> list[str]:
        return [formats.duration(row.duration_ms), row.cost_shown]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        call = self.get_object(request, unquote(object_id))
        extra = {}
        if call is not None:
            shown = record(request, call)
            extra = {"record": shown, "subtitle": shown["name"]}
            request.page_title = shown["name"]
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    agent: bool
    text: str


def turns_of(transcript: str) -> list[Turn]:
    """Retell's transcript, `Agent: …` and `User: …` a line, as turns."""
    turns: list[Turn] = []
    for line in transcript.splitlines():
        speaker, colon, said = line.partition(":")
        if colon and speaker.strip() in ("Agent", "User"):
            turns.append(Turn(speaker.strip() == "Agent", said.strip()))
        elif line.strip() and turns:
            last = turns.pop()
            turns.append(Turn(last.agent, f"{last.text} {line.strip()}".strip()))
        elif line.strip():
            turns.append(Turn(agent=True, text=line.strip()))
    return turns


def record(request: HttpRequest, call: Call) -> dict[str, Any]:
    """All that a call's page shows, masked for who may not read persons' data."""
    full = sees_personal_data(request)
    detail = CallDetail.objects.filter(pk=call.pk).first() or CallDetail()
    agent = Agent.objects.filter(retell_id=call.agent_id).first()
    return {
        "call": call,
        "notices": notices_of_call(request, call),
        "full": full,
        "name": shown_name(call.name, full=full),
        "phone": shown_phone(call.to_number, full=full),
        "from_number": formats.phone(call.from_number),
        "agent": agent.name if agent else call.agent_id,
        "state": (call.get_status_display(), CALL_COLOURS[call.status]),
        "outcome": (value(call.outcome, OUTCOMES), OUTCOME_COLOURS.get(call.outcome)),
        "reason": reason(call.reason or call.error_code),
        "duration": formats.duration(call.duration_ms),
        "cost": formats.dollars(call.cost_usd) if sees_cost(request) else "",
        "times": [
            (_("Prepared"), formats.moment(call.planned_at)),
            (_("Started"), formats.moment(call.started_at)),
            (_("Ended"), formats.moment(call.ended_at)),
        ],
        "policies": call.policy.split(),
        "undecided": not call.policy and call.status in PLACED,
        "contact": value(call.contact, CONTACTS),
        "disposition": value(call.disposition, DISPOSITIONS),
        "sentiment": value(call.sentiment, SENTIMENTS),
        "promise_amount": formats.money(call.promise_amount),
        "callback": formats.moment(call.callback_at) if call.callback_at else "",
        "turns": turns_of(detail.transcript) if full else [],
        "analysis": _analysis(detail.reply) if full else [],
        "recording_url": detail.recording_url if full else "",
        "reply": _pretty(detail.reply) if full else "",
        "request": _pretty(detail.request) if full else "",
        "batch": Batch.objects.get(pk=call.batch_id),
        "batch_url": page_url("batches_batch", call.batch_id),
        "job_url": page_url("batches_job", call.job_id),
        "account": Account.objects.get(pk=call.account_id),
        "history": pages.history_of(call, lambda to: CallStatus(to).label),
    }


def _analysis(reply: str) -> list[tuple[Any, str]]:
    """What the analysis filled in, in words."""
    try:
        found = json.loads(reply)["call_analysis"]["custom_analysis_data"]
    except (ValueError, KeyError, TypeError):
        return []
    if not isinstance(found, dict):
        return []
    return [
        (ANALYSIS.get(key, key), _said(key, said))
        for key, said in found.items()
        if said not in (None, "", False)
    ]


def _said(key: str, said: Any) -> str:
    if isinstance(said, bool):
        return str(_("yes"))
    return value(str(said), ANALYSIS_CODES.get(key, {}))


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def calls_of_batch(request: HttpRequest, batch: Batch) -> list[Link]:
    if not request.user.has_perm("calls.view_call"):
        return []
    return [Link(_("Calls"), list_url("calls_call", batch=batch.pk), "call")]


def figures_of_batch(request: HttpRequest, batch: Batch) -> list[Card]:
    counted = batch.counters.get("calls", {})
    spoke = batch.counters.get("outcomes", {}).get("conversation", 0)
    results = sum(batch.counters.get("outcomes", {}).values())
    cards = [
        Card(
            _("Calls"),
            number(sum(counted.values())),
            _("%(percent)s of the results are conversations")
            % {"percent": formats.percent(spoke, results)}
            if results
            else "",
        )
    ]
    if sees_cost(request):
        cost = batch.counters.get("cost_usd")
        cards.append(Card(_("Cost"), formats.dollars(formats.decimal(cost))))
    return cards


def calls_of_job(request: HttpRequest, job: Job) -> list[Panel]:
    if not request.user.has_perm("calls.view_call"):
        return []
    full = sees_personal_data(request)
    rows = [
        {
            "url": page_url("calls_call", call.pk),
            "at": formats.brief(call.planned_at),
            "attempt": call.attempt,
            "phone": shown_phone(call.to_number, full=full),
            "state": (call.get_status_display(), CALL_COLOURS[call.status]),
            "outcome": value(call.outcome, OUTCOMES),
            "disposition": value(call.disposition, DISPOSITIONS) or reason(call.reason),
            "duration": formats.duration(call.duration_ms),
            "summary": call.summary if full else "",
        }
        for call in Call.objects.filter(job_id=job.pk).order_by("-pk")[:CALLS_OF_JOB]
    ]
    return [Panel(_("Calls"), "admin/calls/call/of_job.html", {"calls": rows})]


def hold_of_batch(request: HttpRequest, batch: Batch) -> list[Card]:
    """The limit that a running campaign waits for, when there is one."""
    code = pacing.hold_of(batch.pk) if batch.status == Batch.Status.RUNNING else ""
    if not code:
        return []
    return [Card(_("Held back by"), value(code, HOLDS), _("its limit is reached"))]


pages.BATCH_LINKS.append(calls_of_batch)
pages.BATCH_CARDS.append(figures_of_batch)
pages.BATCH_CARDS.append(hold_of_batch)
pages.JOB_PANELS.append(calls_of_job)
