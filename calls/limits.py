"""The limits of the moment: how many calls may start now, in each scope.

A place is held by every call that may be ringing (`states.OPEN`), the unconfirmed ones
included. Only the dispatcher asks, under its lease, so nobody takes the same place.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from batches.models import Account, Job, PhoneNumber
from batches.states import JobStatus
from calls import pacing, states, webhooks
from calls.gate import Document
from calls.models import Call, WebhookEvent
from calls.shares import Room, Scope
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

ACTIVE = {"status": Account.Status.ACTIVE}
# Calls that did not ring, by proof, are not counted against the day's limit.
NOT_PLACED = (states.CallStatus.WITHDRAWN, states.CallStatus.REJECTED)
# With so many results unread nobody else is called: an opt-out may be among them.
MOST_WAITING = 1000
# Callbacks that come due within so many business seconds keep their place free: about
# as long as a call that would take it now.
CALLBACK_AHEAD = 300
# A callback that could not be made for so many business hours has no claim any more.
CALLBACK_BEHIND = 12


def scopes_of(batch: Document, numbers: dict[Any, Document]) -> tuple[Scope, ...]:
    """Everything that limits a campaign's calls."""
    account, number = batch["account_id"], batch["number_id"]
    path = numbers[number]["path"] if number in numbers else ""
    return (
        ("workspace", None),
        ("dialers", None),
        ("results", None),
        ("account", account),
        ("batch", batch["_id"]),
        ("number", number),
        ("path", path),
        ("account_day", account),
        ("number_day", number),
    )


def numbers_of(batches: list[Document]) -> dict[Any, Document]:
    """The campaigns' caller ids, and what limits them."""
    found = collection(PhoneNumber).find(
        {"_id": {"$in": [batch["number_id"] for batch in batches]}},
        {
            "e164": 1,
            "path": 1,
            "account_id": 1,
            "max_concurrent_calls": 1,
            "max_calls_per_day": 1,
        },
    )
    return {number["_id"]: number for number in found}


@dataclass(frozen=True)
class Holding:
    """How many calls hold a place, by what they belong to."""

    calls: int
    planned: Counter  # by caller id
    accounts: Counter
    batches: Counter
    numbers: Counter  # by caller id


def holding_now() -> Holding:
    """Counted by the database: a busy workspace has hundreds of open calls."""
    by = {"account": "$account_id", "batch": "$batch_id", "number": "$from_number"}
    by["planned"] = {"$eq": ["$status", states.CallStatus.PLANNED]}
    found = collection(Call).aggregate(
        [
            {"$match": {"status": {"$in": list(states.OPEN)}}},
            {"$group": {"_id": by, "n": {"$sum": 1}}},
        ]
    )
    holding = Holding(0, Counter(), Counter(), Counter(), Counter())
    total = 0
    for row in found:
        key, n = row["_id"], row["n"]
        total += n
        holding.accounts[key["account"]] += n
        holding.batches[key["batch"]] += n
        holding.numbers[key["number"]] += n
        if key["planned"]:
            holding.planned[key["number"]] += n
    return replace(holding, calls=total)


def room_now(
    batches: list[Document],
    accounts: dict[Any, Document],
    numbers: dict[Any, Document],
    holding: Holding,
) -> Room:
    """Free places in every scope of these campaigns."""
    room = Room()
    room.limit(("workspace", None), pacing.workspace_limit() - holding.calls)
    backlog = settings.Q_WORKERS * settings.DIAL_THREADS * 2
    room.limit(("dialers", None), backlog - holding.planned.total())
    room.limit(("results", None), MOST_WAITING - results_waiting())
    _limit_accounts(room, accounts, holding)
    _limit_batches(room, batches, holding)
    _limit_numbers(room, numbers, holding)
    _limit_paths(room, numbers, holding.planned)
    return room


def results_waiting() -> int:
    """Webhooks that are stored and not applied yet, at most MOST_WAITING."""
    return collection(WebhookEvent).count_documents(
        webhooks.WAITING, limit=MOST_WAITING, hint="webhook_waiting"
    )


def _limit_accounts(
    room: Room, accounts: dict[Any, Document], holding: Holding
) -> None:
    held = holding.accounts
    for key, account in accounts.items():
        room.limit(("account", key), account["max_concurrent_calls"] - held[key])
        if daily := account.get("max_calls_per_day"):
            since = midnight(account["time_zone"])
            room.limit(("account_day", key), daily - calls_since(since, account_id=key))


def _limit_batches(room: Room, batches: list[Document], holding: Holding) -> None:
    held = holding.batches
    for batch in batches:
        if batch["max_concurrent_calls"]:
            key = batch["_id"]
            room.limit(("batch", key), batch["max_concurrent_calls"] - held[key])


def _limit_numbers(room: Room, numbers: dict[Any, Document], holding: Holding) -> None:
    held = holding.numbers
    for key, number in numbers.items():
        if number["max_concurrent_calls"]:
            free = number["max_concurrent_calls"] - held[number["e164"]]
            room.limit(("number", key), free)
        if daily := number.get("max_calls_per_day"):
            since = midnight(zone_of(number))
            called = calls_since(since, from_number=number["e164"])
            room.limit(("number_day", key), daily - called)


def _limit_paths(room: Room, numbers: dict[Any, Document], planned: Counter) -> None:
    """What the paths will take within a second, less what is on its way to them."""
    path_of = {number["e164"]: number["path"] for number in numbers.values()}
    coming: Counter = Counter()
    for e164, calls in planned.items():
        coming[path_of.get(e164)] += calls
    for path in set(path_of.values()):
        room.limit(("path", path), pacing.sends_free(path) - coming[path])


def zone_of(number: Document) -> str:
    """The zone in which a caller id's day begins: its account's; of one that every
    active account may use theirs, if they share one; else DISPLAY_TIME_ZONE."""
    whose = {"_id": owner} if (owner := number.get("account_id")) else ACTIVE
    zones = collection(Account).distinct("time_zone", whose)
    return zones[0] if len(zones) == 1 else settings.DISPLAY_TIME_ZONE


def midnight(zone: str) -> datetime:
    """The start of the business day in an IANA zone."""
    local = clock.now().astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def calls_since(since: datetime, **whose: Any) -> int:
    """Calls of an account or a caller id that were or may have been placed."""
    return collection(Call).count_documents(
        {
            **whose,
            "planned_at": {"$gte": since},
            "status": {"$nin": list(NOT_PLACED)},
        }
    )


# --- callbacks ----------------------------------------------------------------------


def callbacks(batches: list[Document]) -> tuple[list[Document], Counter]:
    """Callbacks that are due, oldest first, and how many more come due soon, by account.

    Each is a job: `{"_id", "batch_id", "account_id"}`.
    """
    now = clock.now()
    soon = now + timedelta(seconds=CALLBACK_AHEAD)
    running = {batch["_id"] for batch in batches}
    found = collection(Job).find(
        {
            "callback_at": {
                "$gt": now - timedelta(hours=CALLBACK_BEHIND),
                "$lte": soon,
            },
            "status": JobStatus.QUEUED,
            "next_attempt_at": {"$lte": soon},
        },
        {"batch_id": 1, "account_id": 1, "callback_at": 1, "next_attempt_at": 1},
        sort=[("callback_at", 1)],
        hint="job_callback",
    )
    due, coming = [], Counter()
    for job in found:
        if job["batch_id"] not in running:
            continue
        if max(job["callback_at"], job["next_attempt_at"]) <= now:
            due.append(job)
        else:
            coming[job["account_id"]] += 1
    return due, coming


def keep_for_callbacks(
    room: Room, accounts: dict[Any, Document], coming: Counter
) -> None:
    """Take the places of callbacks that come due out of what the others may have."""
    for key, account in accounts.items():
        kept = min(account["callback_slots"], coming[key])
        room.take([("workspace", None), ("account", key)], kept)
