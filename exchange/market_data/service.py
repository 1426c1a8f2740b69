"""Books and trades."""

from exchange.market_data import store
from exchange.parts import Exchange
from registry.kit.pages import Window
from schemas.market_data import Book, Trade
from schemas.pages import Page


async def book(code: str, *, exchange: Exchange) -> Book:
    """What rests in an instrument, by price."""
    await exchange.projector.caught_up()
    instrument = await exchange.instruments.by_code(code)
    async with exchange.db.snapshot() as tx:
        return await store.book(tx, instrument)


async def trades(code: str, window: Window, *, newest_first: bool, exchange: Exchange) -> Page[Trade]:
    """The trades of an instrument."""
    await exchange.projector.caught_up()
    instrument = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.trades(tx, window, instrument, newest_first=newest_first)
