"""A small HTTP/1.1 server on asyncio: keep-alive, bodies with a length, no more.

It takes a fraction of what http.server needs for a request, and hanging up or not
answering at all, which the scenarios want, are plain operations here.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic_core import to_json

logger = logging.getLogger(__name__)

MOST_BODY = 10_000_000


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # still percent-encoded
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, status: int, payload: Any, headers: dict[str, str] | None = None
    ) -> "Response":
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, encode(payload), kind | (headers or {}))


def encode(payload: Any) -> bytes:
    """Compact JSON; by pydantic's writer, since a conversation is long and told three
    times, and json.dumps was a fifth of the simulator's time."""
    return to_json(payload)


class Reset(Exception):
    """Raised by a handler: break the connection without an answer."""


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Answers each request with what `handler` returns."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (a free one for 0). OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, backlog=1024)
        return self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while request := await _read_request(reader):
                response = await self._answer(request)
                writer.write(_encode(response))
                await writer.drain()
                if request.headers.get("connection", "").lower() == "close":
                    break
        except Reset:
            _reset(writer)
        except (ConnectionError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # the other side left, or does not speak HTTP
        except asyncio.CancelledError:
            pass  # the server closes
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handler(request)
        except Reset:
            raise
        except Exception:
            logger.exception("simulator: %s %s", request.method, request.path)
            return Response(500, b"Internal Server Error")


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, None at the end. ValueError when it is malformed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _version = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    if "transfer-encoding" in headers or not 0 <= length <= MOST_BODY:
        raise ValueError("only bodies with a length")
    body = await reader.readexactly(length)
    url = urlsplit(target)
    return Request(method, url.path, dict(parse_qsl(url.query)), headers, body)


def _encode(response: Response) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status != 204:
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a crashing load balancer does."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
