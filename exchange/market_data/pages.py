"""The market as it changes, for pages and for anybody else who reads server-sent events."""

from pathlib import Path
from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Stream

from exchange.market_data.feed import MarketFeed
from registry.kit.http import PathCode

TEMPLATES: Final = Path(__file__).parent / "pages"


class MarketStream(Controller):
    """An instrument's stream."""

    path = "/instruments/{code:str}/stream"

    @get("/", media_type="text/event-stream")
    async def stream(self, code: PathCode, feed: NamedDependency[MarketFeed]) -> Stream:
        """
        The book and the newest trades by server-sent events named `market`: each a `MarketUpdate`.

        Updates come at most ten times a second. Each is whole, so nothing has to be asked for after a gap but trades:
        if `earlier_trade_id` is later than the last one that is known, the list of trades has what lies between.
        """
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(await feed.watch(code), media_type="text/event-stream", headers=headers)
