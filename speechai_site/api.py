"""The HTTP API: `/api/v1/`, a key in each request, errors as {code, message}."""

import logging
import traceback
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthorizationError, HttpError, ValidationError
from ninja.security import APIKeyHeader, HttpBearer

from batches.api import router as batches
from calls.api import router as calls
from calls.do_not_call_api import router as do_not_call
from speechai_site.models import ApiKey

logger = logging.getLogger(__name__)


class HeaderKey(APIKeyHeader):
    """`X-API-Key: sai_…`"""

    param_name = "X-API-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        return _key(key)


class BearerKey(HttpBearer):
    """`Authorization: Bearer sai_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        return _key(token)


def _key(text: str | None) -> ApiKey | None:
    """The valid key behind `text`; 403 when it may not read."""
    key = ApiKey.find(text) if text else None
    if key and ApiKey.Scope.READ not in key.scopes:
        raise AuthorizationError
    return key


api = NinjaAPI(
    title="SpeechAI",
    version=settings.VERSION,
    urls_namespace="api",
    auth=[HeaderKey(), BearerKey()],
    description="Campaigns, cases and calls of one account. Lists are newest first: "
    "repeat with `after` = `next` while `next` is not null.",
)
api.add_router("", batches)
api.add_router("", calls)
api.add_router("", do_not_call)

CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 422: "invalid"}


def _answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    content: dict[str, Any] = {"code": code, "message": message}
    return api.create_response(request, content, status=status)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, 404, "not_found", "There is no such thing.")


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = CODES.get(error.status_code, "error")
    return _answer(request, error.status_code, code, error.message)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}"
        for problem in error.errors
    ]
    return _answer(request, 422, "invalid", "; ".join(problems))


@api.exception_handler(Exception)
def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    # The trace without the message, which may quote a person's data.
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s in the API\n%s", type(error).__name__, trace)
    return _answer(request, 500, "server_error", "The server failed; it is logged.")
