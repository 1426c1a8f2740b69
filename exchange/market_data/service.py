"""Books and trades."""

from datetime import date

from exchange.market_data import store
from exchange.parts import Exchange
from registry.kit.pages import Window
from registry.kit.period import period
from schemas.market_data import Book, DaySummary, PriceBar, Trade
from schemas.pages import Page


async def book(code: str, *, exchange: Exchange) -> Book:
    """What rests in an instrument, by price."""
    await exchange.projector.caught_up()
    instrument = await exchange.instruments.by_code(code)
    async with exchange.db.snapshot() as tx:
        return await store.book(tx, instrument)


async def prices(code: str, interval: store.Interval, *, exchange: Exchange) -> Page[PriceBar]:
    """How the price of an instrument moved, by hour or by day."""
    await exchange.projector.caught_up()
    instrument = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return Page(items=await store.price_bars(tx, instrument, interval))


async def day(text: str, *, exchange: Exchange) -> Page[DaySummary]:
    """What was traded on one day of Asia/Shanghai. Raises `Invalid` for what is no day."""
    between = period(text, text)
    of = date.fromisoformat(text)
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return Page(items=await store.day(tx, of, between))


async def trades(code: str, window: Window, *, newest_first: bool, exchange: Exchange) -> Page[Trade]:
    """The trades of an instrument."""
    await exchange.projector.caught_up()
    instrument = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.trades(tx, window, instrument, newest_first=newest_first)
