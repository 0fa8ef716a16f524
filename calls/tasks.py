"""What django-q2 workers run. Hints only: the database is the truth."""

from calls import dialer


def dial(call_ids: list[str]) -> int:
    return dialer.dial(call_ids)


def dial_staff(call_id: str) -> int:
    return dialer.dial_staff(call_id)


def resend(call_ids: list[str]) -> int:
    return dialer.resend(call_ids)
