"""The activity log: one entry for each act of a person, key or command."""

from typing import Any

from django.db import models

from speechai_site.runtime.models import AuditEntry


def record(
    action: str,
    target: models.Model,
    *,
    by: str,
    reason: str = "",
    account_id: Any = "",
    **detail: Any,
) -> AuditEntry:
    """Append an entry about `target`; `by` is `user:NAME`, `key:PREFIX`, `command`.

    `detail` holds ids, codes and counts (kept as text), never a person's data.
    """
    return AuditEntry.objects.create(
        actor=by,
        action=action,
        target=target._meta.label_lower,
        target_id=str(target.pk),
        account_id=str(account_id or getattr(target, "account_id", "") or ""),
        reason=reason[:255],
        detail={key: str(value) for key, value in detail.items()},
    )


def actor_of(user: Any) -> str:
    """How a signed-in user is named in histories and in the activity log."""
    return f"user:{user.get_username()}"
