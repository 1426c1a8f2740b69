"""What an order meets where the book does not trade: whether it is taken, and what else its owner has there."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder
from exchange.engine.book import Level
from exchange.engine.events import Cause, Event, Refused
from exchange.engine.market import Market, TradedInstrument, close, refused, unlock
from exchange.engine.modes.sessions.messages import SessionReason
from exchange.engine.modes.sessions.state import OF_DAY, sessions
from exchange.engine.session import CLOSED, CONTINUOUS

_COLLECTED: Final = frozenset({c.GTC, c.DAY, c.GTD})
"""The lives of orders that may wait for a call to end."""


def untimely(command: c.AccountCommand, instrument: TradedInstrument, life: int) -> Refused | None:
    """Why the phase of a book does not allow an order of this life."""
    phase = instrument.phase
    if phase == CLOSED:
        return refused(command, SessionReason.CLOSED, instrument.id, phase)
    if phase != CONTINUOUS and life not in _COLLECTED:
        return refused(command, SessionReason.NOT_COLLECTED, life, phase)
    return None


def ends(
    market: Market, instrument: TradedInstrument, order: OpenOrder, until: int, command: c.AccountCommand
) -> Refused | None:
    """Keep in mind when an order of the day, or one until a moment, ends; or refuse one that has ended."""
    session = instrument.session
    if order.life == c.DAY:
        if session is None:
            return refused(command, SessionReason.NEVER_CLOSED, instrument.id)
        until = OF_DAY
    elif until <= (now := session.at if session is not None else OF_DAY):
        return refused(command, SessionReason.EXPIRED_ALREADY, until, now)
    sessions(market).of(instrument).add(until, order.account, order.id)
    return None


def collect(market: Market, instrument: TradedInstrument, order: OpenOrder, events: list[Event]) -> None:
    """
    Let an order wait for the call to end, and nothing of its own owner that it could trade with then.

    Self-trade prevention works at once, as if it met those alone: the best of them first, of one price the lowest
    number. So no owner ever has a bid that meets an ask of theirs, and what is uncrossed is exactly what was indicated.
    """
    for own in _own_it_meets(market, order):
        prevention = order.prevention
        if prevention == c.PREVENT_DECREMENT:
            out = min(own.open, order.open)
            _take_out(own, out, events)
            events.append(unlock(order, out, Cause.SELF_TRADE))
            order.open -= out
        elif prevention != c.PREVENT_TAKER:
            events.append(close(own, Cause.SELF_TRADE))
        if not order.open:
            return
        if prevention in {c.PREVENT_TAKER, c.PREVENT_BOTH}:
            events.append(unlock(order, order.open, Cause.SELF_TRADE))
            return
    instrument.book.side(order.side).rest(order)
    order.account.orders[order.id] = order


def _own_it_meets(market: Market, order: OpenOrder) -> list[OpenOrder]:
    """What accounts of one owner have in the book at prices that meet an order's."""
    instrument, side, price = order.instrument, order.side, order.price
    found = [
        each
        for account in market.groups[order.group]
        for each in account.orders.values()
        if each.instrument == instrument
        and each.side != side
        and (each.price >= price if side else each.price <= price)
        and each.queue.__class__ is Level
    ]
    found.sort(key=lambda each: (-each.price if side else each.price, each.id))
    return found


def _take_out(order: OpenOrder, quantity: int, events: list[Event]) -> None:
    """Take some tonnes of an order of the book out, all of them or not."""
    if quantity == order.open:
        events.append(close(order, Cause.SELF_TRADE))
        return
    level = order.queue
    assert isinstance(level, Level), "it rests in the book"
    level.total -= quantity
    order.open -= quantity
    events.append(unlock(order, quantity, Cause.SELF_TRADE))
