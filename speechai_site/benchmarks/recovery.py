"""How long a killed process is missed, for each kind of process.

Under a steady load one process is killed. It is over when creates flow again and no
call from before the kill is in doubt. Nobody may be called twice, no call be lost.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

from django.conf import settings
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from batches.models import Batch, Job
from batches.states import BatchStatus, JobStatus
from calls.models import Call
from calls.states import FINAL_AT_RETELL, OPEN, CallStatus
from speechai_site.benchmarks import program
from speechai_site.benchmarks.measuring import Line, milliseconds
from speechai_site.benchmarks.oracle import Create, Oracle
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.supervisor import Supervisor

KINDS = (
    "web/worker",
    "web",
    "qcluster/worker",
    "qcluster/pusher",
    "qcluster/monitor",
    "qcluster/sentinel",
    "qcluster",
    "clock",
    "mongod",
)
TARGET_SECONDS = 15
CALLS_A_SECOND = 40
# Creates flow when for so long none was later than that after the one before (ms):
# a caller id's calls of a second are planned at once, so that they come in bursts.
STEADY_MS, GAP_MS = 5000, 3000
GIVE_UP_SECONDS = 120
IN_DOUBT = (CallStatus.PLANNED, CallStatus.SENDING, CallStatus.UNKNOWN)
UNDER_WAY = (JobStatus.CLAIMED, JobStatus.CALLING)


def measure(scale: float) -> Iterator[Line]:
    kinds = KINDS[: max(1, round(len(KINDS) * scale))]
    with program.running() as running:
        start = milliseconds(lambda: running.manage("version")) / 1000
        seconds = len(kinds) * 2 * TARGET_SECONDS + GIVE_UP_SECONDS
        cases = seconds * CALLS_A_SECOND  # more than will be called
        program.add_campaigns(cases, calls_per_second=CALLS_A_SECOND)
        calls = _impatient(running)
        oracle = Oracle(program.simulator_log())
        program.start()
        _wait(running, lambda: _flowing_since(oracle, 0) is not None, "no calls")
        taken = {kind: _recover(running, oracle, calls, kind) for kind in kinds}
        _verify(running, oracle)
    worst = max(taken, key=taken.get)
    yield _line("recovery_seconds", taken[worst], start, f"; the worst: {worst}")
    for kind, seconds in taken.items():
        yield _line(f"recovery_seconds_{kind.replace('/', '_')}", seconds, start, "")


def _line(name: str, seconds: float, start: float, more: str) -> Line:
    return Line(
        name=name,
        value=seconds,
        unit="s",
        target=TARGET_SECONDS,
        reference=start,
        reference_name=f"a process of the program starts and ends{more}",
        reference_unit="s",
    )


def _recover(
    running: Supervisor, oracle: Oracle, calls: Collection, kind: str
) -> float:
    """Kill one process of `kind`; seconds until nothing shows it any more."""
    _wait(running, lambda: kind in running.pids(), f"no {kind}")
    killed = _wall_ms()
    os.kill(running.pids()[kind][0], signal.SIGKILL)
    before = {"_id": {"$lt": _id_at(killed)}, "status": {"$in": IN_DOUBT}}
    certain: list[int] = []

    def recovered() -> bool:
        if not certain:
            with suppress(PyMongoError):  # it is being started again
                if not calls.count_documents(before, limit=1):
                    certain.append(_wall_ms())
        return bool(certain) and _flowing_since(oracle, killed) is not None

    if not running.wait(recovered, GIVE_UP_SECONDS):
        what = "creates don't flow" if certain else "calls are in doubt"
        raise RuntimeError(f"{what} after the end of {kind}")
    return (max(certain[0], _flowing_since(oracle, killed)) - killed) / 1000


def _flowing_since(oracle: Oracle, killed: int) -> int | None:
    """Since when calls planned after the kill have been created without a gap (wall
    ms); None while that is not so for STEADY_MS."""
    since = last = 0
    for create in _planned_after(oracle, killed):
        if create.wall_ms - last > GAP_MS:
            since = create.wall_ms
        last = create.wall_ms
    now = _wall_ms()
    steady = now - last <= GAP_MS and now - since >= STEADY_MS
    return since if steady else None


def _planned_after(oracle: Oracle, killed: int) -> list[Create]:
    first = _id_at(killed)
    return [create for create in oracle.look() if create.attempt_id >= first]


def _id_at(wall_ms: int) -> str:
    """Ids of calls grow with the moment of their planning."""
    return f"att_{wall_ms:012x}"


def _wall_ms() -> int:
    return int(clock.wall().timestamp() * 1000)


def _impatient(running: Supervisor) -> Collection:
    """The calls, by a client that never waits for a server that is away: whoever
    waits does not start it again."""
    client = MongoClient(
        running.env["MONGODB_URI"], serverSelectionTimeoutMS=100, socketTimeoutMS=2000
    )
    return client[settings.MONGODB_NAME][Call._meta.db_table]


def _wait(running: Supervisor, until: Callable[[], bool], failure: str) -> None:
    if not running.wait(until, GIVE_UP_SECONDS):
        raise RuntimeError(failure)


def _verify(running: Supervisor, oracle: Oracle) -> None:
    """Let all calls end; raise unless each was created once and came to its end."""
    Batch.objects.update(status=BatchStatus.PAUSED)
    under_way = [
        (Call, {"status": {"$in": OPEN}}),
        (Call, {"status": {"$in": FINAL_AT_RETELL}, "settled": {"$ne": "analysis"}}),
        (Job, {"status": {"$in": UNDER_WAY}}),
    ]
    _wait(
        running,
        lambda: (
            not any(
                collection(model).count_documents(where, limit=1)
                for model, where in under_way
            )
        ),
        "not every call comes to its end",
    )
    if twice := oracle.twice():
        raise RuntimeError(f"{twice} calls were created twice")
    known = {
        row["_id"]: row["job_id"]
        for row in collection(Call).find(
            {"status": {"$in": FINAL_AT_RETELL}}, {"job_id": 1}
        )
    }
    created = {create.attempt_id for create in oracle.look()}
    if known.keys() != created:
        raise RuntimeError(
            f"{len(created - known.keys())} calls at Retell only, "
            f"{len(known.keys() - created)} that it does not know"
        )
    if twice := len(known) - len(set(known.values())):
        raise RuntimeError(f"{twice} people were called twice")
