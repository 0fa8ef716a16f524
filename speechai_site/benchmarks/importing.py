"""A workbook of 100,000 rows and 12 columns: read, checked and stored."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import xlsxwriter

from batches.imports.importer import import_workbook
from batches.models import Account
from samples.make_samples import GIVEN, STREETS, SURNAMES
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.documents import document_of
from speechai_site.benchmarks.measuring import MB, FamilyPeak, Line

ROWS = 100_000
MOST_MB = 400
READING = "openpyxl read-only, reading alone"
READER = """
import re, sys, time
import openpyxl
began = time.perf_counter()
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
for row in book.active.iter_rows(values_only=True):
    pass
print(time.perf_counter() - began)
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""
HEADERS = (
    *("RUTS", "Nombre", "Saldo actualizado", "FechaVencimiento", "Días de retraso"),
    *("Teléfono móvil", "Teléfono Residencial", "Origen Empresa", "Título", "Cuota"),
    *("NúmeroPedido", "Dirección"),
)


def prepare(scale: float) -> None:
    dataset.prepare()


def measure_seconds(scale: float) -> Iterator[Line]:
    """The import, then what openpyxl takes merely to read the same file."""
    with _workbook(scale) as (path, rows):
        began = time.perf_counter()
        _import(path, rows)
        seconds = time.perf_counter() - began
        reading, _mb = _openpyxl(path)
    yield Line(
        name="import_100k_seconds",
        value=seconds,
        unit="s",
        target=reading,
        reference=reading,
        reference_name=READING,
        reference_unit="s",
    )


def measure_peak(scale: float) -> Iterator[Line]:
    """The memory of an import, by itself: to watch it costs some hundredths of the
    time."""
    with _workbook(scale) as (path, rows):
        with FamilyPeak() as memory:
            _import(path, rows)
        _seconds, reading_mb = _openpyxl(path)
    yield Line(
        name="import_100k_peak_mb",
        value=memory.mb,
        unit="MB",
        target=MOST_MB,
        reference=reading_mb,
        reference_name=READING,
        reference_unit="MB",
    )


@contextmanager
def _workbook(scale: float) -> Iterator[tuple[Path, int]]:
    rows = int(ROWS * scale)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cobranza.xlsx"
        _write(path, rows)
        yield path, rows


def _import(path: Path, rows: int) -> None:
    account = Account.objects.get(slug="demo")
    done = import_workbook(path, account, "debt_collection", actor="command")
    if (done.rows, done.jobs, done.error_count) != (rows, rows, 0):
        raise RuntimeError(f"{done.jobs} of {done.rows}, {done.error_count} reported")


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


def _openpyxl(path: Path) -> tuple[float, float]:
    """Seconds, and most memory in MB, of a process that merely reads a workbook."""
    command = [sys.executable, "-c", READER, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 our own
    seconds, kilobytes = done.stdout.split()
    return float(seconds), int(kilobytes) * 1024 / MB
