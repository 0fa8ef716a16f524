"""Webhooks at a steady pace, while what they say is merged into their calls."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from batches.models import Job
from batches.states import JobStatus
from calls.models import Call, CallDetail, WebhookEvent
from calls.models.calls import new_call_id
from calls.retell import signature
from calls.retell.analysis import POST_CALL_ANALYSIS
from calls.simulator.conversation import converse
from calls.simulator.outcomes import OUTCOMES
from calls.simulator.phone_calls import SimulatedCall
from calls.states import CallStatus
from speechai_site.benchmarks import program
from speechai_site.benchmarks.documents import Document
from speechai_site.benchmarks.measuring import Line, p99
from speechai_site.benchmarks.program import AGENT, NUMBER
from speechai_site.runtime import clock
from speechai_site.runtime.documents import blank_document, collection
from speechai_site.runtime.supervisor import Supervisor

A_SECOND = 100
SECONDS, LEAST_SECONDS = 60.0, 3.0
BARE_SECONDS, LEAST_BARE = 10.0, 1.0
TARGET_MS = 100
SENDERS = 32  # connections; Retell's own number is not known
EVENTS = ("call_started", "call_ended", "call_analyzed")
# Calls that begin between a call's own events.
LATER = (0, 67, 74)
TALK_MS = 2000
APPLIED_WITHIN = 60  # wall seconds after the last one
Send = Callable[[bytes], None]


def measure(scale: float) -> Iterator[Line]:
    calls = int(max(SECONDS * scale, LEAST_SECONDS) * A_SECOND / len(EVENTS))
    with program.running() as running:
        program.add_campaigns(calls)
        bodies = _bodies(_registered_calls())
        program.start()
        few = bodies[: int(max(BARE_SECONDS * scale, LEAST_BARE) * A_SECOND)]
        inserted = p99(_open_loop(running, few, _inserter))
        url = urlsplit(running.published["web_url"])
        answered = p99(_open_loop(running, bodies, lambda: _poster(url.netloc)))
        _verify(running, len(bodies))
    yield Line(
        name="webhook_p99_ms",
        value=answered,
        unit="ms",
        target=TARGET_MS,
        reference=inserted,
        reference_name="plain inserts (majority) of them at the same pace, p99",
        reference_unit="ms",
    )


def _registered_calls() -> list[Document]:
    """A call that was just created, for each case that waited."""
    blank, detail = blank_document(Call), blank_document(CallDetail)
    wall = clock.wall()
    jobs = list(collection(Job).find({"status": JobStatus.QUEUED}))
    calls = [
        {
            **blank,
            "_id": new_call_id(),
            **{name: job[name] for name in ("account_id", "batch_id", "name")},
            "job_id": job["_id"],
            "person_key": job["person_key"],
            "status": CallStatus.REGISTERED,
            "attempt": 1,
            "to_number": job["phones"][0]["e164"],
            "to_key": job["phone_keys"][0],
            "from_number": NUMBER,
            "agent_id": AGENT,
            "retell_id": f"call_{place:032x}",
            "first_sent_wall": wall,
            "sends": 1,
            "next_check_wall": wall + timedelta(hours=1),  # no poll helps
            "variables": job["variables"],
        }
        for place, job in enumerate(jobs)
    ]
    stored = [{k: v for k, v in call.items() if k != "variables"} for call in calls]
    collection(Call).insert_many(stored)
    collection(CallDetail).insert_many({**detail, "_id": call["_id"]} for call in calls)
    collection(Job).update_many(
        {"_id": {"$in": [job["_id"] for job in jobs]}},
        {"$set": {"status": JobStatus.CALLING, "next_attempt_at": None}},
    )
    return calls


def _bodies(calls: list[Document]) -> list[bytes]:
    """Three webhooks of each call, in an order in which a hundred calls overlap."""
    told = [_told(place, call) for place, call in enumerate(calls)]
    order = sorted(
        (place + later, place, event)
        for place in range(len(calls))
        for event, later in enumerate(LATER)
    )
    return [told[place][event] for _at, place, event in order]


def _told(place: int, call: Document) -> list[bytes]:
    """What Retell sends of a call, event by event, as the simulator words it."""
    now = clock.now()
    pick = random.Random(place)  # noqa: S311 invented people
    variables, to_number = call["variables"], call["to_number"]
    conversation = converse(pick, variables, to_number, now)
    simulated = SimulatedCall(
        call_id=call["retell_id"],
        sequence=place,
        body={
            "from_number": NUMBER,
            "to_number": to_number,
            "metadata": {"attempt_id": call["_id"], "job_id": str(call["job_id"])},
            "retell_llm_dynamic_variables": variables,
        },
        agent_id=AGENT,
        agent_name=AGENT,
        agent_version=1,
        outcome=OUTCOMES["answered"],
        ring_seconds=0,
        talk_seconds=TALK_MS / 1000,
        analysis_seconds=0,
        faults=frozenset(),
        schema=POST_CALL_ANALYSIS,
        webhook_url=None,
        base_url="http://127.0.0.1",
        conversation=conversation,
        status="ongoing",
        start_ms=int(now.timestamp() * 1000),
    )
    started = _encode(EVENTS[0], simulated)
    simulated.status, simulated.reason = "ended", conversation.script.reason
    simulated.end_ms = simulated.start_ms + TALK_MS
    ended = _encode(EVENTS[1], simulated)
    simulated.analyzed = True
    return [started, ended, _encode(EVENTS[2], simulated)]


def _encode(event: str, call: SimulatedCall) -> bytes:
    payload: dict[str, Any] = {"event": event, "call": call.as_json()}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


# --- sending ------------------------------------------------------------------------


def _open_loop(
    running: Supervisor, bodies: Sequence[bytes], connect: Callable[[], Send]
) -> list[float]:
    """Milliseconds from the moment at which each was due to its answer: who waits for
    a connection waits too. `connect` is called once in each thread."""
    lock, places = threading.Lock(), iter(range(len(bodies)))
    begin = time.monotonic() + 0.5

    def work() -> list[float]:
        send, taken = connect(), []
        while True:
            with lock:
                place = next(places, None)
            if place is None:
                return taken
            due = begin + place / A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            send(bodies[place])
            taken.append((time.monotonic() - due) * 1000)

    with ThreadPoolExecutor(SENDERS, "webhooks") as pool:
        senders = [pool.submit(work) for _ in range(SENDERS)]
        running.wait(lambda: all(sender.done() for sender in senders))
    return [taken for sender in senders for taken in sender.result()]


def _poster(address: str) -> Send:
    client = http.client.HTTPConnection(address, timeout=30)

    def send(body: bytes) -> None:
        for last in (False, True):
            try:
                _post(client, body)
                return
            except (http.client.RemoteDisconnected, ConnectionError):
                client.close()  # it had been idle for too long
                if last:
                    raise

    return send


def _post(client: http.client.HTTPConnection, body: bytes) -> None:
    now_ms = int(clock.wall().timestamp() * 1000)
    signed = signature.sign(body, settings.RETELL_WEBHOOK_KEY, now_ms)
    headers = {"Content-Type": "application/json", signature.HEADER: signed}
    client.request("POST", "/webhooks/retell/", body, headers)
    reply = client.getresponse()
    reply.read()
    if reply.status != http.client.NO_CONTENT:
        raise RuntimeError(f"a webhook was answered {reply.status}")


def _inserter() -> Send:
    rows = connection.database["bench_bare"]

    def send(body: bytes) -> None:
        rows.insert_one({"body": body, "applied_wall": None})

    return send


# --- what became of them ------------------------------------------------------------


def _verify(running: Supervisor, sent: int) -> None:
    """Raise unless each is stored and applied, and each call and case has its end."""
    events = collection(WebhookEvent)
    running.wait(
        lambda: not events.count_documents({"result": ""}, limit=1),
        APPLIED_WITHIN,
    )
    over = {"status": CallStatus.ENDED, "analyzed": True, "settled": "analysis"}
    told = {"started_at": {"$ne": None}, "ended_at": {"$ne": None}}
    spoke = {"reply_rank": len(EVENTS), "transcript": {"$ne": ""}}
    calls = sent // len(EVENTS)
    found = {
        "applied": (events.count_documents({"result": "applied"}), sent),
        "calls": (collection(Call).count_documents(over | told), calls),
        "transcripts": (collection(CallDetail).count_documents(spoke), calls),
        "cases under way": (
            collection(Job).count_documents({"status": JobStatus.CALLING}),
            0,
        ),
    }
    if lost := {what: pair for what, pair in found.items() if pair[0] != pair[1]}:
        raise RuntimeError(f"found and expected differ: {lost}")
