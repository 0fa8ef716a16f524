"""Pages of large collections, newest first, at the same cost at any depth."""

from typing import Any

from django.db import models

from speechai_site.runtime.documents import collection

# Rows that one page may look at for a filter that no index serves.
SCAN = 5_000


def page(
    model: type[models.Model],
    where: dict[str, Any],
    wanted: dict[str, Any],
    *,
    after: Any = None,
    limit: int,
) -> tuple[list[Any], Any]:
    """Ids of one page, and the `after` of the next (None: there is none).

    `where` (column names) must be the head of an index that continues with `-_id`.
    `wanted` filters what that index yields: a page looks at SCAN rows at most, so it
    may hold fewer than `limit`, even none, and still have a next one.
    """
    # Without the hint the planner may prefer _id, and walk past all other accounts.
    index = dict.fromkeys(where, 1) | {"_id": -1}
    if after is not None:
        where = {**where, "_id": {"$lt": after}}
    rows = collection(model)
    found = rows.aggregate(pipeline(where, wanted, limit + 1), hint=index)
    ids = [row["_id"] for row in found]
    if len(ids) > limit:
        return ids[:limit], ids[limit - 1]
    if not wanted:
        return ids, None
    scanned = rows.find(where, {"_id": 1}, hint=index).sort("_id", -1)
    last = next(iter(scanned.skip(SCAN - 1).limit(1)), None)
    return ids, last and last["_id"]


def pipeline(
    where: dict[str, Any], wanted: dict[str, Any], limit: int
) -> list[dict[str, Any]]:
    """The aggregation behind a page; the index serves its order."""
    stages: list[dict[str, Any]] = [{"$match": where}, {"$sort": {"_id": -1}}]
    if wanted:
        stages += [{"$limit": SCAN}, {"$match": wanted}]
    return [*stages, {"$limit": limit}, {"$project": {"_id": 1}}]
