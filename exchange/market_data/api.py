"""Market data over HTTP."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from exchange.market_data import rules, service
from exchange.market_data.book_days import BookDays
from exchange.market_data.store import Interval
from exchange.parts import Exchange
from registry.kit.http import READS, PathCode
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.port import REPLAYED, address_of
from schemas.market_data import Book, BookLine, DaySummary, PriceBar, Trade
from schemas.pages import Page

_FOR_EVER = {"Cache-Control": "public, max-age=604800, immutable"}
NewestFirst = Annotated[bool, QueryParameter(description="From the newest back; pages go on to older ones")]


PathDay = Annotated[
    str,
    PathParameter(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=[Example(value="2025-06-01")], description="In Asia/Shanghai"
    ),
]


class MarketDataController(Controller):
    """What everybody may see of an instrument."""

    path = "/v1/instruments/{code:str}"
    tags = ("Market",)

    @get("/book", operation_id="get_book", opt={SHEET: True}, responses=READS)
    async def book(
        self, code: PathCode, sheet: NamedDependency[Sheet], exchange: NamedDependency[Exchange]
    ) -> Response[Book]:
        """The best prices of both sides and what rests there; as CSV one line a price."""
        book = await service.book(code, exchange=exchange)
        return sheet.of_lines(book, rules.lines(book), BookLine)

    @get(
        "/book-events/{day:str}",
        operation_id="get_book_events",
        media_type="application/octet-stream",
        opt=REPLAYED,
        responses=READS,
    )
    async def book_events(
        self,
        code: PathCode,
        day: PathDay,
        request: Request[Any, Any, Any],
        *,
        exchange: NamedDependency[Exchange],
        book_days: NamedDependency[BookDays],
    ) -> Response[bytes]:
        """
        What became of every order in the book on a day that is over, as the compact file `KWBOOKS1`.

        It is replayed from the journal, without whose the orders are. While that takes long the answer is 503 with
        `Retry-After`.
        """
        made = await book_days.file(code, day, caller=address_of(request), exchange=exchange)
        return Response(made, media_type="application/octet-stream", headers=_FOR_EVER)

    @get("/prices", operation_id="list_prices", opt={SHEET: True}, responses=READS)
    async def prices(
        self,
        code: PathCode,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
        interval: Annotated[Interval, QueryParameter(description="An hour or a day, of Asia/Shanghai")] = "day",
    ) -> Response[Page[PriceBar]]:
        """Opening, highest, lowest and closing price, and volume: the newest 400 intervals, oldest first; CSV too."""
        return sheet.of(await service.prices(code, interval, exchange=exchange), PriceBar)

    @get("/trades", operation_id="list_trades", opt={SHEET: True}, responses=READS)
    async def trades(
        self,
        code: PathCode,
        window: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
        newest_first: NewestFirst = False,
    ) -> Response[Page[Trade]]:
        """Trades, without who made them; also as CSV."""
        return sheet.of(await service.trades(code, window, newest_first=newest_first, exchange=exchange), Trade)


class MarketDaysController(Controller):
    """Whole days of the market."""

    path = "/v1/market/days"
    tags = ("Market",)

    @get("/{day:str}", operation_id="list_market_day", opt={SHEET: True}, responses=READS)
    async def day(
        self, day: PathDay, sheet: NamedDependency[Sheet], exchange: NamedDependency[Exchange]
    ) -> Response[Page[DaySummary]]:
        """
        Opening, highest, lowest and last price, VWAP, volume and turnover of every instrument that was traded.

        A day is one of Asia/Shanghai. As CSV it is the daily file.
        """
        return sheet.of(await service.day(day, exchange=exchange), DaySummary)
