from datetime import date
from decimal import Decimal

import pytest
from bson import ObjectId
from django.core.exceptions import ValidationError
from openpyxl import load_workbook

from batches.imports import error_workbook, loading, storage
from batches.imports.importer import import_workbook, preview
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers
from batches.models import Batch, Job, Upload, UploadError
from batches.states import BatchStatus, JobStatus, UploadStatus
from speechai_site.runtime import clock, keys, leases
from speechai_site.runtime.models import AuditEntry, Lease
from tests.builders import make_account, make_agent, make_batch, make_job, make_number
from tests.imports.workbooks import HEADERS, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db
DEBT = "debt_collection"


@pytest.fixture
def account(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    database = storage.collection(Upload).database
    for name in ("uploads.files", "uploads.chunks"):  # no model: never flushed
        database[name].delete_many({})
    return make_account(name="Cuenta Uno")


def load(rows, account, **options):
    return import_workbook(workbook(rows), account, DEBT, actor="user:test", **options)


class Killed(BaseException):
    """Stands for the death of the process: nothing may be cleaned up after it."""


@pytest.fixture
def killed_before_the_end(monkeypatch):
    """Imports that die after their jobs were written."""

    def die(*args):
        raise Killed

    monkeypatch.setattr(storage, "finish", die)
    monkeypatch.setattr(storage, "discard", lambda upload: None)
    monkeypatch.setattr(leases, "release", lambda held: None)

    def kill(rows, account, **options):
        with pytest.raises(Killed):
            load(rows, account, **options)
        monkeypatch.undo()
        storage.collection(Lease).update_many(
            {}, {"$set": {"expires_at": clock.wall()}}
        )

    return kill


def test_a_preview_tells_what_has_to_be_asked(account):
    turned = [row(due=date(2025, 5, 9)), row(due="28/09/2025", rut=RUT_C)]
    seen = preview(workbook(turned), account, DEBT)
    assert [question.code for question in seen.questions] == ["dates_swapped"]
    answers = Answers(real_dates="swapped")
    seen = preview(workbook(turned), account, DEBT, answers=answers)
    assert (seen.questions, seen.hidden_rows) == ([], 0)
    load(turned, account, answers=answers)
    assert Job.objects.order_by("rank").first().debts[0]["due_date"] == "2025-09-05"


# --- what is stored -----------------------------------------------------------------


def test_a_case_is_stored_as_the_orm_reads_it(account):
    load([row(landline="220001234"), row(title="T-2", amount="$ 1.234,56")], account)
    job = Job.objects.get()
    assert job.name == "SOTO PEREZ, ANA"
    assert job.document == "CL:RUT:123456785"
    assert (job.creditor, job.creditor_key) == ("Natura", "natura")
    assert (job.amount, job.coupons) == (Decimal("151234.56"), 2)
    assert (job.limit_date, job.max_date) == (date(2025, 10, 31), date(2025, 11, 4))
    assert job.phones == [
        {"e164": "+56960012345", "kind": "mobile", "state": "ok"},
        {"e164": "+56220001234", "kind": "landline", "state": "ok"},
    ]
    assert job.extra == [["Título", "T-1"]]
    assert job.debts[1]["extra"] == [["Título", "T-2"]]
    assert job.source_rows == [2, 3]
    assert job.variables["monto_total"].endswith("pesos")
    assert job.warnings == []


@pytest.mark.parametrize(
    ("region", "places"),
    [(13, ["CL-RM", "SANTIAGO"]), ("Santa Cruz", ["SANTA CRUZ"])],
)
def test_a_case_is_where_its_file_and_its_landline_say(account, region, places):
    """Both in one spelling, and in the account's country."""
    landline = "220001234" if len(places) > 1 else ""
    file = workbook([[*row(landline=landline), region]], [*HEADERS, "Región"])
    import_workbook(file, account, DEBT, actor="user:test")
    assert Job.objects.get().places == places


def test_a_stored_case_has_every_column_of_the_model(account):
    load([row()], account)
    make_job(make_batch(account))
    stored, saved = storage.collection(Job).find()
    assert stored.keys() == saved.keys()
    both = {key for key in saved if saved[key] and stored[key]}
    assert {k: type(stored[k]) for k in both} == {k: type(saved[k]) for k in both}


def test_people_are_found_by_keys(account):
    load([row(landline="220001234")], account)
    job = Job.objects.get()
    document = "CL:RUT:123456785"
    assert job.document_key == keys.document_key(document)
    assert job.person_key == keys.person_key(document, account.pk)
    assert job.phone_keys == [keys.phone_key(p["e164"]) for p in job.phones]
    assert job.name_keys == keys.name_keys("SOTO PEREZ, ANA")


def test_a_case_is_due_at_once_and_ranked_by_its_place(account):
    load([row(), row(rut=RUT_C)], account)
    first, second = Job.objects.order_by("rank")
    assert (first.source_rows, second.source_rows) == ([2], [3])
    assert first.pk < second.pk
    assert first.status == JobStatus.QUEUED
    assert first.next_attempt_at == first.created_at


def test_a_person_without_a_usable_phone_is_denied(account):
    result = load([row(), row(rut=RUT_C, mobile="12345")], account)
    job = Job.objects.get(status=JobStatus.DENIED)
    assert (job.status_reason, job.next_attempt_at) == ("no_phone", None)
    assert [entry["to"] for entry in job.history] == ["denied"]
    assert [warning["code"] for warning in job.warnings] == ["phone_invalid"]
    assert (result.jobs, result.without_phone) == (2, 1)


def test_the_upload_and_the_batch_hold_the_figures(account):
    result = load([row(), row(rut="x"), row(rut=RUT_C, landline="1")], account)
    upload, batch = Upload.objects.get(), Batch.objects.get()
    assert upload.status == UploadStatus.STORED
    assert (upload.rows, upload.contacts, upload.jobs) == (3, 2, 2)
    assert (upload.error_count, upload.warning_count) == (1, 1)
    assert upload.total_amount == batch.total_amount == Decimal(300000)
    assert (batch.rows, batch.row_errors, batch.status) == (3, 1, BatchStatus.DRAFT)
    assert batch.use_case == DEBT
    assert result.upload == upload


def test_reported_rows_are_kept_as_they_were(account):
    load([row(), row(rut="x", amount=12.5)], account)
    error = UploadError.objects.get()
    assert (error.row, error.column, error.value) == (3, "RUTS", "x")
    assert (error.code, error.cells[2]) == ("document_invalid", "12.5")


def test_the_workbook_itself_is_kept(account):
    content = workbook([row()])
    upload = import_workbook(content, account, DEBT, actor="user:test").upload
    with storage.open_file(upload) as file:
        assert file.read() == content
    assert upload.size == len(content)


def test_an_import_is_written_into_the_activity_log(account):
    load([row()], account)
    entry = AuditEntry.objects.get(action="upload.store")
    assert (entry.actor, entry.detail) == ("user:test", {"rows": "1", "jobs": "1"})


def test_the_error_workbook_has_the_rows_and_two_columns_in_front(account):
    due = date(2025, 9, 28)
    bad = row(rut="x", name="=1+1", due=due, title=True)
    result = load([row(), bad, HEADERS], account)
    header, first, second = load_workbook(result.error_workbook).active.values
    assert header[2:] == tuple(HEADERS)
    assert first[0] == "RUTS"
    assert first[2:5] == ("x", "=1+1", 150000)
    assert first[5].date() == due
    assert first[10] == "True"  # as it is read; LibreOffice's own would be a number
    assert second[2] == "RUTS"


def test_without_errors_there_is_no_error_workbook(account):
    result = load([row()], account)
    assert result.error_workbook is None
    assert result.as_json()["error_workbook"] is None


def test_the_error_workbook_corrected_adds_just_those_rows(account):
    path = load([row(), row(rut="12.345.678-9")], account).error_workbook
    book = load_workbook(path)
    book.active["C2"] = RUT_C
    book.save(path)
    result = import_workbook(path, account, DEBT, actor="user:test")
    assert (result.rows, result.jobs, result.error_count) == (1, 1, 0)


def test_corrected_rows_come_into_the_same_campaign_and_no_others_do(account):
    """What the whole file would have made, had it been right from the beginning."""
    right = [
        row(company=f"Acreedor {i}", title="=1+1", due=date(2025, 9, 28))
        for i in range(6)
    ]
    wrong = [list(cells) for cells in right]
    wrong[1][0], wrong[4][2] = "12.345.678-9", "mucho"
    names = ("person_key", "creditor_key", "amount", "variables", "extra", "phones")
    load(right, account)
    expected = list(Job.objects.order_by("creditor").values_list(*names))
    Batch.objects.all().delete()
    done = load(wrong, account)
    assert (done.jobs, done.error_count) == (4, 2)
    book = load_workbook(done.error_workbook)
    sheet = book.active
    assert [sheet.cell(line, 1).value for line in (2, 3)] == [HEADERS[0], HEADERS[2]]
    assert "dígito verificador" in sheet["B2"].value
    sheet["C2"], sheet["E3"] = right[1][0], right[4][2]
    book.save(done.error_workbook)
    again = import_workbook(
        done.error_workbook, account, DEBT, actor="user:test", batch=done.batch
    )
    assert (again.jobs, again.error_count) == (2, 0)
    assert list(Job.objects.order_by("creditor").values_list(*names)) == expected
    assert again.batch.rows == 8
    assert set(Job.objects.values_list("batch_id", flat=True)) == {done.batch.pk}


def test_only_bad_rows_make_a_batch_without_cases(account):
    result = load([row(rut="x")], account)
    assert (result.jobs, result.error_count, Job.objects.count()) == (0, 1, 0)


def test_more_cases_than_a_chunk_are_all_stored(account, monkeypatch):
    monkeypatch.setattr(storage, "CHUNK", 3)
    rows = [row(company=f"Acreedor {i}") for i in range(10)]
    assert load(rows, account).jobs == Job.objects.count() == 10


# --- batches ------------------------------------------------------------------------


def test_a_new_batch_has_name_agent_and_number(account):
    agent, number = make_agent(), make_number()
    load([row()], account, name="Septiembre", agent=agent, number=number)
    batch = Batch.objects.get()
    assert (batch.name, batch.agent, batch.number) == ("Septiembre", agent, number)


def test_a_batch_is_named_after_its_file(account, tmp_path):
    path = tmp_path / "Cartera 12.xlsx"
    path.write_bytes(workbook([row()]))
    result = import_workbook(path, account, DEBT, actor="user:test")
    assert (result.batch.name, result.upload.file_name) == (
        "Cartera 12",
        "Cartera 12.xlsx",
    )


def test_rows_can_be_added_to_a_draft(account):
    batch = make_batch(account, rows=5, total_amount=Decimal(10))
    load([row(), row(rut="x")], account, batch=batch)
    batch.refresh_from_db()
    assert (batch.rows, batch.row_errors) == (7, 1)
    assert batch.total_amount == Decimal(150010)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"status": BatchStatus.RUNNING}, "batch_not_draft"),
        ({"use_case": "survey"}, "batch_of_other_use_case"),
    ],
)
def test_rows_cannot_be_added_to_other_batches(account, values, code):
    with pytest.raises(WorkbookError) as raised:
        load([row()], account, batch=make_batch(account, **values))
    assert raised.value.code == code


def test_rows_cannot_be_added_to_the_batch_of_another_account(account):
    with pytest.raises(WorkbookError) as raised:
        load([row()], account, batch=make_batch())
    assert raised.value.code == "batch_of_other_account"


# --- duplicates ---------------------------------------------------------------------


def test_cases_of_open_batches_are_counted_and_loaded_again(account):
    load([row(), row(rut=RUT_C)], account)
    result = load([row(title="otra"), row(company="Otro"), row(rut=RUT_B)], account)
    assert (result.duplicates, result.jobs) == (1, 3)


def test_finished_cases_and_ended_batches_are_no_duplicates(account):
    load([row()], account)
    Job.objects.update(status=JobStatus.DONE)
    assert preview(workbook([row()]), account, DEBT).duplicates == 0
    Job.objects.update(status=JobStatus.QUEUED)
    Batch.objects.update(status=BatchStatus.CANCELLED)
    assert preview(workbook([row()]), account, DEBT).duplicates == 0


def test_the_cases_of_another_account_are_nobodys_business(account):
    load([row()], account)
    assert preview(workbook([row()]), make_account(), DEBT).duplicates == 0


# --- preview ------------------------------------------------------------------------


def test_a_preview_says_what_an_import_would_do_and_stores_nothing(account):
    seen = preview(workbook([row(), row(rut="x")]), account, DEBT, {"limit_days": 3})
    assert (seen.rows, seen.jobs, seen.error_count) == (2, 1, 1)
    assert seen.total_amount == Decimal(150000)
    assert seen.columns["amount"] == "Saldo actualizado"
    assert seen.samples[0].phones == ["+56960012345"]
    assert seen.samples[0].variables["nombre"] == "Ana Soto Perez"
    assert not Upload.objects.exists()
    assert not Batch.objects.exists()


def test_a_preview_and_its_import_agree(account):
    content = workbook([row(), row(rut="x"), row(rut=RUT_C, mobile="")])
    seen = preview(content, account, DEBT)
    done = import_workbook(content, account, DEBT, actor="user:test")
    shared = vars(seen).keys() & vars(done).keys()
    assert {"rows", "jobs", "contacts", "total_amount", "errors"} <= shared
    assert {k: vars(seen)[k] for k in shared} == {k: vars(done)[k] for k in shared}


# --- all or nothing -----------------------------------------------------------------


def left_behind():
    models = (Batch, Upload, UploadError, Job)
    files = storage.collection(Upload).database["uploads.files"]
    return [model.objects.count() for model in models] + [files.count_documents({})]


def test_a_refused_file_leaves_nothing(account):
    with pytest.raises(WorkbookError):
        import_workbook(b"not a workbook", account, DEBT, actor="user:test")
    assert left_behind() == [0, 0, 0, 0, 0]


def test_an_error_while_storing_leaves_nothing(account, monkeypatch):
    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr(storage, "finish", fail)
    with pytest.raises(RuntimeError):
        load([row(), row(rut="x")], account)
    assert left_behind() == [0, 0, 0, 0, 0]
    assert not list(error_workbook.path_for("x").parent.iterdir())


def test_a_batch_that_was_there_survives_a_failed_import(account, monkeypatch):
    batch = make_batch(account, rows=0)
    monkeypatch.setattr(storage, "finish", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load([row()], account, batch=batch)
    assert Batch.objects.filter(pk=batch.pk).exists()


def test_a_batch_cancelled_meanwhile_keeps_nothing_of_the_file(account, monkeypatch):
    batch = make_batch(account, rows=1)
    keep = storage.keep_file

    def cancel(*args):
        keep(*args)
        batch.cancel(by="user:other")

    monkeypatch.setattr(storage, "keep_file", cancel)
    with pytest.raises(WorkbookError) as raised:
        load([row()], account, batch=batch)
    assert raised.value.code == "import_interrupted"
    assert left_behind() == [1, 0, 0, 0, 0]


def test_what_a_killed_import_left_cannot_start(account, killed_before_the_end):
    killed_before_the_end([row()], account, agent=make_agent(), number=make_number())
    assert Job.objects.count() == 1
    with pytest.raises(ValidationError):
        Batch.objects.get().start(by="user:test")


def test_a_draft_cannot_start_while_rows_are_being_added(
    account, killed_before_the_end
):
    batch = make_batch(account)
    killed_before_the_end([row()], account, batch=batch)
    with pytest.raises(ValidationError):
        batch.start(by="user:test")


def test_the_same_file_again_replaces_what_a_killed_import_left(
    account, killed_before_the_end
):
    rows = [row(), row(rut="x"), row(rut=RUT_C)]
    killed_before_the_end(rows, account)
    result = load(rows, account)
    assert left_behind() == [1, 1, 1, 2, 1]
    assert result.jobs == 2
    assert set(Job.objects.values_list("batch_id", flat=True)) == {result.batch.pk}


def test_the_same_file_cannot_be_imported_twice_at_a_time(account):
    content = workbook([row()])
    begun = loading.Begun(content, account, DEBT, {}, "user:other")
    upload = loading.begin(begun, status=UploadStatus.READING)
    held = loading.hold(upload.pk)
    before = left_behind()
    with pytest.raises(WorkbookError) as raised:
        import_workbook(content, account, DEBT, actor="user:test")
    assert raised.value.code == "already_importing"
    assert left_behind() == before
    leases.release(held)  # its process is gone: what it left is replaced
    assert import_workbook(content, account, DEBT, actor="user:test").jobs == 1
    assert left_behind() == [1, 1, 0, 1, 1]


def test_writing_the_jobs_of_an_upload_twice_does_not_double_them(account):
    from batches import use_cases
    from batches.imports.cases import read_cases

    content = workbook([row(), row(rut=RUT_C)])
    cases = read_cases(content, account, use_cases.get(DEBT), {}, date(2025, 11, 1))
    upload = Upload(pk=ObjectId(), account=account, batch=make_batch(account))
    for _ in range(2):
        storage.store_jobs(cases, upload, keep_alive=lambda stored: None)
    assert Job.objects.count() == 2
