"""Raw documents, for the hot paths where one statement must serve many rows.

The ORM is right for everything else. Names of fields are column names
(`batch_id`, not `batch`); datetimes come back aware, in UTC.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from bson import CodecOptions
from django.db import connection, models
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

AWARE = CodecOptions(tz_aware=True, tzinfo=UTC)
DUPLICATE_KEY = 11000


def collection(model: type[models.Model], *, fast: bool = False) -> Collection:
    """The model's collection. `fast` writes with w=1: for what can be rebuilt."""
    return connection.database[model._meta.db_table].with_options(
        codec_options=AWARE, write_concern=WriteConcern(w=1) if fast else None
    )


def unique(*values: str) -> dict[str, Any]:
    """One of these, for a raw query of a field that is `unique=True` (an upsert too, of
    one value). Its index holds strings alone (`$type`), so the planner takes it only for
    a query that says the same: without it every document is read."""
    if len(values) == 1:
        return {"$eq": values[0], "$type": "string"}
    return {"$in": list(values), "$type": "string"}


def insert_missing(target: Collection, documents: Sequence[Mapping[str, Any]]) -> int:
    """Insert those that no unique key finds there already, which stay as they are; how
    many were new. Raises BulkWriteError for any other fault."""
    if not documents:
        return 0
    try:
        return len(target.insert_many(documents, ordered=False).inserted_ids)
    except BulkWriteError as error:
        if not only_duplicates(error):
            raise
        return error.details["nInserted"]


def upsert(target: Collection, changes: Sequence[UpdateOne]) -> int:
    """Make these changes in order; how many documents were new. Each may run twice.

    Of two that insert the same key at once one fails with a duplicate. MongoDB repeats
    that one by itself only where the filter is plain equalities, which `unique` is not
    (manual, db.collection.update, "Upsert with Unique Index").
    """
    made, left, repeated = 0, list(changes), False
    while left:
        try:
            return made + target.bulk_write(left).upserted_count
        except BulkWriteError as error:
            done = error.details["writeErrors"][0]["index"]
            if not only_duplicates(error) or (repeated and not done):
                raise
            made += error.details["nUpserted"]
            left, repeated = left[done:], True
    return made


def only_duplicates(error: BulkWriteError) -> bool:
    """Whether all that a bulk write failed for is a key that is there already."""
    faults = error.details["writeErrors"]
    unsure = error.details.get("writeConcernErrors")
    return not unsure and all(fault["code"] == DUPLICATE_KEY for fault in faults)


def blank_document(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of a model holds in the database when nothing is given; without
    its `_id`, and with what the clock said now."""
    instance = model()
    return {
        field.column: field.get_db_prep_save(field.pre_save(instance, True), connection)  # noqa: FBT003 Django's signature
        for field in model._meta.local_concrete_fields
        if not field.primary_key
    }
