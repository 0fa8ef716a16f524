"""The page where live dialing is armed and disarmed, and what other pages say of it."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from batches import formats
from batches.admin import pages
from batches.admin.base import require
from batches.admin.pages import Notice
from calls import arming
from calls.arming import WORD
from speechai_site.runtime import audit, environment

ARM = "runtime.arm_live"


@sensitive_post_parameters("password")
def live_page(request: HttpRequest) -> HttpResponse:
    """What live lacks; POST `verb` arm (`word`, `password`) or disarm."""
    require(request, ARM)
    if request.method == "POST":
        verb = {"arm": _arm, "disarm": _disarm}.get(request.POST.get("verb", ""))
        return verb(request) if verb else HttpResponseBadRequest()
    found = arming.conditions()
    context = admin.site.each_context(request) | {
        "title": _("Live mode"),
        "live": {
            "sandbox": settings.SANDBOX,
            "conditions": found,
            "ready": all(not condition.missing for condition in found),
            "word": WORD,
            "test_url": reverse("admin:staff_calls"),
            **_since(),
        },
    }
    return TemplateResponse(request, "admin/calls/live.html", context)


def _arm(request: HttpRequest) -> HttpResponse:
    try:
        arming.arm(
            request.user,
            word=request.POST.get("word", ""),
            password=request.POST.get("password", ""),
            request=request,
        )
    except arming.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Live dialing is armed: running campaigns call."))
    return redirect("admin:live")


def _disarm(request: HttpRequest) -> HttpResponse:
    try:
        arming.disarm(by=audit.actor_of(request.user))
    except arming.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(
            request, _("Live dialing is disarmed: nobody is called any more.")
        )
    return redirect("admin:live")


def _since() -> dict[str, Any]:
    row = environment.state()
    return {
        "armed": bool(row.get("armed_at")),
        "armed_at": formats.moment(row.get("armed_at")),
        "armed_by": pages.actor(row.get("armed_by") or ""),
        "disarmed_at": formats.moment(row.get("disarmed_at")),
        "disarmed_by": pages.actor(row.get("disarmed_by") or "")
        if row.get("disarmed_at")
        else "",
    }


def badge() -> list[Any]:
    """What every page says at its top."""
    if settings.SANDBOX:
        return [_("Test mode"), "warning"]
    if environment.may_dial():
        return [_("Live, armed"), "danger"]
    return [_("Live, not armed"), "info"]


def notices(request: HttpRequest) -> list[Notice]:
    """In live, whether it is armed; nothing in the sandbox."""
    if settings.SANDBOX:
        return []
    may = request.user.has_perm(ARM)
    link = {"url": reverse("admin:live"), "link": _("Live mode")} if may else {}
    if environment.may_dial():
        since = _since()
        text = _("Since %(at)s, by %(by)s.") % {
            "at": since["armed_at"],
            "by": since["armed_by"],
        }
        return [Notice("danger", "bolt", _("Live, armed"), text, **link)]
    return [
        Notice(
            "warning",
            "lock",
            _("Live, not armed"),
            _("Nobody is called until an administrator arms it."),
            **link,
        )
    ]


def may_disarm(request: HttpRequest) -> bool:
    """Whether the home page offers it."""
    return (
        not settings.SANDBOX and request.user.has_perm(ARM) and environment.may_dial()
    )
