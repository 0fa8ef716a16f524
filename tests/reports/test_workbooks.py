"""What stands in the report, read back from the file."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from batches.models import Batch, Upload, UploadError
from calls.models import CallDetail
from reports.totals import differences
from reports.workbooks import write_report
from tests.builders import make_account, make_batch, make_call, make_job


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def batch(db: None) -> Batch:
    """Two cases (one was called twice) of three rows, and a row that was reported."""
    account = make_account(time_zone="America/Santiago")
    batch = make_batch(account, rows=4, row_errors=1, total_amount=Decimal(250_000))
    upload = Upload.objects.create(
        account=account, batch=batch, file_name="cartera.xlsx", sha256="0" * 64
    )
    UploadError.objects.create(
        upload=upload,
        row=5,
        column="RUT",
        value="1-2",
        code="document_invalid",
        message="RUT: It is not a RUT.",
        cells=["1-2", "Pedro", "=1+1"],
    )
    job = make_job(
        batch,
        name="Ana Prueba",
        amount=Decimal(150_000),
        source_rows=[2, 3],
        status="done",
        outcome="conversation",
        disposition="promesa_total",
        promise_date=date(2026, 11, 30),
        promise_amount=Decimal(150_000),
    )
    make_call(job, status="not_connected", outcome="busy", reason="dial_busy")
    spoken = make_call(
        job,
        attempt=2,
        status="ended",
        outcome="conversation",
        reason="user_hangup",
        started_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
        duration_ms=90_000,
        cost_usd=Decimal("0.1234"),
    )
    CallDetail.objects.create(call_id=spoken.pk, transcript="Agent: Hola.")
    make_job(batch, amount=Decimal(100_000), source_rows=[4], status="exhausted")
    return batch


def read(batch: Batch, tmp_path: Path, **options: Any) -> dict[str, list[dict]]:
    """Sheet → its rows by title."""
    path = tmp_path / "report.xlsx"
    write_report(batch, path, by="command", **options)
    sheets = {}
    for sheet in openpyxl.load_workbook(path):
        titles, *lines = sheet.iter_rows()
        names = [cell.value for cell in titles]
        sheets[sheet.title] = [dict(zip(names, line, strict=True)) for line in lines]
    return sheets


def summary(batch: Batch, tmp_path: Path, **options: Any) -> dict[str, Any]:
    path = tmp_path / "report.xlsx"
    write_report(batch, path, by="command", **options)
    sheet = openpyxl.load_workbook(path)["Summary"]
    return {label: value for label, value in sheet.iter_rows(values_only=True) if label}


def test_there_is_a_sheet_for_each_part(batch: Batch, tmp_path: Path) -> None:
    assert list(read(batch, tmp_path)) == [
        "Summary",
        "Cases",
        "Calls",
        "Rows not loaded",
    ]


def test_each_case_has_a_row_with_its_last_call(batch: Batch, tmp_path: Path) -> None:
    first, second = read(batch, tmp_path)["Cases"]
    assert first["Name"].value == "Ana Prueba"
    assert first["Rows"].value == "2, 3"
    assert first["Disconnection reason"].value == "The person hung up"
    assert first["Minutes"].value == 1.5
    assert second["Last call"].value is None


def test_each_call_has_a_row(batch: Batch, tmp_path: Path) -> None:
    busy, spoken = read(batch, tmp_path)["Calls"]
    assert (busy["Attempt"].value, spoken["Attempt"].value) == (1, 2)
    assert spoken["Transcript"].value == "Agent: Hola."


def test_amounts_are_numbers(batch: Batch, tmp_path: Path) -> None:
    case, _other = read(batch, tmp_path)["Cases"]
    assert case["Balance owed"].value == 150_000
    assert case["Promised amount"].data_type == "n"


def test_dates_are_dates_in_the_accounts_zone(batch: Batch, tmp_path: Path) -> None:
    sheets = read(batch, tmp_path)
    assert sheets["Cases"][0]["Promised date"].value == datetime(2026, 11, 30)  # noqa: DTZ001
    assert sheets["Calls"][1]["Started"].value == datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001


def test_reported_row_stands_with_its_cells(batch: Batch, tmp_path: Path) -> None:
    (row,) = read(batch, tmp_path)["Rows not loaded"]
    assert [cell.value for cell in row.values()] == [
        "cartera.xlsx",
        5,
        "RUT",
        "1-2",
        "document_invalid",
        "RUT: It is not a RUT.",
        "1-2",
        "Pedro",
        "'=1+1",
    ]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\uff1d1"]
)
def test_text_that_looks_like_a_formula_is_harmless(
    tmp_path: Path, name: str, db: None
) -> None:
    batch = make_batch()
    make_job(batch, name=name)
    (row,) = read(batch, tmp_path)["Cases"]
    assert row["Name"].data_type == "s"
    assert row["Name"].value == f"'{name}"


def test_phone_stays_as_it_is(batch: Batch, tmp_path: Path) -> None:
    cell = read(batch, tmp_path)["Calls"][0]["Phone"]
    assert cell.value.startswith("+569")
    assert cell.data_type == "s"


def test_cost_is_shown_only_when_asked_for(batch: Batch, tmp_path: Path) -> None:
    plain = read(batch, tmp_path)
    assert "Cost (USD)" not in plain["Cases"][0]
    assert "Cost (USD)" not in plain["Calls"][0]
    assert "Cost (USD)" not in summary(batch, tmp_path)
    full = read(batch, tmp_path, cost=True)
    assert full["Cases"][0]["Cost (USD)"].value == 0.1234
    assert full["Calls"][1]["Cost (USD)"].value == 0.1234
    assert summary(batch, tmp_path, cost=True)["Cost (USD)"] == 0.1234


def test_summary_accounts_for_every_row(batch: Batch, tmp_path: Path) -> None:
    figures = summary(batch, tmp_path)
    assert figures["Rows in cases"] == 3
    assert figures["Rows not loaded"] == 1
    assert figures["Every row is accounted for"] == "Yes"
    assert figures["It is the total of the workbooks"] == "Yes"


def test_summary_says_how_many_rows_are_missing(batch: Batch, tmp_path: Path) -> None:
    batch.rows = 7
    assert summary(batch, tmp_path)["Every row is accounted for"] == "No: 3"


def test_totals_are_those_of_the_database(batch: Batch, tmp_path: Path) -> None:
    totals = write_report(batch, tmp_path / "report.xlsx", by="command")
    assert differences(totals, batch) == []
    assert totals.jobs == {"done": 1, "exhausted": 1}
    assert totals.calls == {"not_connected": 1, "ended": 1}
    assert totals.promised == 150_000


def test_difference_to_the_database_is_named(batch: Batch, tmp_path: Path) -> None:
    totals = write_report(batch, tmp_path / "report.xlsx", by="command")
    make_call(make_job(batch, source_rows=[]))
    assert differences(totals, batch) == ["total_amount", "jobs", "calls"]


def test_empty_batch_has_a_report(db: None, tmp_path: Path) -> None:
    assert read(make_batch(), tmp_path)["Cases"] == []


def test_export_is_recorded_without_a_persons_data(
    batch: Batch, tmp_path: Path
) -> None:
    from speechai_site.runtime.models import AuditEntry

    write_report(batch, tmp_path / "report.xlsx", by="user:ana")
    entry = AuditEntry.objects.get(action="report.export")
    assert (entry.actor, entry.target_id) == ("user:ana", str(batch.pk))
    assert entry.account_id == str(batch.account_id)


def test_failed_report_leaves_the_former_file(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.xlsx"
    path.write_text("former")
    monkeypatch.setattr("reports.workbooks.write_summary", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(batch, path, by="command")
    assert [file.name for file in tmp_path.iterdir()] == ["report.xlsx"]
    assert path.read_text() == "former"
