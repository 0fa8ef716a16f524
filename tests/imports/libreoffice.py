"""The files that LibreOffice wrote: an error workbook, corrected in it, and workbooks
with a password. The corrected ones are by 7.4, as Debian 12 has it.

`python -m tests.imports.libreoffice` makes them anew. It needs LibreOffice and the
`uno` module of the system's Python (`apt-get install libreoffice-calc-nogui python3-uno`);
the tests only read what it made.
"""

import json
import os
import subprocess
import sys
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import xlsxwriter

from tests.imports.workbooks import HEADERS, RUT_C, row

FILES = Path(__file__).parent / "files"
KINDS = ("xlsx", "ods")
LOCKED = ("xls", "ods")
# By 24.8 and later, which encrypt an ods otherwise; an xlsx as Excel 2007 did.
LOCKED_25 = ("xlsx", "ods")
PASSWORD = "clave-17"
EDITOR = Path(__file__).parent / "libreoffice_editor.py"
TODAY = date(2026, 3, 2)
OTHER = ["Ejecutivo", "Código", "Contrato", "Hora", "Visto", "Tasa", "Nota", "Activo"]
ALL = [*HEADERS, *OTHER]


def _line(number: int, *, due: object = date(2025, 9, 28), **values: object) -> list:
    """A row with a cell of each kind that a program may write otherwise."""
    others = [
        f"EJ-{number}",
        f"00{number}7",  # text with zeros in front
        f"{10**19 + number}",  # a number too long for a cell
        time(9, 30),
        datetime.fromisoformat("2025-09-01T17:45"),
        0.125,
        "=1+1" if number % 2 else "",
        number % 2 == 0,
    ]
    return [*row(company=f"Acreedor {number}", due=due, **values), *others]


RIGHT = [
    _line(0),
    _line(1, rut=RUT_C, mobile="+56 9 6001 2346", landline="02 2345 6789"),
    _line(2, amount="1.234.567", mobile="09-60012347", due="05/10/2025"),
    _line(3, rut=76543216, amount=98765, title="0012"),
    _line(4, rut="7.654.321-6", amount=150000.5),
    _line(5),
]
# (row, column) of RIGHT: what stands there in the file that is uploaded first
WRONG = {
    (1, 0): "20.961.605-1",
    (2, 2): "mucho",
    (3, 0): 76543210,
    (4, 0): "",
    (5, 0): "TOTAL",
}
# What a person types into the cells of the error workbook: its row, column, text. The
# last row was a total: it is left as it is, and reported again.
TYPED = [
    (1, "C", RUT_C),
    (2, "E", "1.234.567"),
    (3, "C", "7654321-6"),
    (4, "C", "7.654.321-6"),
]


def wrong_rows() -> list[list]:
    rows = [list(cells) for cells in RIGHT]
    for (line, column), cell in WRONG.items():
        rows[line][column] = cell
    return rows


def book(rows: list[list]) -> bytes:
    """A workbook of these rows, dates and times as such."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
        sheet = made.add_worksheet("cobranza")
        formats = {
            date: made.add_format({"num_format": "dd-mm-yyyy"}),
            datetime: made.add_format({"num_format": "dd-mm-yyyy hh:mm"}),
            time: made.add_format({"num_format": "hh:mm"}),
        }
        for line, cells in enumerate([ALL, *rows]):
            for place, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(line, place, cell)
                elif type(cell) in formats:
                    sheet.write_datetime(line, place, cell, formats[type(cell)])
                else:
                    sheet.write(line, place, cell)
    return file.getvalue()


def errors_of(rows: list[list], path: Path) -> None:
    """The error workbook of these rows, as an upload keeps it."""
    from django.utils import translation

    from batches import use_cases
    from batches.imports import error_workbook
    from batches.imports.cases import read_cases

    account = SimpleNamespace(name="Cuenta Uno", country="CL")
    case = use_cases.get("debt_collection")
    with translation.override("es"):
        found = read_cases(book(rows), account, case, {}, TODAY)
        error_workbook.write(path, found.headers, found.errors)


def write(source: Path, target: Path, typed: list, password: str = "") -> None:
    said = json.dumps(typed)
    command = ["/usr/bin/python3", EDITOR, source, target, said, password]
    subprocess.run(command, check=True)
    sys.stdout.write(f"{target}\n")


def _version() -> float:
    """Of LibreOffice, as 7.4."""
    command = ["soffice", "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(".".join(said.split()[1].split(".")[:2]))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
    import django

    django.setup()
    with TemporaryDirectory() as folder:
        reported = Path(folder) / "errores.xlsx"
        errors_of(wrong_rows(), reported)
        plain = Path(folder) / "cartera.xlsx"
        plain.write_bytes(book(RIGHT))
        if _version() >= 24.8:
            for kind in LOCKED_25:
                write(plain, FILES / f"clave-libreoffice25.{kind}", [], PASSWORD)
            return
        for kind in KINDS:
            write(reported, FILES / f"corregido-libreoffice.{kind}", TYPED)
        for kind in LOCKED:
            write(plain, FILES / f"clave-libreoffice.{kind}", [], PASSWORD)


if __name__ == "__main__":
    main()
