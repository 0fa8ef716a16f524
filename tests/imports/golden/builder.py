"""Makes the bytes of the golden workbooks: each kind of file, and each kind of dirt."""

import struct
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

HEAD = ["RUT", "Nombre", "Saldo", "Vencimiento", "Celular", "Empresa"]
ANA = ["12.345.678-5", "Ana Soto", 150000, "28/09/2025", 960012345, "Natura"]
EVA = ["20.961.605-K", "Eva Rey", 2300, "15/10/2025", 960012346, "Natura"]
LEO = ["7.654.321-6", "Leo Paz", 900, "30/10/2025", 960012347, "Avon"]
Rows = Sequence[Sequence[Any]]


def xlsx(
    rows: Rows = (HEAD, ANA, EVA),
    change: Callable[[xlsxwriter.Workbook, Any], None] = lambda book, sheet: None,
    **options: Any,
) -> bytes:
    """A workbook of one sheet; `change` may do anything to it."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet("datos")
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        for line, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if hasattr(cell, "year"):
                    sheet.write_datetime(line, place, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(line, place, cell)
                else:
                    sheet.write(line, place, cell)
        change(book, sheet)
    return file.getvalue()


def with_parts(content: bytes, **parts: Any) -> bytes:
    """An archive with parts changed by functions of their bytes, or added."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            change = parts.pop(entry.filename, lambda data: data)
            new.writestr(entry.filename, change(old.read(entry.filename)))
        for name, data in parts.items():
            new.writestr(name, data)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def text(
    rows: Rows = (HEAD, ANA, EVA),
    separator: str = ";",
    encoding: str = "utf-8",
    before: str = "",
) -> bytes:
    lines = [separator.join(map(str, cells)) for cells in rows]
    return (before + "\r\n".join(lines) + "\r\n").encode(encoding)


def page(rows: Rows = (HEAD, ANA, EVA), hidden: Sequence[int] = ()) -> bytes:
    """What many systems call .xls. `hidden`: places of rows that nobody sees."""
    lines = []
    for place, cells in enumerate(rows):
        style = " style='display:none'" if place in hidden else ""
        tag = "td" if place else "th"
        inner = "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)
        lines.append(f"<tr{style}>{inner}</tr>")
    start = "<html><head><meta charset='utf-8'><style>td{color:red}</style></head>"
    return f"{start}<body><table>{''.join(lines)}</table></body></html>".encode()


def ods(rows: Rows = (HEAD, ANA, EVA)) -> bytes:
    lines = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in line
        )
        + "</table:table-row>"
        for line in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"
    names = " ".join(
        f'xmlns:{n}="{space.format(n)}"' for n in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body>'
        f'<office:spreadsheet><table:table table:name="hoja">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": b"<manifest/>",
        }
    )


def packed(files: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def locked(name: str, content: bytes, password: bytes) -> bytes:
    """An archive of one file under the classic cipher of zip, which the standard
    library reads and does not write."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        return value

    def turn(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = (keys[1] + (keys[0] & 0xFF)) * 134775813 + 1 & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        turn(byte)
    whole = zipfile.crc32(content)
    secret = bytearray()
    for byte in bytes(11) + bytes([whole >> 24]) + content:
        mask = (keys[2] | 2) & 0xFFFF
        secret.append(byte ^ (mask * (mask ^ 1) >> 8 & 0xFF))
        turn(byte)
    raw, named = bytes(secret), name.encode()
    fields = (20, 1, 0, 0, 33, whole, len(raw), len(content), len(named), 0)
    local = b"PK\x03\x04" + struct.pack("<5H3I2H", *fields) + named + raw
    central = (
        b"PK\x01\x02"
        + struct.pack("<H5H3I2H", 20, *fields)
        + struct.pack("<3H2I", 0, 0, 0, 0, 0)
        + named
    )
    end = struct.pack("<4H2IH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end
