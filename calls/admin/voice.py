"""What is called with: voice agents and caller ids, read from Retell."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from batches import formats
from batches.admin.base import AccountScopedAdmin
from batches.models import Account, Agent, PhoneNumber
from calls.admin.words import FAULTS, value
from calls.retell import sync
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from speechai_site.runtime import audit
from speechai_site.runtime.environment import EnvironmentMismatch


class FromRetell(AccountScopedAdmin):
    """Rows that a sync makes; people say who uses them and how."""

    shared_rows = True
    actions = None
    list_before_template = "admin/calls/sync.html"
    empty_help = _("Read them from Retell with the button above.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"may_sync": request.user.is_superuser}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        names = dict(
            Account.objects.filter(
                pk__in=list({row.account_id for row in rows if row.account_id})
            ).values_list("pk", "name")
        )
        for row in rows:
            row.account_shown = names.get(row.account_id, _("all"))

    @display(description=_("account"))
    def used_by(self, row: Any) -> str:
        return str(row.account_shown)

    @display(description=_("read from Retell"))
    def synced(self, row: Any) -> str:
        return formats.brief(row.synced_at)


@admin.register(Agent)
class AgentAdmin(FromRetell):
    list_display = ["name", "version", "published", "used_by", "is_active", "synced"]
    readonly_fields = [
        "retell_id",
        "name",
        "published_version",
        "variables",
        "synced_at",
    ]
    fieldsets = [
        (None, {"fields": [("name", "is_active"), "account"]}),
        (_("Version"), {"fields": [("version", "published_version")]}),
        ("Retell", {"fields": [("retell_id", "synced_at"), "variables"]}),
    ]

    actions_detail = ["test_call"]

    @action(
        description=_("Test call"), icon="phone_forwarded", permissions=["test_call"]
    )
    def test_call(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:staff_calls')}?agent={object_id}")

    def has_test_call_permission(self, request: HttpRequest, object_id: str) -> bool:
        return request.user.has_perm("batches.control_batch")

    @display(description=_("published version"), label={"same": "", "newer": "warning"})
    def published(self, row: Agent) -> tuple[str, str]:
        if row.published_version is None:
            return "newer", _("not published")
        newer = row.published_version != row.version
        return "newer" if newer else "same", f"v{row.published_version}"


@admin.register(PhoneNumber)
class PhoneNumberAdmin(FromRetell):
    list_display = [
        "number",
        "nickname",
        "path",
        "calls_per_second",
        "used_by",
        "is_active",
        "synced",
    ]
    readonly_fields = ["e164", "nickname", "path", "synced_at"]
    fieldsets = [
        (None, {"fields": [("e164", "nickname"), ("account", "is_active")]}),
        (
            _("Pacing"),
            {
                "fields": [
                    ("calls_per_second", "max_concurrent_calls", "max_calls_per_day")
                ]
            },
        ),
        ("Retell", {"fields": [("path", "synced_at")]}),
    ]

    @display(description=_("number"), ordering="e164")
    def number(self, row: PhoneNumber) -> str:
        return formats.phone(row.e164)


def sync_retell(request: HttpRequest) -> HttpResponse:
    """Read agents and caller ids from Retell (POST): they serve every account."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.is_superuser:
        raise PermissionDenied
    client = RetellClient.from_settings()
    try:
        read = sync.sync(client, by=audit.actor_of(request.user))
    except EnvironmentMismatch as error:
        messages.error(request, str(error))
    except RetellError as error:
        messages.error(request, value(error.code, FAULTS))
    else:
        messages.success(
            request,
            _("Read from Retell: %(agents)s agents, %(numbers)s caller ids.") % read,
        )
    finally:
        client.close()
    back = request.POST.get("next")
    model = "agent" if back == "agent" else "phonenumber"
    return redirect(f"admin:batches_{model}_changelist")
