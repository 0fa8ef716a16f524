"""A simulated week under the law: Chile and Argentina, shared phones, persons in two
campaigns, two creditors, eight workers. The simulator's log is the judge.

`WEEK_JOBS=2000` makes it as large as the figure in docs/reliability.md; then it takes
some minutes. What is allowed stands here once more, by hand: the policies are not asked.
"""

import logging
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.utils.module_loading import import_string
from pytest_django import Settings

from batches.models import Batch, Job
from calls import gate, reconcile
from calls.models import Call, Decision
from calls.states import OPEN
from speechai_site.runtime import clock
from tests.builders import build_job, make_account
from tests.loop.conftest import Loop

JOBS = int(os.environ.get("WEEK_JOBS", "100"))
IS_SMALL = JOBS < 1000
# The 8th is a holiday in both countries; Argentina makes a bridge of the 7th.
MONDAY = datetime(2026, 12, 7, 11, 59, 50, tzinfo=UTC)  # ten seconds to nine
DAYS = 3 if IS_SMALL else 7
HOLIDAYS = {
    "CL": {date(2026, 12, 8)},
    "AR": {date(2026, 12, 7), date(2026, 12, 8)},
}
WORKERS = 8
RATE = 15  # business seconds a second, while calls are due
MACHINES = ("voicemail_reached", "ivr_reached")
LATE = timedelta(seconds=60)
# by the beginning of the phone: zones, all of which must be open
ZONES = {
    "+569": ["America/Santiago"],
    "+5661": ["America/Punta_Arenas"],
    "+5667": ["America/Coyhaique"],
    "+5632210": ["America/Santiago", "Pacific/Easter"],
    "+54": ["America/Argentina/Buenos_Aires"],
}
OPEN_HOURS = {
    "CL": {day: (time(9), time(19, 30)) for day in range(5)}
    | {5: (time(10), time(14))},
    "AR": {day: (time(9), time(19, 30)) for day in range(5)}
    | {5: (time(10), time(13))},
}


@dataclass(frozen=True)
class Rung:
    """One call that Retell got."""

    job: str
    person: str
    creditor: str
    phone: str
    at: datetime
    talked: bool


def phone(number: int, kind: int) -> str:
    """Of twenty, twelve are Chilean mobiles, four Argentine, the others far away."""
    if kind < 12:
        return f"+5695{number:07}"
    if kind < 16:
        return f"+5491150{number:06}"
    return ("+56612", "+56672", "+5632210", "+5632210")[kind - 16] + (
        f"{number % 10**6:06}" if kind < 18 else f"{number % 10**4:04}"
    )


@pytest.fixture
def week(
    loop: Loop, settings: Settings, with_webhooks: None, monkeypatch: pytest.MonkeyPatch
) -> Loop:
    settings.SANDBOX_POLICY = "law"
    settings.POLL_AFTER = 5
    set_clock(MONDAY, 1)
    if IS_SMALL:
        monkeypatch.setattr(gate, "SPREAD_SECONDS", 30)
    loop.simulate(
        outcomes={"answered": 1, "no_answer": 2, "busy": 1, "voicemail": 1},
        ring_seconds=(0.5, 0.5),
        talk_seconds=(2, 20),
        analysis_seconds=(0.5, 1),
    )
    return loop


def set_clock(business: datetime, rate: float) -> None:
    """For this process and, within a quarter of a second, the simulator."""
    connection.database["runtime_clock"].replace_one(
        {"_id": "clock"},
        {"_id": "clock", "business": business, "wall": clock.wall(), "rate": rate},
        upsert=True,
    )
    clock.forget()


def make_jobs(loop: Loop) -> dict[str, Job]:
    """Persons of one to two jobs, until there are JOBS."""
    accounts = {
        "CL": make_account(country="CL", max_concurrent_calls=5000),
        "AR": make_account(
            country="AR",
            time_zone="America/Argentina/Buenos_Aires",
            max_concurrent_calls=5000,
        ),
    }
    batches: dict[str, list[Batch]] = {
        country: [loop.batch(account, max_attempts=3) for _ in range(2)]
        for country, account in accounts.items()
    }
    jobs: list[Job] = []
    number = 0
    while len(jobs) < JOBS:
        number += 1
        kind = number % 20
        country = "AR" if 12 <= kind < 16 else "CL"
        # every tenth shares the phone of the one twenty before
        mine = phone(number - 20 if number % 200 > 180 else number, kind)
        first, second = batches[country]
        values: dict[str, Any] = {
            "document": f"{country}:DOC:{number}",
            "phones": [{"e164": mine, "kind": "mobile", "state": "ok"}],
            "next_attempt_at": MONDAY,
        }
        jobs.append(build_job(first, **values))
        if number % 10 == 3:  # in two campaigns
            jobs.append(build_job(second, **values))
        if number % 10 == 7:  # two creditors
            jobs.append(build_job(second, **values, creditor="Acreedor Dos"))
    Job.objects.bulk_create(jobs)
    return {str(job.pk): job for job in jobs}


def next_half_hour(now: datetime) -> datetime:
    past = timedelta(minutes=now.minute % 30, seconds=now.second)
    return now.replace(microsecond=0) - past + timedelta(minutes=30)


class Week:
    """Lets business time run while calls are due, and jumps over what is idle."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.pool = ThreadPoolExecutor(WORKERS)

    def run(self, until: datetime) -> None:
        set_clock(MONDAY, RATE)
        while clock.now() < until:
            self._round()
            coming = self._coming()
            if Call.objects.filter(status__in=OPEN).exists() or self._unsettled():
                seen = len(self.loop.simulator.events)
                self.loop.simulator.wait_for(
                    lambda seen=seen: len(self.loop.simulator.events) > seen, 0.1
                )
                continue
            if coming is None or coming >= until:
                break
            now = clock.now()
            if coming <= now:  # a whole country is closed: nobody is asked
                coming = next_half_hour(now)  # when the law opens its windows
                if somebody_is_open(now):
                    coming = min(coming, self._coming(after=now) or coming)
            if coming - clock.now() > timedelta(seconds=30):
                self._jump(coming)
        list(self.pool.map(lambda _: connections.close_all(), range(WORKERS * 4)))
        self.pool.shutdown()

    def _round(self) -> None:
        self.loop.plan()
        tasks = [self.loop.tasks.popleft() for _ in range(len(self.loop.tasks))]
        list(self.pool.map(lambda task: import_string(task[0])(*task[1]), tasks))
        self.loop.apply()
        self.loop.reconcile()
        reconcile.read_workspace_limit(self.loop.client)  # nobody dials by an old one

    def _unsettled(self) -> bool:
        return Call.objects.filter(status="ended", settled="").exists()

    @staticmethod
    def _coming(after: datetime = MONDAY) -> datetime | None:
        """The soonest next attempt of those who wait."""
        waiting = Job.objects.filter(status="queued", next_attempt_at__gte=after)
        times = waiting.order_by("next_attempt_at")
        return times.values_list("next_attempt_at", flat=True).first()

    def _jump(self, to: datetime) -> None:
        """To a little before: the simulator's clock follows in a quarter of a second."""
        set_clock(to - timedelta(seconds=RATE), RATE)
        while abs(self.loop.simulator.now() - clock.now()) > timedelta(seconds=1):
            self.loop.simulator.wait_for(lambda: False, 0.02)


def read_log(loop: Loop, jobs: dict[str, Job]) -> list[Rung]:
    events = loop.simulator.events
    calls = {call.call_id: call for call in loop.simulator.calls}
    found = []
    for event in events:
        if event["kind"] != "create":
            continue
        job = jobs[event["metadata"]["job_id"]]
        call = calls[event["call_id"]]
        found.append(
            Rung(
                str(job.pk),
                f"{job.account_id}|{job.person_key}",
                job.creditor_key,
                f"{job.account_id}|{call.to_number}",
                datetime.fromtimestamp(event["at_ms"] / 1000, UTC),
                call.status == "ended" and call.reason not in MACHINES,
            )
        )
    return sorted(found, key=lambda rung: rung.at)


def somebody_is_open(at: datetime) -> bool:
    return any(is_open_in(zones, start, at) for start, zones in ZONES.items())


def is_open(rung: Rung) -> bool:
    number = rung.phone.partition("|")[2]
    zones = next(zones for start, zones in ZONES.items() if number.startswith(start))
    return is_open_in(zones, number, rung.at)


def is_open_in(zones: list[str], number: str, at: datetime) -> bool:
    """In all of the zones in which the owner of the number may be."""
    country = "AR" if number.startswith("+54") else "CL"
    hours = OPEN_HOURS[country]
    for zone in zones:
        local = at.astimezone(ZoneInfo(zone))
        window = hours.get(local.weekday())
        if window is None or local.date() in HOLIDAYS[country]:
            return False
        if not window[0] <= local.time() < window[1]:
            return False
    return True


def too_many(rungs: list[Rung]) -> list[str]:
    """Caps that were passed: one call a day to a person and to a phone; three in a
    week for a creditor, and none within a week of a conversation about the same."""
    found = []
    persons, phones = defaultdict(list), defaultdict(list)
    for rung in rungs:
        zone = "America/Santiago"
        day = rung.at.astimezone(ZoneInfo(zone)).date()
        for kind, seen, key in (
            ("person", persons, rung.person),
            ("phone", phones, rung.phone),
        ):
            if any(other[0] == day for other in seen[key]):
                found.append(f"{kind} twice on {day}")
            seen[key].append((day, rung))
        theirs = [other for _day, other in persons[rung.person]]
        if sum(other.creditor == rung.creditor for other in theirs) > 3:
            found.append("a fourth call in a week")
        if any(
            other.talked and other.creditor == rung.creditor
            for _day, other in persons[rung.person][:-1]
        ):
            found.append("a call after a conversation")
    return found


def lateness(rungs: list[Rung]) -> list[timedelta]:
    """How long after its spread instant each deferred case was called, or refused
    anew, or over. One that was over before had nothing left to wait for."""
    calls, answers = defaultdict(list), defaultdict(list)
    for rung in rungs:
        calls[rung.job].append(rung.at)
    decisions = list(Decision.objects.exclude(next_allowed_at=None))
    for decision in Decision.objects.all():
        answers[str(decision.job_id)].append(decision.at)
    ends = dict(Job.objects.exclude(finished_at=None).values_list("pk", "finished_at"))
    end_of_all = clock.now()
    found = []
    for decision in decisions:
        job = str(decision.job_id)
        due = gate.spread(decision.job_id, decision.next_allowed_at)
        end = ends.get(decision.job_id)
        if end and end < decision.next_allowed_at:
            continue
        moments = [*calls[job], *answers[job], *([end] if end else [])]
        later = [at for at in moments if at >= decision.next_allowed_at]
        if later:
            found.append(min(later) - due)
        elif due < end_of_all:
            found.append(end_of_all - due)
    return found


def test_a_week_of_calls_keeps_every_hour_cap_and_promise(week: Loop) -> None:
    jobs = make_jobs(week)
    Week(week).run(MONDAY + timedelta(days=DAYS))

    rungs = read_log(week, jobs)
    late = lateness(rungs)
    logging.getLogger(__name__).warning(
        "%s cases, %s calls, %s conversations, %s decisions, latest by %s",
        len(jobs),
        len(rungs),
        sum(rung.talked for rung in rungs),
        Decision.objects.count(),
        max(late),
    )
    assert len(rungs) > JOBS
    assert [rung for rung in rungs if not is_open(rung)] == []
    assert too_many(rungs) == []
    # on a busy machine the small one says nothing of time: it runs faster than life
    assert IS_SMALL or max(late) <= LATE
    assert not Call.objects.filter(policy="", sends__gt=0).exists()


def test_the_judge_sees_a_call_on_a_holiday_and_a_second_one() -> None:
    """A judge that finds nothing must be able to find something."""
    number = f"a|{phone(1, 1)}"
    holiday = Rung("j", "p", "c", number, datetime(2026, 12, 8, 15, tzinfo=UTC), True)
    late = Rung("j", "p", "c", number, datetime(2026, 12, 9, 15, tzinfo=UTC), False)
    assert (is_open(holiday), is_open(late)) == (False, True)
    assert too_many([holiday, late]) == ["a call after a conversation"]
    assert "person twice on 2026-12-09" in too_many([late, late])
