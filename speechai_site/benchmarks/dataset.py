"""The data sets that figures are measured on: built once, kept while models stay.

Calls of twenty days up to one fixed moment, the business time of every figure.
"""

import hashlib
import io
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, models

from batches.models import Account, Agent, Batch, Job, PhoneNumber, Upload
from batches.states import BatchStatus, JobStatus
from calls.counters import count
from calls.models import Call, CallDetail, ContactLedger, DoNotCall
from speechai_site.benchmarks import documents
from speechai_site.benchmarks.documents import Calls, Document, Jobs, Target
from speechai_site.benchmarks.plans import ACCOUNTS, Campaign, Plan
from speechai_site.runtime import clock, keys
from speechai_site.runtime.documents import blank_document, collection

log = logging.getLogger(__name__)
# Wednesday, half past two in Santiago: calling time, and before any wall clock's now.
NOW = datetime(2025, 6, 4, 18, 30, tzinfo=UTC)
DAYS = 20  # on which calls were made, the last of them today
DAY_BEGINS, DAY_ENDS = timedelta(hours=13), timedelta(hours=22)  # UTC
CHUNK = 2000
WRITERS = 2  # MongoDB writes one chunk while the next is made
STRIDE = 7_919  # a prime, so that calls are in no order of their jobs
STAMPS = "bench_stamps"


@contextmanager
def database(name: str) -> Iterator[None]:
    """Work in another database of the same server."""
    former = connection.settings_dict["NAME"]
    _use(name)
    try:
        yield
    finally:
        _use(former)


def _use(name: str) -> None:
    connection.ensure_connection()
    connection.settings_dict["NAME"] = name
    connection.database = connection.connection[name]
    ContentType.objects.clear_cache()


def ensure(plan: Plan) -> None:
    """Have `plan` in the current database, built again only when it has changed.

    Sets the business clock to NOW, from which it runs as fast as the wall's.
    """
    name = connection.settings_dict["NAME"]
    stamp = _stamp(plan)
    if connection.database[STAMPS].find_one({"_id": "data", "stamp": stamp}) is None:
        connection.connection.drop_database(name)
        prepare()
        began = time.monotonic()
        log.warning("building %s cases in %s, once", f"{plan.jobs:,}", name)
        Builder(plan).build()
        connection.database[STAMPS].insert_one({"_id": "data", "stamp": stamp})
        log.warning("built in %.0f s", time.monotonic() - began)
    set_clock()


def prepare() -> None:
    """An empty database as a first start leaves it, and the business clock at NOW."""
    ContentType.objects.clear_cache()
    call_command("setup", json=True, stdout=io.StringIO())
    set_clock()


def set_clock() -> None:
    anchor = {"business": NOW, "wall": clock.wall(), "rate": 1.0, "before": None}
    connection.database[clock.COLLECTION].replace_one(
        {"_id": "clock"}, anchor, upsert=True
    )
    clock.forget()


def _stamp(plan: Plan) -> str:
    """Changes with the plan, with the tables, and with how rows are made."""
    tables = [
        (
            model._meta.db_table,
            [
                (field.column, field.db_type(connection))
                for field in model._meta.local_concrete_fields
            ],
            [(index.name, index.fields) for index in model._meta.indexes],
        )
        for model in (Account, Agent, Batch, Job, PhoneNumber, Upload, Call, CallDetail)
    ]
    sources = [Path(__file__).read_text(), Path(documents.__file__).read_text()]
    return hashlib.sha256(repr((plan, tables, sources)).encode()).hexdigest()


class Builder:
    """Fills an empty database."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._accounts = [_account(place) for place in range(ACCOUNTS)]
        self._jobs = Jobs(documents.job_templates(self._accounts[0], NOW), NOW)
        self._targets = [
            _target(place, campaign, self._accounts[campaign.account])
            for place, campaign in enumerate(plan.campaigns)
        ]
        # The number of each campaign's first job, and one more at the end.
        self._firsts = [0, *accumulate(campaign.jobs for campaign in plan.campaigns)]

    def build(self) -> None:
        with _indexes_later(Job), _indexes_later(Call):
            _insert(Job, self._job_documents())
            _insert(Call, self._call_documents())
        self._open_newest()
        self._add_details()
        self._add_suppressed()
        self._add_ledger()
        for target in self._targets:
            counters = count(target.batch_id)
            Batch.objects.filter(pk=target.batch_id).update(
                counters=counters, counters_dirty=False
            )

    def _job_documents(self) -> Iterator[Document]:
        for place, campaign in enumerate(self._plan.campaigns):
            target, first = self._targets[place], self._firsts[place]
            for rank in range(campaign.jobs):
                calls = campaign.calls[rank % len(campaign.calls)]
                yield self._jobs.make(first + rank, rank, calls, target)

    def _attempts(self) -> Iterator[tuple[int, int, Target]]:
        """Job's number, attempt and place of each call, oldest call first."""
        places = [
            place
            for place, campaign in enumerate(self._plan.campaigns)
            for _ in range(campaign.jobs)
        ]
        total = len(places)
        most = max(max(campaign.calls) for campaign in self._plan.campaigns)
        for attempt in range(1, most + 1):
            for step in range(total):
                number = step * STRIDE % total
                place = places[number]
                pattern = self._plan.campaigns[place].calls
                rank = number - self._firsts[place]
                if pattern[rank % len(pattern)] >= attempt:
                    yield number, attempt, self._targets[place]

    def _call_documents(self) -> Iterator[Document]:
        calls = Calls(self._jobs)
        total = sum(1 for _ in self._attempts())
        for order, (number, attempt, target) in enumerate(self._attempts()):
            yield calls.make(number, attempt, order, _moment(order, total), target)

    def _open_newest(self) -> None:
        """The newest calls hold a slot, and their jobs wait for them."""
        newest = collection(Call).find({}, {"job_id": 1}).sort("_id", -1)
        newest = list(islice(newest, self._plan.open_calls))
        states = documents.open_states(len(newest))
        for call, status in zip(newest, states, strict=True):
            unfinished = {"ended_at": None, "duration_ms": None, "outcome": ""}
            unfinished |= {"reason": "", "disposition": "", "summary": ""}
            collection(Call).update_one(
                {"_id": call["_id"]}, {"$set": {"status": status, **unfinished}}
            )
        collection(Job).update_many(
            {"_id": {"$in": [call["job_id"] for call in newest]}},
            {"$set": {"status": JobStatus.CALLING, "next_attempt_at": None}},
        )

    def _add_details(self) -> None:
        newest = collection(Call).find({}, {"name": 1, "duration_ms": 1})
        newest = islice(newest.sort("_id", -1), self._plan.details)
        _insert(CallDetail, map(documents.detail_of, newest))

    def _add_suppressed(self) -> None:
        """Phones of people who are in no campaign."""
        _insert(
            DoNotCall,
            (
                {
                    "_id": ObjectId(),
                    "kind": "phone",
                    "key": keys.phone_key(documents.phone_of(5_000_000 + number)),
                    "masked": "",
                    "account_id": None,
                    "reason": "asked",
                    "source": "bench",
                    "expires_at": None,
                    "created_at": NOW,
                }
                for number in range(self._plan.suppressed)
            ),
        )

    def _add_ledger(self) -> None:
        """The slots of the days before today: none of those who wait is taken."""
        today = NOW.replace(hour=0, minute=0)
        calls = collection(Call).find(
            {"planned_at": {"$gte": today - timedelta(days=3), "$lt": today}},
            {"account_id": 1, "person_key": 1, "to_key": 1, "planned_at": 1},
        )
        blank = blank_document(ContactLedger)
        _insert(
            ContactLedger,
            (
                {
                    **blank,
                    "_id": f"attempt|{call['account_id']}|{call['_id']}",
                    "phone_slot": f"phone|{call['account_id']}|{call['_id']}",
                    "call_id": call["_id"],
                    "account_id": call["account_id"],
                    "person_key": call["person_key"],
                    "phone_key": call["to_key"],
                    # long enough ago: nobody who waits is held back by it
                    "at": call["planned_at"] - timedelta(days=30),
                }
                for call in calls
            ),
        )


def _moment(order: int, total: int) -> datetime:
    """When the `order`-th of `total` calls was made: evenly on DAYS days."""
    each = -(-total // DAYS)
    day, place = divmod(order, each)
    begin = NOW.replace(hour=0, minute=0) - timedelta(days=DAYS - 1 - day) + DAY_BEGINS
    last = day == DAYS - 1
    length = (NOW - begin) if last else DAY_ENDS - DAY_BEGINS
    calls = total - each * (DAYS - 1) if last else each
    moment = begin + length * (place / calls)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _account(place: int) -> Account:
    number = PhoneNumber.objects.create(
        e164=f"+56600{place:07}", calls_per_second=10_000
    )
    agent = Agent.objects.create(retell_id=f"agent_bench{place}", name="Cobranza")
    return Account.objects.create(
        slug=f"bench{place}",
        name=f"Mandante {place}",
        country=Account.Country.CHILE,
        time_zone="America/Santiago",
        max_concurrent_calls=10_000,
        default_agent=agent,
        default_number=number,
    )


def _target(place: int, campaign: Campaign, account: Account) -> Target:
    created_at = NOW - timedelta(days=DAYS + 10) + timedelta(hours=place)
    batch = Batch.objects.create(
        account=account,
        name=f"Campaña {place}",
        use_case="debt_collection",
        status=campaign.status,
        agent=account.default_agent,
        number=account.default_number,
        rows=campaign.jobs,
        created_by="command",
        created_at=created_at,
        started_at=created_at,
    )
    upload = Upload.objects.create(
        account=account,
        batch=batch,
        file_name=f"cobranza-{place}.xlsx",
        sha256=f"{place:064x}",
        status=Upload.Status.STORED,
        rows=campaign.jobs,
        jobs=campaign.jobs,
        created_by="command",
    )
    return Target(
        account_id=account.pk,
        batch_id=batch.pk,
        upload_id=upload.pk,
        number=account.default_number.e164,
        agent=account.default_agent.retell_id,
        created_at=created_at,
        waiting=campaign.status == BatchStatus.RUNNING,
    )


@contextmanager
def _indexes_later(model: type[models.Model]) -> Iterator[None]:
    """Without secondary indexes: made at the end they cost a quarter."""
    rows = collection(model)
    indexes = [index.to_dict() for index in rows.list_indexes()]
    rows.drop_indexes()
    yield
    for index in indexes:
        index.pop("v")
    secondary = [index for index in indexes if index["name"] != "_id_"]
    connection.database.command("createIndexes", rows.name, indexes=secondary)


def _insert(model: type[models.Model], rows: Iterator[Document]) -> None:
    target = collection(model, fast=True)
    write = partial(target.insert_many, ordered=False)
    with ThreadPoolExecutor(WRITERS) as writers:
        running: list[Any] = []
        while chunk := list(islice(rows, CHUNK)):
            running.append(writers.submit(write, chunk))
            if len(running) > WRITERS:
                running.pop(0).result()
        for started in running:
            started.result()
