"""The total of a campaign is what its cases owe, whoever was killed in between."""

import pytest
from django.db.models import Sum

from batches.imports import payments, storage, totals, updates
from batches.imports.importer import import_workbook
from batches.imports.questions import Answers, DuplicatePolicy
from batches.imports.updates import Mode
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, UploadStatus
from calls import reconcile
from tests.builders import make_account
from tests.imports.test_payments import HEADERS as PAID_HEADERS
from tests.imports.test_payments import KEYED, paid
from tests.imports.workbooks import RUT_A, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
ANA = row(title="A-1", amount=1000)
ANA_MORE = row(title="A-2", amount=500)
BEA = row(rut=RUT_B, title="B-1", amount=200, mobile=960012346)
BEA_LESS = row(rut=RUT_B, title="B-1", amount=150, mobile=960012346)
CARO = row(rut=RUT_C, title="C-1", amount=70, mobile=960012347)
MERGE = Answers(duplicates=DuplicatePolicy(act="merge"))


class Killed(BaseException):
    """Nothing catches it, and nothing that comes after it is done."""


def kill(*_args, **_values):
    raise Killed


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return make_account(name="Cuenta Uno")


@pytest.fixture
def batch(account):
    """A draft in which Ana owes 1,000 and Bea 200."""
    return load([ANA, BEA], account)


def load(rows, account, **chosen):
    done = import_workbook(
        workbook(rows, KEYED), account, "debt_collection", actor="user:ana", **chosen
    )
    return done.batch


def join(batch):
    rows = [ANA_MORE, row(title="A-1", amount=700)]  # the second instead of what was
    load(rows, batch.account, batch=batch, answers=MERGE)


def update(batch):
    file = workbook([ANA, BEA_LESS, CARO], KEYED)
    updates.apply(file, batch, by="user:ana")


def add(batch):
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.RUNNING)
    batch.refresh_from_db()
    file = workbook([ANA_MORE, CARO], KEYED)
    updates.apply(file, batch, by="user:ana", mode=Mode.ADD, answers=MERGE)


def pay(batch):
    rows = [paid(RUT_A, "A-1", 400), paid(RUT_B, "B-1", 200)]
    payments.load(workbook(rows, PAID_HEADERS), batch.account, by="user:ana")


CHANGES = [(join, 1400), (update, 1220), (add, 1770), (pay, 600)]
EACH = pytest.mark.parametrize(("change", "owed"), CHANGES)


def shown():
    return Batch.objects.get().total_amount


def owed_in_all():
    return Job.objects.aggregate(sum=Sum("amount"))["sum"]


@EACH
def test_the_total_is_right_at_once(batch, change, owed):
    assert shown() == 1200
    change(batch)
    assert shown() == owed == owed_in_all()
    assert not Batch.objects.get().total_dirty


@EACH
def test_after_a_kill_before_it_was_added_up_the_clock_adds_up(
    batch, monkeypatch, change, owed
):
    with monkeypatch.context() as patched:
        patched.setattr(totals, "restate", kill)
        with pytest.raises(Killed):
            change(batch)
    assert shown() != owed_in_all() == owed
    for step in reconcile.STEPS:
        if step is reconcile.restate_totals:
            step(None)
    assert shown() == owed
    assert not Batch.objects.get().total_dirty


def lower(batch):
    """An update of all three cases."""
    rows = [[*ANA[:2], 900, *ANA[3:]], BEA_LESS, [*CARO[:2], 60, *CARO[3:]]]
    updates.apply(workbook(rows, KEYED), batch, by="user:ana")


def pay_some(batch):
    """Payments of all three cases."""
    rows = [paid(RUT_A, "A-1", 4), paid(RUT_B, "B-1", 5), paid(RUT_C, "C-1", 6)]
    payments.load(workbook(rows, PAID_HEADERS), batch.account, by="user:ana")


@pytest.mark.parametrize("change", [lower, pay_some])
def test_a_kill_between_two_parts_of_a_change_leaves_no_false_total(
    account, batch, monkeypatch, change
):
    """The clock has added up what was before: the rest comes with its own mark."""
    monkeypatch.setattr(totals, "AT_ONCE", 1)
    load([CARO], account, batch=batch)
    parts = []
    in_transaction = totals.in_transaction

    def cut_after_two(work):
        totals.restate_marked()
        parts.append(in_transaction(work))
        if len(parts) == 2:
            raise Killed

    monkeypatch.setattr(totals, "in_transaction", cut_after_two)
    with pytest.raises(Killed):
        change(batch)
    totals.restate_marked()
    assert shown() == owed_in_all() != 1270


def test_a_change_while_it_is_added_up_is_not_forgotten(batch, monkeypatch):
    add_up, others = totals._total, [pay]

    def slow(batch_id):
        total = add_up(batch_id)
        while others:
            with monkeypatch.context() as patched:
                patched.setattr(totals, "restate", lambda *_: None)
                others.pop()(batch)
        return total

    monkeypatch.setattr(totals, "_total", slow)
    totals.mark([batch.pk])
    totals.restate(batch.pk)
    assert shown() == 600


def test_what_is_paid_of_cases_that_are_being_stored_is_in_the_total(
    account, batch, monkeypatch
):
    """The file's own total is that of its rows, which nobody had paid."""
    finish = storage.finish

    def paid_before(*args):
        bill = workbook([paid(RUT_C, "C-1", 30)], PAID_HEADERS)
        payments.load(bill, account, by="user:ana")
        assert shown() == 1200  # they do not count yet
        finish(*args)

    monkeypatch.setattr(storage, "finish", paid_before)
    load([CARO], account, batch=batch)
    assert shown() == owed_in_all() == 1240


def test_cases_that_do_not_count_yet_are_no_part_of_the_total(batch):
    upload = Upload.objects.get()
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.STORING)
    totals.mark([batch.pk])
    totals.restate(batch.pk)
    assert shown() == 0


def test_a_campaign_that_nobody_changed_is_not_added_up(batch, monkeypatch):
    monkeypatch.setattr(totals, "_total", kill)
    load([CARO], batch.account, batch=batch)
    reconcile.restate_totals(None)
    assert shown() == 1270
