"""Corrected rows join the case of their person, as if they had been right at first."""

import pytest
from openpyxl import load_workbook

from batches.imports import joining, storage
from batches.imports.importer import import_workbook, preview
from batches.imports.questions import NO_ANSWERS, Answers, DuplicatePolicy
from batches.models import Batch, Job, Upload, UploadError
from tests.builders import make_account
from tests.imports.workbooks import HEADERS, RUT_B, row, workbook

pytestmark = pytest.mark.django_db
NAMED = [*HEADERS[:-1], "Operación"]
FIELDS = (
    *("person_key", "creditor_key", "amount", "coupons", "phones", "variables"),
    *("extra", "limit_date", "max_date"),
)
MERGE = Answers(duplicates=DuplicatePolicy(act="merge"))
SKIP = Answers(duplicates=DuplicatePolicy(act="skip", by="person"))


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return make_account(name="Cuenta Uno")


def load(rows, account, headers, batch=None, answers=NO_ANSWERS):
    content = rows if isinstance(rows, bytes) else workbook(rows, headers)
    return import_workbook(
        content,
        account,
        "debt_collection",
        actor="user:ana",
        batch=batch,
        answers=answers,
    )


def person(operation, amount=1000, **values):
    return row(title=operation, amount=amount, **values)


def corrected(done, amount) -> bytes:
    """The error workbook with another amount in its first row."""
    book = load_workbook(done.error_workbook)
    book.active["E2"] = amount
    book.save(done.error_workbook)
    return done.error_workbook.read_bytes()


NOBODY = person("B", "x", mobile="", landline="")


def debts(job):
    telling = ("operation", "amount", "due_date", "days_late")
    return [{k: v for k, v in debt.items() if k in telling} for debt in job.debts]


@pytest.mark.parametrize("headers", [NAMED, HEADERS], ids=["named", "unnamed"])
def test_a_case_is_what_the_whole_file_would_have_made_of_it(account, headers):
    right = [person("A"), person("B", 2500, due="05/10/2025", mobile=960012399)]
    whole = load(right, account, headers).batch
    expected = Job.objects.filter(batch=whole).values_list(*FIELDS).get()
    said = debts(Job.objects.get())
    Batch.objects.all().delete()
    Job.objects.all().delete()
    wrong = [right[0], person("B", "mucho", due="05/10/2025", mobile=960012399)]
    first = load(wrong, account, headers)
    added = load(corrected(first, 2500), account, headers, first.batch)
    assert Job.objects.values_list(*FIELDS).get() == expected
    assert debts(Job.objects.get()) == said
    assert (added.jobs, added.error_count, added.duplicates) == (0, 0, 0)
    batch = Batch.objects.get()
    rows = sum(len(job.source_rows) for job in Job.objects.all())
    assert (batch.rows, batch.row_errors, rows) == (3, 1, 2)
    assert batch.total_amount == 3500
    assert added.upload.changes == [["joined", "1"]]


@pytest.mark.parametrize("headers", [NAMED, HEADERS], ids=["named", "unnamed"])
def test_the_same_rows_again_are_reported_and_change_nothing(account, headers):
    first = load([person("A"), person("B", "x", due="")], account, headers)
    content = corrected(first, 2500)
    load(content, account, headers, first.batch)
    again = load(content, account, headers, first.batch)
    assert (again.jobs, again.error_count) == (0, 1)
    assert UploadError.objects.get(upload=again.upload).code == "duplicate"
    assert Job.objects.get().amount == 3500
    assert Batch.objects.get().total_amount == 3500


@pytest.mark.parametrize("headers", [NAMED, HEADERS], ids=["named", "unnamed"])
def test_the_same_rows_of_a_case_that_cannot_be_called_make_no_second_one(
    account, headers
):
    first = load([person("A", mobile="", landline=""), NOBODY], account, headers)
    content = corrected(first, 2500)
    load(content, account, headers, first.batch)
    seen = preview(content, account, "debt_collection", batch=first.batch)
    again = load(content, account, headers, first.batch)
    assert (seen.jobs, seen.error_count) == (0, 1)
    assert (again.jobs, again.error_count) == (0, 1)
    assert [(job.status, job.amount) for job in Job.objects.all()] == [("denied", 3500)]
    assert Batch.objects.get().total_amount == 3500


def test_a_case_without_a_phone_is_made_anew_by_a_row_that_has_one(account):
    first = load(
        [person("A", mobile="", landline=""), person("B", "x")], account, NAMED
    )
    load(corrected(first, 500), account, NAMED, first.batch)
    assert {job.status for job in Job.objects.all()} == {"denied", "queued"}


def test_nobody_who_was_withdrawn_comes_back_by_a_corrected_row(account):
    first = load([person("A"), person("B", "x")], account, NAMED)
    Job.objects.update(status="withdrawn", status_reason="by_list")
    added = load(corrected(first, 500), account, NAMED, first.batch)
    assert (added.jobs, added.error_count) == (0, 1)
    assert Job.objects.get().amount == 1000
    assert Batch.objects.get().total_amount == 1000


def test_a_person_who_is_new_in_the_campaign_becomes_a_case(account):
    first = load([person("A"), person("B", "x", rut=RUT_B)], account, NAMED)
    added = load(corrected(first, 70), account, NAMED, first.batch)
    assert (added.jobs, Job.objects.count()) == (1, 2)


def test_a_policy_that_skips_refuses_no_corrected_row(account):
    first = load([person("A"), person("B", "x")], account, NAMED)
    added = load(corrected(first, 500), account, NAMED, first.batch, SKIP)
    assert (added.error_count, Job.objects.get().amount) == (0, 1500)


@pytest.mark.parametrize(("answers", "jobs"), [(NO_ANSWERS, 2), (MERGE, 1)])
def test_rows_of_another_file_join_where_that_was_chosen(account, answers, jobs):
    first = load([person("A")], account, NAMED)
    further = workbook([person("B", 500)], NAMED)
    seen = preview(
        *(further, account, "debt_collection"), batch=first.batch, answers=answers
    )
    load(further, account, NAMED, first.batch, answers)
    assert Job.objects.count() == jobs
    assert (seen.jobs, seen.joined) == (jobs - 1, 2 - jobs)
    assert seen.merged == 0
    assert sum(job.amount for job in Job.objects.all()) == 1500


def test_nothing_joins_when_the_file_does_not_come_to_count(account, monkeypatch):
    first = load([person("A"), person("B", "x")], account, NAMED)
    content = corrected(first, 500)
    take_out = joining.take_out

    def take_out_and_change(*args):
        changes = take_out(*args)
        Job.objects.update(phones=[])
        return changes

    monkeypatch.setattr(joining, "take_out", take_out_and_change)
    with pytest.raises(storage.Incomplete):
        load(content, account, NAMED, first.batch)
    assert Job.objects.get().amount == 1000
    assert Upload.objects.count() == 1
