"""What django-q2 workers run. Hints only: the database is the truth."""

from calls import dialer


def dial(call_ids: list[str]) -> int:
    return dialer.dial(call_ids)


def resend(call_ids: list[str]) -> int:
    return dialer.resend(call_ids)
