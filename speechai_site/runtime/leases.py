"""Leases with fencing: one process acts, a stale one writes nothing."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from speechai_site.runtime import clock
from speechai_site.runtime.models import Lease


@dataclass(frozen=True)
class Held:
    """A lease that was held when this was made; `token` fences its writes."""

    name: str
    owner: str
    token: int


def take(name: str, owner: str, seconds: float) -> Held | None:
    """Take or keep the lease `name` for `seconds` of wall time.

    None: somebody else holds it. The token changes only when the holder does, so the
    same owner renews with the token that it has.
    """
    leases = _leases()
    wall = clock.wall()
    until = wall + timedelta(seconds=seconds)
    kept = leases.find_one_and_update(
        {"_id": name, "owner": owner, "expires_at": {"$gt": wall}},
        {"$set": {"expires_at": until}},
        return_document=ReturnDocument.AFTER,
    )
    if kept is None:
        try:
            kept = leases.find_one_and_update(
                {"_id": name, "expires_at": {"$lte": wall}},
                {"$set": {"owner": owner, "expires_at": until}, "$inc": {"token": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return None
    return Held(name, owner, kept["token"])


def touch(held: Held) -> bool:
    """Write the lease inside the running transaction; False when it is lost.

    As the first statement of a transaction it makes a stale holder's commit fail:
    the new holder's takeover conflicts with it.
    """
    result = _leases().update_one(
        {"_id": held.name, "owner": held.owner, "token": held.token},
        {"$inc": {"rounds": 1}},
        session=connection.session,
    )
    return result.matched_count == 1


def release(held: Held) -> None:
    """Let the next process act at once (a clean stop)."""
    _leases().update_one(
        {"_id": held.name, "owner": held.owner, "token": held.token},
        {"$set": {"expires_at": clock.wall()}},
    )


def _leases() -> Collection:
    return connection.database[Lease._meta.db_table]
