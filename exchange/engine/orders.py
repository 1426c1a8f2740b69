"""Limit orders: placed, amended, cancelled, and matched by price and time."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.book import Fill, Order
from exchange.engine.events import Accepted, Amended, Cause, Done, Event, Reason, Refused
from exchange.engine.market import (
    OPEN_ORDERS_LIMIT,
    Instrument,
    Market,
    caller,
    close,
    close_all,
    exchange,
    refused,
    refused_at_the_door,
    unfit,
    unlock,
    why_unfit,
)
from schemas.kinds import MAX_QUANTITY_T


def place(market: Market, command: c.Place) -> list[Event]:  # noqa: C901, PLR0911 - the hot path, one check a line
    """Take an order that can be paid or delivered, match it, and let the rest of it wait where its life says so."""
    client_order_id = command.client_order_id
    try:
        account = market.accounts[command.account]
    except KeyError:
        return [refused_at_the_door(None, command)]
    if client_order_id <= account.last_client_order_id:
        return [refused_at_the_door(account, command)]
    account.last_client_order_id = client_order_id
    instrument_id, side, price, quantity = command.instrument, command.side, command.price, command.quantity
    instrument, life = market.instruments.get(instrument_id), command.life
    if instrument is None:
        return [refused(account, Reason.UNKNOWN_INSTRUMENT, instrument_id)]
    if (
        price < instrument.low
        or price > instrument.high
        or price % instrument.tick
        or quantity <= 0
        or quantity > MAX_QUANTITY_T
        or quantity % instrument.lot
        or instrument.halted
        or account.frozen
        or (account.open_orders >= OPEN_ORDERS_LIMIT and life in {c.GTC, c.POST_ONLY})
    ):  # asked here as `unfit` asks it: a call for each order costs a twentieth of its time
        return [why_unfit(instrument, account, price, quantity)]
    try:
        holding = account.tonnes[instrument_id]
    except KeyError:
        holding = account.holding(instrument_id)
    cash, cost = account.cash, price * quantity
    if side:
        if quantity > holding.settled:
            return [refused(account, Reason.NOT_ENOUGH_TONNES, quantity, holding.settled)]
    elif cost > cash.settled:
        return [refused(account, Reason.NOT_ENOUGH_CASH, cost, cash.settled)]
    order = Order(
        market.sequence,
        account,
        account.group,
        cash,
        holding,
        instrument_id,
        side,
        price,
        quantity,
        quantity,
        life,
        command.prevention,
    )
    if life and (refusal := _not_in_its_life(instrument, order)) is not None:
        return [refusal]
    if side:
        holding.settled -= quantity
        holding.locked += quantity
    else:
        cash.settled -= cost
        cash.locked += cost
    accepted = Accepted(order.id, account.id, instrument_id, side, price, quantity, client_order_id, life)
    book = instrument.book
    best = (book.bids if side else book.asks).best
    if life == c.IOC or (best is not None and (best.price >= price if side else best.price <= price)):
        events: list[Event] = [accepted]
        _enter(market, instrument, order, events, rests=life != c.IOC)
        return events
    (book.asks if side else book.bids).rest(order)
    market.orders[order.id] = order
    account.open_orders += 1
    return [accepted]


def _not_in_its_life(instrument: Instrument, order: Order) -> Refused | None:
    """A post-only order that would trade, or a fill-or-kill order that would not trade whole."""
    if order.life == c.POST_ONLY:
        return _would_trade(instrument, order, order.price)
    if order.life == c.FOK and not instrument.book.can_fill(order):
        return refused(order.account, Reason.NOT_FILLABLE, order.quantity)
    return None


def _would_trade(instrument: Instrument, order: Order, price: int) -> Refused | None:
    """Refuse to let a post-only order come to a price at which it trades at once."""
    best = (instrument.book.bids if order.side else instrument.book.asks).best
    if best is None or not instrument.book.crosses(order.side, price):
        return None
    return refused(order.account, Reason.WOULD_TRADE, price, best.price)


def _enter(market: Market, instrument: Instrument, order: Order, events: list[Event], *, rests: bool) -> None:
    """Match an order whose money or tonnes are locked; then it rests, or what is left of it goes."""
    book = instrument.book
    stopped = False
    if book.crosses(order.side, order.price):
        fills, stopped = book.match(order)
        _trade(market, instrument, order, fills, events)
    if order.open:
        if rests and not stopped:
            _rest(market, instrument, order)
        else:
            events.append(unlock(order, order.open, Cause.SELF_TRADE if stopped else Cause.NOT_FILLED))


def _rest(market: Market, instrument: Instrument, order: Order) -> None:
    book = instrument.book
    (book.asks if order.side else book.bids).rest(order)
    market.orders[order.id] = order
    order.account.open_orders += 1


def _trade(market: Market, instrument: Instrument, taker: Order, fills: list[Fill], events: list[Event]) -> None:
    """Book what the taker met: trades, and orders of its own owner that were taken out instead."""
    for maker, quantity, traded in fills:
        if not maker.open:
            del market.orders[maker.id]
            maker.account.open_orders -= 1
        if traded:
            buy, sell = (maker, taker) if taker.side else (taker, maker)
            events.append(exchange(market, instrument, buy, sell, maker.price, quantity, taker.side))
        else:
            events.append(unlock(maker, quantity, Cause.SELF_TRADE))
            if taker.prevention == c.PREVENT_DECREMENT:
                events.append(unlock(taker, quantity, Cause.SELF_TRADE))


_OWNER: Final = Cause.OWNER
_NOT_OPEN: Final = Reason.NOT_OPEN
"""Bound once: looking a member of an enumeration up takes a tenth of the time of a cancel in Python 3.11."""


def cancel(market: Market, command: c.Cancel) -> list[Event]:
    """Take an order or a listing back. Somebody else's is as good as none."""
    account, client_order_id = market.accounts.get(command.account), command.client_order_id
    if account is None or client_order_id <= account.last_client_order_id:
        return [refused_at_the_door(account, command)]
    account.last_client_order_id = client_order_id
    order = market.orders.get(command.order)
    if order is None or order.account is not account:
        return [refused(account, _NOT_OPEN, command.order)]
    return [close(market, order, _OWNER, client_order_id)]


def cancel_all(market: Market, command: c.CancelAll) -> list[Event]:
    """Take everything back."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    return [
        *close_all(market, account, command.instrument, Cause.OWNER),
        Done(account.id, command.client_order_id),
    ]


def amend(market: Market, command: c.Amend) -> list[Event]:
    """Change an order's price or total quantity, if that can be paid or delivered; else it stays as it is."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    order = market.orders.get(command.order)
    if order is None or order.account is not account:
        return [refused(account, Reason.NOT_OPEN, command.order)]
    if order.life == c.LISTED:
        return [refused(account, Reason.NOT_AN_ORDER, command.order)]
    instrument = market.instruments[order.instrument]
    refusal = unfit(instrument, account, command.price, command.quantity, rests=False)
    traded = order.quantity - order.open
    if refusal is None and command.quantity <= traded:
        refusal = refused(account, Reason.ALREADY_TRADED, command.quantity, traded)
    if refusal is None and order.life == c.POST_ONLY:
        refusal = _would_trade(instrument, order, command.price)
    if refusal is None:
        refusal = _relock(order, command.price, command.quantity - traded)
    if refusal is not None:
        return [refusal]
    return _amended(market, instrument, order, command)


def _amended(market: Market, instrument: Instrument, order: Order, command: c.Amend) -> list[Event]:
    """The order as it is now: in its place where it only became smaller, else last in the queue of its price."""
    old_price, old_open = order.price, order.open
    keeps_place = command.price == old_price and command.quantity <= order.quantity
    if not keeps_place:
        assert order.level is not None, "only an order that rests is amended"
        order.level.side.remove(order)
        del market.orders[order.id]
        order.account.open_orders -= 1
    order.open += command.quantity - order.quantity
    order.price, order.quantity = command.price, command.quantity
    account = order.account
    events: list[Event] = [
        Amended(order.id, account.id, order.instrument, order.side, old_price, old_open, order.price, order.open)
    ]
    if not keeps_place:
        _enter(market, instrument, order, events, rests=True)
    events.append(Done(account.id, command.client_order_id))
    return events


def _relock(order: Order, price: int, open_t: int) -> Refused | None:
    """Exchange what is locked behind an order for what its new price and open quantity need."""
    if order.side:
        holding, more, short = order.holding, open_t - order.open, Reason.NOT_ENOUGH_TONNES
    else:
        holding, more, short = order.cash, price * open_t - order.price * order.open, Reason.NOT_ENOUGH_CASH
    if more > holding.settled:
        return refused(order.account, short, more, holding.settled)
    holding.settled -= more
    holding.locked += more
    return None
