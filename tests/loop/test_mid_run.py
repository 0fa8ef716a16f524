"""At eleven: a corrected file, payments and a pasted list, while calls are made."""

from collections.abc import Iterable
from typing import Any

import pytest

from batches.imports import modes, updates
from batches.imports.importer import import_workbook
from batches.imports.modes import Wanted
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
NEW_AMOUNT = "noventa y nueve mil pesos"
AT_ONCE = 15
# Of those who are called first some are left out, and of those who are planned when
# the files come some pay and some are withdrawn.
PAYERS = (*range(15, 23), *range(30, 42))
WITHDRAWN = (*range(23, 30), *range(42, 65))
LEAVING = range(80, 90)
RESTATED = (*range(15), *range(65, 80))


def as_it_was_looked_at(wanted: Wanted) -> dict[str, Any]:
    """Do it; the figures, which are those of the look before, each of them."""
    seen = modes.look(wanted)
    done = modes.do(wanted, by="user:ana")
    assert done.figures == seen.figures
    return done.figures


def rut(person: int) -> str:
    return make_rut(10_000_000 + person)


def line(person: int, amount: int = 150_000) -> list:
    return row(
        rut=rut(person),
        title=f"OP-{person}",
        mobile=960_100_000 + person,
        amount=amount,
    )


def phones(people: Iterable[int]) -> set[str]:
    return {f"+56{960_100_000 + person}" for person in people}


def planned() -> set[str]:
    rows = Call.objects.filter(status=CallStatus.PLANNED)
    return set(rows.values_list("to_number", flat=True))


def a_running_campaign(loop: Loop) -> tuple[Account, Batch]:
    account = make_account(max_concurrent_calls=2 * AT_ONCE)
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
    Account.objects.update(max_concurrent_calls=AT_ONCE)
    loop.dial()
    Account.objects.update(max_concurrent_calls=2 * AT_ONCE)
    loop.plan()  # some are planned while the files come
    assert {c.to_number for c in loop.simulator.calls} == phones(range(AT_ONCE))
    assert planned() == phones(range(AT_ONCE, 2 * AT_ONCE))

    people = [p for p in range(PEOPLE + 5) if p not in LEAVING]
    corrected = workbook(
        [line(p, 99_000 if p in RESTATED else 150_000) for p in people], KEYED
    )
    done = as_it_was_looked_at(
        Wanted(modes.UPDATE, account, batch, corrected, absent=updates.WITHDRAW)
    )
    assert (done["changed"], done["amounts"], done["same"]) == (30, 30, 80)
    assert (done["new_cases"], done["leaving"], done["closed"]) == (5, 10, 0)

    paid = workbook(
        [[rut(p), f"OP-{p}", "01/11/2025", 150_000, "Web"] for p in PAYERS], PAID
    )
    done = as_it_was_looked_at(Wanted(modes.PAYMENTS, account, None, paid))
    assert done["new_payments"] == len(PAYERS)
    assert (done["cancelled"], done["cancelled_later"]) == (12, 8)

    pasted = "\n".join(rut(p) for p in WITHDRAWN).encode()
    done = as_it_was_looked_at(
        Wanted(modes.WITHDRAW, account, None, pasted, pasted=True, reason="correo")
    )
    assert (done["entries"], done["matched"]) == (30, 30)
    assert (done["waiting"], done["under_way"]) == (23, 7)

    before = len(loop.simulator.calls)
    loop.run_until(lambda: at_rest(batch), 60)
    after = {call.to_number for call in loop.simulator.calls[before:]}
    gone = phones(PAYERS) | phones(WITHDRAWN) | phones(LEAVING)
    assert not after & gone
    assert phones(range(AT_ONCE, PEOPLE + 5)) - gone <= after
    assert {job.status for job in jobs(PAYERS)} == {JobStatus.CANCELLED}
    assert {job.status for job in jobs(WITHDRAWN)} == {JobStatus.WITHDRAWN}
    assert not planned()
    said = {c.to_number: c.variables["monto_total"] for c in loop.simulator.calls}
    assert {said[phone] for phone in phones(range(65, 80))} == {NEW_AMOUNT}


def jobs(people: Iterable[int]) -> list[Job]:
    return list(Job.objects.filter(document__in=[f"CL:RUT:{rut(p)}" for p in people]))


def at_rest(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.status == BatchStatus.COMPLETED
