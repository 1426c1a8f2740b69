"""
A browser's session on every request: its cookie becomes the Authorization header that programs send.

Nothing behind this layer knows cookies, and a session is a key with all that holds for keys: it ends, it can be
revoked, its last use is noted. Here alone it is seen to that another site cannot use it: a request that changes
something must come from a page of this site (`Sec-Fetch-Site`, or else `Origin`), besides the cookie's `SameSite=Lax`.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

SESSION_COOKIE: Final = "__Host-kilnwood"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED: Final = msgspec.json.encode(
    {
        "type": "urn:kilnwood:problem:other-site",
        "title": "From another site",
        "status": 403,
        "detail": "A signed-in browser changes something only from a page of this site. Open it here, then send it.",
    }
)


class BrowserSessions:
    """Serves browsers that are signed in, and refuses what another site sends in their name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        headers = dict(scope.get("headers", ()))
        if b"cookie" not in headers or b"authorization" in headers or not (secret := _secret(headers[b"cookie"])):
            await self._app(scope, receive, send)
            return
        if scope["type"] == ScopeType.HTTP and scope["method"] not in SAFE_METHODS and not _from_here(headers):
            await _refuse(send)
            return
        changed: Any = {**scope, "headers": [*scope["headers"], (b"authorization", b"Bearer " + secret)]}
        await self._app(changed, receive, send)


def _secret(header: bytes) -> bytes:
    try:
        found = SimpleCookie(header.decode("latin-1")).get(SESSION_COOKIE)
    except CookieError:
        return b""
    return found.value.encode("latin-1") if found else b""


def _from_here(headers: dict[bytes, bytes]) -> bool:
    """Whether a page of this site sent the request; every browser sends one of the two headers with what it posts."""
    if site := headers.get(b"sec-fetch-site"):
        return site == b"same-origin"
    origin = headers.get(b"origin", b"")
    return bool(origin) and origin.partition(b"://")[2] == headers.get(b"host", b"")


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(_REFUSED)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSED, "more_body": False})
