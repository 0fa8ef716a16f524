"""Webhooks in any order and repetition leave the rows that a clean run leaves."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from batches.models import Job
from batches.states import OPEN_JOB
from calls import dialer
from calls.models import Call, CallDetail, ContactLedger, Promise, WebhookEvent
from calls.simulator.scenarios import NORMAL
from tests.loop.conftest import Loop

JOBS = 40
ZONE = ZoneInfo("America/Santiago")
VARIABLES = {"monto_total": "ciento cincuenta mil pesos", "empresa": "Tienda Uno"}
# Those that end a case at its first attempt, so that no business day has to pass.
OUTCOMES = {
    name: NORMAL.outcomes[name]
    for name in ("answered", "voicemail", "no_answer", "busy", "invalid_number")
}
RESULT = (
    *("status", "reason", "outcome", "duration_ms", "cost_usd", "analyzed"),
    *("in_voicemail", "contact", "identity_verified", "disposition", "attempt"),
    *("promise_amount", "wants_no_calls", "summary", "sentiment"),
)
CASE = (
    *("status", "status_reason", "outcome", "disposition", "attempts", "faults"),
    *("refusals", "promise_amount"),
)
Rows = dict[str, dict[str, Any]]


def final_rows(loop: Loop, **webhook_faults: float) -> Rows:
    """Call the same forty people; what is recorded of each, by phone."""
    for model in (Call, CallDetail, Job, Promise, ContactLedger, WebhookEvent):
        model.objects.all().delete()
    if dialer._process is not None:  # it knows the last simulator
        dialer._process.pool.shutdown()
        dialer._process = None
    loop.simulate(
        outcomes=OUTCOMES,
        ring_seconds=(0, 0),
        talk_seconds=(0.05, 0.3),
        analysis_seconds=(0, 0.1),
        webhook_faults=webhook_faults,
        late_seconds=0.5,
    )
    batch = loop.batch(max_attempts=1)
    for number in range(JOBS):
        phone = {"e164": f"+569111{number:05}", "kind": "mobile", "state": "ok"}
        loop.job(batch, phones=[phone], variables=VARIABLES)
    loop.run_until(lambda: all_is_known(loop))
    return {call.to_number: _row(call) for call in Call.objects.all()}


def all_is_known(loop: Loop) -> bool:
    """Every case is over, and every webhook that was sent has been applied."""
    sent = [event for event in loop.simulator.events if event["kind"] == "webhook"]
    copies = 3 if loop.simulator._scenario.webhook_faults.get("duplicated") else 1
    due = copies * sum(3 if call.start_ms else 2 for call in loop.simulator.calls)
    return (
        len(sent) == due
        and not Job.objects.filter(status__in=OPEN_JOB).exists()
        and not WebhookEvent.objects.filter(result="").exists()
    )


def _row(call: Call) -> dict[str, Any]:
    row = {name: getattr(call, name) for name in RESULT}
    row |= {f"case {name}": getattr(call.job, name) for name in CASE}
    # in days from the call on: the runs are not at the same time
    day = call.planned_at.astimezone(ZONE).date()
    if call.promise_date:
        row["promise"] = (call.promise_date - day).days
    if call.callback_at:
        row["callback"] = (call.callback_at.astimezone(ZONE).date() - day).days
    return row


@pytest.mark.usefixtures("with_webhooks")
@pytest.mark.parametrize(
    "faults", [{"duplicated": 1, "late": 1}, {"reordered": 1}], ids=str
)
def test_shuffled_webhooks_leave_the_rows_of_a_clean_run(
    loop: Loop, settings: Settings, faults: dict[str, float]
) -> None:
    settings.POLL_AFTER = 60  # webhooks alone bring the results
    clean = final_rows(loop)
    assert len(clean) == JOBS
    assert final_rows(loop, **faults) == clean
