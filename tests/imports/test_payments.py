"""Files of payments: paid cases end, the others owe less, and it can be repeated."""

from decimal import Decimal

import pytest

from batches.imports import payments, storage
from batches.imports.importer import import_workbook
from batches.models import Batch, Job, Payment, Upload
from batches.states import BatchStatus, JobStatus
from calls.models import Promise
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account
from tests.imports.workbooks import HEADERS as FILE_HEADERS
from tests.imports.workbooks import RUT_A, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
HEADERS = ["RUT", "Operación", "Fecha de pago", "Monto pagado", "Medio"]
KEYED = [*FILE_HEADERS[:8], "Operación"]


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    database = storage.collection(Upload).database
    for name in ("uploads.files", "uploads.chunks"):
        database[name].delete_many({})
    return make_account(name="Cuenta Uno")


@pytest.fixture
def batch(account):
    """Ana owes two debts of 100,000 and 50,000; two others owe one of 150,000."""
    rows = [
        row(title="A-1", amount=100_000, due="28/08/2025", days=60),
        row(title="A-2", amount=50_000, due="28/09/2025"),
        row(rut=RUT_B, title="B-1", mobile=960012346),
        row(rut=RUT_C, title="C-1", mobile=960012347),
    ]
    result = import_workbook(
        workbook(rows, KEYED), account, "debt_collection", actor="user:test"
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return result.batch


def paid(rut="", operation="", amount=150_000, day="01/11/2025", medium="Web"):
    return [rut, operation, day, amount, medium]


def load(rows, account, headers=HEADERS):
    file = workbook(rows, headers)
    seen = payments.preview(file, account)
    result = payments.load(file, account, by="user:ana")
    for name in ("new", "known", "cancelled", "later", "recalculated", "closed"):
        assert getattr(seen, name) == getattr(result, name), name
    return result


def job_of(operation):
    return next(
        job
        for job in Job.objects.all()
        if operation in [line.get("operation") for line in job.debts]
    )


def test_a_paid_case_is_cancelled_and_its_neighbours_wait(account, batch):
    result = load([paid(operation="B-1")], account)
    assert (result.cancelled, result.recalculated) == (1, 0)
    job = job_of("B-1")
    assert (job.status, job.status_reason) == (JobStatus.CANCELLED, "paid")
    assert job.next_attempt_at is None
    assert Job.objects.filter(status=JobStatus.QUEUED).count() == 2


def test_who_paid_one_debt_of_two_hears_of_the_other_alone(account, batch):
    before = job_of("A-1")
    assert "ciento cincuenta mil" in before.variables["monto_total"]
    result = load([paid(RUT_A, "A-1", 100_000)], account)
    job = job_of("A-1")
    assert (result.cancelled, result.recalculated) == (0, 1)
    assert (job.status, job.amount, job.coupons) == (JobStatus.QUEUED, 50_000, 1)
    assert job.variables["monto_total"] == "cincuenta mil pesos"
    assert job.variables["cuotas_adeudadas"] == "una"
    assert job.variables["dias_vencidos"] == "treinta"
    first, second = job.debts
    assert (first["amount"], first["paid"], first["loaded"]) == (
        "0",
        "100000",
        "100000",
    )
    assert second["amount"] == "50000"
    assert "paid" not in second


def test_what_stays_is_as_if_the_file_had_said_it(account, batch):
    """The dates and words of a case follow from the debts that are left."""
    load([paid(RUT_A, "A-1", 100_000)], account)
    other = make_account(name="Cuenta Uno")
    import_workbook(
        workbook([row(title="A-2", amount=50_000, due="28/09/2025")], KEYED),
        other,
        "debt_collection",
        actor="user:test",
    )
    job, fresh = job_of("A-1"), Job.objects.get(account=other)
    assert job.variables == fresh.variables
    assert (job.limit_date, job.max_date) == (fresh.limit_date, fresh.max_date)


def test_a_payment_of_a_person_goes_to_the_oldest_debt_first(account, batch):
    load([paid(RUT_A, amount=120_000)], account)
    job = job_of("A-1")
    assert [line["amount"] for line in job.debts] == ["0", "30000"]
    assert job.amount == 30_000


def test_payments_add_up_over_files_until_the_case_is_paid(account, batch):
    load([paid(RUT_A, amount=120_000)], account)
    load([paid(RUT_A, amount=30_000, day="02/11/2025")], account)
    assert job_of("A-1").status == JobStatus.CANCELLED


def test_the_same_payment_in_a_later_file_counts_once(account, batch):
    first, more = paid(RUT_A, amount=50_000), paid(RUT_A, amount=10_000)
    load([first], account)
    result = load([first, more], account)
    assert (result.new, result.known) == (1, 1)
    assert job_of("A-1").amount == 90_000
    assert Payment.objects.count() == 2


def test_a_load_that_was_cut_off_is_ended_by_the_next(account, batch, monkeypatch):
    file = workbook([paid(operation="B-1")], HEADERS)
    monkeypatch.setattr(payments, "put_in_force", lambda *a, **k: None)
    payments.load(file, account, by="user:ana")
    assert job_of("B-1").status == JobStatus.QUEUED
    monkeypatch.undo()
    payments.load(file, account, by="user:ana")
    assert job_of("B-1").status == JobStatus.CANCELLED


def test_a_load_that_was_cut_off_at_its_end_restates_the_total(
    account, batch, monkeypatch
):
    file = workbook([paid(operation="B-1")], HEADERS)
    monkeypatch.setattr(payments.totals, "restate", lambda *a, **k: None)
    payments.load(file, account, by="user:ana")
    monkeypatch.undo()
    payments.load(file, account, by="user:ana")
    batch.refresh_from_db()
    assert batch.total_amount == sum(job.amount for job in Job.objects.all())


def test_two_loads_at_once_take_both_payments_off(account, batch, monkeypatch):
    """The slower one finds the debts changed and looks again."""
    write = payments._write

    def late(effects):
        monkeypatch.undo()
        load([paid(RUT_A, amount=20_000)], account)
        return write(effects)

    monkeypatch.setattr(payments, "_write", late)
    file = workbook([paid(RUT_A, amount=10_000)], HEADERS)
    payments.load(file, account, by="user:ana")
    assert job_of("A-1").amount == 120_000


def test_who_is_being_called_ends_with_the_call(account, batch):
    Job.objects.filter(pk=job_of("B-1").pk).update(status=JobStatus.CALLING)
    result = load([paid(operation="B-1")], account)
    job = job_of("B-1")
    assert (result.cancelled, result.later) == (0, 1)
    assert (job.stop_requested, job.stop_reason) == ("cancelled", "paid")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (paid(), "payment_of_nobody"),
        (paid(operation="B-1", amount=""), "amount_missing"),
        (paid(operation="B-1", amount=-5), "amount_negative"),
        (paid(rut="12.345.678-9"), "document_check_digit"),
        (paid(operation="B-1", day="01/11/2099"), "date_future"),
    ],
)
def test_a_row_that_is_no_payment_is_reported(account, batch, line, code):
    result = load([line, paid(operation="C-1")], account)
    assert [error.code for error in result.errors] == [code]
    assert (result.rows, result.cancelled) == (2, 1)


def test_a_payment_that_nobody_here_owes_is_named(account, batch):
    result = load([paid(RUT_B, "X-9"), paid("9.876.543-3")], account)
    assert [payment.row for payment in result.missing] == [2, 3]
    assert not Payment.objects.exists()


def test_a_payment_to_one_of_two_creditors_asks_which(account, batch):
    import_workbook(
        workbook([row(company="Otra", title="O-1")], KEYED),
        account,
        "debt_collection",
        actor="user:test",
    )
    result = load([paid(RUT_A, amount=10_000)], account)
    assert [error.code for error in result.errors] == ["payment_of_several"]
    named = [*paid(RUT_A, amount=150_000), "Otra"]
    result = load([named], account, [*HEADERS, "Acreedor"])
    assert (job_of("O-1").status, job_of("A-1").amount) == ("cancelled", 150_000)


def test_what_was_paid_before_a_file_was_loaded_is_in_its_balance(account, batch):
    load([paid(RUT_A, amount=100_000)], account)
    later = import_workbook(
        workbook([row(title="A-2", amount=50_000)], KEYED),
        account,
        "debt_collection",
        actor="user:test",
    )
    load([paid(RUT_A, amount=10_000)], account)
    assert Job.objects.get(batch=later.batch).amount == 40_000


def test_another_accounts_case_is_not_touched(account, batch):
    load([paid(operation="B-1")], make_account())
    assert job_of("B-1").status == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("amount", "status"), [(20_000, "paid"), (19_999, "current"), (150_000, "paid")]
)
def test_a_promise_is_closed_by_what_was_promised(account, batch, amount, status):
    job = job_of("A-1")
    Promise.objects.create(
        pk="call_1",
        account=account,
        batch=batch,
        job=job,
        amount=Decimal(20_000),
    )
    file = workbook([paid(RUT_A, amount=amount)], HEADERS)
    seen = payments.preview(file, account)
    assert Promise.objects.get().status == "current"
    done = payments.load(file, account, by="user:ana")
    assert seen.promises == done.promises == (status == "paid")
    assert Promise.objects.get().status == status


def test_the_campaigns_total_follows_and_the_load_is_on_record(account, batch):
    load([paid(operation="B-1"), paid(RUT_A, amount=10_000)], account)
    batch.refresh_from_db()
    assert batch.total_amount == 290_000
    entry = AuditEntry.objects.get(action="payment.load")
    assert (entry.actor, entry.detail["cancelled"]) == ("user:ana", "1")
