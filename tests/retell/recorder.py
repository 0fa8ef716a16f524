"""An HTTP server that records what a client sends and answers as it is told."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

CALL = {
    "call_id": "call_1",
    "call_type": "phone_call",
    "call_status": "registered",
    "agent_id": "agent_1",
    "agent_version": 3,
    "direction": "outbound",
    "from_number": "+566005550100",
    "to_number": "+56955550101",
}


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    authorization: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class Recorder:
    """`received` holds the requests; `reply` answers each of them.

    A reply may be an action on the handler instead: `reset` or `never`.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.reply: Reply | Callable[[Any], None] = Reply(200, {})
        self.released = threading.Event()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                url = urlsplit(self.path)
                recorder.received.append(
                    Received(
                        self.command,
                        url.path,
                        dict(parse_qsl(url.query)),
                        self.headers.get("Authorization", ""),
                        self.rfile.read(length),
                    )
                )
                if not isinstance(recorder.reply, Reply):
                    recorder.reply(self)
                    self.close_connection = True
                    return
                content = recorder.reply.content
                self.send_response(recorder.reply.status)
                for name, value in recorder.reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def never(self, _handler: Any) -> None:
        """Take the request and say nothing until the test is over."""
        self.released.wait(30)

    def reset(self, handler: Any) -> None:
        """Break the connection with RST."""
        handler.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        handler.connection.close()
        # the handler's files would flush into the closed socket
        handler.wfile = open("/dev/null", "wb")  # noqa: PTH123, SIM115
        handler.connection = socket.socket()

    def __enter__(self) -> Self:
        serve = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        serve.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
