"""Raw documents, for the hot paths where one statement must serve many rows.

The ORM is right for everything else. Names of fields are column names
(`batch_id`, not `batch`); datetimes come back aware, in UTC.
"""

from datetime import UTC
from typing import Any

from bson import CodecOptions
from django.db import connection, models
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

AWARE = CodecOptions(tz_aware=True, tzinfo=UTC)


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


def blank_document(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of a model holds in the database when nothing is given; without
    its `_id`, and with what the clock said now."""
    instance = model()
    return {
        field.column: field.get_db_prep_save(field.pre_save(instance, True), connection)  # noqa: FBT003 Django's signature
        for field in model._meta.local_concrete_fields
        if not field.primary_key
    }
