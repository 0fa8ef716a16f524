"""Keyed hashes by which people are found, capped and suppressed.

HMAC-SHA256 under LOOKUP_KEY (a secret of its own, never SECRET_KEY): a phone or a
document can be looked up exactly, in every account, without plain text in an index,
and a do-not-call entry outlives the erasure of the person.
"""

import hmac
import re
import unicodedata
from functools import lru_cache

from django.conf import settings


def lookup_key(kind: str, canonical: str) -> str:
    """Hex digest of `canonical` within `kind` (document, phone, name, person)."""
    return _digest(settings.LOOKUP_KEY, kind, canonical)


def _digest(secret: str, kind: str, canonical: str) -> str:
    digest = _begun(secret).copy()
    digest.update(f"{kind}|{canonical}".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _begun(secret: str) -> hmac.HMAC:
    """A copy takes half the time of beginning with the secret, and an import makes
    three or four for each case."""
    return hmac.new(secret.encode(), digestmod="sha256")


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
    secret = settings.LOOKUP_KEY
    found = [key for text in name.split() for key in _keys_of_words(secret, text)]
    return list(dict.fromkeys(found))


# Few words make the names of many people, and an import asks for each of them again.
@lru_cache(maxsize=20_000)
def _keys_of_words(secret: str, text: str) -> tuple[str, ...]:
    words = re.findall(r"[A-Z0-9]+", fold(text).upper())
    return tuple(_digest(secret, "name", word) for word in words)


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
