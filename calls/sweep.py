"""Retell's own list of ended calls, compared with ours: nothing may be missing.

Webhooks, polls and look-ups begin at our rows; the sweep begins at Retell's. It finds
calls that we hold for lost, refused or never sent, and calls that we don't know.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings

from calls import pacing, results, staff_results
from calls.models import Call
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.schemas import CallReply, Page
from calls.states import CallStatus
from speechai_site.runtime import clock, environment
from speechai_site.runtime.documents import collection

log = logging.getLogger(__name__)
# Windows overlap by so much business time and so much wall time (seconds): a call may
# be listed a little after its end.
OVERLAP_BUSINESS, OVERLAP_WALL = 300, 60
# The first sweep looks so far back (business hours).
FIRST_HOURS = 24
# Pages of one sweep, of 1,000 calls each; the next sweep goes on behind them.
PAGES = 50
# Of these Retell should have nothing: a phone rang that was not to ring.
NEVER_SENT = (CallStatus.PLANNED, CallStatus.WITHDRAWN, CallStatus.REJECTED)
STILL_OPEN = (
    CallStatus.SENDING,
    CallStatus.UNKNOWN,
    CallStatus.REGISTERED,
    CallStatus.ONGOING,
    CallStatus.LOST,
)


def sweep_ended(client: RetellClient) -> int:
    """Bring in what Retell's list says of ended calls; how many of ours it ended.

    Does nothing while the last sweep is younger than two POLL_AFTER. It goes on behind
    the last page that was compared, whether that sweep was cut off, failed, or had read
    PAGES of them. Raises RetellError.
    """
    state, wall = pacing.sweep_state() or {}, clock.wall()
    every = timedelta(seconds=2 * settings.POLL_AFTER)
    if state and state["at"] > wall - every:
        return 0
    pacing.remember_sweep()
    window = state.get("window") or _new_window(state)
    found = 0
    for _page in range(PAGES):
        page = _page_of(client, window)
        ended, astray = _compare(client, page.items)
        found += ended
        window["strays"] += astray
        if not page.has_more or not page.pagination_key:
            pacing.remember_sweep(
                until=window["until"],
                strays=window["strays"],
                window=None,
                behind=False,
            )
            return found
        window["key"] = page.pagination_key
        pacing.remember_sweep(window=window)
    log.warning("Retell's list is longer than %s pages: the next sweep goes on", PAGES)
    pacing.remember_sweep(strays=window["strays"], behind=True)
    return found


def _new_window(state: dict[str, Any]) -> dict[str, Any]:
    """What to read next: calls that ended from `since` on, behind the page of `key`.

    `until` is the moment of its first page: what ends later is the next window's.
    """
    now = clock.now()
    overlap = timedelta(seconds=max(OVERLAP_BUSINESS, OVERLAP_WALL * clock.rate()))
    last = state.get("until", now - timedelta(hours=FIRST_HOURS))
    return {"since": last - overlap, "until": now, "key": None, "strays": 0}


def _page_of(client: RetellClient, window: dict[str, Any]) -> Page[CallReply]:
    since = int(window["since"].timestamp() * 1000)
    ended = {"end_timestamp": {"type": "number", "op": "ge", "value": since}}
    key = window["key"]
    try:
        return client.list_calls(ended, sort_order="ascending", pagination_key=key)
    except RetellError as error:
        if key and error.kind == "rejected":  # it may be too old: from the beginning
            pacing.remember_sweep(window=None)
        raise


def _compare(client: RetellClient, items: list[CallReply]) -> tuple[int, int]:
    """(calls of ours that were still open, calls that should not exist)."""
    mine = {
        item.attempt_id: item
        for item in items
        if item.attempt_id
        and not staff_results.is_staff(item.attempt_id)
        and (item.metadata or {}).get("env") == environment.mode()
    }
    rows = {
        row["_id"]: row
        for row in collection(Call).find(
            {"_id": {"$in": list(mine)}}, {"status": 1, "retell_id": 1}
        )
    }
    strays, reports = 0, []
    for attempt, item in mine.items():
        status = rows[attempt]["status"] if attempt in rows else None
        if status is None or status in NEVER_SENT:
            log.critical("call %s rang, and is %s here", attempt, status or "unknown")
            strays += 1
        elif status in STILL_OPEN:
            reports += _full(client, attempt, item)
    results.merge(reports)
    return len(reports), strays


def _full(client: RetellClient, attempt: str, item: CallReply) -> list[results.Report]:
    """The call with its transcript, which lists leave out."""
    try:
        reply = client.get_call(item.call_id)
    except RetellError as error:
        log.warning("call %s not read: %s", attempt, error)
        return []
    return [results.Report(attempt, results.event_of(reply), reply)]
