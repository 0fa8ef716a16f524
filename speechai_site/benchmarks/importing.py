"""A workbook of 100,000 rows and 12 columns: read, checked and stored."""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import xlsxwriter

from batches.imports.importer import import_workbook
from batches.models import Account
from samples.make_samples import GIVEN, STREETS, SURNAMES
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.documents import document_of
from speechai_site.benchmarks.measuring import MB, FamilyPeak, Line, forget_peak

ROWS = 100_000
MOST_MB = 400
HEADERS = (
    *("RUTS", "Nombre", "Saldo actualizado", "FechaVencimiento", "Días de retraso"),
    *("Teléfono móvil", "Teléfono Residencial", "Origen Empresa", "Título", "Cuota"),
    *("NúmeroPedido", "Dirección"),
)


def prepare(scale: float) -> None:
    dataset.prepare()


def measure(scale: float) -> Iterator[Line]:
    """The import, then what openpyxl takes merely to read the same file."""
    account = Account.objects.get(slug="demo")
    rows = int(ROWS * scale)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cobranza.xlsx"
        _write(path, rows)
        before = forget_peak()
        with FamilyPeak() as memory:
            began = time.perf_counter()
            done = import_workbook(path, account, "debt_collection", actor="command")
            seconds = time.perf_counter() - began
        if done.rows != rows or done.error_count:
            raise RuntimeError(f"{done.rows} rows, {done.error_count} reported")
        reading = _openpyxl_seconds(path)
        size = path.stat().st_size / MB
    yield Line(
        name="import_100k_seconds",
        value=seconds,
        unit="s",
        target=reading,
        reference=reading,
        reference_name="openpyxl read-only, reading alone",
        reference_unit="s",
    )
    yield Line(
        name="import_100k_peak_mb",
        value=memory.mb,
        unit="MB",
        target=MOST_MB,
        reference=before,
        reference_name=f"the process before it (the file has {size:.0f} MB)",
        reference_unit="MB",
    )


def _write(path: Path, rows: int) -> None:
    """One person a row, each with a mobile, some with a landline as well."""
    pick = random.Random(1)  # noqa: S311 invented people
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        dates = book.add_format({"num_format": "dd-mm-yyyy"})
        sheet = book.add_worksheet("cobranza")
        sheet.write_row(0, 0, HEADERS)
        for line in range(1, rows + 1):
            for place, cell in enumerate(_row(pick, line)):
                if isinstance(cell, datetime):
                    sheet.write_datetime(line, place, cell, dates)
                else:
                    sheet.write(line, place, cell)


def _row(pick: random.Random, line: int) -> tuple:
    rut = document_of(line).removeprefix("CL:RUT:")
    late = pick.randint(1, 240)
    mobile = pick.randint(60_000_000, 99_999_999)
    return (
        int(rut) if rut.isdigit() else f"{rut[:-1]}-{rut[-1]}",
        f"{pick.choice(GIVEN)} {pick.choice(SURNAMES)} {pick.choice(SURNAMES)}",
        pick.randrange(4_990, 389_990, 10),
        datetime(2025, 6, 1) - timedelta(days=late),  # noqa: DTZ001 a sheet's date
        late,
        pick.choice((900_000_000 + mobile, f"+56 9 {mobile}", 56_900_000_000 + mobile)),
        f"02-2{pick.randint(1_000_000, 9_999_999)}" if pick.random() < 0.5 else None,
        pick.choice(("Cosméticos Andinos", "Belleza Austral")),
        pick.randint(10**7, 10**8),
        pick.randint(1, 12),
        pick.randint(10**8, 10**9),
        f"{pick.choice(STREETS)} {pick.randint(1, 9999)}",
    )


def _openpyxl_seconds(path: Path) -> float:
    began = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True)
    for _row in book.active.iter_rows(values_only=True):
        pass
    book.close()
    return time.perf_counter() - began
