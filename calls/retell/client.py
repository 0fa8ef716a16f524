"""The HTTP client. It never repeats a request by itself: a second create rings."""

import math
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Self, TypeVar
from urllib.parse import quote

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter

from calls.retell.errors import RetellError, error_from_reply
from calls.retell.schemas import (
    AgentItem,
    AgentReply,
    AgentVersion,
    ApiKeyInfo,
    CallReply,
    Concurrency,
    LlmReply,
    Page,
    PhoneNumberReply,
    Reply,
)
from speechai_site.runtime import clock
from speechai_site.runtime.environment import verify_environment

R = TypeVar("R", bound=Reply)

PAGE_SIZE = 100
MOST_PAGES = 1000  # a list that never ends is a fault, not a reason to hang


class RetellClient:
    """Retell's API for one workspace. Safe to share between threads.

    All methods raise RetellError, and nothing else, when there is no usable reply.
    Timeouts are wall seconds. Before its first create the client calls
    `before_first_create(client)` once; what that raises, create raises.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        pool_size: int = 50,
        connect_timeout: float = 5,
        create_timeout: float = 60,
        read_timeout: float = 20,
        before_first_create: Callable[["RetellClient"], None] | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._connect_timeout = connect_timeout
        self._create_timeout = create_timeout
        self._read_timeout = read_timeout
        self._before_first_create = before_first_create
        self._first_create = Lock()
        self._session = requests.Session()
        # No proxies, .netrc or certificates from the environment (and half the CPU).
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {api_key}"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    @classmethod
    def from_settings(cls) -> Self:
        """The client that the settings describe; it refuses another's database."""
        return cls(
            settings.RETELL_BASE_URL,
            settings.RETELL_API_KEY,
            pool_size=settings.DIAL_THREADS,
            connect_timeout=settings.RETELL_CONNECT_TIMEOUT,
            create_timeout=settings.RETELL_CREATE_TIMEOUT,
            read_timeout=settings.RETELL_TIMEOUT,
            before_first_create=_verify_organisation,
        )

    def close(self) -> None:
        self._session.close()

    # --- calls ---------------------------------------------------------------------

    def ready_to_create(self) -> None:
        """Do what `before_first_create` asks, unless it was done."""
        with self._first_create:
            if self._before_first_create is not None:
                self._before_first_create(self)
                self._before_first_create = None

    def create_phone_call(self, body: bytes) -> CallReply:
        """Send exactly these bytes, once. Only the dial gate may call this.

        RetellError `rejected` and `rate_limited`: no phone rings. `unknown`: one may;
        only the same bytes may be sent again.
        """
        if self._before_first_create is not None:
            self.ready_to_create()
        return self._reply(
            CallReply,
            "POST",
            "/v2/create-phone-call",
            body=body,
            timeout=self._create_timeout,
        )

    def get_call(self, call_id: str) -> CallReply:
        """An id that Retell does not know is `rejected unknown_asset` (422)."""
        return self._reply(CallReply, "GET", f"/v2/get-call/{_part(call_id)}")

    def list_calls(
        self,
        filter_criteria: Mapping[str, Any],
        *,
        sort_order: str = "descending",
        limit: int = 1000,
        pagination_key: str | None = None,
    ) -> Page[CallReply]:
        """One page of `POST /v3/list-calls`, sorted by start; items lack transcripts.

        A call that has just been created may still be missing: absence proves nothing.
        """
        body: dict[str, Any] = {
            "filter_criteria": dict(filter_criteria),
            "sort_order": sort_order,
            "limit": limit,
        }
        if pagination_key:
            body["pagination_key"] = pagination_key
        return self._page(CallReply, "POST", "/v3/list-calls", json=body)

    def stop_call(self, call_id: str) -> None:
        """Hang up a live call; it ends as `manual_stopped`."""
        self._send("POST", f"/v2/stop-call/{_part(call_id)}")

    # --- what calls are made with --------------------------------------------------

    def list_agents(self) -> list[AgentItem]:
        """All agents, of chats too (see `channel`)."""
        return list(self._all(AgentItem, "POST", "/v2/list-agents", json={}))

    def get_agent(self, agent_id: str, version: int | str | None = None) -> AgentReply:
        """One version (a number, a tag, `latest_published`); the latest by default."""
        return self._reply(
            AgentReply, "GET", f"/get-agent/{_part(agent_id)}", params=_version(version)
        )

    def list_agent_versions(self, agent_id: str) -> list[AgentVersion]:
        path = f"/list-agent-versions/{_part(agent_id)}"
        return list(self._all(AgentVersion, "GET", path))

    def get_retell_llm(self, llm_id: str, version: int | None = None) -> LlmReply:
        return self._reply(
            LlmReply,
            "GET",
            f"/get-retell-llm/{_part(llm_id)}",
            params=_version(version),
        )

    def list_phone_numbers(self) -> list[PhoneNumberReply]:
        return list(self._all(PhoneNumberReply, "GET", "/v2/list-phone-numbers"))

    def get_concurrency(self) -> Concurrency:
        return self._reply(Concurrency, "GET", "/get-concurrency")

    def get_api_key_info(self) -> ApiKeyInfo:
        return self._reply(ApiKeyInfo, "GET", "/get-api-key-info")

    # --- HTTP ----------------------------------------------------------------------

    def _all(
        self, item: type[R], method: str, path: str, json: dict[str, Any] | None = None
    ) -> Iterator[R]:
        """The items of every page of a list that pages by query."""
        params: dict[str, Any] = {"limit": PAGE_SIZE}
        for _number in range(MOST_PAGES):
            page = self._page(item, method, path, params=params, json=json)
            yield from page.items
            if not page.has_more or not page.pagination_key:
                return
            params["pagination_key"] = page.pagination_key
        raise RetellError("unknown", "undecodable")

    def _page(self, item: type[R], method: str, path: str, **request: Any) -> Page[R]:
        response = self._send(method, path, **request)
        try:
            data = response.json()
            return Page(
                items=[item.parse(row) for row in data["items"]],
                has_more=bool(data.get("has_more")),
                pagination_key=data.get("pagination_key"),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _undecodable(response) from None

    def _reply(self, reply: type[R], method: str, path: str, **request: Any) -> R:
        response = self._send(method, path, **request)
        try:
            return reply.parse(response.content)
        except ValueError:
            raise _undecodable(response) from None

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> requests.Response:
        headers = {"Content-Type": "application/json"} if body is not None else None
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                params=params,
                json=json,
                data=body,
                headers=headers,
                timeout=(self._connect_timeout, timeout or self._read_timeout),
                allow_redirects=False,  # a redirected POST would be a second one
            )
        except requests.ConnectTimeout:
            raise RetellError("unknown", "connect") from None
        except requests.Timeout:
            raise RetellError("unknown", "timeout") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            raise RetellError("unknown", "connection") from None
        if not 200 <= response.status_code < 300:
            raise error_from_reply(
                response.status_code, _text(response), _retry_after(response.headers)
            )
        return response


def _verify_organisation(client: RetellClient) -> None:
    verify_environment(client.get_api_key_info().org_id)


def _part(value: str) -> str:
    return quote(value, safe="")


def _version(version: int | str | None) -> dict[str, Any] | None:
    return None if version is None else {"version": version}


def _undecodable(response: requests.Response) -> RetellError:
    return RetellError(
        "unknown", "undecodable", status=response.status_code, reply=_text(response)
    )


def _text(response: requests.Response) -> str:
    return response.content[:2000].decode(errors="replace")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After` (seconds or a date)."""
    for name, unit in (("retry-after-ms", 1000), ("Retry-After", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        until = parsedate_to_datetime(headers.get("Retry-After", ""))
        return max(0.0, (until - clock.wall()).total_seconds())
    except (ValueError, TypeError):
        return None
