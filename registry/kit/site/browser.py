"""
A browser's session on every request: its cookie becomes the Authorization header that programs send.

Nothing behind this layer knows cookies, and a session is a key with all that holds for keys: it ends, it can be
revoked, its last use is noted. Here alone it is seen to that another site cannot use it: a request that changes
something must come from a page of this site (`Sec-Fetch-Site`, or else `Origin`), besides the cookie's `SameSite=Lax`.
That holds for browsers that are not signed in too: another site may not sign its visitors in as somebody of its own.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SESSION_COOKIE: Final = "__Host-kilnwood"
COOKIE_S: Final = 7 * 24 * 3600
"""How long a browser keeps the cookie; the session itself ends earlier if it is not used."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BROWSER: Final = "kilnwood.browser"
"""The key of a scope that has what is known of the browser that sent the request."""
_REFUSED: Final = msgspec.json.encode(
    {
        "type": "urn:kilnwood:problem:other-site",
        "title": "From another site",
        "status": 403,
        "detail": "A browser changes something only from a page of this site. Open it here, then send it.",
    }
)


class Browser:
    """
    The browser that sent a request, and the cookie that the answer gives or takes.

    *by_cookie*: the Authorization header was made of its cookie. *user_agent* is what it says of itself.
    """

    def __init__(self, *, by_cookie: bool = False, user_agent: str = "") -> None:
        self.by_cookie = by_cookie
        self.user_agent = user_agent
        self.cookie: bytes | None = None

    def keep(self, secret: str) -> None:
        """Give the browser a session."""
        self.cookie = _cookie(secret, COOKIE_S)

    def renew(self, secret: str | None) -> None:
        """Give the browser the new secret of its session, if there is one."""
        if secret is not None:
            self.keep(secret)

    def forget(self) -> None:
        """Take its session from the browser, if it has one."""
        if self.by_cookie:
            self.cookie = _cookie("", 0)


class BrowserSessions:
    """Serves browsers, signed in or not, and refuses what another site sends in their name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        headers = dict(scope.get("headers", ()))
        if scope["type"] == ScopeType.WEBSOCKET and _says_whence(headers) and not _from_here(headers):
            await receive()  # what begins the connection; closed before it is accepted, it is answered 403
            await send({"type": "websocket.close", "code": 4403, "reason": "from another site"})
            return
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        secret = b"" if b"authorization" in headers else _secret(headers.get(b"cookie", b""))
        known_program = b"authorization" in headers or (not secret and not _says_whence(headers))
        if scope["method"] not in SAFE_METHODS and not known_program and not _from_here(headers):
            await _refuse(send)
            return
        user_agent = headers.get(b"user-agent", b"").decode("latin-1")
        browser = Browser(by_cookie=bool(secret), user_agent=user_agent)
        marked: Any = scope  # not a copy: what is noted in it further in is read further out
        marked[BROWSER] = browser
        if secret:
            marked["headers"] = [*scope["headers"], (b"authorization", b"Bearer " + secret)]

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and browser.cookie is not None:
                kept_by_nobody = (b"cache-control", b"no-store")
                message["headers"] = [*message["headers"], (b"set-cookie", browser.cookie), kept_by_nobody]
            await send(message)

        await self._app(scope, receive, with_cookie)


def _cookie(secret: str, max_age_s: int) -> bytes:
    """For this host alone, over a safe connection, out of reach of scripts, and not sent by what others post."""
    return f"{SESSION_COOKIE}={secret}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax".encode()


def _secret(header: bytes) -> bytes:
    if SESSION_COOKIE.encode() not in header:
        return b""
    try:
        found = SimpleCookie(header.decode("latin-1")).get(SESSION_COOKIE)
    except CookieError:
        return b""
    return found.value.encode("latin-1") if found else b""


def _says_whence(headers: dict[bytes, bytes]) -> bool:
    return b"sec-fetch-site" in headers or b"origin" in headers


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
