from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from batches.models import Account, Job
from calls import decisions
from calls.models import CallDetail
from tests.builders import make_batch, make_call, make_job
from tests.loop.test_decisions import row_of

Get = Callable[..., Any]


def test_batch_shows_its_counts_without_cost(get: Get, account: Account) -> None:
    counters = {
        "jobs": {"done": 2},
        "calls": {"ended": 3},
        "outcomes": {"busy": 1},
        "cost_usd": "17.654321",
    }
    batch = make_batch(account, counters=counters)
    body = get(f"/batches/{batch.pk}").json()
    assert body["jobs"] == {"done": 2}
    assert body["calls"] == {"ended": 3}
    assert "17.654321" not in str(body)


def test_job_shows_what_its_rows_said(get: Get, account: Account) -> None:
    job = make_job(
        make_batch(account),
        amount=Decimal("150000.50"),
        limit_date=date(2026, 11, 30),
        debts=[{"operation": "A-1", "amount": "150000.50"}],
        extra=[["Sucursal", "Centro"]],
    )
    body = get(f"/jobs/{job.pk}").json()
    assert Decimal(body["amount"]) == Decimal("150000.50")
    assert body["limit_date"] == "2026-11-30"
    assert body["debts"][0]["operation"] == "A-1"
    assert body["extra"] == [["Sucursal", "Centro"]]
    assert body["phones"] == job.phones


def test_call_shows_its_result_and_transcript(get: Get, account: Account) -> None:
    call = make_call(
        make_job(make_batch(account)),
        status="ended",
        outcome="conversation",
        reason="user_hangup",
        promise_amount=Decimal(75_000),
        cost_usd=Decimal("0.12"),
    )
    CallDetail.objects.create(call_id=call.pk, transcript="Hola.")
    body = get(f"/calls/{call.pk}").json()
    assert body["disconnection_reason"] == "user_hangup"
    assert Decimal(body["promise_amount"]) == 75_000
    assert body["transcript"] == "Hola."
    assert "cost_usd" not in body


def test_call_without_detail_has_an_empty_transcript(
    get: Get, account: Account
) -> None:
    call = make_call(make_job(make_batch(account)))
    assert get(f"/calls/{call.pk}").json()["transcript"] == ""


def test_job_says_why_it_is_not_called(get: Get, account: Account) -> None:
    job = make_job(make_batch(account), status_reason="outside_hours")
    assert get(f"/jobs/{job.pk}").json()["decision"] is None
    late = datetime(2025, 11, 29, 0, 15, tzinfo=UTC)
    law = {"source": "Ley 19.496 art. 37", "at": late}
    decisions.keep([row_of(job, **law), row_of(job, code="holiday")])
    body = get(f"/jobs/{job.pk}").json()["decision"]
    assert body.pop("reason").startswith("No se llamó: fuera del horario permitido")
    assert body == {
        "decision": "defer",
        "code": "outside_hours",
        "rule": "CL/debt_collection@1",
        "source": "Ley 19.496 art. 37",
        "at": "2025-11-29T00:15:00Z",
        "next_allowed_at": "2025-12-01T12:00:00Z",
    }
    Job.objects.filter(pk=job.pk).update(status="calling")
    assert get(f"/jobs/{job.pk}").json()["decision"] is None


def test_an_administrative_block_says_no_more_than_that(
    get: Get, account: Account
) -> None:
    code = "administrative_block"
    job = make_job(make_batch(account), status="denied", status_reason=code)
    decisions.keep([row_of(job, code=code, decision="deny", rule="theirs")])
    body = get(f"/jobs/{job.pk}").json()["decision"]
    assert body["reason"] == "No se llamó: bloqueo administrativo."
    assert (body["rule"], body["source"], body["next_allowed_at"]) == ("", "", None)
