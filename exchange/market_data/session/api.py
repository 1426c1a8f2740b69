"""Market data over a WebSocket."""

from typing import Any

from litestar import Controller, WebSocket, websocket
from litestar.di import NamedDependency

from exchange.market_data.session.service import MarketSession, MarketSessions
from registry.kit.sockets import accepted
from registry.port import Speaker
from schemas.market_data import MarketFrame


class MarketSessionController(Controller):
    """The market, change by change."""

    path = "/v1/market/session"

    @websocket("/")
    async def session(
        self,
        socket: WebSocket[Any, Any, Any],
        speaker: NamedDependency[Speaker],
        market_sessions: NamedDependency[MarketSessions],
    ) -> None:
        """Send snapshots and changes of the instruments that are asked for (exchange/README.md)."""
        wire = await accepted(socket, MarketFrame)
        if wire is not None:
            await MarketSession(wire, speaker, market_sessions).run()
