"""Keyed hashes by which people are found, capped and suppressed.

HMAC-SHA256 under LOOKUP_KEY (a secret of its own, never SECRET_KEY): a phone or a
document can be looked up exactly, in every account, without plain text in an index,
and a do-not-call entry outlives the erasure of the person.
"""

import re
import unicodedata
from functools import cache, lru_cache
from hashlib import sha256
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

_BLOCK = 64  # bytes that SHA-256 takes in at a time


def lookup_key(kind: str, canonical: str) -> str:
    """Hex digest of `canonical` within `kind` (document, phone, name, person)."""
    begun_inner, begun_outer = _begun()
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(f"{kind}|{canonical}".encode())
    outer.update(inner.digest())
    return outer.hexdigest()


@cache
def _begun() -> tuple[Any, Any]:
    """Both hashes of the HMAC (RFC 2104) with the secret taken in. To copy them takes
    half the time of OpenSSL's own HMAC, and an import makes four for each case."""
    key = settings.LOOKUP_KEY.encode()
    block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return sha256(inner), sha256(outer)


@receiver(setting_changed)
def _begin_again(setting: str, **_kwargs: Any) -> None:
    """Tests change settings; a process that serves does not."""
    if setting == "LOOKUP_KEY":
        _begun.cache_clear()
        _keys_of_words.cache_clear()


def document_key(canonical: str) -> str:
    """Key of a document in canonical text, such as `CL:RUT:123456785`."""
    return lookup_key("document", canonical)


def phone_key(e164: str) -> str:
    """Key of a phone in E.164."""
    return lookup_key("phone", e164)


def person_key(document: str | None, account_id: object, e164: str = "") -> str:
    """Key of a person: the canonical document, else account and phone."""
    return lookup_key("person", document or f"{account_id}:{e164}")


def name_keys(name: str) -> list[str]:
    """Keys of the whole words of a name, folded and in upper case, without repeats."""
    return list(dict.fromkeys(chain.from_iterable(map(_keys_of_words, name.split()))))


# Few words make the names of many people, and an import asks for each of them again.
@lru_cache(maxsize=20_000)
def _keys_of_words(text: str) -> tuple[str, ...]:
    words = re.findall(r"[A-Z0-9]+", fold(text).upper())
    return tuple(lookup_key("name", word) for word in words)


def fold(text: str) -> str:
    """Text without accents."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fingerprint() -> str:
    """Short public digest of LOOKUP_KEY, kept in `Environment`."""
    return lookup_key("fingerprint", "LOOKUP_KEY")[:16]


def key_fingerprint(secret: str) -> str:
    """Short public digest of another secret, kept to tell whether it has changed."""
    return lookup_key("fingerprint", secret)[:16]
