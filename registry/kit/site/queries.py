"""The filters of a page: a form sends every field, and one that is left empty asks for nothing."""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send


class FilledQueries:
    """Leaves empty parameters of a page's address away; the API's operations get theirs as they were sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == ScopeType.HTTP and not scope["path"].startswith("/v1/") and b"=" in scope["query_string"]:
            filled = [each for each in scope["query_string"].split(b"&") if each.partition(b"=")[2].strip(b"+")]
            changed: Any = {**scope, "query_string": b"&".join(filled)}
            scope = changed  # an HTTP scope with another query
        await self._app(scope, receive, send)
