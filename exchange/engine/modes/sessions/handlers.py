"""How commands of sessions are carried out."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder
from exchange.engine.events import Cause, Event, InstructionRefused, Reason
from exchange.engine.market import BPS, STEP, Market, TradedInstrument, close, exchange, exchange_parts, shut_for
from exchange.engine.modes import EngineMode
from exchange.engine.modes.sessions.clearing import CallPrice, clearing
from exchange.engine.modes.sessions.messages import (
    CLOSED_AT_AVERAGE,
    CLOSED_AT_LAST,
    CLOSED_AT_REFERENCE,
    ClosingPriceSet,
    Dated,
    Expire,
    PhaseChanged,
    SessionReason,
    SessionRulesSet,
    SetPhase,
    SetSessionRules,
    Uncrossed,
)
from exchange.engine.modes.sessions.state import OF_DAY, Sessions, session_of, sessions
from exchange.engine.opening import instructed, outside_band
from exchange.engine.session import CALLS, CLOSED, CONTINUOUS, Session
from schemas.scalars import MAX_PRICE_FEN


class Uncrossing(Struct, array_like=True, frozen=True, tag=5):
    """A call is being uncrossed: *left* tonnes still trade at *price*. Then the book is in the phase of *last*."""

    price: int
    left: int
    last: PhaseChanged


class Sweeping(Struct, array_like=True, frozen=True, tag=6):
    """
    These are being closed, the oldest first: account, order and cause of each.

    *last* is said at the end, if it is anything.
    """

    orders: tuple[tuple[int, int, int], ...]
    last: PhaseChanged | None = None


def indicated(instrument: TradedInstrument) -> CallPrice:
    """Return what would trade if the call of an instrument ended now."""
    book, session = instrument.book, instrument.session
    bid, ask = book.bids.best, book.asks.best
    if bid is None or ask is None or bid.price < ask.price:
        return CallPrice()
    bids, asks = ({price: each.total for price, each in side.levels.items()} for side in (book.bids, book.asks))
    return clearing(bids, asks, instrument.tick, session.reference if session is not None else 0)


def set_phase(market: Market, command: SetPhase) -> list[Event]:
    """
    Move a book to another phase.

    A call that ends is uncrossed, and so is whatever crosses when continuous trading begins. A halted instrument is
    closed without that, and does not begin to trade continuously.
    """
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    before, phase = instrument.phase, command.phase
    if not CONTINUOUS <= phase <= CLOSED:
        return [InstructionRefused(command.instruction, 0, SessionReason.NO_SUCH_PHASE, phase, CLOSED)]
    if phase == before:
        return [InstructionRefused(command.instruction, 0, SessionReason.SAME_PHASE, instrument.id, phase)]
    if phase == CONTINUOUS and instrument.halted:
        return [InstructionRefused(command.instruction, 0, shut_for(instrument), instrument.id, instrument.halted)]
    session = session_of(market, instrument)
    session.at = max(session.at, command.at)
    last = PhaseChanged(command.instruction, instrument.id, phase, command.at)
    if phase != CONTINUOUS and (phase != CLOSED or before not in CALLS or instrument.halted):
        return _arrive(market, instrument, session, last)
    found = indicated(instrument)
    said = Uncrossed(command.instruction, instrument.id, found.price, found.quantity, found.surplus)
    return [said, *uncross_some(market, Uncrossing(found.price, found.quantity, last))]


def uncross_some(market: Market, rest: Uncrossing) -> list[Event]:
    """Trade the best and oldest of both sides with each other at one price, as far as one step goes."""
    instrument, price, left = market.instruments[rest.last.instrument], rest.price, rest.left
    session, book = session_of(market, instrument), instrument.book
    events: list[Event] = []
    while left and len(events) < STEP:
        assert book.bids.best is not None, "so much is to be bought"
        assert book.asks.best is not None, "so much is to be sold"
        buy, sell = book.bids.best.head, book.asks.best.head
        quantity = min(buy.open, sell.open, left)
        taker_side = c.BUY if buy.id > sell.id else c.SELL
        if sell.parts is None:
            events.append(exchange(market, instrument, buy, sell, price, quantity, taker_side))
        else:
            events += exchange_parts(market, instrument, buy, sell, price, quantity, taker_side)
        session.count(((price, quantity),))
        left -= quantity
        for order in (buy, sell):
            _traded(order, quantity)
    if left:
        market.unfinished = Uncrossing(price, left, rest.last)
        return events
    market.unfinished = None
    return [*events, *_arrive(market, instrument, session, rest.last)]


def _traded(order: OpenOrder, quantity: int) -> None:
    """Less of the first order of a level is open; it leaves if nothing is."""
    level = order.queue
    assert level is not None, "it rests in the book"
    if quantity == order.open:
        level.remove(order)
        order.open = 0
        order.next = None  # it has left: two that linked each other would stay in memory for ever
        del order.account.orders[order.id]
    else:
        level.total -= quantity  # type: ignore[attr-defined]  # the queue of an order in the book is a level
        order.open -= quantity


def _arrive(market: Market, instrument: TradedInstrument, session: Session, last: PhaseChanged) -> list[Event]:
    """The book is in its new phase. Closed, it has a closing price, and what ends with the day is closed, in steps."""
    instrument.phase = last.phase
    instrument.shut()
    if last.phase != CLOSED:
        return [last]
    price, rule = closing_price(session)
    volume, turnover = session.volume, session.turnover
    session.reference = price
    session.volume = session.turnover = session.last = 0
    _follow(instrument, session)
    said = ClosingPriceSet(
        last.instruction,
        instrument.id,
        price,
        rule,
        volume,
        turnover,
        instrument.low,
        instrument.high,
        session.band_bps,
        session.vwap_least,
    )
    return [said, *sweep_some(market, Sweeping(_over(market, instrument, session), last))]


def closing_price(session: Session) -> tuple[int, int]:
    """Return the closing price and the rule it was found by: the average, rounded to the fen, half a fen up."""
    if session.volume and session.volume >= session.vwap_least:
        return (2 * session.turnover + session.volume) // (2 * session.volume), CLOSED_AT_AVERAGE
    if session.last:
        return session.last, CLOSED_AT_LAST
    return session.reference, CLOSED_AT_REFERENCE


def _follow(instrument: TradedInstrument, session: Session) -> None:
    """Let the band lie around the reference, in whole ticks; a band without a single tick is not taken."""
    if not session.band_bps or not session.reference:
        return
    tick = instrument.tick
    low = -(-session.reference * (BPS - session.band_bps) // (BPS * tick)) * tick
    high = min(session.reference * (BPS + session.band_bps) // BPS, MAX_PRICE_FEN) // tick * tick
    low = max(low, tick)
    if low <= high:
        instrument.low, instrument.high = low, high


def _over(market: Market, instrument: TradedInstrument, session: Session) -> tuple[tuple[int, int, int], ...]:
    """What a day that ends takes with it: its own orders, those until now, and what the new band does not have."""
    ending = sessions(market).of(instrument)
    causes = dict.fromkeys(map(_named, outside_band(market, instrument)), int(Cause.OUTSIDE_BAND))
    causes |= dict.fromkeys(map(_named, ending.due([OF_DAY])), int(Cause.DAY_OVER))
    causes |= dict.fromkeys(map(_named, ending.due(_past(ending.buckets, session.at))), int(Cause.EXPIRED))
    return tuple((account, order, cause) for (order, account), cause in sorted(causes.items()))


def _past(moments: Iterable[int], at: int) -> list[int]:
    return [each for each in moments if OF_DAY < each <= at]


def _named(order: OpenOrder) -> tuple[int, int]:
    return order.id, order.account.id


def sweep_some(market: Market, rest: Sweeping) -> list[Event]:
    """Close what is over, as far as one step goes."""
    accounts = market.accounts
    events: list[Event] = [
        close(accounts[account].orders[order], cause) for account, order, cause in rest.orders[:STEP]
    ]
    if left := rest.orders[STEP:]:
        market.unfinished = Sweeping(left, rest.last)
        return events
    market.unfinished = None
    return events if rest.last is None else [*events, rest.last]


def set_session_rules(market: Market, command: SetSessionRules) -> list[Event]:
    """Set the reference and the rules, move the band, and close what is open outside it, in steps."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    reference, band_bps, number = command.reference, command.band_bps, command.instruction
    checks = (
        (reference < 0, Reason.PRICE_BELOW_BAND, reference, 0),
        (reference > MAX_PRICE_FEN, Reason.TOO_LARGE, reference, MAX_PRICE_FEN),
        (not 0 <= band_bps < BPS, Reason.TOO_LARGE, band_bps, BPS - 1),
        (command.vwap_least < 1, Reason.QUANTITY_OFF_LOT, command.vwap_least, 1),
        (band_bps and not reference, SessionReason.NO_REFERENCE, instrument.id, band_bps),
    )
    for wrong, reason, wanted, limit in checks:
        if wrong:
            return [InstructionRefused(number, 0, reason, wanted, limit)]
    session = session_of(market, instrument)
    session.reference, session.band_bps, session.vwap_least = reference, band_bps, command.vwap_least
    _follow(instrument, session)
    outside = sorted(map(_named, outside_band(market, instrument)))
    closing = Sweeping(tuple((account, order, int(Cause.OUTSIDE_BAND)) for order, account in outside))
    said = SessionRulesSet(
        number, instrument.id, reference, band_bps, command.vwap_least, instrument.low, instrument.high
    )
    return [said, *sweep_some(market, closing)]


def expire(market: Market, command: Expire) -> list[Event]:
    """Close what is open until now or earlier, in steps; the book stays in its phase."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    if instrument.session is not None:
        instrument.session.at = max(instrument.session.at, command.at)
    ending = sessions(market).of(instrument)
    due = [(*_named(each), int(Cause.EXPIRED)) for each in ending.due(_past(ending.buckets, command.at))]
    last = PhaseChanged(command.instruction, instrument.id, instrument.phase, 0)
    return sweep_some(market, Sweeping(tuple((account, order, cause) for order, account, cause in due), last))


MODE: Final = EngineMode(
    "sessions",
    {SetPhase: set_phase, SetSessionRules: set_session_rules, Expire: expire},
    (PhaseChanged, Uncrossed, ClosingPriceSet, SessionRulesSet, Dated),
    reasons=SessionReason,
    steps={Uncrossing: uncross_some, Sweeping: sweep_some},
    part=Sessions,
)
