"""The page of test calls: one's own phones, the code that proves them, ringing them."""

import re
from typing import Any

import phonenumbers
from bson import ObjectId
from django.contrib import admin, messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task

from batches import formats
from batches.admin import pages
from batches.admin.base import choices_of, require
from batches.admin.pages import Link
from batches.admin.words import OUTCOMES
from batches.models import Account, Agent, Batch, PhoneNumber
from calls import staff_calls
from calls.admin.words import CALL_COLOURS, FAULTS, value
from calls.models import StaffCall, StaffPhone
from calls.models.staff import PREFIX, new_staff_call_id
from speechai_site.runtime import audit

MAY = "batches.control_batch"
CALL_ID = re.compile(PREFIX + "[0-9a-f]{32}")
SHOWN = 10


def staff_page(request: HttpRequest) -> HttpResponse:
    """POST `verb` add, remove, verify (`code`) or call; each knows one's own phones
    alone. `batch` or `agent` in the address choose what is tried."""
    require(request, MAY)
    if request.method == "POST":
        verb = VERBS.get(request.POST.get("verb", ""))
        return verb(request) if verb else HttpResponseBadRequest()
    calls = StaffCall.objects.filter(user_id=request.user.pk).order_by("-planned_wall")
    rows = [_row(call) for call in calls[:SHOWN]]
    context = admin.site.each_context(request) | {
        "title": _("Test call"),
        "staff": _choices(request)
        | {
            "phones": _phones(request),
            "calls": rows,
            "waits": any(row["is_open"] for row in rows),
            "call_id": new_staff_call_id(),
            "here": request.get_full_path(),
        },
    }
    return TemplateResponse(request, "admin/calls/staff.html", context)


# --- acts ---------------------------------------------------------------------------


def _add(request: HttpRequest) -> HttpResponse:
    e164 = _read_phone(request)
    if e164 is None:
        messages.error(request, _("That is no phone number: write it as +56912345678."))
    else:
        staff_calls.add_phone(request.user, e164, by=audit.actor_of(request.user))
    return _back(request)


def _remove(request: HttpRequest) -> HttpResponse:
    staff_calls.remove_phone(_own_phone(request), by=audit.actor_of(request.user))
    return _back(request)


def _verify(request: HttpRequest) -> HttpResponse:
    code = re.sub(r"\D", "", request.POST.get("code", ""), flags=re.ASCII)
    by = audit.actor_of(request.user)
    if staff_calls.enter_code(_own_phone(request), code, by=by):
        messages.success(request, _("The phone is verified: it can get test calls."))
    else:
        messages.error(
            request,
            _(
                "The code is wrong, older than ten minutes, or was tried too often: "
                "have the phone called again."
            ),
        )
    return _back(request)


def _call(request: HttpRequest) -> HttpResponse:
    phone, call_id = _own_phone(request), request.POST.get("call_id", "")
    if not CALL_ID.fullmatch(call_id):
        return HttpResponseBadRequest()
    kind = StaffCall.Kind.TEST if phone.verified_at else StaffCall.Kind.CODE
    try:
        placed = staff_calls.place(
            kind,
            phone,
            by=audit.actor_of(request.user),
            call_id=call_id,
            **_called_with(request),
        )
    except staff_calls.NotPlaced as refused:
        messages.error(request, str(refused))
    else:
        if placed:
            async_task("calls.tasks.dial_staff", call_id)
        messages.success(request, _("The phone rings in a moment."))
    return _back(request)


VERBS = {"add": _add, "remove": _remove, "verify": _verify, "call": _call}


def _back(request: HttpRequest) -> HttpResponse:
    chosen = {k: request.POST[k] for k in ("batch", "agent") if request.POST.get(k)}
    query = f"?{urlencode(chosen)}" if chosen else ""
    return redirect(reverse("admin:staff_calls") + query)


def _read_phone(request: HttpRequest) -> str | None:
    account = choices_of(Account, request).order_by("pk").first()
    region = account.country if account else None
    try:
        number = phonenumbers.parse(request.POST.get("phone", ""), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _own_phone(request: HttpRequest) -> StaffPhone:
    return _one(StaffPhone.objects.filter(user_id=request.user.pk), request, "phone")


def _called_with(request: HttpRequest) -> dict[str, Any]:
    """Account, agent, caller id and campaign, all of them this person's to use."""
    if request.POST.get("batch"):
        batch = _one(choices_of(Batch, request), request, "batch")
        if batch.agent is None or batch.number is None:
            raise staff_calls.NotPlaced(
                _("The campaign has no voice agent or no caller id yet.")
            )
        return {
            "account": batch.account,
            "agent": batch.agent,
            "number": batch.number,
            "batch": batch,
        }
    account = _one(choices_of(Account, request), request, "account")
    agent = _one(choices_of(Agent, request), request, "agent")
    number = _one(choices_of(PhoneNumber, request), request, "number")
    for row in (agent, number):
        if row.account_id not in (None, account.pk):
            raise staff_calls.NotPlaced(
                _("%(row)s is another account's.") % {"row": row}
            )
    return {"account": account, "agent": agent, "number": number}


def _one(rows: Any, request: HttpRequest, name: str) -> Any:
    wanted = request.POST.get(name, "")
    found = rows.filter(pk=ObjectId(wanted)) if ObjectId.is_valid(wanted) else None
    row = found.first() if found is not None else None
    if row is None:
        raise Http404
    return row


# --- what is shown ------------------------------------------------------------------


def _choices(request: HttpRequest) -> dict[str, Any]:
    """What the call can be made with; a campaign brings its own."""
    batch = _asked(request, "batch", Batch)
    agent = _asked(request, "agent", Agent)
    active = {"is_active": True}
    return {
        "batch": batch,
        "agent": agent,
        "accounts": list(choices_of(Account, request).order_by("name")),
        "agents": list(choices_of(Agent, request).filter(**active).order_by("name")),
        "numbers": list(
            choices_of(PhoneNumber, request).filter(**active).order_by("e164")
        ),
    }


def _asked(request: HttpRequest, name: str, model: type[Model]) -> Any:
    wanted = request.GET.get(name, "")
    if not ObjectId.is_valid(wanted):
        return None
    return choices_of(model, request).filter(pk=ObjectId(wanted)).first()


def _phones(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "pk": phone.pk,
            "shown": formats.phone(phone.e164),
            "verified_at": phone.verified_at and formats.brief(phone.verified_at),
        }
        for phone in StaffPhone.objects.filter(user_id=request.user.pk).order_by("pk")
    ]


def _row(call: StaffCall) -> dict[str, Any]:
    said = {**FAULTS, **staff_calls.REFUSALS}
    return {
        "at": formats.brief(call.planned_wall),
        "kind": call.get_kind_display(),
        "phone": formats.phone(call.to_number),
        "with": f"{call.agent} · {formats.phone(call.number.e164)}",
        "state": (call.get_status_display(), CALL_COLOURS[call.status]),
        "result": value(call.error_code, said) or value(call.outcome, OUTCOMES),
        "duration": formats.duration(call.duration_ms),
        "transcript": call.transcript,
        "is_open": call.is_open,
    }


def link_of_batch(request: HttpRequest, batch: Batch) -> list[Link]:
    if not request.user.has_perm(MAY) or not (batch.agent_id and batch.number_id):
        return []
    url = f"{reverse('admin:staff_calls')}?batch={batch.pk}"
    return [Link(_("Test call"), url, "phone_forwarded")]


pages.BATCH_LINKS.append(link_of_batch)
