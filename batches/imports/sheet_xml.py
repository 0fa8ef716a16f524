"""What calamine does not say of a sheet of xlsx: hidden rows, errors, formulas without
a result, and how far the cells really reach."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree as ET

from batches.imports import archive
from batches.imports.normalizers.text import NO_VALUE
from batches.imports.problems import WorkbookError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"[^>]*>')
_HIDDEN = re.compile(rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_FAULT = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]+)(\d+)"[^>]*>'
    rb"(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)?<v>([^<]*)</v>"
)
_NO_RESULT = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*'
    rb"(?:<v\s*/>|<v></v>)?\s*</c>"
)
_FAR = re.compile(rb' r="([A-Z]{2,3})\d')
_FILLED = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"(?:[^>]*[^/])?><(?:v|is|f)\b')
# calamine holds the whole rectangle up to the last cell, 32 bytes a cell.
MAX_CELLS = 20_000_000


@dataclass
class Part:
    """A sheet of the workbook, and where its XML is."""

    path: str
    since_1904: bool


@dataclass
class Scan:
    """What the XML of one sheet shows."""

    hidden: set[int] = field(default_factory=set)
    filtered: bool = False
    faults: dict[int, dict[int, str]] = field(default_factory=dict)  # row → column
    last_row: int = 0  # with a value
    columns: int = 26  # at most


def parts_of(packed: zipfile.ZipFile) -> dict[str, Part]:
    """The worksheets of an xlsx by their names."""
    try:
        book = ET.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 no entities
        links = ET.fromstring(  # noqa: S314 they were refused
            packed.read("xl/_rels/workbook.xml.rels")
        )
    except (ET.ParseError, KeyError) as error:
        raise WorkbookError("file_damaged") from error
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    space = _STRICT if book.tag.startswith(_STRICT) else _MAIN
    properties = book.find(f"{space}workbookPr")
    epoch = properties is not None and properties.get("date1904") in ("1", "true")
    found = {}
    for sheet in book.iter(f"{space}sheet"):
        link = next((v for k, v in sheet.items() if k.endswith("}id")), "")
        target = targets.get(link, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found[sheet.get("name", "")] = Part(path, epoch)
    return found


def scan(packed: zipfile.ZipFile, file: BinaryIO, path: str) -> Scan:
    """Read the XML of a sheet once; refuses what would fill the memory."""
    try:
        entry = packed.getinfo(path)
    except KeyError as error:
        raise WorkbookError("file_damaged") from error
    found = Scan()
    for block in _blocks(archive.unpacked(file, entry)):
        _look(block, found)
    if found.last_row * found.columns > MAX_CELLS:
        _refuse_far_cells(packed, file, path)
    return found


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The XML in pieces of whole rows."""
    rest, size, limit = b"", 0, archive.limit()
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise archive.bomb(archive.limit())
        rest += chunk
        end = rest.rfind(b"</row>")
        if end > 0:
            yield rest[: end + 6]
            rest = rest[end + 6 :]
    yield rest


def _look(block: bytes, found: Scan) -> None:
    if b"hidden=" in block:
        found.hidden.update(int(row) for row in _HIDDEN.findall(block))
    if b't="e"' in block:
        for letters, row, text in _FAULT.findall(block):
            _note(found, letters, row, text.decode("utf-8", "replace"))
    if b"<f" in block:
        for letters, row in _NO_RESULT.findall(block):
            _note(found, letters, row, NO_VALUE)
    if b"<autoFilter" in block:
        found.filtered = True
    if far := _FAR.findall(block):
        found.columns = max(found.columns, *map(column_number, set(far)))
    last = max(block.rfind(b"</v>"), block.rfind(b"</is>"), block.rfind(b"</f>"))
    if last > 0:
        start = block.rfind(b"<row", 0, last)
        if match := _ROW.match(block, start):
            found.last_row = int(match[1])


def _note(found: Scan, letters: bytes, row: bytes, text: str) -> None:
    found.faults.setdefault(int(row), {})[column_number(letters) - 1] = text


def _refuse_far_cells(packed: zipfile.ZipFile, file: BinaryIO, path: str) -> None:
    """Cells that only have a format take no memory: those with something in them do."""
    right = bottom = 1
    far = b"A1"
    for block in _blocks(archive.unpacked(file, packed.getinfo(path))):
        for letters, row in _FILLED.findall(block):
            right = max(right, column_number(letters))
            if int(row) > bottom:
                bottom, far = int(row), letters + row
    if right * bottom > MAX_CELLS:
        raise WorkbookError("too_many_cells", cell=far.decode())


def column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def has_values(packed: zipfile.ZipFile, file: BinaryIO, path: str) -> bool:
    """Whether any cell of a sheet holds something."""
    try:
        entry = packed.getinfo(path)
    except KeyError:
        return False
    return any(
        b"<v>" in block or b"<is>" in block
        for block in _blocks(archive.unpacked(file, entry))
    )
