"""What can go wrong at Retell, in the words that callers decide by."""

from typing import Literal

Kind = Literal["rejected", "rate_limited", "unknown"]

# Definite: Retell looked at the request and refused it, so no phone rings.
_REJECTED = {
    400: "invalid_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    422: "unknown_asset",
}
_UNKNOWN = {408: "timeout", 409: "conflict"}

# Retell has no error codes; these phrases of its messages are worth telling apart.
_PHRASES = (
    (400, "outbound agent", "no_outbound_agent"),
    (400, "do_not_call", "do_not_call"),
    (404, "phone-number", "number_not_found"),
)

# The request itself is at fault: the same one would be refused again. The others
# mend when a key, a payment, a number or the moment changes.
_PERMANENT = {"invalid_request", "do_not_call", "not_found", "unknown_asset"}


class RetellError(Exception):
    """A request that brought no usable reply.

    kind       `rejected` (definitely not done), `rate_limited` (429: not done, slow
               down) or `unknown` (it may have been done: timeout, reset, 408, 409,
               5xx, a reply that cannot be read).
    permanent  repeating the same request cannot help.
    code       `invalid_request do_not_call unknown_asset not_found` (the request),
               `no_outbound_agent number_not_found` (the caller id),
               `unauthorized payment_required forbidden` (the workspace),
               `rate_limited timeout connect connection conflict server_error
               undecodable unexpected_status` (the moment).
    status     HTTP status, None without a reply.
    retry_after  seconds that Retell asks to wait, when it says so.
    reply      the start of Retell's own text, for a person's eyes: it may hold a
               phone number, so it is neither in str() nor for a log.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        reply: str = "",
    ) -> None:
        super().__init__(f"Retell: {kind} {code}" + (f" ({status})" if status else ""))
        self.kind = kind
        self.code = code
        self.permanent = code in _PERMANENT
        self.status = status
        self.retry_after = retry_after
        self.reply = reply[:500]


def error_from_reply(
    status: int, text: str, retry_after: float | None = None
) -> RetellError:
    """The error for a reply that is not a 2xx (codes of the reference, 1.13)."""
    if status == 429:
        kind, code = "rate_limited", "rate_limited"
    elif status in _REJECTED:
        kind, code = "rejected", _rejection_code(status, text)
    elif status in _UNKNOWN:
        kind, code = "unknown", _UNKNOWN[status]
    else:
        kind = "unknown"
        code = "server_error" if status >= 500 else "unexpected_status"
    return RetellError(kind, code, status=status, retry_after=retry_after, reply=text)


def _rejection_code(status: int, text: str) -> str:
    lowered = text.lower()
    for phrase_status, phrase, code in _PHRASES:
        if status == phrase_status and phrase in lowered:
            return code
    return _REJECTED[status]
