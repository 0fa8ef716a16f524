"""Why a case was not called, as people read it: from a decision that was kept."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from batches.admin import words
from batches.models import Job
from calls import rules
from calls.block_reasons import ADMINISTRATIVE
from calls.holding import holding
from calls.models import Decision
from calls.policies import decisions as asked
from calls.policies import sentences

HOURS_CODES = ("outside_hours", "closed_weekday", "holiday")
Windows = tuple[tuple[int, int], ...]


def explain(row: Decision, zone: str) -> dict[str, Any]:
    """`{"decision", "code", "reason", "rule", "source", "at", "next_allowed_at"}`;
    `reason` is a sentence of the active language, with the moments as `zone` (the
    account's) shows them.

    Of an administrative block nothing is told but that: the entry may be another
    account's.
    """
    if row.code == ADMINISTRATIVE:
        row = Decision(code=row.code, decision=row.decision, at=row.at)
    return {
        "decision": row.decision,
        "code": row.code,
        "reason": sentence(row, zone),
        "rule": row.rule,
        "source": row.source,
        "at": row.at,
        "next_allowed_at": row.next_allowed_at,
    }


def of_job(job: Job) -> dict[str, Any] | None:
    """`explain` of what holds a case back now; None: no decision does."""
    row = holding(job)
    return explain(row, job.account.time_zone) if row else None


def sentence(row: Decision, zone: str) -> str:
    """Such as "No se llamó: sábado 29/11/2025 14:20, la norma (CL/debt_collection@1,
    Ley …) permite 08:00–14:00. Se puede desde el lunes 1/12/2025 08:00."."""
    local, windows = _hours(row, zone)
    check = asked.Check(
        row.decision,
        row.code,
        rule=row.rule,
        source=", ".join(filter(None, (row.rule, row.source))) if row.source else "",
        local=local,
        windows=windows,
    )
    decided = asked.Decision(
        row.decision, row.code, row.next_allowed_at, checks=(check,)
    )
    return sentences.reason(decided, zone if place_of(zone) else "UTC", words=_label)


def _label(code: str) -> str:
    return str(words.REASONS.get(code, sentences.OTHER_LIMIT))


def _hours(row: Decision, zone: str) -> tuple[datetime | None, Windows]:
    """The moment that hours objected to, as the zone shows it, and what the rule allows
    on that day. None: the zone does not show it so, the person may be in another."""
    place = place_of(zone)
    if row.code not in HOURS_CODES or place is None:
        return None, ()
    local = row.at.astimezone(place)
    if row.code != "outside_hours":
        return local, ()
    minute = local.hour * 60 + local.minute
    for windows in _windows(row, local.weekday()):
        if windows and not any(opens <= minute < closes for opens, closes in windows):
            return local, windows
    return None, ()


def _windows(row: Decision, weekday: int) -> list[Windows]:
    """Of the record that the decision names, as it stands in the rules in force."""
    found = rules.current()
    layers = [
        record
        for layer in (row.account_id, row.batch_id)
        for _version, _kind, record in found.layers.get(layer, ())
    ]
    return [
        entry.windows
        for record in (*found.records, *layers)
        if record.ref == row.rule
        for entry in record.hours
        if weekday in entry.days and entry.source.text == row.source
    ]


def place_of(zone: str) -> ZoneInfo | None:
    """None for a zone that does not exist."""
    try:
        return ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
