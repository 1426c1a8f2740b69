"""A receiver of webhooks on this machine: one connection at a time, which verifies before it believes anything."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final, NamedTuple

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BODY_LIMIT_BYTES: Final = 1_000_000
CLIENT_TIMEOUT_S: Final = 10


class Received(NamedTuple):
    """One webhook that was verified."""

    message: str
    kind: str
    timestamp: str
    data: str

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps({**self._asdict(), "data": json.loads(self.data)}, ensure_ascii=False)


def receive(
    port: int,
    secret: str,
    *,
    count: int | None,
    began: Callable[[str], None],
    show: Callable[[Received], None],
    refused: Callable[[str], None],
) -> None:
    """Answer until *count* were verified, or for ever. Raises `OSError`, and `ValueError` for a damaged secret."""
    webhook, left = Webhook(secret), count

    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT_S

        def do_POST(self) -> None:
            nonlocal left
            try:
                got = _verified(webhook, self._body(), dict(self.headers.items()))
            except (WebhookVerificationError, ValueError, KeyError, TypeError) as error:
                refused(str(error) or "malformed")
                self._answer(401)
                return
            self._answer(204)
            show(got)
            if left is not None:
                left -= 1

        def _body(self) -> bytes:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= BODY_LIMIT_BYTES:
                raise ValueError(f"a body of {length} bytes; at most {BODY_LIMIT_BYTES} are read")
            return self.rfile.read(length)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: what counts is shown."""

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        began(f"http://127.0.0.1:{server.server_port}/")
        while left is None or left > 0:
            server.handle_request()


def _verified(webhook: Webhook, body: bytes, headers: dict[str, str]) -> Received:
    found: dict[str, Any] = webhook.verify(body, headers)
    named = {name.lower(): value for name, value in headers.items()}
    data = json.dumps(found["data"], ensure_ascii=False)
    return Received(named["webhook-id"], str(found["type"]), str(found["timestamp"]), data)
