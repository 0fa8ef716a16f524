"""A receiver of webhooks that keeps them and answers as it is told."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Delivery:
    body: bytes
    signature: str

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)


class Sink:
    """`statuses` answer the first deliveries, then 204."""

    def __init__(self, statuses: list[int] | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self._arrived = threading.Condition()
        replies = list(statuses or [])
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with sink._arrived:
                    sink.deliveries.append(
                        Delivery(body, self.headers["X-Retell-Signature"])
                    )
                    status = replies.pop(0) if replies else 204
                    sink._arrived.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/retell/"

    def wait_for(self, condition: Callable[[], bool], timeout: float = 10) -> bool:
        with self._arrived:
            return self._arrived.wait_for(condition, timeout)

    @property
    def events(self) -> list[str]:
        return [delivery.payload["event"] for delivery in self.deliveries]

    def __enter__(self) -> Self:
        serve = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        serve.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
