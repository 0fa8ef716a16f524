"""Why calls were not made: kept by the gate, read by pages and the API."""

from collections.abc import Iterable
from typing import Any

from calls.models import Decision
from speechai_site.runtime.documents import collection, insert_missing

Row = dict[str, Any]
# What the gate writes when a policy objects that has no record.
NO_RECORD = "-"


def keep(rows: Iterable[Row]) -> int:
    """Store what was decided; call it after the transaction, never in it.

    A row: {account_id, batch_id, job_id, decision, code, rule, source, at,
    next_allowed_at}; `rule` and `source` may be missing. The same answer to the same
    question (`Decision.key`) is kept once, so any row may come again, in any order and
    from any process. Returns how many were new.
    """
    documents = [
        {
            "source": "",
            **row,
            "rule": row.get("rule", "").removesuffix(NO_RECORD),
            "_id": Decision.key(row["job_id"], row["code"], row["next_allowed_at"]),
        }
        for row in rows
    ]
    return insert_missing(collection(Decision), documents)


def latest(job_id: Any) -> Decision | None:
    """The newest decision of a case."""
    return Decision.objects.filter(job_id=job_id).order_by("-at").first()
