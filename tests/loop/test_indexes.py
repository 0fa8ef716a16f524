"""Whatever the loop asks the database is answered by an index, in its order.

Seen through MongoDB's own profiler, so that no query can be forgotten.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batches.models import Job
from calls import suppression, webhooks
from calls.models import Call, CallDetail, DoNotCall, WebhookEvent
from calls.models.calls import new_call_id
from speechai_site.runtime import clock
from speechai_site.runtime.documents import blank_document, collection
from tests.loop.conftest import Loop

MANY = 3000
BIG = (
    *("batches_job", "calls_call", "calls_calldetail", "calls_webhookevent"),
    *("calls_contactledger", "calls_donotcall"),
)
Profile = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def busy(loop: Loop, settings: Settings) -> Loop:
    """Thousands of cases, calls and webhooks of yesterday, ten cases of today."""
    settings.POLL_AFTER = 60
    loop.simulate(ring_seconds=(0, 0), analysis_seconds=(0, 0))
    batch = loop.batch()
    common = {"account_id": batch.account_id, "batch_id": batch.pk}
    later = clock.now() + timedelta(days=1)
    jobs = [ObjectId() for _ in range(MANY)]
    calls = [new_call_id() for _ in range(MANY)]
    fill(
        Job,
        [{"_id": job, "person_key": str(job)} for job in jobs],
        **common,
        next_attempt_at=later,
    )
    fill(
        Call,
        [
            {"_id": call, "job_id": job, "retell_id": f"call_{job}"}
            for job, call in zip(jobs, calls, strict=True)
        ],
        **common,
        attempt=1,
        status="ended",
    )
    fill(CallDetail, [{"_id": call} for call in calls])
    fill(WebhookEvent, [{"key": call} for call in calls], result="applied")
    fill(DoNotCall, [{"key": call, "slot": call} for call in calls], kind="phone")
    for _ in range(10):
        loop.job(batch)
    return loop


def fill(model: type[Model], documents: list[dict[str, Any]], **common: Any) -> None:
    """Rows as documents: by the ORM they would take four seconds."""
    blank = blank_document(model) | common
    collection(model).insert_many([blank | document for document in documents])


@pytest.fixture
def profile() -> Iterator[Profile]:
    """Every operation on a big collection since the profiler was started."""
    database = connection.database

    def stop() -> list[dict[str, Any]]:
        database.command("profile", 0)
        return [
            entry
            for entry in database["system.profile"].find()
            if entry["ns"].partition(".")[2] in BIG and "planSummary" in entry
        ]

    yield stop
    database.command("profile", 0)
    database["system.profile"].drop()


def start_profiler() -> None:
    connection.database.command("profile", 2)


def slow(entries: list[dict[str, Any]]) -> list[tuple]:
    return [
        (entry["ns"], entry["planSummary"], json.dumps(entry["command"], default=str))
        for entry in entries
        if "COLLSCAN" in entry["planSummary"] or entry.get("hasSortStage")
    ]


def test_a_call_from_claim_to_result_never_scans(busy: Loop, profile: Profile) -> None:
    start_profiler()
    busy.dial()
    assert busy.simulator.wait_for(
        lambda: all(c.analyzed for c in busy.simulator.calls)
    )
    for each in busy.simulator.calls:
        message = {"event": "call_analyzed", "call": each.as_json()}
        del message["call"]["metadata"]  # found by Retell's id
        collection(WebhookEvent).insert_one(
            webhooks.event_row(json.dumps(message).encode())
        )
    busy.apply()

    entries = profile()
    assert Job.objects.filter(attempts=1).count() == 10
    assert slow(entries) == []


def test_claiming_reads_the_due_alone(busy: Loop, profile: Profile) -> None:
    start_profiler()
    busy.plan()

    jobs = [entry for entry in profile() if entry["ns"].endswith("batches_job")]
    assert jobs
    assert sum(entry.get("docsExamined", 0) for entry in jobs) < 100


def test_reconcile_never_scans(busy: Loop, profile: Profile) -> None:
    """One call in each state that a death can leave."""
    past = clock.wall() - timedelta(seconds=1)
    due = {"next_check_wall": past, "lease_until_wall": past, "first_sent_wall": past}
    busy.plan()
    busy.tasks.clear()
    states = ("planned", "sending", "unknown", "rejected", "registered", "lost")
    for call, status in zip(
        Call.objects.filter(status="planned"), states, strict=False
    ):
        Call.objects.filter(pk=call.pk).update(status=status, **due)
    start_profiler()
    busy.reconcile()

    # what counts a whole campaign may read it
    entries = [entry for entry in profile() if "pipeline" not in entry["command"]]
    assert slow(entries) == []
    left = Call.objects.filter(next_check_wall=past).exclude(status="withdrawn")
    assert not left.exists()
    calls = [entry for entry in entries if entry["ns"].endswith("calls_call")]
    assert sum(entry.get("docsExamined", 0) for entry in calls) < 300


def test_writing_down_who_is_not_to_be_called_never_scans(
    busy: Loop, profile: Profile
) -> None:
    start_profiler()
    entry = suppression.Entry(
        "phone", "key", account_id=None, reason="lawyer", source="user:test"
    )
    assert suppression.add([entry], by="user:test").added == 1
    assert slow(profile()) == []


def test_a_call_is_found_by_the_id_that_people_see(
    busy: Loop, profile: Profile, admin_client: Client
) -> None:
    call = Call.objects.first()
    start_profiler()
    url = reverse("admin:calls_call_changelist")
    page = admin_client.get(url, {"q": call.retell_id})
    assert [found.pk for found in page.context["cl"].result_list] == [call.pk]
    assert slow(profile()) == []
