"""The report of a campaign with 100,000 results."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from batches.models import Batch
from reports.workbooks import write_report
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.measuring import Line, forget_peak, peak_mb
from speechai_site.benchmarks.plans import finished

RESULTS = 100_000


def prepare(scale: float) -> None:
    dataset.ensure(finished(int(RESULTS * scale)))


def measure(scale: float) -> Iterator[Line]:
    """The report, then openpyxl writing the cells that stand in it."""
    results = int(RESULTS * scale)
    batch = Batch.objects.select_related("account").get()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        before = forget_peak()
        began = time.perf_counter()
        totals = write_report(batch, path, by="command", cost=True)
        seconds = time.perf_counter() - began
        most = peak_mb()
        if totals.calls.total() != results:
            raise RuntimeError(f"the report has {totals.calls.total()} calls")
        writing = _openpyxl_seconds(path, Path(folder) / "same.xlsx")
    yield Line(
        name="report_100k_seconds",
        value=seconds,
        unit="s",
        target=writing,
        reference=writing,
        reference_name="openpyxl write-only, the same cells without styles",
        reference_unit="s",
    )
    yield Line(
        name="report_100k_peak_mb",
        value=most,
        unit="MB",
        target=None,
        reference=before,
        reference_name="the process before it",
        reference_unit="MB",
    )


def _openpyxl_seconds(path: Path, copy: Path) -> float:
    """How long bare openpyxl takes to write the cells of the workbook at `path`."""
    book = Workbook(write_only=True)
    source = CalamineWorkbook.from_path(path)
    seconds = 0.0
    for name in source.sheet_names:
        rows = source.get_sheet_by_name(name).to_python()
        began = time.perf_counter()
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([None if cell == "" else cell for cell in row])
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    book.save(copy)
    return seconds + time.perf_counter() - began
