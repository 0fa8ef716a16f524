from pathlib import Path

import pytest

from batches.models import Batch
from tests.builders import make_batch, make_job


@pytest.fixture
def batch(db: None) -> Batch:
    batch = make_batch()
    make_job(batch, source_rows=[2, 3])
    return batch


def test_report_is_written_and_adds_up(batch: Batch, run_json, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    answer = run_json("report", batch.pk, "--output", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert answer["matches_database"] is True
    assert (answer["rows_in_jobs"], answer["jobs"]) == (2, {"queued": 1})


def test_report_into_no_folder_is_refused(batch: Batch, refuse, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "report.xlsx"
    assert str(path) in refuse("report", batch.pk, "--output", path)


def test_report_of_an_unknown_batch_is_refused(db: None, refuse) -> None:
    assert refuse("report", "nonsense", "--output", "report.xlsx")
