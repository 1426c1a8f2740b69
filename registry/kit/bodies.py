"""
The bodies of requests: a slow one is answered 408, and what refuses one unread still reaches the client.

A server that closes a connection while a body is on its way resets it, and the client, which is still sending, never
reads why it was refused. So the rest of a body is received and thrown away before a refusal is sent.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from registry.kit.headers import protected
from registry.kit.problems import BodyTooSlow
from registry.kit.room import LARGEST_BYTES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""Any ASGI application; each framework has types of its own for its arguments."""

DISCARDED_BYTES = 4 * LARGEST_BYTES
"""A longer body of a refused request is not received: its connection ends at once."""
REFUSALS = 400
"""The first status of a refusal."""


class TimedBodies:
    """
    An application whose `receive` raises `BodyTooSlow` once the body has taken *timeout_s*.

    A refusal waits until the client has sent its body, for as long. An application that knows no `DomainError`, such as
    a witness, is answered for here.
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
            if not begun and not whole and message.get("status", 0) >= REFUSALS and _may_be_discarded(scope):
                await _discard(timed)
            begun = True
            await send(message)

        try:
            await self._app(scope, timed, noted)
        except BodyTooSlow as error:
            if not begun:
                await _answer(send, error)


def _may_be_discarded(scope: Message) -> bool:
    """Whether the client sends a body without being asked to go on, and not too long a one."""
    headers = dict(scope.get("headers", ()))
    declared = headers.get(b"content-length", b"")
    bounded = re.fullmatch(b"[0-9]{1,15}", declared) and 0 < int(declared) <= DISCARDED_BYTES
    return bool(bounded or b"transfer-encoding" in headers) and b"expect" not in headers


async def _discard(receive: Receive) -> None:
    """Receive what is left of a body, of an undeclared one so much, and keep nothing."""
    left = DISCARDED_BYTES
    with contextlib.suppress(BodyTooSlow):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if not message.get("more_body", False):
                return


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
