"""What a file is, by its content: the extension is never believed."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from batches.imports.problems import WorkbookError

Source = bytes | str | Path

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] 2.2
MARKUP = re.compile(rb"\s*(<!doctype|<html|<table|<head|<body|<\?xml|<style)", re.I)
ZIP_KINDS = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb"}
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
# The XML of a workbook packs about 10 to 1; far beyond that it is a zip bomb.
MAX_EXPANSION = 40
# calamine holds the whole rectangle up to the last cell, 32 bytes a cell.
MAX_CELLS = 20_000_000
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)"')


def open_source(source: Source) -> BinaryIO:
    """The file as a binary stream, from its bytes or its path."""
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise WorkbookError("file_missing", file=Path(source).name) from error


def sniff(source: Source) -> str:
    """`xlsx`, `xlsb`, `ods` or `xls`; anything else raises WorkbookError."""
    with open_source(source) as file:
        size = file.seek(0, 2)
        file.seek(0)
        if not size:
            raise WorkbookError("file_empty")
        if size > settings.UPLOAD_MAX_BYTES:
            raise WorkbookError(
                "file_too_large",
                size=f"{size / 1e6:.1f}",
                limit=f"{settings.UPLOAD_MAX_BYTES / 1e6:g}",
            )
        head = file.read(4096)
        file.seek(0)
        if head.startswith(b"PK"):
            return _kind_of_zip(file)
        if head.startswith(OLE):
            return _kind_of_ole(file.read())
    if MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise WorkbookError("file_html")
    raise WorkbookError("file_text" if _is_text(head) else "file_not_workbook")


def _kind_of_zip(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise WorkbookError("file_encrypted")
            limit = settings.UPLOAD_MAX_BYTES * MAX_EXPANSION
            if sum(entry.file_size for entry in entries) > limit:
                raise WorkbookError("file_bomb", limit=f"{limit / 1e6:g}")
            for entry in entries:
                if entry.filename.startswith("xl/worksheets/sheet"):
                    _check_dimension(archive.open(entry).read(4096))
            names = {entry.filename for entry in entries}
            for name, kind in ZIP_KINDS.items():
                if name in names:
                    return kind
            if "mimetype" in names and archive.read("mimetype").strip() == ODS:
                if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                    raise WorkbookError("file_encrypted")
                return "ods"
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError) as error:
        raise WorkbookError("file_damaged") from error
    raise WorkbookError("file_not_workbook")


def _check_dimension(head: bytes) -> None:
    """Refuse a sheet with a stray cell far away, which would fill the memory."""
    if match := _DIMENSION.search(head):
        letters, rows = match[1].decode(), int(match[2])
        columns = 0
        for letter in letters:
            columns = columns * 26 + ord(letter) - 64
        if rows * columns > MAX_CELLS:
            raise WorkbookError("too_many_cells", cell=f"{letters}{rows}")


def _kind_of_ole(content: bytes) -> str:
    """Old Excel, or an encrypted package, told by the names of its streams."""
    if _stream("EncryptedPackage") in content:
        raise WorkbookError("file_encrypted")
    if _stream("Workbook") in content or _stream("Book") in content:
        return "xls"
    raise WorkbookError("file_not_workbook")


def _stream(name: str) -> bytes:
    return name.encode("utf-16-le")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    control = sum(byte < 32 and byte not in b"\t\r\n\x0c" for byte in head)
    return control == 0
