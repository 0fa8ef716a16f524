"""What must be true every day, counted in the database."""

from datetime import datetime
from typing import Any

from django.conf import settings

from calls.limits import midnight
from calls.models import Call
from calls.states import PLACED
from speechai_site.runtime.documents import collection

# No more are counted: one is too many already.
MOST_COUNTED = 10_000


def undecided_calls(
    since: datetime | None = None, account_ids: list[Any] | None = None
) -> int:
    """Calls placed since then that no policy allowed: must be 0.

    `since`: the start of the business day in DISPLAY_TIME_ZONE if not given.
    `account_ids`: of these accounts alone. Read from an index that holds calls without
    a decision only, so 0 costs nothing at any number of calls.
    """
    scope = {} if account_ids is None else {"account_id": {"$in": account_ids}}
    return collection(Call).count_documents(
        {
            "policy": "",
            "planned_at": {"$gte": since or midnight(settings.DISPLAY_TIME_ZONE)},
            "status": {"$in": list(PLACED)},
            **scope,
        },
        hint="call_undecided",
        limit=MOST_COUNTED,
    )
