"""The whole program under measurement: its real processes, on two cores, with a
database and a simulator of their own.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from bson import ObjectId
from django.conf import settings
from django.db import connection

from batches.models import Account, Agent, Batch, Job, PhoneNumber
from batches.states import BatchStatus
from calls.models import Call
from speechai_site.benchmarks.documents import Jobs, Target, job_templates
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.mongod import usual_cache_gb
from speechai_site.runtime.processes import whole_program
from speechai_site.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)
CORES = 2  # what the targets are for; the simulator and the figure run on them too
# The simulator's, on a path without a limit of its own.
AGENT, NUMBER = "agent_sandbox_cobranza", "+566005550100"
NO_LIMIT = 10_000
CACHE_GB = usual_cache_gb()  # what `make run` gives its database
CAMPAIGNS = 4
CHUNK = 2000
# No figure changes anything else: the rest is as documented in `.env.example`.
ENV = {"SANDBOX_CLOCK_RATE": "1", "SANDBOX_POLICY": "open"}
SIMULATOR = ("--concurrency", str(NO_LIMIT), "--cps", str(NO_LIMIT))


@contextmanager
def running(
    env: Mapping[str, str] | None = None, *, scenario: str = "bench"
) -> Iterator[Supervisor]:
    """Everything that `make run` starts, until the end of the block; this process's
    models use its database meanwhile. `simulator_log` says what Retell saw."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    simulator_log().unlink(missing_ok=True)
    program = whole_program(
        settings.VAR_DIR,
        env={**ENV, **(env or {})},
        throw_away=True,
        cache_gb=CACHE_GB,
        web_port=None,
        simulator_port=None,
        simulator_options=(
            *("--scenario", scenario, "--log", str(simulator_log())),
            *SIMULATOR,
        ),
        report=log.info,
    )
    try:
        program.start()
        _use(program.env["MONGODB_URI"])
        yield program
    finally:
        program.stop(seconds=0)  # what is under way is of no more use


def simulator_log() -> Path:
    return settings.VAR_DIR / "simulator.jsonl"


def _use(uri: str) -> None:
    connection.close_pool()
    connection.settings_dict["HOST"] = uri
    connection.connect()
    clock.forget()


def add_campaigns(cases: int, *, calls_per_second: int = NO_LIMIT) -> list[Target]:
    """CAMPAIGNS drafts with `cases` due cases of as many people; `start` runs them."""
    account = Account.objects.create(
        slug="bench",
        name="Mandante",
        country=Account.Country.CHILE,
        time_zone="America/Santiago",
        max_concurrent_calls=NO_LIMIT,
    )
    PhoneNumber.objects.filter(e164=NUMBER).update(calls_per_second=calls_per_second)
    number = PhoneNumber.objects.get(e164=NUMBER)
    agent = Agent.objects.get(retell_id=AGENT)
    each = -(-cases // CAMPAIGNS)
    now = clock.now()
    jobs = Jobs(job_templates(account, now), now)
    targets = []
    for place in range(CAMPAIGNS):
        batch = Batch.objects.create(
            account=account,
            name=f"Campaña {place}",
            use_case="debt_collection",
            agent=agent,
            number=number,
            rows=each,
            created_by="command",
        )
        targets.append(
            Target(
                *(account.pk, batch.pk, ObjectId(), NUMBER, AGENT, now), waiting=True
            )
        )
        for first in range(0, each, CHUNK):
            ranks = range(first, min(first + CHUNK, each))
            collection(Job).insert_many(
                jobs.make(place * each + rank, rank, 0, targets[-1]) for rank in ranks
            )
    return targets


def start() -> None:
    Batch.objects.filter(status=BatchStatus.DRAFT).update(
        status=BatchStatus.RUNNING, started_at=clock.now()
    )


def whole_calls() -> int:
    """Calls that went through the whole loop: planned, created, answered, ended and
    analyzed, all of it merged, and the next step of the case taken."""
    return collection(Call).count_documents({"settled": "analysis"})


def cpu_seconds(program: Supervisor) -> dict[str, float]:
    """What each service and mongod have used so far, with what they forked: the
    time of a process that has ended is in that of its parent."""
    spent: Counter[str] = Counter()
    for role, pids in program.pids().items():
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                times = psutil.Process(pid).cpu_times()
                spent[role.split("/")[0]] += (
                    times.user
                    + times.system
                    + times.children_user
                    + times.children_system
                )
    return dict(spent)


def main_processes(program: Supervisor) -> dict[str, list[int]]:
    """Those that the supervisor starts itself: what ends there takes its time along."""
    return {role: pids for role, pids in program.pids().items() if "/" not in role}
