"""Figures for screens and commands, each one counted in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from batches.models import Account, Batch
from calls import counters, states
from calls.models import Call
from speechai_site.runtime.documents import collection

RUNNING_SHOWN = 20


def batch_status(batch: Batch) -> dict[str, Any]:
    """Where a batch stands, exactly; plain values, ready for JSON.

    `{"batch", "status", "rows", "jobs": {status: n}, "calls": {status: n},
    "outcomes": {class: n}, "cost_usd": text, "notices": {"direct": n, "complete": n}}`.
    """
    return {
        "batch": str(batch.pk),
        "status": batch.status,
        "rows": batch.rows,
        **counters.count(batch.pk),
    }


def home_figures(
    accounts: Sequence[Any] | None, day_start: datetime, day_end: datetime
) -> dict[str, Any]:
    """Today's figures of the accounts with these ids; None: of all accounts.

    `calls`        calls prepared in [day_start, day_end) (aware, business time),
                   without those withdrawn before dialing
    `outcomes`     {class: n} of those calls
    `cost_usd`     Decimal, of those calls, as far as it is known
    `live`         calls whose phone may be ringing now
    `unconfirmed`  calls of which nobody knows yet whether the phone rang
    `running`      the running batches, most urgent first, at most RUNNING_SHOWN
    """
    scope = {} if accounts is None else {"account_id": {"$in": list(accounts)}}
    # the index of a day begins with the account
    whose = accounts
    if whose is None:
        whose = Account.objects.values_list("pk", flat=True)
    day = counters.call_figures(
        {
            "account_id": {"$in": list(whose)},
            "planned_at": {"$gte": day_start, "$lt": day_end},
        }
    )
    calls = collection(Call)
    running = Batch.objects.filter(status=Batch.Status.RUNNING)
    if accounts is not None:
        running = running.filter(account_id__in=list(accounts))
    return {
        "calls": sum(day["calls"].values())
        - day["calls"].get(states.CallStatus.WITHDRAWN, 0),
        "outcomes": day["outcomes"],
        "cost_usd": day["cost_usd"],
        "live": calls.count_documents({"status": {"$in": list(states.OPEN)}, **scope}),
        "unconfirmed": calls.count_documents(
            {"status": states.CallStatus.UNKNOWN, **scope}
        ),
        "running": list(running.order_by("-priority", "-pk")[:RUNNING_SHOWN]),
    }
