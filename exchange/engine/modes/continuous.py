"""
The continuous order book: limit orders, matched by price and time as they come.

An order is placed and amended here; a cancel is of any mode (`exchange.engine.cancelling`).
"""

from typing import Final

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import Fill, Level
from exchange.engine.events import Cause, Completed, Event, Reason, Refused
from exchange.engine.market import (
    OPEN_ORDERS_LIMIT,
    Market,
    TradedInstrument,
    beyond_venue,
    caller,
    close,
    exchange,
    exchange_parts,
    refused,
    refused_at_the_door,
    shut_for,
    unfit,
    unlock,
)
from exchange.engine.modes import EngineMode
from exchange.engine.modes.baskets.messages import parts_changed
from exchange.engine.modes.filling import fills, would_trade
from exchange.engine.modes.sessions.collecting import collect, ends, untimely
from exchange.engine.modes.sessions.messages import Dated
from exchange.engine.parts import NO_TONNES, AssetList, Parts, give_back
from exchange.engine.session import CLOSED
from exchange.engine.venue import BEGUN, BOOK
from schemas.scalars import MAX_INT, MAX_QUANTITY_T

_AT_ONCE: Final = frozenset({c.IOC, c.FOK})
"""The lives of orders that never rest."""
_SAID_MORE: Final = frozenset({c.IOC, c.GTD})
"""Those of orders of which more is said than that they are accepted."""


class Place(Struct, array_like=True, gc=False, frozen=True, tag=9):
    """A limit order: *price* is always the cap of a buyer or the floor of a seller."""

    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    life: int = c.GTC
    prevention: int = c.PREVENT_TAKER


class PlaceUntil(Struct, array_like=True, gc=False, frozen=True, tag=33):
    """
    A limit order that is good till a date: open until *until*, in seconds of business time.

    A command of its own, because one more field would be in the bytes and in the digest of every other order.
    """

    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    prevention: int
    until: int
    life: int = c.GTD


class Amend(Struct, array_like=True, gc=False, frozen=True, tag=12):
    """
    Give an order another price or total quantity, what was traded included; no more than that closes it.

    At the same price, less or as much keeps its place in the queue, even where the band has left that price; anything
    else goes to the end, and may trade at once.
    """

    account: int
    order: int
    price: int
    quantity: int
    client_order_id: int


class Accepted(Struct, array_like=True, gc=False, frozen=True, tag=11):
    """An order is in, under the number of its command; money or tonnes for all of it are locked."""

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    life: int


class Amended(Struct, array_like=True, gc=False, frozen=True, tag=16):
    """An order has another price and open quantity; what was locked for the old ones is exchanged for the new."""

    order: int
    account: int
    instrument: int
    side: int
    old_price: int
    old_open: int
    price: int
    open: int


def place(market: Market, command: Place | PlaceUntil) -> list[Event]:  # noqa: C901, PLR0911, PLR0912 - the hot path, one check a line
    """Take an order that can be paid or delivered, match it, and let the rest of it wait where its life says so."""
    client_order_id = command.client_order_id
    try:
        account = market.accounts[command.account]
    except KeyError:
        return [refused_at_the_door(None, command)]
    if client_order_id == account.last_client_order_id + 1 <= MAX_INT:  # as most are: nothing to look up
        account.last_client_order_id = client_order_id
    elif not account.take(client_order_id):
        return [refused_at_the_door(account, command)]
    number, side, price, quantity = command.instrument, command.side, command.price, command.quantity
    instrument, life, prevention = market.instruments.get(number), command.life, command.prevention
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, number)]
    if (  # noqa: SIM102 - the second question is seldom asked
        price < instrument.low
        or price > instrument.high
        or price % instrument.tick
        or quantity <= 0
        or quantity > MAX_QUANTITY_T
        or quantity % instrument.lot
        or instrument.gate
        or account.frozen
        or (len(account.orders) >= OPEN_ORDERS_LIMIT and life not in _AT_ONCE)
    ):  # asked here as `unfit` asks it: a call for each order costs a twentieth of its time
        if (said := _placed_otherwise(market, instrument, account, command)) is not None:
            return said
    try:
        tonnes = account.tonnes[number]
    except KeyError:
        tonnes = account.balance(number)
    cash, cost = account.cash, price * quantity
    if side:
        if quantity > tonnes.settled:
            return [refused(command, Reason.NOT_ENOUGH_TONNES, quantity, tonnes.settled)]
    elif cost > cash.settled:
        return [refused(command, Reason.NOT_ENOUGH_CASH, cost, cash.settled)]
    order = OpenOrder(
        market.sequence, account, account.group, cash, tonnes, number, side, price, quantity, quantity, life, prevention
    )
    if life and (refusal := _not_in_its_life(market, instrument, order, command)) is not None:
        return [refusal]
    if side:
        tonnes.settled -= quantity
        tonnes.locked += quantity
    else:
        cash.settled -= cost
        cash.locked += cost
    accepted = Accepted(order.id, account.id, number, side, price, quantity, client_order_id, life)
    book = instrument.book
    best = (book.bids if side else book.asks).best
    if (life and life in _SAID_MORE) or (best is not None and (best.price >= price if side else best.price <= price)):
        events: list[Event] = [accepted, Dated(order.id, _until(command))] if life == c.GTD else [accepted]
        _enter(market, instrument, order, events, rests=life != c.IOC)
        return events
    (book.asks if side else book.bids).rest(order)
    account.orders[order.id] = order
    return [accepted]


def _placed_otherwise(
    market: Market, instrument: TradedInstrument, account: TradingAccount, command: Place | PlaceUntil
) -> list[Event] | None:
    """Refuse an order that is not taken, or take it in a basket; None: it goes on as any other."""
    if (refusal := _not_taken(command, instrument, account)) is not None:
        return [refusal]
    if instrument.basket is not None:
        return _place_in_basket(market, instrument, instrument.basket, account, command)
    return None


def _place_in_basket(
    market: Market,
    instrument: TradedInstrument,
    basket: AssetList,
    account: TradingAccount,
    command: Place | PlaceUntil,
) -> list[Event]:
    """Take an order in a basket: whoever sells locks tonnes of its assets, whoever buys takes any of them."""
    side, price, quantity, life = command.side, command.price, command.quantity, command.life
    needed, free = (quantity, basket.free(account)) if side else (price * quantity, account.cash.settled)
    if needed > free:
        return [refused(command, Reason.NOT_ENOUGH_TONNES if side else Reason.NOT_ENOUGH_CASH, needed, free)]
    order = OpenOrder(
        market.sequence,
        account,
        account.group,
        account.cash,
        NO_TONNES,
        instrument.id,
        side,
        price,
        quantity,
        quantity,
        life,
        command.prevention,
    )
    if life and (refusal := _not_in_its_life(market, instrument, order, command)) is not None:
        return [refusal]
    if side:
        order.parts = basket.lock(account, {}, quantity)
    else:
        account.cash.settled -= needed
        account.cash.locked += needed
    events: list[Event] = [
        Accepted(order.id, account.id, instrument.id, side, price, quantity, command.client_order_id, life)
    ]
    if life == c.GTD:
        events.append(Dated(order.id, _until(command)))
    events += parts_changed(order, {})
    _enter(market, instrument, order, events, rests=life not in _AT_ONCE)
    return events


def _not_taken(command: Place | PlaceUntil, instrument: TradedInstrument, account: TradingAccount) -> Refused | None:
    """Why an order is not taken: not for a call that collects it, nor for rules of a venue that it keeps."""
    rests = command.life not in _AT_ONCE
    return (
        unfit(command, instrument, account, command.price, command.quantity, rests=rests)
        or beyond_venue(command, instrument, account, mode=BOOK, side=command.side, quantity=command.quantity)
        or untimely(command, instrument, command.life)
    )


def _not_in_its_life(
    market: Market, instrument: TradedInstrument, order: OpenOrder, command: Place | PlaceUntil
) -> Refused | None:
    """A post-only order that would trade, a fill-or-kill order that would not trade whole, or one that is over."""
    if order.life == c.POST_ONLY:
        return would_trade(command, instrument, order, command.price)
    if order.life >= c.DAY:
        return ends(market, instrument, order, _until(command), command)
    if order.life == c.FOK and not fills(market, instrument.book.side(1 - order.side), order):
        return refused(command, Reason.NOT_FILLABLE, order.quantity)
    return None


def _until(command: Place | PlaceUntil) -> int:
    """When an order ends; a plain one that says it does has ended already."""
    return command.until if isinstance(command, PlaceUntil) else 0


def _enter(market: Market, instrument: TradedInstrument, order: OpenOrder, events: list[Event], *, rests: bool) -> None:
    """Match an order whose money or tonnes are locked; then it rests, or what is left of it goes."""
    if instrument.phase:
        collect(market, instrument, order, events)
        return
    book = instrument.book
    fills, stopped = book.match(order)
    _trade(market, instrument, order, fills, events)
    if order.open:
        if rests and not stopped:
            (book.asks if order.side else book.bids).rest(order)
            order.account.orders[order.id] = order
        else:
            events.append(unlock(order, order.open, Cause.SELF_TRADE if stopped else Cause.NOT_FILLED))


def _trade(
    market: Market, instrument: TradedInstrument, taker: OpenOrder, fills: list[Fill], events: list[Event]
) -> None:
    """Book what the taker met: trades, and orders of its own owner that were taken out instead."""
    for maker, quantity, traded in fills:
        if not maker.open:
            del maker.account.orders[maker.id]
        if traded:
            buy, sell = (maker, taker) if taker.side else (taker, maker)
            if sell.parts is None:
                events.append(exchange(market, instrument, buy, sell, maker.price, quantity, taker.side))
            else:
                events += exchange_parts(market, instrument, buy, sell, maker.price, quantity, taker.side)
        else:
            events.append(unlock(maker, quantity, Cause.SELF_TRADE))
            if taker.prevention == c.PREVENT_DECREMENT:
                events.append(unlock(taker, quantity, Cause.SELF_TRADE))
    if instrument.session is not None:
        instrument.session.count((maker.price, quantity) for maker, quantity, traded in fills if traded)


def amend(market: Market, command: Amend) -> list[Event]:
    """Change an order's price or total quantity, if that can be paid or delivered; else it stays as it is."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    order = account.orders.get(command.order)
    if order is None:
        return [refused(command, Reason.NOT_OPEN, command.order)]
    level = order.queue
    if not isinstance(level, Level):
        return [refused(command, Reason.NOT_AN_ORDER, command.order)]
    traded, parts = order.quantity - order.open, dict(order.parts or {})
    if 0 < command.quantity <= traded:
        return [close(order, Cause.OWNER, command.client_order_id), Completed(account.id, command.client_order_id)]
    instrument = market.instruments[order.instrument]
    if instrument.phase == CLOSED:
        refusal: Refused | None = untimely(command, instrument, order.life)
    elif _keeps_place(order, command):
        refusal = _unfit_in_its_place(command, instrument)
    else:
        more = command.quantity - order.quantity
        refusal = unfit(command, instrument, account, command.price, command.quantity, rests=False) or beyond_venue(
            command, instrument, account, mode=BEGUN, side=order.side, quantity=command.quantity, more=more
        )
    if refusal is None and order.life == c.POST_ONLY:
        refusal = would_trade(command, instrument, order, command.price)
    if refusal is None:
        refusal = _relock(order, instrument.basket, command.quantity - traded, command)
    if refusal is not None:
        return [refusal]
    return _amended(market, order, level, command, parts)


def _keeps_place(order: OpenOrder, command: Amend) -> bool:
    """Whether an order only becomes smaller, or nothing of it changes."""
    return command.price == order.price and command.quantity <= order.quantity


def _unfit_in_its_place(command: Amend, instrument: TradedInstrument) -> Refused | None:
    """Why an order cannot become smaller. Its price was taken once, and a later band changes nothing in that."""
    if instrument.halted:
        return refused(command, shut_for(instrument), instrument.id, instrument.halted)
    if command.quantity <= 0 or command.quantity % instrument.lot:
        return refused(command, Reason.QUANTITY_OFF_LOT, command.quantity, instrument.lot)
    return None


def _amended(market: Market, order: OpenOrder, level: Level, command: Amend, parts: Parts) -> list[Event]:
    """Change an order of *level*: in its place where it only becomes smaller, else last in the queue of its price."""
    old_price, old_open = order.price, order.open
    keeps_place = _keeps_place(order, command)
    if not keeps_place:
        level.remove(order)
        order.prev = order.next = None
        del order.account.orders[order.id]
    else:
        level.total += command.quantity - order.quantity
    order.open += command.quantity - order.quantity
    order.price, order.quantity = command.price, command.quantity
    account = order.account
    events: list[Event] = [
        Amended(order.id, account.id, order.instrument, order.side, old_price, old_open, order.price, order.open),
        *parts_changed(order, parts),
    ]
    if not keeps_place:
        _enter(market, market.instruments[order.instrument], order, events, rests=True)
    events.append(Completed(account.id, command.client_order_id))
    return events


def _relock(order: OpenOrder, basket: AssetList | None, open_t: int, command: Amend) -> Refused | None:
    """Exchange what is locked behind an order for what its new price and open quantity need."""
    price = command.price
    if basket is not None and order.parts is not None:
        return _relock_parts(order, order.parts, basket, open_t - order.open, command)
    if order.side:
        holding, more, short = order.tonnes, open_t - order.open, Reason.NOT_ENOUGH_TONNES
    else:
        holding, more, short = order.cash, price * open_t - order.price * order.open, Reason.NOT_ENOUGH_CASH
    if more > holding.settled:
        return refused(command, short, more, holding.settled)
    holding.settled -= more
    holding.locked += more
    return None


def _relock_parts(order: OpenOrder, parts: Parts, basket: AssetList, more: int, command: Amend) -> Refused | None:
    """Lock more tonnes of the assets of a basket, or give some back."""
    free = basket.free(order.account)
    if more > free:
        return refused(command, Reason.NOT_ENOUGH_TONNES, more, free)
    if more > 0:
        order.parts = basket.lock(order.account, parts, more)
    else:
        give_back(order, -more)
    return None


MODE: Final = EngineMode("continuous", {Place: place, PlaceUntil: place, Amend: amend}, (Accepted, Amended))
