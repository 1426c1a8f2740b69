"""A client that is slow to send the body of its request is answered 408, and its connection is closed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from registry.kit.headers import protected
from registry.kit.problems import BodyTooSlow

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""Any ASGI application; each framework has types of its own for its arguments."""


class TimedBodies:
    """
    An application whose `receive` raises `BodyTooSlow` once the body has taken *timeout_s*.

    An application that knows no `DomainError`, such as a witness, is answered for here.
    """

    def __init__(self, app: App, *, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        until: float | None = None
        whole = begun = False

        async def timed() -> Message:
            nonlocal until, whole
            if whole:  # what comes after the body is the client's leaving, for which nobody has to hurry
                return await receive()
            until = until or loop.time() + self._timeout_s
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise BodyTooSlow(
                    f"The body of the request was not there after {self._timeout_s:g} s; nothing was done. "
                    "Send it again over a faster connection.",
                ) from error
            whole = not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, timed, noted)
        except BodyTooSlow as error:
            if not begun:
                await _answer(send, error)


async def _answer(send: Send, error: BodyTooSlow) -> None:
    document = {
        "type": f"urn:kilnwood:problem:{error.slug}",
        "title": error.title,
        "status": 408,
        "detail": error.detail,
    }
    body = json.dumps(document).encode()
    headers = (
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    )
    await send({"type": "http.response.start", "status": 408, "headers": protected(headers)})
    await send({"type": "http.response.body", "body": body})
