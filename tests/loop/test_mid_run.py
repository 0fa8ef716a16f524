"""At eleven: a corrected file, payments and a pasted list, while calls are made."""

import pytest

from batches.imports import payments, updates, withdraw
from batches.imports.importer import import_workbook
from batches.imports.listed import read_pasted
from batches.models import Account, Batch, Job
from batches.states import BatchStatus, JobStatus
from calls.models import Call
from calls.states import CallStatus
from tests.builders import make_account, make_rut
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook
from tests.loop.conftest import Loop

PEOPLE = 120
PAYERS, WITHDRAWN, LEAVING = range(30, 50), range(50, 80), range(80, 90)


def rut(person: int) -> str:
    return make_rut(10_000_000 + person)


def line(person: int, amount: int = 150_000) -> list:
    return row(
        rut=rut(person),
        title=f"OP-{person}",
        mobile=960_100_000 + person,
        amount=amount,
    )


def phones(people: range) -> set[str]:
    return {f"+56{960_100_000 + person}" for person in people}


def a_running_campaign(loop: Loop) -> tuple[Account, Batch]:
    account = make_account(max_concurrent_calls=15)
    batch = import_workbook(
        workbook([line(person) for person in range(PEOPLE)], KEYED),
        account,
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
        agent=loop.agent,
        number=loop.number,
    ).batch
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.RUNNING)
    batch.refresh_from_db()
    return account, batch


@pytest.mark.usefixtures("fast")
def test_nobody_paid_or_withdrawn_is_dialed_after(
    loop: Loop, settings, tmp_path
) -> None:
    settings.VAR_DIR = tmp_path
    loop.simulate()
    account, batch = a_running_campaign(loop)
    loop.dial()
    loop.plan()  # some are planned while the files come
    first = {call.to_number for call in loop.simulator.calls}
    assert first

    corrected = workbook(
        [line(p, 99_000 if p < 30 else 150_000) for p in range(PEOPLE) if p < 80]
        + [line(p) for p in range(90, PEOPLE + 5)],
        KEYED,
    )
    seen = updates.preview(corrected, batch, absent=updates.WITHDRAW).counts()
    done = updates.apply(
        corrected, batch, by="user:ana", absent=updates.WITHDRAW
    ).changes
    assert done.counts() == seen
    assert (done.changed, done.amounts, done.same) == (30, 30, 80)
    assert (done.new, done.leaving, done.closed) == (5, 10, 0)

    paid = workbook(
        [[rut(p), f"OP-{p}", "01/11/2025", 150_000, "Web"] for p in PAYERS], PAID
    )
    look = payments.preview(paid, account)
    result = payments.load(paid, account, by="user:ana")
    assert look.cancelled == result.cancelled
    assert look.later == result.later
    assert result.cancelled + result.later == len(PAYERS)

    pasted = read_pasted("\n".join(rut(p) for p in WITHDRAWN), "CL")
    found, ended = withdraw.withdraw(pasted, account, by="user:ana", reason="correo")
    assert (found.matched, ended.now + ended.later) == (30, 30)

    before = len(loop.simulator.calls)
    loop.run_until(lambda: at_rest(batch), 60)
    after = {call.to_number for call in loop.simulator.calls[before:]}
    gone = phones(PAYERS) | phones(WITHDRAWN) | phones(LEAVING)
    assert after
    assert not after & gone
    assert phones(range(PEOPLE, PEOPLE + 5)) <= after
    assert {job.status for job in jobs(PAYERS)} <= {JobStatus.CANCELLED}
    assert {job.status for job in jobs(WITHDRAWN)} <= {JobStatus.WITHDRAWN}
    assert not Call.objects.filter(status=CallStatus.PLANNED).exists()


def jobs(people: range) -> list[Job]:
    return list(Job.objects.filter(document__in=[f"CL:RUT:{rut(p)}" for p in people]))


def at_rest(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.status == BatchStatus.COMPLETED
