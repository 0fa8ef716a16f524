"""Workbooks that Office encrypted, opened with their password.

`msoffcrypto` knows the ciphers. What a file says of itself is checked first: how often
the password is to be hashed, and how large its tables are.
"""

import logging
import struct
from io import BytesIO
from typing import Any, BinaryIO

import msoffcrypto
import olefile
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError

from batches.imports.problems import PasswordNeeded, WorkbookError

OLE = olefile.MAGIC  # [MS-CFB] 2.2
# Excel encrypts with this, and asks nobody, where only the structure is protected.
UNASKED = "VelvetSweatshop"
# Hashes of the password that a file may ask for, some 2 µs each. Office: 100,000.
MOST_SPINS = 500_000
# Bytes of the description of the cipher, where it is XML. Office: some 1,300.
LARGEST_INFO = 64_000
# The ciphers of xls are undone byte by byte, half a second and 25 MB of memory a MB.
LARGEST_XLS = 10_000_000
_FILE_PASS = 0x2F  # [MS-XLS] 2.4.117: among the first records, or there is none
_FIRST_RECORDS = 4
_MARKUP_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")

# It writes passwords and keys into its log, at the level of debugging.
logging.getLogger("msoffcrypto").setLevel(logging.CRITICAL)


def is_locked(content: bytes) -> bool:
    """Whether a compound file is a workbook that Office encrypted."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return True
    try:
        with _compound(content) as ole:
            # without it, or when it is damaged, its reader will say so
            return ole.exists("Workbook") and _asks(ole.openstream("Workbook"))
    except Exception:
        return False


def _asks(workbook: BinaryIO) -> bool:
    for _record in range(_FIRST_RECORDS):
        kind, size = struct.unpack("<HH", workbook.read(4))
        if kind == _FILE_PASS:
            return True
        workbook.seek(size, 1)
    return False


def unlocked(content: bytes, password: str) -> bytes:
    """The workbook in an encrypted one, in memory; an empty password opens what Excel
    opens without asking. Raises PasswordNeeded without the right password, and
    WorkbookError."""
    opened = BytesIO()
    try:
        _check(content)
        office = msoffcrypto.OfficeFile(BytesIO(content))
        _check_spins(office)
        _load_key(office, password)
        office.decrypt(opened)
    except WorkbookError:
        raise
    except InvalidKeyError:  # the password was right
        raise WorkbookError("file_damaged") from None
    except (DecryptionError, FileFormatError):
        raise WorkbookError("office_cipher") from None
    except Exception:
        # a damaged file raises almost anything; not chained, since it may tell a key
        raise WorkbookError("file_damaged") from None
    return opened.getvalue()


def _load_key(office: Any, password: str) -> None:
    """Raises PasswordNeeded before anything large is deciphered with a wrong one."""
    # xls has it looked at in any case
    looks = {"verify_password": True} if hasattr(office, "info") else {}
    try:
        office.load_key(password=password or UNASKED, **looks)
    except InvalidKeyError:
        raise PasswordNeeded(
            "password_wrong" if password else "file_encrypted"
        ) from None


def _compound(content: bytes) -> olefile.OleFileIO:
    """A compound file, unless its header claims more than it can hold."""
    if len(content) < 512:
        raise WorkbookError("file_damaged")
    [shift] = struct.unpack_from("<H", content, 30)
    [tables] = struct.unpack_from("<I", content, 44)
    if shift not in (9, 12) or tables > len(content) >> shift:
        raise WorkbookError("file_damaged")
    return olefile.OleFileIO(BytesIO(content))


def _check(content: bytes) -> None:
    with _compound(content) as ole:
        if not ole.exists("EncryptionInfo"):
            if len(content) > LARGEST_XLS:
                raise WorkbookError("office_cipher")
            return
        if ole.get_size("EncryptionInfo") > LARGEST_INFO:
            raise WorkbookError("file_damaged")
        info = ole.openstream("EncryptionInfo").read()
    if any(mark in info for mark in _MARKUP_DECLARED):
        raise WorkbookError("file_entities")


def _check_spins(office: object) -> None:
    spins = (getattr(office, "info", None) or {}).get("spinValue", 0)
    if spins > MOST_SPINS:
        raise WorkbookError("office_cipher")
