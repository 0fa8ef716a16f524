"""The page where calling is stopped and allowed again, and the notices meanwhile."""

from typing import Any

from bson import ObjectId
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import pages
from batches.admin.base import account_ids, choices_of, require
from batches.admin.pages import Notice, Panel
from batches.admin.progress import number
from batches.imports.normalizers.places import place, shown
from batches.imports.normalizers.regions import REGIONS
from batches.models import Account, Batch, Job
from batches.states import OPEN_JOB, BatchStatus
from calls import halts
from calls.admin.words import GATE
from calls.models import Halt
from speechai_site.runtime import audit
from speechai_site.runtime.documents import collection
from speechai_site.runtime.keys import fold

MOST_PLACES = 1000
# Cases of a campaign that are read for their places, before the index is searched: some
# 20 ms; each place that is not among them costs a search of 2 ms.
NEWEST = 2000
# Cases without a place are counted up to so many.
MOST_COUNTED = 1000


def halts_page(request: HttpRequest) -> HttpResponse:
    """What is stopped; POST `verb` halt (`account`, `place`, …) or lift (`halt`)."""
    require(request, "batches.control_batch")
    if request.method == "POST":
        verb = {"halt": _halt, "lift": _lift}.get(request.POST.get("verb", ""))
        return verb(request) if verb else HttpResponseBadRequest()
    context = admin.site.each_context(request) | {
        "title": _("Stop calling"),
        "halting": form_context(request)
        | _places(request)
        | {"active": [_row(request, row) for row in visible(request)]},
    }
    return TemplateResponse(request, "admin/calls/halts.html", context)


def form_context(request: HttpRequest) -> dict[str, Any]:
    """What the question before a stop needs."""
    return {
        "everything": account_ids(request) is None,
        "accounts": list(choices_of(Account, request).order_by("name")),
    }


def visible(request: HttpRequest) -> QuerySet:
    """The halts that hold now for somebody whom this person may see."""
    rows = Halt.objects.filter(returned=False, lifted_at__isnull=True)
    ids = account_ids(request)
    if ids is not None:
        rows = rows.filter(Q(account_id__in=ids) | Q(account_id__isnull=True))
    return rows.order_by("-pk")


def notices(request: HttpRequest) -> list[Notice]:
    """A red notice for each halt, as long as it holds."""
    return [_notice(request, row) for row in visible(request)]


def _halt(request: HttpRequest) -> HttpResponse:
    accounts = choices_of(Account, request)
    chosen: list[Account | None] = list(accounts)
    if wanted := request.POST.get("account"):
        if not ObjectId.is_valid(wanted):
            raise Http404
        chosen = list(accounts.filter(pk=ObjectId(wanted)))
    elif account_ids(request) is None:
        chosen = [None]
    if not chosen:
        raise Http404
    where = request.POST.get("place", "")
    if where and not place(where):
        return HttpResponseBadRequest()
    for account in chosen:
        country = account.country if account else ""
        halts.halt(
            by=audit.actor_of(request.user),
            account=account,
            place=place(where, country),
            unknown_too="unknown_too" in request.POST,
            hang_up="hang_up" in request.POST,
            reason=request.POST.get("reason", "")[:64],
        )
    messages.success(request, _("It is stopped: nothing of it is dialed any more."))
    return redirect("admin:halts")


def _lift(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("halt", "")
    if not ObjectId.is_valid(wanted):
        raise Http404
    row = visible(request).filter(pk=ObjectId(wanted)).first()
    if row is None:
        raise Http404
    if not _may_lift(request, row):
        raise PermissionDenied
    if halts.lift(row, by=audit.actor_of(request.user)):
        messages.success(request, _("Calling goes on."))
    return redirect("admin:halts")


def _may_lift(request: HttpRequest, row: Halt) -> bool:
    """What stops every account is lifted by who may see every account."""
    may = request.user.has_perm("batches.control_batch")
    return may and (row.account_id is not None or account_ids(request) is None)


def _row(request: HttpRequest, row: Halt) -> dict[str, Any]:
    account = Account.objects.filter(pk=row.account_id).first()
    more = []
    if row.place and row.unknown_too:
        more.append(gettext("and cases whose place is unknown"))
    if row.hang_up:
        more.append(gettext("live calls are hung up"))
    return {
        "pk": row.pk,
        "what": _what(row),
        "more": ", ".join(more),
        "account": account.name if account else gettext("All accounts"),
        "at": formats.brief(row.at),
        "by": pages.actor(row.by),
        "reason": row.reason,
        "may_lift": _may_lift(request, row),
    }


def _what(row: Halt) -> str:
    if not row.place:
        return gettext("All calls")
    return gettext("Region stopped: %(place)s") % {"place": shown(row.place)}


def _notice(request: HttpRequest, row: Halt) -> Notice:
    shown = _row(request, row)
    facts = (shown["account"], shown["more"], shown["at"], shown["by"], shown["reason"])
    may_see = request.user.has_perm("batches.control_batch")
    return Notice(
        "danger",
        "dangerous",
        shown["what"] if row.place else GATE["calls_halted"],
        " · ".join(filter(None, facts)) + ".",
        reverse("admin:halts") if may_see else "",
        _("See and call again"),
    )


def _places(request: HttpRequest) -> dict[str, Any]:
    """Places of the campaigns that are still called, regions first."""
    scope: dict[str, Any] = {
        "status": {"$in": [BatchStatus.RUNNING, BatchStatus.PAUSED]}
    }
    if (ids := account_ids(request)) is not None:
        scope["account_id"] = {"$in": ids}
    batches = [row["_id"] for row in collection(Batch).find(scope, {"_id": 1})]
    names = {place(name) or name: name for name in _names(batches)}
    offered = sorted(
        names.items(), key=lambda pair: (pair[0] not in REGIONS, fold(shown(pair[1])))
    )
    return {
        "unknown": _unknown(batches),
        "places": [{"name": name, "label": shown(name)} for _code, name in offered],
    }


def _names(batches: list[Any]) -> set[str]:
    """Every place of these campaigns' cases, without reading all of them: most are
    among the newest; from there each step goes by the index to the next place that
    no earlier one had."""
    found: set[str] = set()
    for batch in batches:
        newest = collection(Job).find(
            {"batch_id": batch}, {"places": 1}, sort=[("_id", -1)], limit=NEWEST
        )
        found.update(name for job in newest for name in job.get("places") or [])
        last = ""
        while len(found) < MOST_PLACES:
            another = {"$elemMatch": {"$gt": last, "$nin": sorted(found)}}
            job = collection(Job).find_one(
                {"batch_id": batch, "places": another}, {"places": 1}, hint="job_places"
            )
            if job is None:
                break
            new = set(job["places"]) - found
            last = min(name for name in new if name > last)
            found |= new
    if len(found) >= MOST_PLACES:
        found |= set(REGIONS)  # those can always be stopped
    return found


def _unknown(batches: list[Any]) -> str:
    """How many cases that may be called have no place, of a bounded number."""
    nowhere = {"batch_id": {"$in": batches}, "places": {"$in": [[], None]}}
    found = collection(Job).aggregate(
        [
            {"$match": nowhere},
            {"$limit": MOST_COUNTED},
            {"$group": {"_id": {"$in": ["$status", list(OPEN_JOB)]}, "n": {"$sum": 1}}},
        ],
        hint="job_places",
    )
    counted = {row["_id"]: row["n"] for row in found}
    callable_ = number(counted.get(True, 0))
    if sum(counted.values()) < MOST_COUNTED:
        return callable_
    return gettext("%(n)s or more") % {"n": callable_}


def notices_of_batch(request: HttpRequest, batch: Batch) -> list[Notice]:
    if batch.status not in (BatchStatus.DRAFT, BatchStatus.RUNNING, BatchStatus.PAUSED):
        return []
    return [
        _notice(request, row)
        for row in visible(request)
        if row.account_id in (None, batch.account_id)
    ]


def halts_of_job(request: HttpRequest, job: Job) -> list[Panel]:
    """Why a case that could be called is not."""
    if job.status not in OPEN_JOB:
        return []
    case = {"account_id": job.account_id, "places": job.places}
    rows = [row for row in halts.active() if halts.code_for([row], case)]
    held = Halt.objects.filter(pk__in=[row["_id"] for row in rows])
    found = [_notice(request, row) for row in held]
    title = _("It is not called for now")
    return (
        [Panel(title, "admin/calls/halted.html", {"notices": found})] if found else []
    )


pages.BATCH_NOTICES.append(notices_of_batch)
pages.JOB_PANELS.insert(0, halts_of_job)
