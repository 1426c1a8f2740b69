"""Who speaks on a connection that stays open: asked again for everything that is said on it, like a request."""

from typing import Any

import structlog
from litestar import WebSocket

from registry.access.authorisation import Route, Unauthenticated, authorise, deciding
from registry.access.http import address_of, authenticated
from registry.access.rates import ANONYMOUS, ORDERS, Rates
from registry.kit.room import Room
from schemas.access import Call


class Speaker:
    """The other end of one WebSocket. What holds for a key, its roles, its rate and the disk holds here too."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self._header = socket.headers.get("authorization")

    @property
    def address(self) -> str:
        """Whose limits count as long as no key is known."""
        return address_of(self._socket)

    def named(self, key: str | None) -> None:
        """Speak with this key from now on, unless the connection began with one. Raises `Unauthenticated`."""
        if key is not None:
            if self._header is not None:
                raise Unauthenticated("Send the key once: in the Authorization header, or in the opening message.")
            self._header = f"Bearer {key}"

    async def call(self, operation: str, route: Route) -> Call:
        """One piece of work of the caller, by what holds now. Raises `Unauthenticated`, `Denied`, `Suspended`."""
        if self._header is None:
            raise Unauthenticated("This needs an API key: send it as \"key\" in the opening message ('kw_…').")
        actor, reading = await authenticated(self._socket, self._header, None)
        authorise(actor, operation, route)
        structlog.contextvars.bind_contextvars(person_id=actor.person_id, key_id=actor.key_id)
        return Call(
            by=deciding(actor, operation, route),
            operation=operation,
            permitted=route.roles or frozenset(),
            reading=reading,
        )

    def count_orders(self, call: Call) -> None:
        """Count one message as one request with orders. Raises `TooManyRequests`."""
        rates: Rates = self._socket.app.state.rates
        rates.take(ORDERS, call.by.key_id)

    def count_reads(self) -> None:
        """Count one message of somebody without a key as one of their requests. Raises `TooManyRequests`."""
        rates: Rates = self._socket.app.state.rates
        rates.take(ANONYMOUS, self.address)

    def require_room(self, message_bytes: int, *, frees: bool) -> None:
        """Raise `StorageReserve` while the disk is nearly full, unless the message *frees* something."""
        room: Room = self._socket.app.state.room
        if not room.plenty:
            room.require(message_bytes, frees=frees)


async def provide_speaker(socket: WebSocket[Any, Any, Any]) -> Speaker:
    """Who is at the other end of a WebSocket."""
    return Speaker(socket)
