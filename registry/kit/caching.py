"""Nobody keeps an answer who was not told that it may be kept."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_HEADER = b"cache-control"


class NotKept:
    """
    Adds ``Cache-Control: no-store`` to each answer of one application that says nothing about caching.

    Answers are for one caller, may be for one moment, and hold names, balances and, once, the secret of a key. What may
    be kept (tiles of the log) says so itself. Files under */static/* are the same for everybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if all(name.lower() != _HEADER for name, _ in headers):
                    message["headers"] = [*headers, (_HEADER, b"no-store")]
            await send(message)

        await self._app(scope, receive, marked)
