"""Small workbooks for tests, with the headers of a real collections file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

HEADERS = [
    "RUTS",
    "Nombre",
    "Saldo actualizado",
    "FechaVencimiento",
    "Días de retraso",
    "Teléfono móvil",
    "Teléfono Residencial",
    "Origen Empresa",
    "Título",
]
# 12.345.678-5 and friends: invented, with a right check digit
RUT_A, RUT_B, RUT_C = "12.345.678-5", 76543216, "20.961.605-K"
MOBILE = 960012345


def row(**values: Any) -> list[Any]:
    """A sound row; name a header by its place in `FIELDS` to change it."""
    sound = {
        "rut": RUT_A,
        "name": "SOTO PEREZ, ANA",
        "amount": 150000,
        "due": "28/09/2025",
        "days": 30,
        "mobile": MOBILE,
        "landline": "",
        "company": "Natura",
        "title": "T-1",
    }
    unknown = values.keys() - sound.keys()
    assert not unknown, unknown
    return list((sound | values).values())


def workbook(
    rows: Sequence[Sequence[Any]],
    headers: Sequence[str] = HEADERS,
    above: Sequence[Sequence[Any]] = (),
    sheet: str = "cobranza",
    more_sheets: Sequence[str] = (),
) -> bytes:
    """An xlsx, always the same for the same cells: with rows `above` the header, the header, and the rows."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 1, 5, tzinfo=UTC)})
        date_format = book.add_format({"num_format": "dd-mm-yyyy"})
        page = book.add_worksheet(sheet)
        for line, cells in enumerate([*above, headers, *rows]):
            for place, cell in enumerate(cells):
                if hasattr(cell, "year"):
                    page.write_datetime(line, place, cell, date_format)
                elif isinstance(cell, str) and cell:
                    page.write_string(line, place, cell)
                elif cell not in (None, ""):
                    page.write(line, place, cell)
        for name in more_sheets:
            book.add_worksheet(name)
    return file.getvalue()
