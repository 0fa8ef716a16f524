"""The policy of duplicates holds for what is added to a campaign that runs, too."""

import pytest
from openpyxl import load_workbook

from batches.imports import error_workbook, updates
from batches.imports.importer import import_workbook
from batches.imports.questions import Answers, DuplicatePolicy
from batches.imports.updates import Mode
from batches.models import Batch, Job, UploadError
from batches.states import BatchStatus, JobStatus
from tests.builders import make_account
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
ANA = row(title="A-1", amount=1000)
BEA = row(rut=RUT_B, title="B-1", mobile=960012346)
CARO = row(rut=RUT_C, title="C-1", mobile=960012347)
ANA_MORE = row(title="A-2", amount=500, mobile=960012399)


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return make_account(name="Cuenta Uno")


def campaign(account, *rows):
    done = import_workbook(
        workbook(rows, KEYED), account, "debt_collection", actor="user:test"
    )
    running = Batch.objects.filter(pk=done.batch.pk)
    running.update(status=BatchStatus.RUNNING)
    return running.get()


def put(batch, mode, *rows, content=None, **policy):
    """What an update or addition did; its look said the same."""
    answers = Answers(duplicates=DuplicatePolicy(**policy))
    file = content or workbook(rows, KEYED)
    seen = updates.preview(file, batch, mode=mode, answers=answers).counts()
    done = updates.apply(file, batch, by="user:ana", mode=mode, answers=answers)
    assert done.changes.counts() == seen
    return done


@pytest.mark.parametrize("mode", [Mode.ADD, Mode.UPDATE])
@pytest.mark.parametrize(
    ("by", "same"),
    [
        ("person", row(rut=RUT_B, title="X", company="Otra", mobile=960012301)),
        ("phone", row(rut="7.654.321-6", title="X", mobile=960012346)),
        ("debt", row(rut=RUT_B, title="B-1", company="Otra", mobile=960012301)),
    ],
)
def test_who_is_in_another_campaign_is_left_out_where_that_is_chosen(
    account, mode, by, same
):
    batch = campaign(account, ANA)
    campaign(account, BEA)
    done = put(batch, mode, same, CARO, by=by, act="skip")
    assert (done.changes.new, done.changes.left_out, done.changes.cases) == (1, 1, 2)
    assert UploadError.objects.get(upload=done.upload).code == "duplicate"
    assert Job.objects.filter(batch=batch).count() == 2
    assert (done.upload.rows, done.upload.error_count, done.upload.jobs) == (2, 1, 1)
    batch.refresh_from_db()
    assert (batch.rows, batch.row_errors) == (3, 1)
    assert done.upload.total_amount == 150_000


@pytest.mark.parametrize("scope", ["batch", "file"])
def test_it_is_looked_for_where_that_is_chosen(account, scope):
    batch = campaign(account, ANA)
    campaign(account, BEA)
    same = row(rut=RUT_B, title="X", company="Otra")
    done = put(batch, Mode.ADD, same, by="person", act="skip", scope=scope)
    assert (done.changes.new, done.changes.left_out) == (1, 0)


def test_a_duplicate_that_is_added_all_the_same_is_counted(account):
    batch = campaign(account, ANA)
    campaign(account, BEA)
    done = put(batch, Mode.ADD, BEA)
    assert (done.changes.new, done.changes.duplicates) == (1, 1)
    assert done.upload.duplicates == 1


def test_rows_join_the_case_that_is_there_where_that_is_chosen(account):
    batch = campaign(account, ANA, BEA)
    Job.objects.filter(document="CL:RUT:123456785").update(attempts=2)
    done = put(batch, Mode.ADD, ANA_MORE, CARO, act="merge")
    assert (done.changes.new, done.changes.changed) == (1, 1)
    job = Job.objects.get(document="CL:RUT:123456785")
    assert (job.amount, job.attempts, len(job.debts)) == (1500, 2, 2)
    assert [phone["state"] for phone in job.phones] == ["ok", "ok"]
    batch.refresh_from_db()
    assert (batch.rows, batch.row_errors) == (4, 0)
    assert sum(len(job.source_rows) for job in Job.objects.all()) == 4
    again = put(batch, Mode.ADD, ANA_MORE, CARO, act="merge")
    assert (again.changes.new, again.changes.changed, again.changes.same) == (0, 0, 2)
    assert Job.objects.get(document="CL:RUT:123456785").amount == 1500


def test_they_stay_as_they_are_otherwise(account):
    batch = campaign(account, ANA)
    done = put(batch, Mode.ADD, ANA_MORE)
    assert (done.changes.new, Job.objects.get().amount) == (0, 1000)


def test_corrected_rows_join_their_case_while_the_campaign_runs(account):
    wrong = row(title="A-2", amount="mucho", mobile=960012399)
    batch = campaign(account, ANA, wrong)
    path = error_workbook.path_for(batch.uploads.get().pk)
    book = load_workbook(path)
    book.active["E2"] = 500
    book.save(path)
    put(batch, Mode.ADD, content=path.read_bytes())
    assert Job.objects.get().amount == 1500


def test_a_case_that_changes_meanwhile_is_joined_as_it_is_then(account, monkeypatch):
    batch = campaign(account, ANA, BEA)
    joined = updates._finish

    def change_and_finish(*args):
        Job.objects.filter(document="CL:RUT:123456785").update(status=JobStatus.DONE)
        joined(*args)

    monkeypatch.setattr(updates, "_finish", change_and_finish)
    more = row(rut=RUT_B, title="B-2", amount=500, mobile=960012346)
    answers = Answers(duplicates=DuplicatePolicy(act="merge"))
    updates.apply(
        workbook([ANA_MORE, more], KEYED), batch, by="x", mode=Mode.ADD, answers=answers
    )
    assert Job.objects.get(document="CL:RUT:123456785").amount == 1000
    assert Job.objects.get(document="CL:RUT:76543216").amount == 150_500
    batch.refresh_from_db()
    assert batch.rows == 3
