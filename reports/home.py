"""The home page: today at a glance, what runs, and what needs somebody."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin.base import account_ids, sees_cost, sees_personal_data
from batches.admin.jobs import shown_name, shown_phone
from batches.admin.pages import Card, Notice, list_url, page_url
from batches.admin.progress import number, progress_of
from batches.admin.words import (
    BATCH_COLOURS,
    DISPOSITIONS,
    OUTCOME_COLOURS,
    OUTCOMES,
)
from batches.models import Account, Batch, Job
from batches.states import JobStatus
from calls import invariants, pacing
from calls.admin import alerts, halts, incidents, live
from calls.admin.unconfirmed import unconfirmed
from calls.admin.words import CALL_COLOURS, value
from calls.models import Call
from reports.queries import home_figures
from speechai_site.runtime import clock, heartbeat
from speechai_site.runtime.documents import collection

LATEST_SHOWN = 8
RECENT_BATCHES = 5
# Wall seconds without a beat after which a process counts as gone.
SILENCE_SECONDS = 15


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: all that `admin/index.html` shows."""
    if not request.user.has_perm("calls.view_call"):
        return context
    accounts = account_ids(request)
    start = _midnight()
    figures = home_figures(accounts, start, start + timedelta(days=1))
    return context | {
        "title": _("Home"),
        "halting": halts.form_context(request),
        "home": {
            "notices": [
                *live.notices(request),
                *halts.notices(request),
                *incidents.notices(request),
                *alerts.notices(request),
                *notices(),
            ],
            "cards": _cards(request, figures, accounts),
            "running": _running(figures["running"]),
            "recent": [] if figures["running"] else _running(_recent(accounts)),
            "outcomes": _outcomes(figures["outcomes"]),
            "unconfirmed": unconfirmed(_scope(accounts))
            if figures["unconfirmed"]
            else {},
            "latest": _latest(request, accounts),
            "may_disarm": live.may_disarm(request),
            "may_control": request.user.has_perm("batches.control_batch"),
            "may_upload": request.user.has_perm("batches.add_upload"),
            "batches_url": list_url("batches_batch"),
            "calls_url": list_url("calls_call"),
            "now": formats.moment(clock.now()),
        },
    }


def notices() -> list[Notice]:
    """What holds the whole program back."""
    found = []
    if not heartbeat.alive("clock", SILENCE_SECONDS):
        found.append(
            Notice(
                "danger",
                "timer_off",
                _("The clock process is not running"),
                _("Nothing is dispatched and no result is applied until it is back."),
            )
        )
    if not heartbeat.alive("qcluster", SILENCE_SECONDS):
        found.append(
            Notice(
                "danger",
                "phonelink_off",
                _("No worker process is running"),
                _("Nothing is dialed until one is back."),
            )
        )
    if not settings.PUBLIC_URL:
        found.append(
            Notice(
                "warning",
                "sync_problem",
                _("Retell can't send its results here"),
                _(
                    "PUBLIC_URL is not set, so results are asked for instead: they "
                    "come up to a minute late."
                ),
            )
        )
    sweep = pacing.sweep_state()
    if sweep and sweep.get("strays"):
        found.append(
            Notice(
                "danger",
                "report",
                _("Retell has calls that this program did not make"),
                _("%(n)s of them. Their ids are in the clock's log; call support.")
                % {"n": number(sweep["strays"])},
            )
        )
    if sweep and sweep.get("behind"):
        found.append(
            Notice(
                "warning",
                "hourglass_top",
                _("Retell's list of calls is still being compared"),
                _(
                    "It is longer than one round reads, and is read in parts. A "
                    "result of which Retell sent no word may come late."
                ),
            )
        )
    return found


def _midnight() -> Any:
    """The start of the business day in the user's zone."""
    local = timezone.localtime(clock.now())
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _cards(
    request: HttpRequest, figures: dict[str, Any], accounts: list[Any] | None
) -> list[Card]:
    outcomes = figures["outcomes"]
    ended = sum(outcomes.values())
    spoke = outcomes.get("conversation", 0)
    cards = [
        Card(
            _("Calls today"),
            number(figures["calls"]),
            _("%(n)s with a result") % {"n": number(ended)},
        ),
        Card(_("On the line now"), number(figures["live"]), _("dialing or talking")),
        Card(
            _("Conversations today"),
            number(spoke),
            _("%(percent)s of %(n)s results")
            % {"percent": formats.percent(spoke, ended), "n": number(ended)},
        ),
        Card(
            _("Cases in review"),
            number(_in_review(accounts)),
            _("a person has to decide"),
        ),
    ]
    if sees_cost(request):
        cards.append(
            Card(
                _("Cost today"),
                formats.dollars(figures["cost_usd"]),
                _("as far as Retell has said"),
            )
        )
    if alerts.answers_for_rules(request):
        cards.append(_undecided(accounts))
    return cards


def _undecided(accounts: list[Any] | None) -> Card:
    n = invariants.undecided_calls(_midnight(), accounts)
    return Card(
        _("Calls without a decision"),
        number(n),
        _("today; each call must be allowed by a policy"),
        "danger" if n else "",
    )


def _scope(accounts: list[Any] | None) -> dict[str, Any]:
    return {} if accounts is None else {"account_id": {"$in": accounts}}


def _in_review(accounts: list[Any] | None) -> int:
    return collection(Job).count_documents(
        {"status": JobStatus.REVIEW, **_scope(accounts)}
    )


def _recent(accounts: list[Any] | None) -> list[Batch]:
    batches = Batch.objects.order_by("-pk")
    if accounts is not None:
        batches = batches.filter(account_id__in=accounts)
    return list(batches[:RECENT_BATCHES])


def _running(batches: list[Batch]) -> list[dict[str, Any]]:
    names = dict(
        Account.objects.filter(
            pk__in=list({batch.account_id for batch in batches})
        ).values_list("pk", "name")
    )
    rows = []
    for batch in batches:
        progress = progress_of(batch)
        rows.append(
            {
                "url": page_url("batches_batch", batch.pk),
                "name": batch.name,
                "account": names.get(batch.account_id, ""),
                "state": (batch.get_status_display(), BATCH_COLOURS[batch.status]),
                "progress": progress,
                "closed": number(progress.closed),
                "total": number(progress.total),
                "calls": number(sum(batch.counters.get("calls", {}).values())),
            }
        )
    return rows


def _outcomes(counted: dict[str, int]) -> list[dict[str, Any]]:
    total = sum(counted.values())
    return [
        {
            "label": value(code, OUTCOMES),
            "tone": OUTCOME_COLOURS.get(code) or "grey",
            "count": number(n),
            "percent": formats.percent(n, total),
            "width": f"{100 * n / total:.1f}",
        }
        for code, n in sorted(counted.items(), key=lambda pair: -pair[1])
    ]


def _latest(request: HttpRequest, accounts: list[Any] | None) -> list[dict[str, Any]]:
    rows = Call.objects.order_by("-pk")
    if accounts is not None:
        rows = rows.filter(account_id__in=accounts)
    full = sees_personal_data(request)
    return [
        {
            "url": page_url("calls_call", call.pk),
            "at": formats.brief(call.planned_at),
            "name": shown_name(call.name, full=full),
            "phone": shown_phone(call.to_number, full=full),
            "state": (call.get_status_display(), CALL_COLOURS[call.status]),
            "result": value(call.disposition, DISPOSITIONS)
            or value(call.outcome, OUTCOMES),
            "duration": formats.duration(call.duration_ms),
        }
        for call in rows[:LATEST_SHOWN]
    ]
