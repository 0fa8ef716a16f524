"""Health for load balancers and people: is it alive, and can it do its work?"""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from pymongo.errors import PyMongoError

from calls import invariants
from speechai_site.runtime import heartbeat
from speechai_site.runtime.broker import MongoBroker

# Wall seconds without a beat after which a process counts as gone. The cluster beats
# every 2 s, the clock at each round; a restart by the supervisor takes a few.
SILENCE_SECONDS = 15


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this web process answers. Reads nothing."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part works, else 503; either way the state of each part.

    `undecided_calls`: placed today without a policy's word. It must be 0, and changes
    the status of nothing: the results of calls must still come in.
    """
    parts = {name: _state(check) for name, check in PARTS.items()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            **parts,
            "undecided_calls": _undecided_calls(),
        },
        status=200 if ready else 503,
    )


def _state(check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "silent"
    except PyMongoError:
        return "unreachable"


def _undecided_calls() -> int | None:
    try:
        return invariants.undecided_calls()
    except PyMongoError:
        return None  # the database's own part says why


def _database() -> bool:
    return connection.database.command("ping")["ok"] == 1


def _queue() -> bool:
    """Tasks can be read; that some wait is no fault."""
    return MongoBroker().queue_size() >= 0


def _worker() -> bool:
    return heartbeat.alive("qcluster", SILENCE_SECONDS)


def _clock() -> bool:
    return heartbeat.alive("clock", SILENCE_SECONDS)


PARTS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "queue": _queue,
    "worker": _worker,
    "clock": _clock,
}
