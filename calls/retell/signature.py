"""The signature of Retell's webhooks: `X-Retell-Signature: v=<ms>,d=<hex>`.

d = HMAC-SHA256(key, raw body + decimal text of v). Retell signs with the API key
that carries the webhook badge, so several keys may be right during a rotation.
"""

import hmac
import re
from collections.abc import Iterable

HEADER = "X-Retell-Signature"
TOLERANCE_MS = 300_000

_FORM = re.compile(r"v=([0-9]{1,20}),d=([0-9a-f]{64})")


def sign(body: bytes, key: str, ms: int) -> str:
    """The header's value for these raw bytes at this wall time (epoch ms)."""
    return f"v={ms},d={_digest(body, key, ms)}"


def verify(
    body: bytes, keys: str | Iterable[str], header: str | None, now_ms: int
) -> bool:
    """Whether one of the keys signed exactly these bytes within five minutes.

    Never raises: whatever is malformed is simply not signed. `now_ms` is wall time.
    """
    if not isinstance(header, str) or not isinstance(body, bytes):
        return False
    match = _FORM.fullmatch(header)
    if match is None:
        return False
    ms = int(match.group(1))
    if abs(now_ms - ms) > TOLERANCE_MS:
        return False
    candidates = [keys] if isinstance(keys, str) else keys
    return any(
        hmac.compare_digest(_digest(body, key, ms), match.group(2))
        for key in candidates
        if key
    )


def _digest(body: bytes, key: str, ms: int) -> str:
    signed = body + str(ms).encode()
    return hmac.digest(key.encode(), signed, "sha256").hex()
