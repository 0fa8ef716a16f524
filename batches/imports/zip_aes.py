"""The AES of zip archives, as 7-Zip, WinRAR and WinZip write it (AE-1 and AE-2).

An entry of the method 99 is: salt, two bytes that tell a wrong password, what was
packed in AES-CTR, and ten bytes of its HMAC. The extra field 0x9901 says how long the
key is and how the content was packed before.
"""

import hashlib
import hmac
import struct
import sys
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from batches.imports.problems import PasswordNeeded, WorkbookError

METHOD = 99
_FIELD = 0x9901
_KEY_BYTES = {1: 16, 2: 24, 3: 32}  # by strength; a salt has half of it
_ROUNDS = 1000
_CHECK_BYTES = 2
_CODE_BYTES = 10
_BLOCK = 16
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Seal:
    """What an entry says of its encryption. `method`: how it was packed before."""

    has_checksum: bool  # AE-1: the archive's CRC is one of the content
    key_bytes: int
    method: int


def seal_of(entry: zipfile.ZipInfo) -> Seal:
    """Raises WorkbookError where it is none that is known."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _FIELD and size == 7 <= len(extra) - 4:
            version, vendor, strength, method = struct.unpack_from("<H2sBH", extra, 4)
            if vendor == b"AE" and version in (1, 2) and strength in _KEY_BYTES:
                return Seal(version == 1, _KEY_BYTES[strength], method)
            break
        extra = extra[4 + size :]
    raise WorkbookError("zip_cipher")


def opened(sealed: bytes, seal: Seal, password: bytes) -> Iterator[bytes]:
    """What was packed, in chunks, once the whole of it was found genuine.

    Raises PasswordNeeded, and WorkbookError where anything was changed.
    """
    salt_bytes, key_bytes = seal.key_bytes // 2, seal.key_bytes
    start = salt_bytes + _CHECK_BYTES
    if len(sealed) < start + _CODE_BYTES:
        raise WorkbookError("file_damaged")
    made = hashlib.pbkdf2_hmac(
        "sha1", password, sealed[:salt_bytes], _ROUNDS, 2 * key_bytes + _CHECK_BYTES
    )
    if not hmac.compare_digest(made[2 * key_bytes :], sealed[salt_bytes:start]):
        raise PasswordNeeded("password_wrong")
    packed = memoryview(sealed)[start:-_CODE_BYTES]
    code = hmac.digest(made[key_bytes : 2 * key_bytes], packed, "sha1")
    if not hmac.compare_digest(code[:_CODE_BYTES], sealed[-_CODE_BYTES:]):
        raise WorkbookError("file_damaged")
    return _deciphered(packed, made[:key_bytes])


def _deciphered(packed: memoryview, key: bytes) -> Iterator[bytes]:
    """AES-CTR whose counter begins at 1 and has its lowest byte first, which
    `cryptography` counts the other way: so the counters are enciphered here."""
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 of counters: it is CTR
    for start in range(0, len(packed), _CHUNK):
        chunk = packed[start : start + _CHUNK]
        first = start // _BLOCK + 1
        blocks = -(-len(chunk) // _BLOCK)
        mask = encryptor.update(_counters(first, blocks))[: len(chunk)]
        mixed = int.from_bytes(chunk, "little") ^ int.from_bytes(mask, "little")
        yield mixed.to_bytes(len(chunk), "little")


def _counters(first: int, count: int) -> bytes:
    """So many numbers of 16 bytes."""
    halves = array("Q", bytes(_BLOCK * count))
    halves[::2] = array("Q", range(first, first + count))
    if sys.byteorder == "big":
        halves.byteswap()
    return halves.tobytes()
