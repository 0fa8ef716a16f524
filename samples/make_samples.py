"""Workbooks of invented people, with the dirt of real ones.

`python -m samples.make_samples` writes the sample that is shipped, `cobranza.xlsx`.
The same rows and seed always give the same file. RUTs come from a range that the
Registro Civil has not reached, mobiles from +56 9 60x and landlines from +56 2 20x,
blocks that no operator is known to hold; mail addresses end in example.com.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

# The columns of a real collections workbook, in its order.
HEADERS = (
    "EntidadConciliación", "Grupo", "CódigoPersona", "RUTS", "Nombre", "Título",
    "Cuota", "NúmeroPedido", "CicloCaptacion", "CicloIndicador", "NúmeroFactura",
    "FechaPedido", "FechaVencimientoOriginal", "FechaVencimiento", "Días de retraso",
    "ValorTítulo", "Saldo Principal", "Saldo Financiero", "Saldo Total",
    "Saldo actualizado", "Situación", "Control de Envío la Pérdida",
    "Fecha de Envío la Pérdida", "FechaSaldo", "Data Saldo Corregido",
    "Fecha de pago", "Fecha de Encerramiento", "Negociación", "Fase del Cobro",
    "Cód Estructura Padre", "Estructura Padre", "Cód Estructura", "Estructura",
    "Dirección", "Teléfono Residencial", "Teléfono móvil",
    "Correo electrónico personal", "Origen Empresa", "Entidad de credito",
    "Entidad de cobro", "CodPlanRecibimiento", "PlanRecibimiento",
    "CodModeloComercial", "ModeloComercial", "Contestado",
)  # fmt: skip
GIVEN = (
    *("Ana", "Camila", "Carolina", "Daniela", "Elena", "Francisca", "Gabriela"),
    *("Isidora", "Josefa", "María José", "Paulina", "Rosa", "Valentina", "Ximena"),
    *("Álvaro", "Bastián", "Cristóbal", "Diego", "Felipe", "Hernán", "Iván"),
    *("Joaquín", "Manuel", "Nicolás", "Óscar", "Patricio", "Raúl", "Tomás"),
)
SURNAMES = (
    *("Araya", "Bravo", "Cáceres", "Díaz", "Espinoza", "Fuentes", "González"),
    *("Henríquez", "Ibáñez", "Jara", "Lagos", "Muñoz", "Núñez", "Orellana"),
    *("Peña", "Quezada", "Riquelme", "Soto", "Tapia", "Urrutia", "Vergara"),
)
STREETS = ("Los Aromos", "El Peumo", "Las Lilas", "Pasaje Tres", "Camino Real")
# Two invented creditors, each as different people type it.
CREDITORS = (
    ("Cosméticos Andinos", "COSMETICOS ANDINOS", "Cosmeticos  andinos "),
    ("Belleza Austral", "BELLEZA AUSTRAL", "Belleza austral"),
)
FILE_DATE = date(2026, 1, 5)
_EPOCH = date(1899, 12, 30)


@dataclass
class Expected:
    """What an import of the workbook must give, known from how it was made."""

    rows: int = 0
    jobs: int = 0
    contacts: int = 0
    without_phone: int = 0
    errors: int = 0
    total_amount: Decimal = Decimal(0)


@dataclass
class Debtor:
    """An invented person with the phones that their rows show."""

    rut: str  # digits and check digit
    name: str
    mobile: Any
    landline: Any
    callable: bool
    creditors: list[int | None]  # places in CREDITORS; None leaves the cell blank


@dataclass
class Workbook:
    """Rows under construction: cells by header."""

    random: random.Random
    file_date: date
    rows: list[dict[str, Any]] = field(default_factory=list)
    expected: Expected = field(default_factory=Expected)
    used: set[int] = field(default_factory=set)


def write_collections_workbook(
    path: Path | str, rows: int = 2000, seed: int = 1, file_date: date = FILE_DATE
) -> Expected:
    """Write a `cobranza` workbook of `rows` data rows; what importing it must give."""
    book = Workbook(random.Random(seed), file_date)
    bad = _bad_rows(book, max(8, rows // 60))
    while len(book.rows) + len(bad) < rows:
        _add_debtor(book, room=rows - len(bad) - len(book.rows))
    for row in bad:
        book.rows.insert(book.random.randrange(1, len(book.rows)), row)
    total = next(row for row in bad if row.get("Nombre") == "TOTAL GENERAL")
    book.rows.remove(total)
    book.rows.append(total | {"Saldo actualizado": float(book.expected.total_amount)})
    book.expected.rows, book.expected.errors = len(book.rows), len(bad)
    _write(Path(path), book)
    return book.expected


def _add_debtor(book: Workbook, room: int) -> None:
    """A person with one or two creditors and their installments."""
    debtor = _debtor(book)
    book.expected.contacts += 1
    for creditor in debtor.creditors[:room]:
        coupons = min(book.random.choice((1, 1, 1, 2, 2, 3, 5)), room)
        room -= coupons
        if not coupons:
            break
        book.expected.jobs += 1
        book.expected.without_phone += not debtor.callable
        for _ in range(coupons):
            amount = Decimal(book.random.randrange(4_990, 389_990, 10))
            book.rows.append(_row(book, debtor, creditor, amount))
            book.expected.total_amount += amount


def _debtor(book: Workbook) -> Debtor:
    pick = book.random.random
    mobile, landline = _mobile(book), _landline(book)
    has_phone = pick() < 0.96
    if not has_phone:
        mobile = book.random.choice(("", "S/N", 999999999, "12345", "0"))
        landline = ""
    elif pick() < 0.12:
        mobile = book.random.choice(("", "no tiene", 99999))  # the landline is left
    elif pick() < 0.5:
        landline = book.random.choice(("", "", "", 1234))
    creditors: list[int | None] = [book.random.randrange(len(CREDITORS))]
    if pick() < 0.08:
        creditors = [0, 1]
    elif pick() < 0.03:
        creditors = [None]
    return Debtor(_rut(book), _name(book), mobile, landline, has_phone, creditors)


def _rut(book: Workbook) -> str:
    body = book.random.randrange(30_000_000, 46_000_000)
    while body in book.used or len(set(str(body))) == 1:
        body += 1
    book.used.add(body)
    return f"{body}{_check_digit(body)}"


def _check_digit(body: int) -> str:
    """Modulo 11, with weights 2 to 7 from the right."""
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(str(body))))
    return {10: "K", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def _typed_rut(book: Workbook, rut: str) -> Any:
    """A number where it can be one; text with K, dots, dash or a leading zero."""
    body, digit = rut[:-1], rut[-1]
    dotted = f"{int(body):,}".replace(",", ".")
    forms: list[Any] = [f"{dotted}-{digit}", f"{body}-{digit}", f"0{body}-{digit}"]
    forms += [f"{body}k"] if digit == "K" else [int(rut)] * 7
    return book.random.choice(forms)


def _name(book: Workbook) -> str:
    given = book.random.choice(GIVEN)
    name = f"{given} {book.random.choice(SURNAMES)} {book.random.choice(SURNAMES)}"
    return name.upper() if book.random.random() < 0.7 else name


def _mobile(book: Workbook) -> Any:
    rest = f"60{book.random.randrange(10**6):06}"
    return book.random.choice(
        [
            *[int(f"9{rest}")] * 6,
            float(f"9{rest}"),
            int(f"569{rest}"),
            f"+56 9 {rest[:4]} {rest[4:]}",
            f"9-{rest}",
            f"09{rest}",
            f"9{rest[:4]}{rest[4:]}.0",
            int(rest),  # the eight digits of before 2016
        ]
    )


def _landline(book: Workbook) -> Any:
    rest = f"20{book.random.randrange(10**6):06}"
    forms: list[Any] = [int(f"2{rest}"), f"02-{rest}", f"(2) {rest}", int(rest)]
    return book.random.choice(forms)


def _row(
    book: Workbook, debtor: Debtor, creditor: int | None, amount: Decimal
) -> dict[str, Any]:
    choice, number = book.random.choice, book.random.randrange
    days = number(5, 240)
    due = book.file_date - timedelta(days=days)
    ordered = due - timedelta(days=21)
    lost = choice(("S", "N", "N", "N"))
    return {
        "EntidadConciliación": 1,
        "Grupo": number(100, 999),
        "CódigoPersona": int(debtor.rut[:-1]) % 1_000_000,
        "RUTS": _typed_rut(book, debtor.rut),
        "Nombre": debtor.name,
        "Título": number(10**7, 10**8),
        "Cuota": number(1, 4),
        "NúmeroPedido": number(10**8, 10**9),
        "CicloCaptacion": f"{ordered.year}{number(1, 18):02}",
        "CicloIndicador": f"{ordered.year}{number(1, 18):02}",
        "NúmeroFactura": number(10**6, 10**7),
        "FechaPedido": ordered,
        "FechaVencimientoOriginal": due - timedelta(days=choice((0, 0, 15))),
        "FechaVencimiento": _typed_date(book, due),
        "Días de retraso": choice((days, days, days, float(days), str(days))),
        "ValorTítulo": int(amount),
        "Saldo Principal": int(amount) * 9 // 10,
        "Saldo Financiero": int(amount) // 10,
        "Saldo Total": int(amount),
        "Saldo actualizado": _typed_amount(book, amount),
        "Situación": "Vencido",
        "Control de Envío la Pérdida": lost,
        "Fecha de Envío la Pérdida": book.file_date if lost == "S" else "",
        "FechaSaldo": book.file_date,
        "Data Saldo Corregido": book.file_date,
        "Negociación": choice(("", "", "Sin negociación")),
        "Fase del Cobro": choice(("Preventiva", "Temprana", "Tardía")),
        "Cód Estructura Padre": 10,
        "Estructura Padre": "Región Metropolitana",
        "Cód Estructura": number(1000, 1100),
        "Estructura": f"Sector {number(1, 40)}",
        "Dirección": f"{choice(STREETS)} {number(1, 9999)}, depto. {number(1, 120)}",
        "Teléfono Residencial": debtor.landline,
        "Teléfono móvil": debtor.mobile,
        "Correo electrónico personal": f"persona{int(debtor.rut[:-1])}@example.com",
        "Origen Empresa": "" if creditor is None else choice(CREDITORS[creditor]),
        "Entidad de credito": choice(("Propia", "Banco Uno")),
        "Entidad de cobro": choice(("Interna", "Externa")),
        "CodPlanRecibimiento": number(1, 9),
        "PlanRecibimiento": "Contado",
        "CodModeloComercial": 3,
        "ModeloComercial": "Venta directa",
        "Contestado": choice(("", "N")),
    }


def _typed_date(book: Workbook, day: date) -> Any:
    """A real date mostly; also text and Excel's serial number."""
    forms: list[Any] = [day] * 8
    forms += [f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", (day - _EPOCH).days]
    return book.random.choice(forms)


def _typed_amount(book: Workbook, amount: Decimal) -> Any:
    dotted = f"{int(amount):,}".replace(",", ".")
    forms: list[Any] = [int(amount)] * 8
    forms += [f"$ {dotted}", dotted, f"$ {dotted},00", float(amount)]
    return book.random.choice(forms)


def _bad_rows(book: Workbook, count: int) -> list[dict[str, Any]]:
    """Rows that are no part of a job: a header, totals, bad RUTs and amounts."""
    rows: list[dict[str, Any]] = [
        dict(zip(HEADERS, HEADERS, strict=True)),
        {"Nombre": "TOTAL GENERAL"},
        {"Nombre": "Subtotal sector 3", "Saldo actualizado": 1_234_560},
    ]
    spoilers: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
        lambda row: {"RUTS": f"{int(str(row['Grupo']))}.000.000-X"},
        lambda row: {"RUTS": ""},
        lambda row: {"RUTS": "12.345.678-9"},  # its check digit is 5
        lambda row: {"RUTS": "11.111.111-1"},
        lambda row: {"Saldo actualizado": ""},
        lambda row: {"Saldo actualizado": "por confirmar"},
        lambda row: {"Saldo actualizado": -abs(row["ValorTítulo"])},
    )
    while len(rows) < count:
        row = _row(
            book, _debtor(book), 0, Decimal(book.random.randrange(5_000, 90_000))
        )
        rows.append(row | spoilers[len(rows) % len(spoilers)](row))
    return rows


def _write(path: Path, book: Workbook) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as file:
        file.set_properties({"created": datetime(2026, 1, 5, tzinfo=UTC)})
        dates = file.add_format({"num_format": "dd-mm-yyyy"})
        bold = file.add_format({"bold": True})
        sheet = file.add_worksheet("cobranza")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, HEADERS, bold)
        for line, row in enumerate(book.rows, 1):
            for place, header in enumerate(HEADERS):
                cell = row.get(header, "")
                if isinstance(cell, date):
                    sheet.write_datetime(line, place, cell, dates)
                elif cell != "":
                    sheet.write(line, place, cell)
        file.add_worksheet("Hoja2")
        file.add_worksheet("Hoja3")


if __name__ == "__main__":
    target = Path(__file__).with_name("cobranza.xlsx")
    sys.stdout.write(f"{target.name}: {write_collections_workbook(target, 60, 7)}\n")
