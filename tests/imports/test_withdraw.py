"""Withdrawing by a list that is pasted or a file, and what was not called yet."""

import pytest

from batches.imports.listed import read_file, read_pasted
from batches.imports.withdraw import (
    BY_LIST,
    find,
    scope_of,
    withdraw,
    withdraw_not_called,
)
from batches.models import Batch, Job, Upload
from batches.states import JobStatus
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_batch, make_job, make_rut
from tests.imports.workbooks import workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def batch(account):
    return make_batch(account, status=Batch.Status.RUNNING)


def person(batch, number, **values):
    return make_job(batch, document=f"CL:RUT:{make_rut(number)}", **values)


def rut(number, dash="-"):
    whole = make_rut(number)
    return f"{whole[:-1]}{dash}{whole[-1]}"


def states(*jobs):
    return [Job.objects.get(pk=job.pk).status for job in jobs]


def pasted(text, account, batch=None):
    entries = read_pasted(text, "CL")
    return withdraw(entries, account, batch, by="user:ana", reason="Correo del banco")


def test_thirty_documents_of_a_mail_end_thirty_cases_and_no_other(account, batch):
    jobs = [person(batch, 10_000_000 + n) for n in range(40)]
    text = "\n".join(rut(10_000_000 + n) for n in range(30))
    seen = find(read_pasted(text, "CL"), scope_of(account))
    assert (seen.entries, seen.matched, seen.waiting) == (30, 30, 30)
    found, ended = pasted(text, account)
    assert (len(found.jobs), ended.now, ended.later) == (30, 30, 0)
    assert states(*jobs) == [JobStatus.WITHDRAWN] * 30 + [JobStatus.QUEUED] * 10
    job = Job.objects.get(pk=jobs[0].pk)
    assert (job.status_reason, job.next_attempt_at) == (BY_LIST, None)
    assert job.history[-1]["reason"] == "Correo del banco"


def test_documents_phones_and_operations_stand_in_one_list(account, batch):
    phones = [{"e164": "+56987654321", "kind": "mobile", "state": "ok"}]
    jobs = [
        person(batch, 10_000_001),
        person(batch, 10_000_002, phones=phones),
        person(batch, 10_000_003, debts=[{"operation": "OP-77", "amount": "1"}]),
        person(batch, 10_000_004, debts=[{"operation": "OP-78", "amount": "1"}]),
    ]
    found, _ended = pasted(f"{rut(10_000_001)}; 9 8765 4321, OP-77\tnadie", account)
    assert states(*jobs) == [JobStatus.WITHDRAWN] * 3 + [JobStatus.QUEUED]
    assert [entry.text for entry in found.missing] == ["nadie"]


def test_figures_that_are_ones_document_and_anothers_phone_withdraw_nobody(
    account, batch
):
    number = 98_765_432
    whole = make_rut(number)
    phones = [{"e164": f"+56{whole}", "kind": "mobile", "state": "ok"}]
    jobs = [person(batch, number), person(batch, 10_000_001, phones=phones)]
    found, _ended = pasted(whole, account)
    assert [entry.text for entry in found.ambiguous] == [whole]
    assert states(*jobs) == [JobStatus.QUEUED] * 2


def test_a_file_may_have_the_digit_in_a_column_of_its_own(account, batch):
    job, other = person(batch, 10_000_001), person(batch, 10_000_002)
    whole = make_rut(10_000_001)
    file = workbook([[int(whole[:-1]), whole[-1], "x"]], ["RUT", "DV", "Nota"])
    withdraw(read_file(file, "CL"), account, by="user:ana", reason="lista")
    assert states(job, other) == [JobStatus.WITHDRAWN, JobStatus.QUEUED]


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_without_headers_is_a_list_of_its_cells(account, batch, as_text):
    job, other = person(batch, 10_000_001), person(batch, 10_000_002)
    lines = [rut(10_000_001), "OP-1"]
    file = workbook([[lines[1]]], [lines[0]])
    entries = read_file("\n".join(lines).encode() if as_text else file, "CL")
    found, _ended = withdraw(entries, account, by="user:ana", reason="lista")
    assert found.entries == 2
    assert states(job, other) == [JobStatus.WITHDRAWN, JobStatus.QUEUED]


def test_who_is_being_called_is_withdrawn_when_the_call_ends(account, batch):
    job = person(batch, 10_000_001, status=JobStatus.CALLING)
    _found, ended = pasted(rut(10_000_001), account)
    job.refresh_from_db()
    assert (ended.now, ended.later) == (0, 1)
    assert (job.status, job.stop_requested) == (JobStatus.CALLING, "withdrawn")


def test_what_has_ended_stays_and_cannot_come_back(account, batch):
    job = person(batch, 10_000_001, status=JobStatus.EXHAUSTED)
    found, ended = pasted(rut(10_000_001), account)
    job.refresh_from_db()
    assert (found.closed, ended.now) == (1, 0)
    assert (job.status, job.stop_requested) == (JobStatus.EXHAUSTED, "withdrawn")


def test_other_campaigns_and_other_accounts_are_left_alone(account, batch):
    mine = person(batch, 10_000_001)
    elsewhere = person(make_batch(account), 10_000_001)
    theirs = person(make_batch(), 10_000_001)
    pasted(rut(10_000_001), account, batch)
    assert states(mine, elsewhere, theirs) == [JobStatus.WITHDRAWN, "queued", "queued"]
    pasted(rut(10_000_001), account)
    assert states(elsewhere, theirs) == [JobStatus.WITHDRAWN, "queued"]


def test_a_withdrawal_is_on_record_without_a_persons_data(account, batch):
    person(batch, 10_000_001)
    pasted(f"{rut(10_000_001)}\n{rut(10_000_002)}", account)
    entry = AuditEntry.objects.get(action="job.withdraw")
    assert (entry.actor, entry.reason) == ("user:ana", "Correo del banco")
    assert (entry.detail["jobs"], entry.detail["missing"]) == ("1", "1")
    assert "10000001" not in str(entry.detail)


def test_withdrawing_again_changes_nothing(account, batch):
    job = person(batch, 10_000_001)
    pasted(rut(10_000_001), account)
    pasted(rut(10_000_001), account)
    job.refresh_from_db()
    assert len(job.history) == 1


def test_of_an_upload_only_what_was_never_dialed_is_withdrawn(account, batch):
    upload = Upload.objects.create(account=account, batch=batch, status="stored")
    jobs = [
        person(batch, 10_000_001, upload=upload),
        person(batch, 10_000_002, upload=upload, attempts=1),
        person(batch, 10_000_003, upload=upload, history=[{"to": "calling"}]),
        person(batch, 10_000_004, upload=upload, status=JobStatus.CALLING),
        person(batch, 10_000_005),
    ]
    ended = withdraw_not_called(upload, by="user:ana", reason="Monto equivocado")
    assert (ended.now, ended.later) == (1, 0)
    assert states(*jobs) == ["withdrawn", "queued", "queued", "calling", "queued"]
