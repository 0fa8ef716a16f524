"""Who gets the free places: fair between campaigns, whatever their size.

Pure: takes and returns plain data.
"""

import heapq
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from random import Random

# How much more an urgent campaign gets than a normal one, by `Batch.priority`.
WEIGHTS = {1: 1, 2: 2, 3: 4}
# A kind of limit and what it is of: ("account", ID), ("workspace", None) …
Scope = tuple[str, Hashable]


@dataclass
class Room:
    """How many calls may still start in each scope. A scope without one has no limit."""

    left: dict[Scope, int] = field(default_factory=dict)

    def limit(self, scope: Scope, calls: int) -> None:
        """At most `calls` more; the lowest limit of a scope counts."""
        self.left[scope] = min(calls, self.left.get(scope, calls))

    def full(self, scopes: Iterable[Scope]) -> Scope | None:
        """The first of the scopes that has no place left."""
        return next((s for s in scopes if self.left.get(s, 1) <= 0), None)

    def take(self, scopes: Iterable[Scope], calls: int = 1) -> None:
        for scope in scopes:
            if scope in self.left:
                self.left[scope] -= calls


@dataclass(frozen=True)
class Claim:
    """A campaign that wants to call. `open`: its calls that hold a place now.
    `scopes`: all that limit it. `wants`: how many cases are due, at most."""

    batch: Hashable
    scopes: tuple[Scope, ...]
    open: int = 0
    weight: int = 1
    wants: int = 1_000_000


def allot(room: Room, claims: Iterable[Claim], chance: Random) -> dict[Hashable, int]:
    """How many calls each campaign may start; `room` is left as it would be then.

    Place by place to whoever has least for its weight, so that a campaign of ten is
    served beside one of 100,000. `chance` decides between equals.
    """
    given: dict[Hashable, int] = {}
    waiting = [
        (claim.open / claim.weight, chance.random(), place, claim)
        for place, claim in enumerate(claims)
    ]
    heapq.heapify(waiting)
    while waiting:
        _served, tie, place, claim = heapq.heappop(waiting)
        got = given.get(claim.batch, 0)
        if got >= claim.wants or room.full(claim.scopes):
            continue
        room.take(claim.scopes)
        given[claim.batch] = got + 1
        served = (claim.open + got + 1) / claim.weight
        heapq.heappush(waiting, (served, tie, place, claim))
    return given
