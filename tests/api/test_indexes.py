"""Each list of the API walks an index in its order, at any size."""

import pytest
from bson import ObjectId
from django.db import connection, models

from batches.models import Batch, Job
from calls.models import Call
from speechai_site.runtime import keyset

SCOPES = [
    (Batch, "account_id"),
    (Job, "account_id"),
    (Job, "batch_id"),
    (Call, "account_id"),
    (Call, "batch_id"),
    (Call, "job_id"),
]


@pytest.mark.parametrize("wanted", [{}, {"status": "done"}], ids=["all", "status"])
@pytest.mark.parametrize(("model", "column"), SCOPES)
def test_page_is_an_index_scan_without_sorting(
    db: None, model: type[models.Model], column: str, wanted: dict
) -> None:
    where = {column: ObjectId(), "_id": {"$lt": ObjectId()}}
    plan = connection.database.command(
        "explain",
        {
            "aggregate": model._meta.db_table,
            "pipeline": keyset.pipeline(where, wanted, 51),
            "cursor": {},
            "hint": {column: 1, "_id": -1},
        },
        verbosity="queryPlanner",
    )
    first = plan["stages"][0]["$cursor"] if "stages" in plan else plan
    chosen = str(first["queryPlanner"]["winningPlan"])
    assert "'IXSCAN'" in chosen
    assert "'SORT'" not in chosen
    assert all("$sort" not in stage for stage in plan.get("stages", []))
