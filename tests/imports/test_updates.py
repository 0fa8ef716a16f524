"""A corrected file for a campaign that runs: compared to the unit, then put in force."""

from decimal import Decimal

import pytest

from batches.imports import documents, payments, rewriting, storage, updates
from batches.imports.importer import import_workbook
from batches.imports.problems import WorkbookError
from batches.imports.updates import WITHDRAW, Mode
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, JobStatus, UploadStatus
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_rut
from tests.imports.test_payments import HEADERS as PAID_HEADERS
from tests.imports.test_payments import KEYED, paid
from tests.imports.workbooks import RUT_A, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
ANA = [
    row(title="A-1", amount=100_000, due="28/08/2025", days=60),
    row(title="A-2", amount=50_000, due="28/09/2025"),
]
BEA = row(rut=RUT_B, title="B-1", mobile=960012346, name="BEA ROJAS")
CARO = row(rut=RUT_C, title="C-1", mobile=960012347, name="CARO DIAZ")


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    database = storage.collection(Upload).database
    for name in ("uploads.files", "uploads.chunks"):
        database[name].delete_many({})
    return make_account(name="Cuenta Uno")


@pytest.fixture
def batch(account):
    result = import_workbook(
        workbook([*ANA, BEA, CARO], KEYED),
        account,
        "debt_collection",
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def update(batch, rows, headers=KEYED, **options):
    file = workbook(rows, headers)
    absent = options.get("absent", updates.KEEP)
    seen = updates.preview(file, batch, absent=absent).counts()
    done = updates.apply(file, batch, by="user:ana", **options)
    assert done.changes.counts() == seen
    return done.changes


def of(operation):
    return next(
        job
        for job in Job.objects.order_by("-pk")
        if operation in [line.get("operation") for line in job.debts]
    )


def changed(line, **values):
    names = ("rut", "name", "amount", "due", "days", "mobile", "landline", "company")
    return row(**dict(zip((*names, "title"), line, strict=True)) | values)


def test_each_case_of_a_corrected_file_is_in_one_class(account, batch):
    Job.objects.filter(pk=of("B-1").pk).update(attempts=1)
    Job.objects.filter(pk=of("C-1").pk).update(status=JobStatus.DONE)
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    changes = update(batch, [changed(BEA, amount=99_000), CARO, new])
    assert (changes.cases, changes.rows) == (3, 3)
    assert (changes.new, changes.changed, changes.same, changes.closed) == (1, 1, 0, 1)
    assert (changes.amounts, changes.called) == (1, 1)
    assert (changes.leaving, changes.leaving_called) == (1, 0)


def test_a_changed_amount_is_said_and_the_attempts_stay(account, batch):
    Job.objects.filter(pk=of("B-1").pk).update(
        attempts=2, outcome="no_answer", promise_amount=Decimal(5)
    )
    before = of("B-1")
    update(batch, [*ANA, changed(BEA, amount=99_000), CARO])
    after = of("B-1")
    assert (after.pk, after.amount) == (before.pk, 99_000)
    assert after.variables["monto_total"] == "noventa y nueve mil pesos"
    for name in ("attempts", "outcome", "promise_amount", "history", "next_attempt_at"):
        assert getattr(after, name) == getattr(before, name), name
    assert Job.objects.count() == 3


def test_the_same_file_again_changes_nothing(account, batch):
    before = list(Job.objects.order_by("pk").values())
    changes = update(batch, [*ANA, BEA, CARO])
    assert (changes.same, changes.new, changes.changed, changes.leaving) == (3, 0, 0, 0)
    assert list(Job.objects.order_by("pk").values()) == before


def test_rows_in_another_order_are_no_change(account, batch):
    changes = update(batch, [CARO, BEA, *ANA])
    assert (changes.same, changes.changed) == (3, 0)


@pytest.mark.parametrize(
    ("absent", "status"), [("keep", JobStatus.QUEUED), (WITHDRAW, JobStatus.WITHDRAWN)]
)
def test_who_is_not_in_the_file_stays_or_leaves_as_it_was_asked(
    account, batch, absent, status
):
    update(batch, [*ANA, BEA], absent=absent)
    job = of("C-1")
    assert job.status == status
    assert of("B-1").status == JobStatus.QUEUED


@pytest.mark.parametrize(("absent", "amount"), [("keep", 150_000), (WITHDRAW, 100_000)])
def test_so_does_one_debt_of_a_case_that_is(account, batch, absent, amount):
    changes = update(batch, [ANA[0], BEA, CARO], absent=absent)
    assert of("A-1").amount == amount
    assert (changes.changed, changes.leaving) == (int(absent == WITHDRAW), 0)


def test_a_further_debt_of_a_person_joins_their_case(account, batch):
    third = changed(ANA[1], title="A-3", amount=1_000)
    changes = update(batch, [*ANA, third, BEA, CARO])
    assert (changes.new, changes.changed) == (0, 1)
    assert (of("A-1").amount, of("A-1").coupons) == (151_000, 3)


def test_a_phone_that_is_corrected_keeps_its_place(account, batch):
    update(batch, [*ANA, changed(BEA, mobile=960019999), CARO])
    job = of("B-1")
    assert [(p["e164"], p["state"]) for p in job.phones] == [
        ("+56960012346", "left"),
        ("+56960019999", "ok"),
    ]
    assert len(job.phone_keys) == 2


def test_what_a_call_said_of_a_phone_survives(account, batch):
    Job.objects.filter(pk=of("B-1").pk).update(
        phones=[{"e164": "+56960012346", "kind": "mobile", "state": "bad"}]
    )
    update(batch, [*ANA, changed(BEA, amount=1_000), CARO])
    assert of("B-1").phones[0]["state"] == "bad"


def test_who_had_no_phone_and_has_one_now_is_called(account, batch):
    Job.objects.filter(pk=of("B-1").pk).update(
        status=JobStatus.DENIED, status_reason=documents.NO_PHONE, phones=[]
    )
    changes = update(batch, [*ANA, BEA, CARO])
    assert (changes.new, changes.same) == (1, 2)
    assert Job.objects.get(upload__mode=Mode.UPDATE).status == JobStatus.QUEUED


# --- payments and updates


def pay(rows, account):
    payments.load(workbook(rows, PAID_HEADERS), account, by="user:ana")


def test_a_file_older_than_a_payment_brings_no_paid_debt_back(account, batch):
    pay([paid(RUT_A, "A-1", 100_000), paid(operation="B-1")], account)
    changes = update(batch, [*ANA, BEA, changed(CARO, amount=1_000)])
    assert (changes.same, changes.closed, changes.changed) == (1, 1, 1)
    assert (of("A-1").amount, of("A-1").status) == (50_000, JobStatus.QUEUED)
    assert of("B-1").status == JobStatus.CANCELLED


def test_an_older_file_that_corrects_another_debt_neither(account, batch):
    pay([paid(RUT_A, "A-1", 100_000)], account)
    update(batch, [ANA[0], changed(ANA[1], amount=60_000), BEA, CARO])
    assert of("A-1").amount == 60_000
    pay([paid(RUT_A, "A-2", 10_000)], account)
    assert of("A-1").amount == 50_000


def test_a_new_amount_holds_the_payments_before_it(account, batch):
    pay([paid(RUT_B, "B-1", 100_000)], account)
    update(batch, [*ANA, changed(BEA, amount=50_000), CARO])
    assert of("B-1").amount == 50_000
    pay([paid(RUT_B, "B-1", 20_000)], account)
    assert of("B-1").amount == 30_000


def test_a_payment_in_the_middle_of_an_update_is_not_lost(account, batch, monkeypatch):
    write = rewriting._write

    def late(chunk):
        monkeypatch.undo()
        pay([paid(RUT_A, "A-2", 50_000)], account)
        write(chunk)

    monkeypatch.setattr(rewriting, "_write", late)
    update(batch, [changed(ANA[0], amount=80_000), ANA[1], BEA, CARO])
    assert of("A-1").amount == 80_000


# --- adding, and what counts


def test_adding_leaves_the_cases_that_are_there_alone(account, batch):
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    file = workbook([changed(BEA, amount=1), new], KEYED)
    updates.apply(file, batch, by="user:ana", mode=Mode.ADD)
    assert of("B-1").amount == 150_000
    job = of("N-1")
    assert job.status == JobStatus.QUEUED
    assert job.next_attempt_at is not None
    assert job.rank > of("C-1").rank


def test_every_row_is_counted_once(account, batch):
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    update(batch, [*ANA, BEA, new, row(rut="x")])
    batch.refresh_from_db()
    in_cases = sum(len(job.source_rows) for job in Job.objects.all())
    assert (batch.rows, batch.row_errors) == (in_cases + 1, 1)
    assert batch.total_amount == sum(job.amount for job in Job.objects.all())


def test_new_cases_are_not_dialed_before_they_count(account, batch, monkeypatch):
    hidden = []

    def look(*args):
        hidden.append(of("N-1").next_attempt_at)

    monkeypatch.setattr(updates, "release", look)
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    update(batch, [new])
    assert hidden == [None]
    monkeypatch.undo()
    updates.release_stored()
    assert of("N-1").next_attempt_at is not None


def test_a_campaign_that_ended_meanwhile_takes_nothing(account, batch, monkeypatch):
    def end(*args):
        Batch.objects.update(status=BatchStatus.CANCELLED)

    monkeypatch.setattr(updates, "write_changed", end)
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    with pytest.raises(WorkbookError) as raised:
        updates.apply(workbook([new], KEYED), batch, by="user:ana")
    assert raised.value.code == "batch_ended"
    assert Job.objects.count() == 3
    assert Upload.objects.count() == 1


def test_what_a_killed_update_left_goes_with_the_next(account, batch):
    Upload.objects.create(
        account=account, batch=batch, mode=Mode.UPDATE, status=UploadStatus.STORING
    )
    update(batch, [BEA])
    assert not Upload.objects.filter(status=UploadStatus.STORING).exists()


def test_cases_of_an_update_that_does_not_count_are_not_there(account, batch):
    new = row(rut=make_rut(10_000_001), title="N-1", mobile=960012348)
    file = workbook([*ANA, BEA, CARO, new], KEYED)
    upload = updates.apply(file, batch, by="user:ana").upload
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.STORING)
    seen = updates.preview(file, batch, absent=WITHDRAW)
    assert (seen.new, seen.same, seen.leaving) == (1, 3, 0)


def test_an_update_is_on_record(account, batch):
    update(batch, [*ANA, changed(BEA, amount=1_000)], absent=WITHDRAW)
    entry = AuditEntry.objects.get(action="upload.update")
    assert (entry.actor, entry.detail["changed"]) == ("user:ana", "1")
    assert (entry.detail["absent"], entry.detail["leaving"]) == ("withdraw", "1")
    upload = Upload.objects.get(mode=Mode.UPDATE)
    assert dict(upload.changes)["leaving"] == "1"
