"""A simulated week under the law: Chile and Argentina, shared phones, persons in two
campaigns, two creditors, eight workers. The simulator's log is the judge.

`WEEK_JOBS=2000` makes it as large as the figure in docs/reliability.md; then it takes
some minutes. What is allowed stands here once more, by hand: the policies are not asked.
"""

import logging
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from calls.simulator.phone_calls import SimulatedCall
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
# business seconds a second, while calls are due: few, or a crowd at an opening, for which
# this one process with all parts of the program is too slow at the higher rate
RATE = 15
CROWD, CROWD_RATE = 300, RATE if IS_SMALL else 1
LEAD = 0.3  # wall seconds: the simulator's clock follows within a quarter of one
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
    asked_for: bool = False  # the first call from the hour on that its person named


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
        set_clock(MONDAY, CROWD_RATE)
        while clock.now() < until:
            asked_at = clock.now()
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
            if coming <= asked_at:  # a whole country is closed: nobody is asked
                coming = next_half_hour(asked_at)  # when the law opens its windows
                if somebody_is_open(asked_at):
                    coming = min(coming, self._coming(after=asked_at) or coming)
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
        """To as little before as the simulator's clock needs to follow."""
        soon = Job.objects.filter(
            status="queued", next_attempt_at__lt=to + timedelta(minutes=10)
        )
        rate = CROWD_RATE if soon[:CROWD].count() == CROWD else RATE
        set_clock(to - timedelta(seconds=LEAD * rate), rate)
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
    return mark_callbacks(sorted(found, key=lambda rung: rung.at), hours_named(calls))


def hours_named(calls: dict[str, SimulatedCall]) -> dict[str, list[datetime]]:
    """By job: the hours at which persons asked to be called back."""
    found = defaultdict(list)
    for call in calls.values():
        data = call.as_json(transcripts=False).get("call_analysis", {})
        if named := data.get("custom_analysis_data", {}).get("rellamada_en"):
            zone = "America/Santiago"  # Argentina has the same hour in December
            local = datetime.fromisoformat(named).replace(tzinfo=ZoneInfo(zone))
            found[call.metadata["job_id"]].append(local)
    return found


def mark_callbacks(rungs: list[Rung], named: dict[str, list[datetime]]) -> list[Rung]:
    """A callback passes caps, on its day, once: what the person asked for."""
    found, kept = [], set()
    for rung in rungs:
        due = [
            at
            for at in named.get(rung.job, ())
            if at <= rung.at and at.date() == rung.at.astimezone(at.tzinfo).date()
        ]
        fresh = set(due) - {at for job, at in kept if job == rung.job}
        kept |= {(rung.job, at) for at in fresh}
        found.append(replace(rung, asked_for=bool(fresh)))
    return found


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
    week for a creditor, and none within a week of a conversation about the same. The
    callback that the person asked for passes them, and counts for the others."""
    found = []
    before: dict[str, list[Rung]] = defaultdict(list)
    for rung in rungs:
        theirs, on_phone = before[rung.person], before[rung.phone]
        if not rung.asked_for:
            caps = passed(rung, theirs, on_phone)
            found += [f"{cap}: {rung.job} at {rung.at}" for cap in caps]
        theirs.append(rung)
        on_phone.append(rung)
    return found


def passed(rung: Rung, theirs: list[Rung], on_phone: list[Rung]) -> list[str]:
    """The caps that this call passes, after those to the person and to the phone."""
    found = []
    for kind, before in (("person", theirs), ("phone", on_phone)):
        if local_day(rung) in map(local_day, before):
            found.append(f"{kind} twice on a day")
    same = [other for other in theirs if other.creditor == rung.creditor]
    if len(same) >= 3:
        found.append("a fourth call in a week")
    if any(other.talked for other in same):
        found.append("a call after a conversation")
    return found


def local_day(rung: Rung) -> date:
    return rung.at.astimezone(ZoneInfo("America/Santiago")).date()


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
    assert passed(late, [holiday], []) == ["a call after a conversation"]
    assert "person twice on a day" in passed(late, [late], [])


def test_the_judge_lets_a_callback_pass_once_and_on_its_day() -> None:
    number, hour = f"a|{phone(1, 1)}", datetime(2026, 12, 9, 15, tzinfo=UTC)
    moments = [hour + timedelta(hours=after) for after in (-1, 1, 2, 24)]
    rungs = [Rung("j", "p", "c", number, at, False) for at in moments]

    marked = mark_callbacks(rungs, {"j": [hour]})

    assert [rung.asked_for for rung in marked] == [False, True, False, False]
    assert len(too_many(marked)) == 3  # the third, twice on a day; the fourth
