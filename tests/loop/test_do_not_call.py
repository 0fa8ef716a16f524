"""Who asks not to be called is called no more: at once, and by later workbooks."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from batches.imports import importer
from batches.models import Account, Batch, Job
from batches.states import JobStatus
from calls import dialer, suppression
from calls.block_reasons import ADMINISTRATIVE, OWN, WRONG_PAIR
from calls.models import Call, DoNotCall
from calls.simulator import conversation, scripts
from calls.states import CallStatus
from speechai_site.runtime import keys
from tests.builders import make_account, make_batch, make_job
from tests.imports.workbooks import row, workbook
from tests.loop.conftest import Loop

FIRST, SECOND = "+56911112222", "+56933334444"
QUICK = {
    "outcomes": {"answered": 1},
    "ring_seconds": (0, 0),
    "talk_seconds": (0.5, 0.5),
    "analysis_seconds": (0.2, 0.2),
}


def phones(*numbers: str) -> list[dict[str, str]]:
    return [{"e164": e164, "kind": "mobile", "state": "ok"} for e164 in numbers]


def block(kind: str, key: str, account: Account | None, **values: Any) -> int:
    values = {"reason": "lawyer", "source": "user:test"} | values
    account_id = account.pk if account else None
    return suppression.suppress(kind, key, account_id=account_id, **values)


def state(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    return job.status, job.status_reason


# --- the whole way


def says(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Everybody who answers says this."""
    script = {**scripts.COLLECTIONS, **scripts.COMMON}[name]
    for table in ("COLLECTIONS", "OFFERS"):
        monkeypatch.setattr(conversation, table, {})
    monkeypatch.setattr(conversation, "COMMON", {name: script})


def upload(loop: Loop, account: Account, content: bytes) -> Batch:
    """A workbook in a campaign of its own, which is started."""
    batch = importer.import_workbook(
        content,
        account,
        "debt_collection",
        {"limit_days": 7},  # its due dates are long past
        actor="user:test",
        file_name="cartera.xlsx",
        agent=loop.agent,
        number=loop.number,
    ).batch
    batch.start(by="user:test")
    return batch


@pytest.mark.usefixtures("with_webhooks")
@pytest.mark.parametrize("said", ["no_more_calls", "no_more_calls_unconfirmed"])
def test_whoever_says_no_more_calls_gets_none_from_any_workbook(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    says(monkeypatch, said)
    loop.simulate(**QUICK)
    account = make_account(max_concurrent_calls=50)
    content = workbook([row(), row(company="Otra", title="T-2")])
    upload(loop, account, content)

    loop.run_until(DoNotCall.objects.exists)

    waiting = Job.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.CLAIMED])
    assert Job.objects.count() == 2
    assert not waiting.exists()
    again = upload(loop, account, content)
    assert waiting.count() == 2

    loop.run_until(lambda: not waiting.exists())

    reasons = set(again.job_set.values_list("status_reason", flat=True))
    assert (reasons, len(loop.simulator.calls)) == ({OWN}, 1)


@pytest.mark.usefixtures("with_webhooks")
def test_a_wrong_number_is_not_dialed_for_that_person_by_later_workbooks(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "wrong_number")
    loop.simulate(**QUICK)
    account = make_account(max_concurrent_calls=50)
    content = workbook([row()])
    upload(loop, account, content)
    loop.run_until(DoNotCall.objects.exists)
    same_phone = upload(loop, account, workbook([row(rut="20.961.605-K")]))
    again = upload(loop, account, content)

    loop.run_until(lambda: state(again.job_set.get())[1] == WRONG_PAIR)
    loop.run_until(lambda: state(same_phone.job_set.get())[1] != "")

    # another person's case may be called on it, on another day
    waits = (JobStatus.QUEUED, "phone_once_a_day")
    assert state(same_phone.job_set.get()) == waits


# --- what ends at once


@pytest.mark.django_db
class TestAtOnce:
    def test_a_persons_waiting_cases_end(self) -> None:
        job = make_job()
        assert block("person", job.person_key, job.account) == 1
        assert state(job) == (JobStatus.DENIED, OWN)

    def test_a_case_with_another_phone_goes_on(self) -> None:
        job = make_job(phones=phones(FIRST, SECOND))
        assert block("phone", keys.phone_key(FIRST), job.account) == 0
        assert state(job)[0] == JobStatus.QUEUED
        assert block("phone", keys.phone_key(SECOND), job.account) == 1
        assert state(job) == (JobStatus.DENIED, OWN)

    def test_whoever_refused_has_no_other_phone(self) -> None:
        job = make_job(phones=phones(FIRST, SECOND), refusals=1)
        assert block("phone", keys.phone_key(FIRST), job.account) == 1

    def test_everybodys_entry_says_nothing_of_whose_it_is(self) -> None:
        job = make_job()
        block("person", job.person_key, None)
        assert state(job) == (JobStatus.DENIED, ADMINISTRATIVE)

    def test_another_accounts_case_waits_on(self) -> None:
        job = make_job()
        assert block("person", job.person_key, make_account()) == 0
        assert state(job)[0] == JobStatus.QUEUED

    def test_a_creditors_entry_ends_that_creditors_cases(self) -> None:
        batch = make_batch()
        one = make_job(batch, creditor_key="uno")
        two = make_job(batch, person_key=one.person_key, creditor_key="dos")
        block("person", one.person_key, batch.account, creditor_key="uno")
        assert [state(job)[0] for job in (one, two)] == ["denied", "queued"]

    def test_the_campaign_is_counted_again(self) -> None:
        job = make_job()
        block("person", job.person_key, job.account)
        assert Batch.objects.get().counters_dirty

    def test_a_live_calls_case_ends_with_it(self) -> None:
        job = make_job(status=JobStatus.CALLING)
        block("person", job.person_key, job.account)
        job.refresh_from_db()
        assert (job.status, job.stop_requested) == ("calling", "denied")

    def test_a_wrong_pair_ends_the_case_without_another_phone(self) -> None:
        job = make_job(phones=phones(FIRST))
        other = make_job(job.batch, phones=phones(FIRST))
        values = {"phone_key": keys.phone_key(FIRST), "reason": WRONG_PAIR}
        block("pair", job.person_key, job.account, **values)
        assert state(job) == (JobStatus.DENIED, WRONG_PAIR)
        assert state(other)[0] == JobStatus.QUEUED


def test_a_planned_call_is_withdrawn_with_its_case(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()

    assert block("person", job.person_key, job.account) == 1

    assert state(job) == (JobStatus.DENIED, OWN)
    assert Call.objects.get().status == CallStatus.WITHDRAWN
    loop.work()
    assert loop.simulator.calls == []


def test_a_person_added_by_many_at_once_is_one_entry(loop: Loop) -> None:
    account = make_account()

    def add(_: int) -> None:
        block("person", "p", account)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert DoNotCall.objects.count() == 1


# --- the gate


def test_a_phone_blocked_after_planning_gives_the_next_its_turn(loop: Loop) -> None:
    loop.simulate()
    job = loop.job(phones=phones(FIRST, SECOND))
    loop.plan()
    block("phone", keys.phone_key(FIRST), job.account)

    loop.work()
    assert (loop.simulator.calls, state(job)[0]) == ([], JobStatus.QUEUED)
    loop.dial()

    assert [call.to_number for call in loop.simulator.calls] == [SECOND]


def test_an_expired_or_withdrawn_entry_blocks_nobody(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    block("person", job.person_key, job.account, reason="administrative")
    block("phone", job.phone_keys[0], job.account)
    DoNotCall.objects.filter(kind="phone").update(expires_at=job.created_at)
    entry = DoNotCall.objects.get(kind="person")
    assert suppression.withdraw(entry, by="user:test", reason="mistyped")
    Job.objects.update(status=JobStatus.QUEUED, next_attempt_at=job.created_at)

    loop.dial()

    assert len(loop.simulator.calls) == 1


def test_a_creditors_entry_leaves_the_other_creditor_alone(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    job = loop.job(batch, creditor_key="uno")
    block("person", job.person_key, batch.account, creditor_key="dos")
    loop.dial()
    assert len(loop.simulator.calls) == 1


def test_what_retell_refuses_is_blocked_for_everybody(loop: Loop) -> None:
    loop.simulate()
    job = loop.job(phones=phones(FIRST))
    elsewhere = make_job(phones=phones(FIRST))
    loop.simulator._workspace.do_not_call.add(FIRST)

    loop.dial()

    assert state(job) == (JobStatus.DENIED, ADMINISTRATIVE)
    assert state(elsewhere) == (JobStatus.DENIED, ADMINISTRATIVE)
    entry = DoNotCall.objects.get()
    assert (entry.kind, entry.account_id, entry.reason) == ("phone", None, "provider")


def test_the_gate_asks_once_for_a_set_of_cases(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many queries for ten cases as for one."""
    loop.simulate()
    batch = loop.batch()
    jobs = [loop.job(batch) for _ in range(10)]
    block("phone", jobs[0].phone_keys[0], batch.account)
    asked = []
    real = dialer.Gate.__init__.__globals__["Blocks"]

    def counted(*args: Any) -> Any:
        asked.append(args)
        return real(*args)

    monkeypatch.setitem(dialer.Gate.__init__.__globals__, "Blocks", counted)
    loop.plan()
    assert len(asked) == 1
