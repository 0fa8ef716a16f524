"""The admin site: its look, its navigation, the sandbox badge.

Screens are in the apps' own `admin`; the home page is `reports/home.py`.
"""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import Favicon
from unfold.sites import UnfoldAdminSite

# Group, then (words, icon, admin URL name, permission that shows it).
NAVIGATION: list[tuple[str | Promise, list[tuple[str | Promise, str, str, str]]]] = [
    (
        "",
        [(_("Home"), "home", "index", "")],
    ),
    (
        _("Campaigns"),
        [
            (
                _("Campaigns"),
                "campaign",
                "batches_batch_changelist",
                "batches.view_batch",
            ),
            (
                _("Upload workbook"),
                "upload_file",
                "batches_upload_add",
                "batches.add_upload",
            ),
            (_("Cases"), "group", "batches_job_changelist", "batches.view_job"),
            (_("Calls"), "call", "calls_call_changelist", "calls.view_call"),
            (
                _("Test call"),
                "phone_forwarded",
                "staff_calls",
                "batches.control_batch",
            ),
            (
                _("Promises"),
                "handshake",
                "calls_promise_changelist",
                "calls.view_promise",
            ),
            (
                _("Uploads"),
                "inventory_2",
                "batches_upload_changelist",
                "batches.view_upload",
            ),
        ],
    ),
    (
        _("Protection"),
        [
            (_("Stop calling"), "dangerous", "halts", "batches.control_batch"),
            (
                _("Incidents"),
                "report",
                "calls_incident_changelist",
                "calls.view_incident",
            ),
            (
                _("People not to call"),
                "phone_disabled",
                "calls_donotcall_changelist",
                "calls.view_donotcall",
            ),
            (
                _("Outside contacts"),
                "sync_alt",
                "calls_contactimport_changelist",
                "calls.view_contactimport",
            ),
            (_("Calling policies"), "gavel", "policies", "calls.view_policy"),
            (_("Holidays"), "event_busy", "holidays", "calls.view_holiday"),
            (
                _("May they be called?"),
                "contact_support",
                "may_call",
                "calls.view_policy",
            ),
        ],
    ),
    (
        _("Setup"),
        [
            (
                _("Accounts"),
                "domain",
                "batches_account_changelist",
                "batches.view_account",
            ),
            (
                _("Voice agents"),
                "support_agent",
                "batches_agent_changelist",
                "batches.view_agent",
            ),
            (
                _("Caller ids"),
                "dialpad",
                "batches_phonenumber_changelist",
                "batches.view_phonenumber",
            ),
            (_("Live mode"), "bolt", "live", "runtime.arm_live"),
            (_("Users"), "badge", "runtime_user_changelist", "runtime.view_user"),
            (
                _("API keys"),
                "key",
                "speechai_site_apikey_changelist",
                "speechai_site.view_apikey",
            ),
            (
                _("Activity log"),
                "history",
                "runtime_auditentry_changelist",
                "runtime.view_auditentry",
            ),
        ],
    ),
]


# The steps of *Upload workbook*: that is where somebody is.
UPLOAD_STEPS = {
    f"batches_upload_{step}"
    for step in ("password", "again", "reading", "sheet", "columns", "preview")
}
OURS = {"batches", "calls", "reports", "speechai_site"}


class SpeechAISite(UnfoldAdminSite):
    index_title = _("Home")

    def register(self, models: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own screens: those of other packages know nothing of accounts."""
        if admin_class and admin_class.__module__.split(".")[0] in OURS:
            super().register(models, admin_class, **options)

    def extra_urls(self) -> list[URLPattern]:
        from calls.admin.halts import halts_page
        from calls.admin.holidays import holidays_page
        from calls.admin.live import live_page
        from calls.admin.may_call import may_call
        from calls.admin.policies import policies, policy, policy_edit
        from calls.admin.preflight import batch_forecast, upload_forecast
        from calls.admin.staff import staff_page
        from calls.admin.voice import sync_retell
        from reports.admin import download_report

        return [
            path(
                "batches/batch/<str:batch_id>/report/",
                self.admin_view(download_report),
                name="batch_report",
            ),
            path(
                "batches/batch/<str:pk>/forecast/",
                self.admin_view(batch_forecast),
                name="batch_forecast",
            ),
            path(
                "batches/upload/<str:pk>/forecast/",
                self.admin_view(upload_forecast),
                name="upload_forecast",
            ),
            path("halts/", self.admin_view(halts_page), name="halts"),
            path("holidays/", self.admin_view(holidays_page), name="holidays"),
            path("may-call/", self.admin_view(may_call), name="may_call"),
            path("policies/", self.admin_view(policies), name="policies"),
            path("policies/policy/", self.admin_view(policy), name="policy"),
            path("policies/edit/", self.admin_view(policy_edit), name="policy_edit"),
            path("live/", self.admin_view(live_page), name="live"),
            path("staff-calls/", self.admin_view(staff_page), name="staff_calls"),
            path("sync-retell/", self.admin_view(sync_retell), name="sync_retell"),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {
            "styles": [static("speechai/admin.css")],
            "site_symbol": "graphic_eq",
            "site_favicons": [Favicon(href=static("speechai/icon.svg"), rel="icon")],
            "site_url": None,  # there is no other site to view
        }


def environment_badge(request: HttpRequest) -> list[Any] | None:
    """What every page says: nothing rings, or real phones do, or may be made to."""
    from calls.admin.live import badge

    return badge()


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, with what this person may open."""
    links = {
        name: reverse(f"admin:{name}")
        for _, items in NAVIGATION
        for _, _, name, _ in items
    }
    path = request.path
    if getattr(request.resolver_match, "url_name", None) in UPLOAD_STEPS:
        path = links["batches_upload_add"]
    within = [link for link in links.values() if path.startswith(link)]
    here = max(within, key=len, default="")
    groups = []
    for title, items in NAVIGATION:
        shown = [
            {
                "title": words,
                "icon": icon,
                "link": links[name],
                "active": links[name] == here,
            }
            for words, icon, name, permission in items
            if not permission or request.user.has_perm(permission)
        ]
        if shown:
            groups.append({"title": title, "items": shown, "separator": bool(title)})
    return groups
