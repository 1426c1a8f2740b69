"""The order session over a WebSocket."""

from typing import Any

from litestar import Controller, WebSocket, websocket
from litestar.di import NamedDependency

from exchange.orders.session.service import OrderSession, OrderSessions
from registry.kit.sockets import accepted
from registry.port import Speaker
from schemas.order_session import SessionFrame


class OrderSessionController(Controller):
    """Commands of one account on a connection that stays open."""

    path = "/v1/orders/session"

    @websocket("/")
    async def session(
        self,
        socket: WebSocket[Any, Any, Any],
        speaker: NamedDependency[Speaker],
        order_sessions: NamedDependency[OrderSessions],
    ) -> None:
        """
        Take commands by messages, answer each after the journal has it (exchange/README.md).

        Nobody is asked for a key before the first message, which may have it.
        """
        wire = await accepted(socket, SessionFrame)
        if wire is not None:
            await OrderSession(wire, speaker, order_sessions).run()
