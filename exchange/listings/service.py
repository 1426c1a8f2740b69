"""Listings: opened by a seller, subscribed part by part, closed."""

from exchange.engine.modes.listings import OpenListing, Subscribe
from exchange.engine.modes.picking import SetPicking
from exchange.instructions import service as instructions
from exchange.instruments.rules import keep_preset
from exchange.listings import rules, store
from exchange.orders import service as orders
from exchange.parts import Exchange, known_trader, refuse_frozen
from registry.kit.database import Tx
from registry.kit.idempotency import Written
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.listings import Listing, NewListing, NewPicking, NewSubscription, Picking
from schemas.orders import CancelOrder, Order
from schemas.pages import Page


async def open_listing(body: NewListing, *, call: Call, exchange: Exchange, authority: Authority) -> Listing:
    """Offer deposited tonnes at a fixed price. Raises `TradingRefused`."""
    trader = await known_trader(body.account_id, call, authority)
    instrument = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = OpenListing(body.account_id, instrument.id, body.price_fen, body.quantity_t, body.client_order_id)
    return rules.as_listing(await orders.carry_out(command, exchange=exchange))


async def subscribe(
    listing_id: int, body: NewSubscription, *, call: Call, exchange: Exchange, authority: Authority
) -> Order:
    """Subscribe to tonnes of a listing at its price: all of them or nothing. Raises `TradingRefused`."""
    trader = await known_trader(body.account_id, call, authority)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = Subscribe(body.account_id, listing_id, body.quantity_t, body.client_order_id)
    return await orders.carry_out(command, exchange=exchange)


async def close(listing_id: int, body: CancelOrder, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Take back what is left of a listing. Raises `TradingRefused`."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if await store.is_other(tx, listing_id):
            raise _no_listing(listing_id)
    return await orders.cancel(listing_id, body, call=call, exchange=exchange, authority=authority)


async def listing(listing_id: int, *, exchange: Exchange) -> Listing:
    """One listing."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.listing(tx, listing_id):
            return found
    raise _no_listing(listing_id)


def _no_listing(listing_id: int) -> Unknown:
    return Unknown(f"There is no listing {listing_id}.")


async def listings(window: Window, instrument: str | None, *, open_only: bool, exchange: Exchange) -> Page[Listing]:
    """Listings of one instrument or all."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.listings(tx, window, instrument, open_only=open_only)


async def picking(code: str, *, exchange: Exchange) -> Picking:
    """Which listings of an instrument may be subscribed to."""
    await exchange.projector.caught_up()
    found = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return Picking(instrument=found.code, rule=await store.picking(tx, found.id))


async def set_picking(code: str, body: NewPicking, *, call: Call, exchange: Exchange) -> Picking:
    """Say which listings of an instrument may be subscribed to from now on. Raises `TradingRefused`."""
    found = await exchange.instruments.by_code(code)
    if found.venue is not None:
        ruled = found.venue.listings.picking if found.venue.listings else "any"
        keep_preset(found.venue, "rule", ruled, body.rule)
    command = SetPicking(0, found.id, rules.PICKING[body.rule])

    async def work(tx: Tx) -> Written[int]:
        number = await instructions.store_in(tx, command, by=call, remark=body.reason)
        return Written(number, number)

    number = await exchange.teller.tell_once(work, call=call)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number, exchange.refusals)
    return await picking(code, exchange=exchange)
