"""Instruments as pages: what can be traded."""

from pathlib import Path
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from exchange.instruments import service
from exchange.market_data import service as market_data
from exchange.parts import Exchange
from registry.kit.pages import Window
from registry.port import PageCall

TEMPLATES: Final = Path(__file__).parent / "pages"


class InstrumentPages(Controller):
    """What everybody sees of the market."""

    path = "/instruments"

    @get("/")
    async def instruments(
        self, page: NamedDependency[PageCall], window: NamedDependency[Window], exchange: NamedDependency[Exchange]
    ) -> Response[str]:
        """Every instrument with its best prices and its last trade."""
        found = await service.instruments(window, exchange=exchange)
        shown = [
            (
                each,
                await market_data.book(each.code, exchange=exchange),
                await market_data.trades(each.code, Window(None, 1), newest_first=True, exchange=exchange),
            )
            for each in found.items
        ]
        return page.answer("instruments/list.html", instruments=found, shown=shown)
