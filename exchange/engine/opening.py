"""What the operator and the regulator decide: what can be traded, at which prices, and who may not."""

from collections.abc import Iterator
from typing import Protocol

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder
from exchange.engine.cancelling import Clearing, Closing, clear_some, close_some
from exchange.engine.events import (
    BandSet,
    Cause,
    Event,
    FreezeChanged,
    HaltChanged,
    InstructionRefused,
    InstrumentDelisted,
    InstrumentOpened,
    NumbersRestarted,
    Reason,
)
from exchange.engine.market import BPS, Market, TradedInstrument, given_before
from schemas.scalars import MAX_PRICE_FEN


def open_instrument(market: Market, command: c.OpenInstrument) -> list[Event]:
    """Begin to trade one project and vintage."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    if (refusal := cannot_open(market, command)) is not None:
        return [refusal]
    fee_account = market.account(command.fee_account, command.fee_group)
    market.instruments[command.instrument] = TradedInstrument(command, fee_account)
    return [InstrumentOpened(command.instruction, command.instrument)]


def cannot_open(market: Market, command: c.InstrumentOpening) -> InstructionRefused | None:
    """Why an instrument cannot be opened under these rules."""
    if command.instrument in market.instruments:
        return InstructionRefused(command.instruction, 0, Reason.INSTRUMENT_OPEN, command.instrument, 0)
    return _untradable(command) or _beyond_prices(command)


def set_band(market: Market, command: c.SetBand) -> list[Event]:
    """Bound prices, and close what is open at others, in steps; so nothing ever trades outside the band."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    if (refusal := _beyond_prices(command)) is not None:
        return [refusal]
    instrument.low, instrument.high = command.low, command.high
    outside = sorted((each.id, each.account.id) for each in outside_band(market, instrument))
    closing = Clearing(tuple((account, order) for order, account in outside), Cause.OUTSIDE_BAND)
    return [BandSet(command.instruction, instrument.id, command.low, command.high), *clear_some(market, closing)]


def delist(market: Market, command: c.DelistInstrument) -> list[Event]:
    """Let an instrument trade no more, and close what is open in it or would deliver it in a basket, in steps."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    if instrument.halted & c.DELISTED:
        return [InstructionRefused(command.instruction, 0, Reason.DELISTED, instrument.id, instrument.halted)]
    instrument.halted |= c.DELISTED
    instrument.shut()
    closing = [(each.account.id, each.id) for each in market.open_orders() if each.instrument == instrument.id]
    closing += _passed_over_in_baskets(market, instrument)
    closing.sort(key=lambda named: named[1])
    delisted = InstrumentDelisted(command.instruction, instrument.id, instrument.halted)
    return [delisted, *clear_some(market, Clearing(tuple(closing), Cause.DELISTED))]


def outside_band(market: Market, instrument: TradedInstrument) -> Iterator[OpenOrder]:
    """What is open at prices that the band does not have: whole levels of the book, and what modes have beside it."""
    low, high = instrument.low, instrument.high
    for side in (instrument.book.bids, instrument.book.asks):
        for price, level in side.levels.items():
            if not low <= price <= high:
                yield from level.orders()
    for part in market.parts.values():
        yield from (each for each in part.open_in(instrument.id) if not low <= each.price <= high)


def halt(market: Market, command: c.Halt) -> list[Event]:
    """Add or take away one cause why an instrument does not trade."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    instrument.halted = instrument.halted | command.cause if command.on else instrument.halted & ~command.cause
    instrument.shut()
    changed = HaltChanged(command.instruction, instrument.id, instrument.halted)
    return [changed, *_halt_in_baskets(market, instrument)]


def _halt_in_baskets(market: Market, asset: TradedInstrument) -> list[Event]:
    """An asset that is halted is sold in no basket, and what would deliver it is closed, in steps."""
    closing = _passed_over_in_baskets(market, asset)
    if not closing:
        return []
    closing.sort(key=lambda named: named[1])
    return clear_some(market, Clearing(tuple(closing), Cause.ASSET_HALTED))


def _passed_over_in_baskets(market: Market, asset: TradedInstrument) -> list[tuple[int, int]]:
    """Let baskets know whether an asset is halted; returns what would deliver it while it is."""
    closing: list[tuple[int, int]] = []
    for each in market.instruments.values():
        if each.basket is None or asset.id not in each.basket.assets:
            continue
        if asset.halted:
            each.basket.halted.add(asset.id)
            closing += selling(each, asset.id)
        else:
            each.basket.halted.discard(asset.id)
    return closing


def selling(basket: TradedInstrument, asset: int) -> list[tuple[int, int]]:
    """Return account and number of each order in a basket that would deliver an asset, the oldest first."""
    orders = (order for level in basket.book.asks.levels.values() for order in level.orders())
    found = [(each.account.id, each.id) for each in orders if each.parts and asset in each.parts]
    return sorted(found, key=lambda named: named[1])


def freeze(market: Market, command: c.Freeze) -> list[Event]:
    """Take nothing more from an account and close everything it has open, in steps; or let it trade again."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    account = market.accounts.get(command.account)
    if account is None:  # it has nothing yet: the freeze waits for its first credit
        (market.frozen_early.add if command.on else market.frozen_early.discard)(command.account)
        return [FreezeChanged(command.instruction, command.account, command.on)]
    account.frozen = command.on
    closed = close_some(market, Closing(account.id, 0, Cause.FREEZE)) if command.on else []
    return [FreezeChanged(command.instruction, account.id, command.on), *closed]


def restart_numbers(market: Market, command: c.RestartNumbers) -> list[Event]:
    """Let an account that has used all its numbers up go on; those behind its new highest count as used."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    account = market.accounts.get(command.account)
    if account is None:
        return [InstructionRefused(command.instruction, command.account, Reason.UNKNOWN_ACCOUNT, 0, 0)]
    account.last_client_order_id = command.highest
    account.gaps.clear()
    return [NumbersRestarted(command.instruction, account.id, command.highest)]


class OfInstrument(c.Instruction, Protocol):
    """An instruction about one instrument."""

    @property
    def instrument(self) -> int:
        """Its number."""


def instructed(market: Market, command: OfInstrument) -> TradedInstrument | InstructionRefused:
    """Return the instrument that an instruction is about, or why it is not carried out."""
    if (refusal := given_before(market, command)) is not None:
        return refusal
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return InstructionRefused(command.instruction, 0, Reason.UNKNOWN_INSTRUMENT, command.instrument, 0)
    return instrument


def _untradable(command: c.InstrumentOpening) -> InstructionRefused | None:
    """Rules under which the engine could not compute, or a fee would be more than is paid."""
    if command.tick < 1:
        return InstructionRefused(command.instruction, 0, Reason.PRICE_OFF_TICK, command.tick, 1)
    if command.lot < 1:
        return InstructionRefused(command.instruction, 0, Reason.QUANTITY_OFF_LOT, command.lot, 1)
    if not 0 <= command.fee_bps <= BPS:
        return InstructionRefused(command.instruction, 0, Reason.TOO_LARGE, command.fee_bps, BPS)
    return None


def _beyond_prices(command: c.InstrumentOpening | c.SetBand) -> InstructionRefused | None:
    """A band with prices below 1 fen or above the largest."""
    if command.low < 1:
        return InstructionRefused(command.instruction, 0, Reason.PRICE_BELOW_BAND, command.low, 1)
    if command.high > MAX_PRICE_FEN:
        return InstructionRefused(command.instruction, 0, Reason.TOO_LARGE, command.high, MAX_PRICE_FEN)
    return None
