"""The one writer of status.

A machine is a table of allowed changes. Every change is one conditional update that
names the old statuses, sets the new one and pushes {to, at, by, reason} on the row's
short history. Nothing matched means that somebody else was faster: stop quietly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from pymongo import UpdateMany, UpdateOne

from speechai_site.runtime import clock

HISTORY_LENGTH = 30


@dataclass(frozen=True)
class Machine:
    """The states of one model. `arrows` maps each status to those it may become."""

    collection: str
    arrows: Mapping[str, frozenset[str]]

    def sources(self, to: str) -> list[str]:
        """The statuses from which `to` may be reached."""
        return sorted(status for status, next_ in self.arrows.items() if to in next_)

    def change(
        self,
        where: Mapping[str, Any],
        to: str,
        *,
        by: str,
        reason: str = "",
        only_from: Iterable[str] | None = None,
        **values: Any,
    ) -> UpdateMany:
        """The update as a pymongo operation, for `bulk_write`.

        `where` uses column names and `_id`. `only_from` narrows the old statuses.
        `values` are further columns to set; a key with `__inc` behind it increments.
        """
        sources = self.sources(to)
        if only_from is not None:
            sources = [status for status in sources if status in set(only_from)]
        if not sources:
            raise ValueError(f"no arrow into {to!r} in {self.collection}")
        increments = {k[:-5]: v for k, v in values.items() if k.endswith("__inc")}
        update: dict[str, Any] = {
            "$set": {k: v for k, v in values.items() if not k.endswith("__inc")}
            | {"status": to},
            "$push": {"history": history_entry(to, by, reason)},
        }
        if increments:
            update["$inc"] = increments
        return UpdateMany({**where, "status": {"$in": sources}}, update)

    def merge(
        self,
        where: Mapping[str, Any],
        to: str | None,
        values: Mapping[str, Any],
        *,
        by: str,
        reason: str = "",
        maximum: Mapping[str, Any] | None = None,
        **moved: Any,
    ) -> UpdateOne:
        """Set `values` in any status, and take the arrow to `to` where there is one.

        For reports that come in any order, one write each: `moved` is set with the
        change of status only, `maximum` only where it is higher.
        """
        stage = {name: {"$literal": value} for name, value in values.items()}
        for name, value in (maximum or {}).items():
            stage[name] = {"$max": [f"${name}", value]}
        if to is not None:
            takes = {"$in": ["$status", self.sources(to)]}
            entry = history_entry(to, by, reason)["$each"]
            longer = {"$concatArrays": ["$history", {"$literal": entry}]}
            for name, value in (moved | {"status": to}).items():
                stage[name] = {"$cond": [takes, {"$literal": value}, f"${name}"]}
            stage["history"] = {
                "$cond": [takes, {"$slice": [longer, -HISTORY_LENGTH]}, "$history"]
            }
        return UpdateOne(where, [{"$set": stage}])

    def move(self, where: Mapping[str, Any], to: str, **options: Any) -> int:
        """Apply `change` now (inside the running transaction, if any).

        Returns how many rows changed; 0 means that somebody else won.
        """
        return self.write([self.change(where, to, **options)])

    def write(self, changes: Sequence[UpdateMany | UpdateOne]) -> int:
        """Apply several changes in one round trip; how many rows changed in all."""
        if not changes:
            return 0
        result = connection.database[self.collection].bulk_write(
            changes, ordered=False, session=connection.session
        )
        return result.modified_count


def history_entry(to: str, by: str, reason: str) -> dict[str, Any]:
    """One entry of a row's short history, as `$push` takes it. Text only."""
    entry = {"to": to, "at": clock.now().isoformat(), "by": by, "reason": reason}
    return {"$each": [entry], "$slice": -HISTORY_LENGTH}
