"""OpenDocument spreadsheets with a password, as LibreOffice writes them.

Its manifest says how. Up to 24.2 each part is encrypted by itself (AES-256-CBC, a key
by PBKDF2): the table alone is opened, and put into a workbook of its own. Since 24.8 the
whole file is one part (AES-256-GCM, a key by Argon2id). All numbers in it are bounded.
"""

import hashlib
import hmac
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO
from xml.etree import ElementTree as ET

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from django.conf import settings

from batches.imports import archive
from batches.imports.problems import PasswordNeeded, WorkbookError

# Rounds of PBKDF2, some 0.4 µs each. LibreOffice: 100,000.
MOST_ROUNDS = 1_000_000
# Of Argon2id: times, lanes, and KiB of memory. LibreOffice: 3, 4, 65,536.
MOST_ARGON2 = (10, 16, 262_144)
LARGEST_MANIFEST = 1_000_000
_WHOLE, _TABLE = "encrypted-package", "content.xml"
_KEY_BYTES = 32
_IV_BYTES = 12  # of GCM; it stands before the content as well
_CHECKED = 1024  # bytes of the packed table, of which there is a checksum
_MARKUP_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")

Said = dict[str, str]


def unlocked(file: BinaryIO, password: str) -> bytes:
    """A spreadsheet that can be read, in memory. Raises PasswordNeeded without the right
    password, and WorkbookError."""
    if not password:
        raise PasswordNeeded
    try:
        with zipfile.ZipFile(file) as packed:
            said = _said(packed)
            name = _WHOLE if _WHOLE in said else _TABLE
            sealed = _at_most(archive.unpacked(packed.fp, packed.getinfo(name)))
        key = _key(said[name], password)
        if name == _WHOLE:
            return _whole(sealed, said[name], key)
        return _workbook_of(_table(sealed, said[name], key))
    except (zipfile.BadZipFile, ET.ParseError, KeyError, OSError, ValueError):
        # not chained: nobody knows what it tells
        raise WorkbookError("file_damaged") from None


def _said(packed: zipfile.ZipFile) -> dict[str, Said]:
    """What the manifest says of each encrypted part: attributes by their names."""
    entry = packed.getinfo("META-INF/manifest.xml")
    if entry.file_size > LARGEST_MANIFEST:
        raise WorkbookError("file_damaged")
    manifest = packed.read(entry)
    if any(mark in manifest for mark in _MARKUP_DECLARED):
        raise WorkbookError("file_entities")
    found: dict[str, Said] = {}
    for part in ET.fromstring(manifest):  # noqa: S314 declares nothing
        told: Said = {}
        for one in part.iter():
            told |= {name.rpartition("}")[2]: text for name, text in one.items()}
        if "algorithm-name" in told:
            found[told["full-path"]] = told
    return found


def _key(said: Said, password: str) -> bytes:
    """What opens a part; KeyError and ValueError where anything is missing."""
    starts = said.get("start-key-generation-name", "").rpartition("#")[2]
    if starts != "sha256" or said["key-size"] != str(_KEY_BYTES):
        raise WorkbookError("office_cipher")
    start, salt = hashlib.sha256(password.encode()).digest(), b64decode(said["salt"])
    derivation = said["key-derivation-name"]
    if derivation.endswith("argon2id"):
        names = ("argon2-iterations", "argon2-lanes", "argon2-memory")
        times, lanes, memory = numbers = [int(said[name]) for name in names]
        if any(not 0 < n <= most for n, most in zip(numbers, MOST_ARGON2, strict=True)):
            raise WorkbookError("office_cipher")
        made = Argon2id(
            salt=salt,
            length=_KEY_BYTES,
            iterations=times,
            lanes=lanes,
            memory_cost=memory,
        )
        return made.derive(start)
    rounds = int(said["iteration-count"])
    if derivation != "PBKDF2" or not 0 < rounds <= MOST_ROUNDS:
        raise WorkbookError("office_cipher")
    return hashlib.pbkdf2_hmac("sha1", start, salt, rounds, _KEY_BYTES)


def _whole(sealed: bytes, said: Said, key: bytes) -> bytes:
    if not said["algorithm-name"].endswith("#aes256-gcm"):
        raise WorkbookError("office_cipher")
    try:
        packed = AESGCM(key).decrypt(sealed[:_IV_BYTES], sealed[_IV_BYTES:], None)
    except InvalidTag:
        raise PasswordNeeded("password_wrong") from None
    return _at_most(archive.inflated(iter((packed,)), zipfile.ZIP_DEFLATED))


def _table(sealed: bytes, said: Said, key: bytes) -> Iterator[bytes]:
    """The XML of the table. Only its first bytes have a checksum, which tells a wrong
    password: what was changed further on is read as it is, as in a file without one."""
    if not said["algorithm-name"].endswith("#aes256-cbc"):
        raise WorkbookError("office_cipher")
    vector = b64decode(said["initialisation-vector"])
    decryptor = Cipher(AES(key), CBC(vector)).decryptor()
    packed = decryptor.update(sealed) + decryptor.finalize()
    packed = packed[: -packed[-1]] if packed else packed  # how much was filled up
    digest = hashlib.sha256(packed[:_CHECKED]).digest()
    if not hmac.compare_digest(digest, b64decode(said["checksum"])):
        raise PasswordNeeded("password_wrong")
    return archive.inflated(iter((packed,)), zipfile.ZIP_DEFLATED)


def _workbook_of(table: Iterator[bytes]) -> bytes:
    """The smallest spreadsheet with this table; packed as it comes, since it is large."""
    file, size = BytesIO(), 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("mimetype", archive.ODS)
        made.writestr("META-INF/manifest.xml", b"<manifest/>")
        with made.open(_TABLE, "w", force_zip64=True) as part:
            for chunk in table:
                size += len(chunk)
                if size > archive.limit():
                    raise archive.bomb(archive.limit())
                part.write(chunk)
    return file.getvalue()


def _at_most(chunks: Iterator[bytes]) -> bytes:
    return archive.joined(chunks, settings.UPLOAD_MAX_BYTES)
