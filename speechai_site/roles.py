"""Who may do what: one table, applied after each migrate (it can't be in one)."""

from typing import Any

from django.apps import AppConfig

ADMINISTRATOR, SUPERVISOR, OPERATOR, QUALITY, AUDITOR = (
    "Administrador",
    "Supervisor",
    "Operador",
    "Calidad",
    "Auditor",
)

# Permission codes "app.action_model"; "*" stands for view, add, change, delete.
READ = [
    "batches.view_account",
    "batches.view_agent",
    "batches.view_phonenumber",
    "batches.view_batch",
    "batches.view_job",
    "batches.view_upload",
    "batches.view_uploaderror",
    "calls.view_call",
    "calls.view_calldetail",
    "calls.view_promise",
    "calls.view_incident",
]
OPERATE = [
    *READ,
    "batches.add_batch",
    "batches.add_upload",
    "batches.change_batch",
    "batches.control_batch",
    "calls.view_donotcall",
    "calls.add_donotcall",
    "calls.withdraw_donotcall",
    "calls.view_contactimport",
    "calls.add_contactimport",
    "reports.export_report",
    "reports.see_personal_data",
]
SUPERVISE = [
    *OPERATE,
    "batches.change_agent",
    "calls.view_policy",
    "calls.view_holiday",
    "calls.work_incident",
    "reports.see_cost",
]
ROLES: dict[str, list[str]] = {
    ADMINISTRATOR: [
        *SUPERVISE,
        "batches.*_account",
        "batches.*_membership",
        "batches.*_agent",
        "batches.*_phonenumber",
        "calls.*_donotcall",
        "calls.propose_policy",
        "calls.loosen_policy",
        "calls.approve_policy",
        "calls.*_holiday",
        "runtime.*_user",
        "runtime.view_auditentry",
        "runtime.arm_live",
        "speechai_site.*_apikey",
    ],
    SUPERVISOR: SUPERVISE,
    OPERATOR: OPERATE,
    # they listen and judge, and call nobody
    QUALITY: [*READ, "calls.work_incident", "reports.see_personal_data"],
    AUDITOR: [
        *READ,
        "calls.view_donotcall",
        "calls.view_contactimport",
        "calls.view_policy",
        "calls.view_holiday",
        "runtime.view_auditentry",
    ],
}


def apply_roles(sender: AppConfig, using: str = "default", **kwargs: Any) -> None:
    """Make each role hold exactly the permissions of the table."""
    from django.contrib.auth.models import Group, Permission

    known = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    for role, codes in ROLES.items():
        group, _made = Group.objects.using(using).get_or_create(name=role)
        wanted = [known[code] for code in _expand(codes) if code in known]
        group.permissions.set(wanted)


def _expand(codes: list[str]) -> list[str]:
    expanded = []
    for code in codes:
        if ".*_" not in code:
            expanded.append(code)
            continue
        for action in ("view", "add", "change", "delete"):
            expanded.append(code.replace("*", action))
    return list(dict.fromkeys(expanded))
