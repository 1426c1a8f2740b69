"""How commands of blocks are carried out."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.accounts import TradingAccount
from exchange.engine.beside import lock, whole
from exchange.engine.cancelling import Clearing, clear_some
from exchange.engine.events import Cause, Completed, Event, InstructionRefused, Reason, Refused
from exchange.engine.market import (
    BPS,
    OPEN_ORDERS_LIMIT,
    Market,
    TradedInstrument,
    beyond_venue,
    caller,
    close,
    exchange,
    given_before,
    not_in_baskets,
    refused,
    shut_for,
)
from exchange.engine.modes import EngineMode
from exchange.engine.modes.blocks.messages import (
    AcceptBlock,
    BlockAccepted,
    BlockProposed,
    BlockReason,
    BlocksLapsed,
    BlockTermsSet,
    DeclineBlock,
    LapseBlocks,
    ProposeBlock,
    SetBlockTerms,
)
from exchange.engine.modes.blocks.state import Blocks, Proposal, Terms
from exchange.engine.parts import BasketReason
from exchange.engine.venue import BLOCKS
from schemas.scalars import MAX_PRICE_FEN, MAX_QUANTITY_T


def _blocks(market: Market) -> Blocks:
    part: Blocks = market.parts["blocks"]
    return part


def set_terms(market: Market, command: SetBlockTerms) -> list[Event]:
    """Bound the size and the prices of an instrument's blocks."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [InstructionRefused(command.instruction, 0, Reason.UNKNOWN_INSTRUMENT, command.instrument, 0)]
    if instrument.basket is not None:
        return [InstructionRefused(command.instruction, 0, BasketReason.ONLY_IN_ITS_BOOK, instrument.id, 0)]
    least, reference, bps = command.least, command.reference, command.band_bps
    checks = (
        (least < 1 or least % instrument.lot, Reason.QUANTITY_OFF_LOT, least, instrument.lot),
        (least > MAX_QUANTITY_T, Reason.TOO_LARGE, least, MAX_QUANTITY_T),
        (not 0 <= bps < BPS, BlockReason.NO_BAND, bps, BPS - 1),
        (bps and reference < 1, Reason.PRICE_BELOW_BAND, reference, 1),
        (bps and reference > MAX_PRICE_FEN, Reason.TOO_LARGE, reference, MAX_PRICE_FEN),
    )
    for wrong, reason, wanted, limit in checks:
        if wrong:
            return [InstructionRefused(command.instruction, 0, reason, wanted, limit)]
    terms = _blocks(market).terms[instrument.id] = Terms(least, reference if bps else 0, bps)
    return [BlockTermsSet(command.instruction, instrument.id, *terms)]


def propose(market: Market, command: ProposeBlock) -> list[Event]:
    """Propose a block; what the proposer gives is locked until it is answered."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument)]
    if (refusal := not_in_baskets(command, instrument)) is not None:
        return [refusal]
    price, quantity, other = command.price, command.quantity, market.accounts.get(command.counterparty)
    refusal = (
        _unfit(market, command, instrument, account, price, quantity)
        or beyond_venue(command, instrument, account, mode=BLOCKS, side=command.side, quantity=quantity)
        or _cannot_propose(command, account, other)
    )
    if refusal is not None:
        return [refusal]
    assert other is not None, "there is one, or it was refused"
    order = whole(market.sequence, account, instrument.id, command.side, price, quantity)
    if (short := lock(order)) is not None:
        return [refused(command, *short)]
    _blocks(market).add(Proposal(order, other.id, command.expires))
    return [
        BlockProposed(
            order.id,
            account.id,
            instrument.id,
            command.side,
            price,
            quantity,
            command.client_order_id,
            other.id,
            command.expires,
        )
    ]


def _cannot_propose(command: ProposeBlock, account: TradingAccount, other: TradingAccount | None) -> Refused | None:
    """Why an account cannot propose to another one."""
    if len(account.orders) >= OPEN_ORDERS_LIMIT:
        return refused(command, Reason.TOO_MANY_ORDERS, len(account.orders), OPEN_ORDERS_LIMIT)
    if other is None:
        return refused(command, BlockReason.NO_COUNTERPARTY, command.counterparty)
    if other.group == account.group:
        return refused(command, BlockReason.OWN_BLOCK, command.counterparty)
    return None


def accept(market: Market, command: AcceptBlock) -> list[Event]:
    """Agree: what the other one gives is locked too, and both are exchanged at once."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    proposal = _proposed_to(market, account, command.block)
    if proposal is None:
        return [refused(command, Reason.NOT_OPEN, command.block)]
    block = proposal.order
    instrument, price, quantity = market.instruments[block.instrument], block.price, block.open
    side = 1 - block.side
    refusal = _unfit(market, command, instrument, account, price, quantity) or beyond_venue(
        command, instrument, account, mode=BLOCKS, side=side, quantity=quantity
    )
    if refusal is None and block.group == account.group:  # its owner has changed since
        refusal = refused(command, BlockReason.OWN_BLOCK, block.account.id)
    if refusal is not None:
        return [refusal]
    answer = whole(market.sequence, account, instrument.id, side, price, quantity)
    if (short := lock(answer)) is not None:
        return [refused(command, *short)]
    _blocks(market).remove(block)
    del block.account.orders[block.id]
    block.open = 0
    buy, sell = (block, answer) if answer.side else (answer, block)
    return [
        BlockAccepted(
            answer.id, account.id, instrument.id, answer.side, price, quantity, command.client_order_id, block.id
        ),
        exchange(market, instrument, buy, sell, price, quantity, answer.side),
    ]


def decline(market: Market, command: DeclineBlock) -> list[Event]:
    """Say no, also while the instrument is halted or the account frozen: the proposer has everything again."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    proposal = _proposed_to(market, account, command.block)
    if proposal is None:
        return [refused(command, Reason.NOT_OPEN, command.block)]
    return [close(proposal.order, Cause.DECLINED), Completed(account.id, command.client_order_id)]


def lapse(market: Market, command: LapseBlocks) -> list[Event]:
    """Close what was not answered in time, in steps."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    due = tuple(
        (each.order.account.id, number)
        for number, each in sorted(_blocks(market).open.items())
        if each.expires <= command.until
    )
    return [BlocksLapsed(command.instruction, command.until), *clear_some(market, Clearing(due, Cause.LAPSED))]


def _proposed_to(market: Market, account: TradingAccount, number: int) -> Proposal | None:
    """The block that was proposed to an account; somebody else's is as good as none."""
    found = _blocks(market).open.get(number)
    return found if found is not None and found.counterparty == account.id else None


def _unfit(  # noqa: PLR0917 - as `exchange.engine.market.unfit`
    market: Market,
    command: c.AccountCommand,
    instrument: TradedInstrument,
    account: TradingAccount,
    price: int,
    quantity: int,
) -> Refused | None:
    """Why a block cannot be agreed on."""
    terms = _blocks(market).terms_of(instrument.id)
    low, high = terms.bounds(instrument)
    checks = (
        (instrument.halted, shut_for(instrument), instrument.id, instrument.halted),
        (account.frozen, Reason.FROZEN, 0, 0),
        (price < low, Reason.PRICE_BELOW_BAND, price, low),
        (price > high, Reason.PRICE_ABOVE_BAND, price, high),
        (price % instrument.tick, Reason.PRICE_OFF_TICK, price, instrument.tick),
        (quantity <= 0 or quantity % instrument.lot, Reason.QUANTITY_OFF_LOT, quantity, instrument.lot),
        (quantity > MAX_QUANTITY_T, Reason.TOO_LARGE, quantity, MAX_QUANTITY_T),
        (quantity < terms.least, BlockReason.BELOW_LEAST, quantity, terms.least),
    )
    return next((refused(command, reason, wanted, limit) for wrong, reason, wanted, limit in checks if wrong), None)


MODE: Final = EngineMode(
    "blocks",
    {
        SetBlockTerms: set_terms,
        ProposeBlock: propose,
        AcceptBlock: accept,
        DeclineBlock: decline,
        LapseBlocks: lapse,
    },
    (BlockTermsSet, BlockProposed, BlockAccepted, BlocksLapsed),
    reasons=BlockReason,
    part=Blocks,
)
