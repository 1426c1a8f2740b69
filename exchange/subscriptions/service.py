"""Listings: opened by a seller, subscribed part by part, closed."""

from exchange.engine.modes.listings import OpenListing, Subscribe
from exchange.trading import service as trading
from exchange.trading import store
from exchange.trading.service import Exchange
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from schemas.access import Call
from schemas.market import CancelOrder, Listing, NewListing, NewSubscription, Order
from schemas.pages import Page


async def open_listing(body: NewListing, *, call: Call, exchange: Exchange) -> Listing:
    """Offer deposited tonnes at a fixed price. Raises `TradingRefused`."""
    async with exchange.db.reading() as tx:
        trader = await trading.trader_in(tx, body.account_id, call)
        instrument = await trading.instrument_in(tx, body.instrument)
    await trading.refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = OpenListing(body.account_id, instrument.id, body.price_fen, body.quantity_t, body.client_order_id)
    return store.listing_of(await trading.carry_out(command, exchange=exchange))


async def subscribe(listing_id: int, body: NewSubscription, *, call: Call, exchange: Exchange) -> Order:
    """Subscribe to tonnes of a listing at its price: all of them or nothing. Raises `TradingRefused`."""
    async with exchange.db.reading() as tx:
        trader = await trading.trader_in(tx, body.account_id, call)
    await trading.refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = Subscribe(body.account_id, listing_id, body.quantity_t, body.client_order_id)
    return await trading.carry_out(command, exchange=exchange)


async def close(listing_id: int, body: CancelOrder, *, call: Call, exchange: Exchange) -> Order:
    """Take back what is left of a listing. Raises `TradingRefused`."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = (await store.orders(tx, [listing_id])).get(listing_id)
    if found is not None and found.kind != "listing":
        raise Unknown(f"There is no listing {listing_id}.")
    return await trading.cancel(listing_id, body, call=call, exchange=exchange)


async def listing(listing_id: int, *, exchange: Exchange) -> Listing:
    """One listing."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = (await store.orders(tx, [listing_id])).get(listing_id)
    if found is None or found.kind != "listing":
        raise Unknown(f"There is no listing {listing_id}.")
    return store.listing_of(found)


async def listings(window: Window, instrument: str | None, *, open_only: bool, exchange: Exchange) -> Page[Listing]:
    """Listings of one instrument or all."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.listings(tx, window, instrument, open_only=open_only)
