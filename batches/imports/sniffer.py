"""What a file is, by its content: the extension is never believed."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from batches.imports import archive, locked_ods
from batches.imports.locked import OLE, is_locked, unlocked
from batches.imports.problems import PasswordNeeded, WorkbookError

Source = bytes | str | Path

MARKUP = re.compile(
    r"\s*(<!doctype html|<!--|<html|<table|<head|<body|<meta|<style|<div|<tr)", re.I
)
_XML = re.compile(r"\s*<\?xml")
_XML_TABLE = "urn:schemas-microsoft-com:office:spreadsheet"
_HTML_INSIDE = re.compile(r"<(html|table)[\s>]", re.I)


def open_source(source: Source) -> BinaryIO:
    """The file as a binary stream, from its bytes or its path."""
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise WorkbookError("file_missing", file=Path(source).name) from error


def sniff(source: Source) -> str:
    """`xlsx`, `xlsb`, `ods`, `xls`, `html`, `text`, or `zip` for one of them packed in
    an archive; anything else raises WorkbookError."""
    with open_source(source) as file:
        _check_size(file)
        head = file.read(4096)
        file.seek(0)
        if head.startswith(b"PK"):
            return _kind_of_zip(file)
        if head.startswith(OLE):
            return _kind_of_ole(file.read())
    if head.startswith(b"%PDF") or not _is_text(head):
        raise WorkbookError("file_not_workbook")
    start = head.decode(encoding_of(head), "replace").removeprefix("\ufeff")
    if MARKUP.match(start):
        return "html"
    if _XML.match(start):
        if _XML_TABLE in start or _HTML_INSIDE.search(start):
            return "html"
        raise WorkbookError("file_not_workbook")
    return "text"


def _check_size(file: BinaryIO) -> None:
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


def can_be_asked(content: bytes) -> bool:
    """Whether a file that raised PasswordNeeded can be opened here with a password."""
    if content.startswith(OLE) or archive.is_locked_ods(BytesIO(content)):
        return True
    try:
        return sniff(content) == "zip"
    except WorkbookError:
        return False


def unpacked(source: Source, password: str) -> Source:
    """The table in an archive, or in what Office or LibreOffice encrypted; any other
    file as it is.

    Raises PasswordNeeded without the right password, WorkbookError.
    """
    with open_source(source) as file:
        _check_size(file)
        opened = _unlocked(file, password)
        if opened is not None:
            return opened
        if sniff(source) != "zip":
            return source
        table = _unzipped(file, password)
    opened = _unlocked(BytesIO(table), password)
    if opened is not None:
        return opened
    if sniff(table) == "zip":
        raise WorkbookError("file_not_workbook")
    return table


def _unlocked(file: BinaryIO, password: str) -> bytes | None:
    """The workbook in an encrypted one; None for any other file."""
    head = file.read(len(OLE))
    file.seek(0)
    if head == OLE:
        content = file.read()
        return unlocked(content, password) if is_locked(content) else None
    if archive.is_locked_ods(file):
        return locked_ods.unlocked(file, password)
    return None


def _unzipped(file: BinaryIO, password: str) -> bytes:
    try:
        with zipfile.ZipFile(file) as packed:
            return archive.only_table(packed, password)
    except (zipfile.BadZipFile, OSError) as error:
        raise WorkbookError("file_damaged") from error


def _kind_of_zip(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as packed:
            return archive.kind_of(packed, file)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, ValueError) as error:
        raise WorkbookError("file_damaged") from error


def _kind_of_ole(content: bytes) -> str:
    """Old Excel, or an encrypted package, told by the names of its streams."""
    if is_locked(content):
        raise PasswordNeeded
    if _stream("Workbook") in content or _stream("Book") in content:
        return "xls"
    raise WorkbookError("file_not_workbook")


def _stream(name: str) -> bytes:
    return name.encode("utf-16-le")


def encoding_of(content: bytes) -> str:
    """How text is encoded: by its mark, by its zeros, else UTF-8 or, when it is not,
    Windows-1252."""
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:1000]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(zeros) > 3 and zeros.count(0) > 0.8 * len(zeros):
            return encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(content) - 3:  # a letter cut at the end is none
            return "cp1252"
    return "utf-8"


def decoded(content: bytes) -> str:
    """A text file's content; the holes of Windows-1252 are read as Latin-1."""
    encoding = encoding_of(content)
    if encoding != "cp1252":
        return content.decode(encoding, "replace")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _is_text(head: bytes) -> bool:
    if encoding_of(head).startswith("utf-16"):
        return True
    control = sum(byte < 32 and byte not in b"\t\r\n\x0b\x0c" for byte in head)
    return control == 0
