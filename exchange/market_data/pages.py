"""The market as it changes, for pages and for anybody else who reads server-sent events."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from exchange.market_data.feed import MarketFeed
from exchange.market_data.live import LiveMarket, Told
from registry.kit.http import PathCode

TEMPLATES: Final = Path(__file__).parent / "pages"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LastEventId = Annotated[str, HeaderParameter(name="Last-Event-ID", max_length=64)]


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
        return Stream(await feed.watch(code), media_type="text/event-stream", headers=_HEADERS)


class MarketChanges(Controller):
    """An instrument's stream for programs that keep its book."""

    path = "/instruments/{code:str}/changes"

    @get("/", media_type="text/event-stream")
    async def changes(
        self,
        code: PathCode,
        live: NamedDependency[LiveMarket],
        orders: Annotated[bool, QueryParameter(description="Every order that rests")] = False,  # noqa: FBT002 - by name
        last_event_id: LastEventId = "",
    ) -> Stream:
        """
        A snapshot, then changes, as server-sent events named by what they are: `snapshot`, `change`, `ended`.

        A client that reconnects with the `Last-Event-ID` that browsers send by themselves gets what it missed.
        """
        messages = await live.watch(code, orders=orders, after=last_event_id)
        return Stream(_events(messages), media_type="text/event-stream", headers=_HEADERS)


STREAMS: Final = (MarketStream, MarketChanges)
"""What answers without end."""


async def _events(messages: AsyncIterator[Told | None]) -> AsyncIterator[bytes]:
    async for each in messages:
        if each is None:
            yield b": still here\n\n"
        else:
            kind = type(each.message).__struct_config__.tag
            yield f"retry: 2000\nid: {each.mark}\nevent: {kind}\ndata: ".encode() + each.json + b"\n\n"
