"""Hanging up live calls that a person wants ended: "stop now", and halts that ask so.

The wish is on the batch or on the halt. Whoever wished tells Retell at once; the clock
process tells it again until no such call is live, also those of which nobody knew yet
whether they ring. A call that was told once is told until it ends
(`told_to_stop_wall`), also after its halt was lifted: who lifts a halt allows new
calls, and does not take back that the open ones were to end.
"""

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from batches.imports.normalizers.places import is_at
from batches.models import Batch, Job
from calls import states
from calls.models import Call, Halt
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from speechai_site.runtime import clock, fences
from speechai_site.runtime.documents import collection

log = logging.getLogger(__name__)
Document = dict[str, Any]
# Wall seconds after which a call that is still live is told once more.
EVERY = 3
# Wall seconds that one round may take; the next one goes on.
PATIENCE = 5
# Of a call that is to be told, and was not yet.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def at_once(_batch: Batch | None = None) -> None:
    """A round now, from whatever process; the clock process repeats it."""
    try:
        client = RetellClient.from_settings()
        try:
            hang_up_round(client)
        finally:
            client.close()
    except Exception as error:
        log.error("hanging up failed: %s", type(error).__name__)


def hang_up_round(client: RetellClient) -> int:
    """Tell Retell to end every call that is to be ended; how many were told."""
    batches = [
        row["_id"] for row in collection(Batch).find({"hang_up": True}, {"_id": 1})
    ]
    halts = list(
        collection(Halt).find({"returned": False, "lifted_at": None, "hang_up": True})
    )
    calls = _told_before()
    if batches or halts:
        calls += _wanted(batches, halts)
    told = _tell(client, [call for call in calls if call.get("retell_id")])
    _look_up_soon([call for call in calls if not call.get("retell_id")])
    for batch_id in batches:
        _forget_when_done(batch_id)
    return told


def remember(halt: Document) -> None:
    """Before a halt is lifted: what it wanted ended is ended all the same.

    Nothing that it covers was sent since it was made, so what is live now was then.
    """
    _mark(_wanted([], [halt]), told_to_stop_wall=LONG_AGO)


def _told_before() -> list[Document]:
    """Those that were told, and not lately; whoever wished it may not wish any more."""
    lately = clock.wall() - timedelta(seconds=EVERY)
    return _live({"$ne": None, "$lte": lately})


def _wanted(batches: list[Any], halts: list[Document]) -> list[Document]:
    """The live calls that are to be ended and were never told."""
    calls = _live(None)
    places = _places(calls) if any(halt["place"] for halt in halts) else {}
    return [
        call
        for call in calls
        if call["batch_id"] in batches
        or any(_covers(halt, call, places) for halt in halts)
    ]


def _live(told: Any) -> list[Document]:
    found = collection(Call).find(
        {"status": {"$in": list(states.AT_RETELL)}, "told_to_stop_wall": told},
        {"batch_id": 1, "account_id": 1, "job_id": 1, "retell_id": 1, "status": 1},
    )
    return list(found)


def _places(calls: list[Document]) -> dict[Any, list[str]]:
    ids = [call["job_id"] for call in calls]
    found = collection(Job).find({"_id": {"$in": ids}}, {"places": 1})
    return {job["_id"]: job.get("places") or [] for job in found}


def _covers(halt: Document, call: Document, places: dict[Any, list[str]]) -> bool:
    if halt["account_id"] not in (None, call["account_id"]):
        return False
    if not halt["place"]:
        return True
    here = places.get(call["job_id"], [])
    return is_at(halt["place"], here) or (not here and halt["unknown_too"])


def _tell(client: RetellClient, calls: list[Document]) -> int:
    if not calls:
        return 0
    _mark(calls, told_to_stop_wall=clock.wall())
    pool = ThreadPoolExecutor(min(len(calls), settings.DIAL_THREADS), "hang-up")
    asked = {pool.submit(client.stop_call, c["retell_id"]): c for c in calls}
    done = wait(asked, timeout=PATIENCE).done
    pool.shutdown(wait=False, cancel_futures=True)
    told = []
    for future in done:
        error = future.exception()
        if error is None:
            told.append(asked[future])
        elif isinstance(error, RetellError) and error.kind == "rejected":
            log.warning("call %s not hung up: %s", asked[future]["_id"], error)
    again = [c for f, c in asked.items() if f not in done or _failed(f.exception())]
    _mark(again, told_to_stop_wall=LONG_AGO)
    # its end is asked for soon, should the webhook not come
    _mark(told, next_check_wall=clock.wall() + timedelta(seconds=1))
    return len(told)


def _failed(error: BaseException | None) -> bool:
    """Whether Retell may not have heard it; a refusal means that nothing is live."""
    refused = isinstance(error, RetellError) and error.kind == "rejected"
    return error is not None and not refused


def _look_up_soon(calls: list[Document]) -> None:
    """Without an id there is nothing to hang up yet: have the unconfirmed looked up."""
    unknown = [c for c in calls if c["status"] == states.CallStatus.UNKNOWN]
    sending = [c for c in calls if c["status"] != states.CallStatus.UNKNOWN]
    _mark(unknown, next_check_wall=clock.wall(), told_to_stop_wall=clock.wall())
    _mark(sending, told_to_stop_wall=LONG_AGO)


def _mark(calls: list[Document], **values: Any) -> None:
    if calls:
        collection(Call).update_many(
            {"_id": {"$in": [call["_id"] for call in calls]}}, {"$set": values}
        )


def _forget_when_done(batch_id: Any) -> None:
    if _is_live(batch_id):
        return
    fences.close()  # whoever stopped it may have died before that
    if not _is_live(batch_id):
        collection(Batch).update_one({"_id": batch_id}, {"$set": {"hang_up": False}})


def _is_live(batch_id: Any) -> bool:
    live = {"batch_id": batch_id, "status": {"$in": list(states.AT_RETELL)}}
    return collection(Call).find_one(live, {"_id": 1}) is not None
