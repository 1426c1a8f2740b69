"""Blocks: proposed by one account, accepted or declined by another, lapsed by the calendar, bounded by the operator."""

from exchange.blocks import rules, store
from exchange.engine import commands as c
from exchange.engine.modes.blocks import messages as m
from exchange.instructions import service as instructions
from exchange.instruments.rules import keep_preset
from exchange.orders import service as orders
from exchange.parts import Exchange, known_trader, readable_in, refuse_frozen
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.blocks import AnswerBlock, BlockTerms, BlockTrade, NegotiatedBlock, NewBlockTerms, ProposedBlock
from schemas.pages import Page


async def propose(body: ProposedBlock, *, call: Call, exchange: Exchange, authority: Authority) -> NegotiatedBlock:
    """
    Propose a block to another account; what the proposer gives is locked until it is answered.

    Raises `TradingRefused`, or `ExpiresAtOnce` for a time that has passed by business time.
    """
    trader = await known_trader(body.account_id, call, authority)
    instrument = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        now = await clock.now_in(tx)
    if body.expires_at <= now:
        raise rules.ExpiresAtOnce(
            f"expires_at {clock.stamp(body.expires_at)} has passed: business time is {clock.stamp(now)}."
        )
    command = m.ProposeBlock(
        body.account_id,
        instrument.id,
        body.counterparty_id,
        c.BUY if body.side == "buy" else c.SELL,
        body.price_fen,
        body.quantity_t,
        int(body.expires_at.timestamp()),
        body.client_order_id,
    )
    made = await orders.carry_out(command, exchange=exchange)
    return await _block(made.id, body.account_id, exchange=exchange)


async def accept(
    block_id: int, body: AnswerBlock, *, call: Call, exchange: Exchange, authority: Authority
) -> NegotiatedBlock:
    """Agree to a block that was proposed to an account of one's own; it trades at once. Raises `TradingRefused`."""
    trader = await known_trader(body.account_id, call, authority)
    await _block(block_id, body.account_id, exchange=exchange)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    await orders.carry_out(m.AcceptBlock(body.account_id, block_id, body.client_order_id), exchange=exchange)
    return await _block(block_id, body.account_id, exchange=exchange)


async def decline(
    block_id: int, body: AnswerBlock, *, call: Call, exchange: Exchange, authority: Authority
) -> NegotiatedBlock:
    """Say no to a block that was proposed to an account of one's own; a frozen account may."""
    await known_trader(body.account_id, call, authority)
    await _block(block_id, body.account_id, exchange=exchange)
    await orders.carry_out(m.DeclineBlock(body.account_id, block_id, body.client_order_id), exchange=exchange)
    return await _block(block_id, body.account_id, exchange=exchange)


async def _block(block_id: int, account_id: int, *, exchange: Exchange) -> NegotiatedBlock:
    """A block as one of its parties sees it; nobody else learns that there is one."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.block(tx, block_id, account_id):
            return found
    raise Unknown(f"Account {account_id} has no part in a block {block_id}.")


async def block(block_id: int, account_id: int, *, asked: Call, exchange: Exchange) -> NegotiatedBlock:
    """A block of an account of one's own."""
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
    return await _block(block_id, account_id, exchange=exchange)


async def blocks(account_id: int, window: Window, *, asked: Call, exchange: Exchange) -> Page[NegotiatedBlock]:
    """The blocks that an account of one's own proposed, or that were proposed to it."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.blocks(tx, window, account_id)


async def trades(code: str, window: Window, *, exchange: Exchange) -> Page[BlockTrade]:
    """The negotiated trades of an instrument."""
    await exchange.projector.caught_up()
    found = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.trades(tx, window, found.id)


async def terms(code: str, *, exchange: Exchange) -> BlockTerms:
    """The terms of an instrument's blocks."""
    await exchange.projector.caught_up()
    found = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.terms(tx, found.id)


async def set_terms(code: str, body: NewBlockTerms, *, call: Call, exchange: Exchange) -> BlockTerms:
    """Bound the size and the prices of an instrument's blocks. Raises `TradingRefused`."""
    found = await exchange.instruments.by_code(code)
    if found.venue is not None and found.venue.blocks is not None:
        keep_preset(found.venue, "least_t", found.venue.blocks.least_t, body.least_t)
        keep_preset(found.venue, "band_bps", found.venue.blocks.band_bps, body.band_bps)
    command = m.SetBlockTerms(0, found.id, body.least_t, body.reference_fen or 0, body.band_bps or 0)

    async def work(tx: Tx) -> Written[int]:
        number = await instructions.store_in(tx, command, by=call, remark=body.reason)
        return Written(number, number)

    number = await exchange.teller.tell_once(work, call=call)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number, exchange.refusals)
    return await terms(code, exchange=exchange)


async def lapse_due(*, exchange: Exchange) -> bool:
    """Let lapse what was not answered in time, by business time; says whether there was any."""
    if not exchange.gateway.writing.is_set():
        return False

    async def work(tx: Tx) -> int:
        now = await clock.now_in(tx)
        if not await store.due(tx, now):
            return 0
        return await instructions.store_in(tx, m.LapseBlocks(0, int(now.timestamp())), by=None)

    await exchange.projector.caught_up()
    number = await exchange.db.transaction(work)
    if number:
        await exchange.teller.carried_out(number)
    return bool(number)
