"""Zip archives: a workbook is one, and one may be packed in another.

Sizes are counted while unpacking; what an archive says of itself is not believed.
Nothing is ever written to disk, so that no name in it (`../../x`) matters.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import BinaryIO

from django.conf import settings

from batches.imports import zip_aes
from batches.imports.problems import PasswordNeeded, WorkbookError

KINDS = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb"}
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_TABLES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt", ".htm")
_TABLES += (".html",)
_CHUNK = 1 << 20
_ENCRYPTED = 1
# Of a password that is not ASCII: on Windows the console's page, or its own.
_ENCODINGS = ("utf-8", "cp850", "cp1252")
_MARKUP_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")
# Parts that hold tables; pictures and the like are never unpacked.
_READ = (".xml", ".rels", ".bin")


def limit() -> int:
    """Bytes to which a file may unpack."""
    return min(
        settings.UPLOAD_MAX_UNPACKED_BYTES,
        settings.UPLOAD_MAX_BYTES * settings.UPLOAD_MAX_EXPANSION,
    )


def bomb(most: int) -> WorkbookError:
    return WorkbookError("file_bomb", limit=f"{most / 1e6:g}")


def kind_of(archive: zipfile.ZipFile, file: BinaryIO) -> str:
    """`xlsx`, `xlsb`, `ods`, or `zip` for a table packed in it; raises WorkbookError."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if sum(entry.file_size for entry in entries) > limit():
        raise bomb(limit())
    kind = next((kind for name, kind in KINDS.items() if name in names), "")
    if not kind and _is_ods(archive):
        if _is_locked_ods(archive):
            raise PasswordNeeded
        kind = "ods"
    if kind:
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise PasswordNeeded
        _check_parts(file, entries)
        return kind
    if "[Content_Types].xml" in names or not _tables(archive):
        raise WorkbookError("file_not_workbook")
    return "zip"


def _is_ods(archive: zipfile.ZipFile) -> bool:
    names = archive.namelist()
    return "mimetype" in names and archive.read("mimetype").strip() == ODS


def _is_locked_ods(archive: zipfile.ZipFile) -> bool:
    return b"encryption-data" in archive.read("META-INF/manifest.xml")


def is_locked_ods(file: BinaryIO) -> bool:
    """Whether it is a spreadsheet that LibreOffice encrypted (`locked_ods.py`)."""
    file.seek(0)
    if file.read(2) != b"PK":
        return False
    try:
        with zipfile.ZipFile(file) as packed:
            return _is_ods(packed) and _is_locked_ods(packed)
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        OSError,
        RuntimeError,
        ValueError,
    ):
        return False


def unpacked_size(content: bytes) -> int:
    """How much the tables of a workbook say they unpack to; 0 of any other file. Only
    to decide who reads it: this is what an archive says of itself."""
    if not content.startswith(b"PK"):
        return 0
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return 0
    return sum(e.file_size for e in entries if e.filename.endswith(_READ))


def _check_parts(file: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse parts that unpack without end, or that declare entities of their own."""
    size = 0
    for entry in entries:
        if not entry.filename.endswith(_READ) or entry.filename.startswith("docProps"):
            continue
        is_sheet = entry.filename.startswith("xl/worksheets/")
        for place, chunk in enumerate(unpacked(file, entry)):
            if place == 0 and any(mark in chunk[:4096] for mark in _MARKUP_DECLARED):
                raise WorkbookError("file_entities")
            size += len(chunk)
            if size > limit():
                raise bomb(limit())
            if is_sheet:
                break  # the sheets that are read are counted then: `sheet_xml.py`


def unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry in chunks, as far as it really goes."""
    return inflated(_stored(file, entry), entry.compress_type)


def _stored(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry as it lies in the file."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise WorkbookError("file_damaged")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    file.seek(name_length + extra_length, 1)
    left = entry.compress_size
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk


def inflated(chunks: Iterator[bytes], method: int) -> Iterator[bytes]:
    """What was packed by a method of zip, in chunks; raises WorkbookError."""
    if method == zipfile.ZIP_STORED:
        yield from chunks
        return
    if method != zipfile.ZIP_DEFLATED:
        raise WorkbookError("file_damaged")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in chunks:
            while packed:
                if chunk := inflater.decompress(packed, _CHUNK * 4):
                    yield chunk
                packed = inflater.unconsumed_tail
            if inflater.eof:
                return
        if chunk := inflater.flush():
            yield chunk
    except zlib.error as error:
        raise WorkbookError("file_damaged") from error


def _tables(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        entry
        for entry in archive.infolist()
        if entry.filename.lower().endswith(_TABLES)
        and not entry.filename.startswith("__MACOSX")
    ]


def only_table(archive: zipfile.ZipFile, password: str) -> bytes:
    """The one table that is packed in an archive, unpacked in memory.

    Raises PasswordNeeded without the right password.
    """
    found = _tables(archive)
    if len(found) != 1:
        raise WorkbookError("zip_many", count=len(found))
    [entry] = found
    if not entry.flag_bits & _ENCRYPTED:
        return _read(archive, entry)
    if not password:
        raise PasswordNeeded
    read = _read_aes if entry.compress_type == zip_aes.METHOD else _read
    refusal = PasswordNeeded("password_wrong")
    for spelling in _spellings(password):
        try:
            return read(archive, entry, spelling)
        except PasswordNeeded as error:
            refusal = error
    raise refusal


def _spellings(password: str) -> list[bytes]:
    """A password as programs may have written it; ASCII is the same in all of them."""
    found: dict[bytes, None] = {}
    for encoding in _ENCODINGS:
        with suppress(UnicodeEncodeError):
            found[password.encode(encoding)] = None
    return list(found)


def _read(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes = b""
) -> bytes:
    """An entry, not encrypted or with the old cipher."""
    try:
        with archive.open(entry, pwd=password or None) as packed:
            chunks = iter(partial(packed.read, _CHUNK), b"")
            return joined(chunks, settings.UPLOAD_MAX_BYTES)
    except NotImplementedError as error:
        raise WorkbookError("zip_cipher") from error
    except RuntimeError as error:  # that is how zipfile says it
        raise PasswordNeeded("password_wrong") from error
    except (zlib.error, zipfile.BadZipFile) as error:
        if password:
            raise PasswordNeeded("password_wrong") from error
        raise WorkbookError("file_damaged") from error


def _read_aes(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes
) -> bytes:
    seal = zip_aes.seal_of(entry)
    if seal.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise WorkbookError("zip_cipher")
    sealed = b"".join(_stored(archive.fp, entry))
    opened = zip_aes.opened(sealed, seal, password)
    content = joined(inflated(opened, seal.method), settings.UPLOAD_MAX_BYTES)
    if seal.has_checksum and zlib.crc32(content) != entry.CRC:
        raise WorkbookError("file_damaged")
    return content


def joined(chunks: Iterator[bytes], most: int) -> bytes:
    """All of it, unless it is more than so many bytes: then raises WorkbookError."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > most:
            raise bomb(most)
    return bytes(content)
