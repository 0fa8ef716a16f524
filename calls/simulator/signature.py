"""How Retell signs a webhook."""

import hashlib
import hmac


def signature_header(body: bytes, key: str, wall_ms: int) -> str:
    stamp = str(wall_ms)
    digest = hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    return f"v={stamp},d={digest}"
