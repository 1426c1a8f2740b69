"""Auctions: announced by a seller, bid for, closed by the calendar, called off by the operator."""

import secrets
from functools import partial
from typing import Final

from exchange.auctions import rules, store
from exchange.auctions.projection import KINDS, TIES
from exchange.engine.modes.auctions import messages as m
from exchange.instructions import service as instructions
from exchange.instruments import service as instruments
from exchange.instruments.rules import keep_auction
from exchange.orders import service as orders
from exchange.parts import Exchange, known_trader, readable_in, refuse_frozen
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.auctions import AnonymousBid, Auction, AuctionState, NewAuction, NewBid
from schemas.campaigns import CallOff
from schemas.orders import Order
from schemas.pages import Page

SEED_BYTES: Final = 32
_KINDS = {word: number for number, word in KINDS.items()}
_TIES = {word: number for number, word in TIES.items()}


async def open_auction(body: NewAuction, *, call: Call, exchange: Exchange, authority: Authority) -> Auction:
    """
    Announce an auction of deposited tonnes, which are locked until it ends.

    Raises `TradingRefused`, or `AuctionWindowOver` for a window that has passed by business time.
    """
    trader = await known_trader(body.account_id, call, authority)
    instrument = await instruments.instrument(body.instrument, exchange=exchange)
    known = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        now = await clock.now_in(tx)
    if body.closes_at <= now:
        raise rules.AuctionWindowOver(
            f"closes_at {clock.stamp(body.closes_at)} has passed: business time is {clock.stamp(now)}."
        )
    lot_t, latest_at = body.lot_t or instrument.lot_t, body.latest_at or body.closes_at
    keep_auction(known.venue, body, lot_t)
    increment_fen = (body.increment_fen or instrument.tick_fen) if body.kind == "ascending" else 0
    command = m.OpenAuction(
        body.account_id,
        known.id,
        _KINDS[body.kind],
        body.reserve_fen,
        increment_fen,
        body.quantity_t,
        lot_t,
        body.most_t or body.quantity_t,
        _TIES[body.ties],
        body.cancel_when_short,
        int(body.opens_at.timestamp()),
        int(body.closes_at.timestamp()),
        body.extension_s or 0,
        int(latest_at.timestamp()),
        body.client_order_id,
    )
    made = await orders.carry_out(command, exchange=exchange)
    return await auction(made.id, exchange=exchange)


async def bid(auction_id: int, body: NewBid, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Bid for tonnes of an auction, now by business time. Raises `TradingRefused`."""
    trader = await known_trader(body.account_id, call, authority)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        at = int((await clock.now_in(tx)).timestamp())
    command = m.Bid(body.account_id, auction_id, body.price_fen, body.quantity_t, at, body.client_order_id)
    return await orders.carry_out(command, exchange=exchange)


async def call_off(auction_id: int, body: CallOff, *, call: Call, exchange: Exchange) -> Auction:
    """
    End an auction without a sale: everybody has their money again.

    Raises `AuctionHasEnded`, also where it closed in the same moment.
    """
    await exchange.projector.caught_up()

    async def work(tx: Tx) -> Written[int]:
        found = await _auction_in(tx, auction_id)
        if found.state in {"sold", "ended"}:
            raise _over(found)
        number = await instructions.store_in(tx, m.CallOffAuction(0, auction_id), by=call, remark=body.reason)
        return Written(number, number)

    await exchange.teller.tell_once(work, call=call)
    found = await auction(auction_id, exchange=exchange)
    if found.ended_because != "called-off":
        raise _over(found)
    return found


def _over(found: Auction) -> rules.AuctionHasEnded:
    how = f"{found.sold_t:,} t were sold" if found.state == "sold" else str(found.ended_because)
    return rules.AuctionHasEnded(f"Auction {found.id} has ended: {how}.")


async def auction(auction_id: int, *, exchange: Exchange) -> Auction:
    """One auction."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await _auction_in(tx, auction_id)


async def _auction_in(tx: Tx, auction_id: int) -> Auction:
    if found := await store.auction(tx, auction_id):
        return found
    raise Unknown(f"There is no auction {auction_id}.")


async def auctions(
    window: Window, instrument: str | None, state: AuctionState | None, *, exchange: Exchange
) -> Page[Auction]:
    """Auctions of one instrument or all, in one state or any."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.auctions(tx, window, instrument, state)


async def own(auction_id: int, account_id: int, *, asked: Call, exchange: Exchange) -> tuple[Order, ...]:
    """What an account of one's own has in an auction: its bids, or the offer itself, the newest first."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if not await readable_in(tx, account_id, asked):
            return ()
        return await orders.orders_in(tx, await store.own(tx, auction_id, account_id))


async def bids(auction_id: int, window: Window, *, exchange: Exchange) -> Page[AnonymousBid]:
    """The bids in an auction, without whose they are. Raises `BidsSealed` for sealed ones until it has closed."""
    found = await auction(auction_id, exchange=exchange)
    if found.bids is None:
        raise rules.BidsSealed(f"Bids of auction {auction_id} are shown once it has ended.")
    async with exchange.db.reading() as tx:
        return await store.bids(tx, window, auction_id)


async def follow_calendar(*, exchange: Exchange) -> int:
    """
    Begin and close the auctions whose windows have opened or closed by business time; returns how many.

    The engine's process runs it twice a second. Each becomes an instruction, which a crash leaves stored, with the
    seed of its draw: nobody can draw twice.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        now = await clock.now_in(tx)
        due = rules.due(await store.running(tx), now, seed=partial(secrets.token_bytes, SEED_BYTES))
        return [await instructions.store_in(tx, each, by=None) for each in due]

    await exchange.projector.caught_up()
    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)
