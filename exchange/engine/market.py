"""The state of one region's market, and the checks and bookings that every kind of command shares."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import OrderBook
from exchange.engine.events import InstructionRefused, Reason, Reduced, Refused, Traded
from exchange.engine.parts import NO_TONNES, AssetList, BasketReason, give_back
from exchange.engine.session import CONTINUOUS, Session
from exchange.engine.venue import Venue
from schemas.scalars import MAX_PRICE_FEN, MAX_QUANTITY_T

MAX_TOTAL: Final = 2**53 - 1
"""Largest sum of all money, or of all tonnes of one instrument: what JSON and the registry keep exact."""
STEP: Final = 1_000
"""Orders, bids or shares that one command works on at most, in a few milliseconds; the rest is for `Continue`."""
OPEN_ORDERS_LIMIT: Final = 10_000
"""Orders and listings that one account may have open."""
BPS: Final = 10_000
_PHASE_BITS: Final = 8
"""Causes of a halt stand below them."""
_VENUE_BITS: Final = 16
_BASKET_BITS: Final = 17

assert MAX_PRICE_FEN * MAX_QUANTITY_T <= MAX_TOTAL


class TradedInstrument:
    """
    One project and vintage, or a basket of several, with its rules and its book.

    *tonnes* is what all accounts have of it, 0 of a *basket*, which is None of any other.

    *halted* has the causes of a halt, *phase* where its book is in its session; *gate* has both, so that an order is
    asked one question: it is 0 while the book trades continuously, without rules of a venue, and is no basket's.
    *session* is None until a first phase or rule, *venue* unless it was opened by the rules of one.
    """

    __slots__ = (
        "basket",
        "book",
        "fee_account",
        "fee_bps",
        "gate",
        "halted",
        "high",
        "id",
        "lot",
        "low",
        "phase",
        "session",
        "tick",
        "tonnes",
        "venue",
    )

    def __init__(self, command: c.InstrumentOpening, fee_account: TradingAccount) -> None:
        self.id = command.instrument
        self.tick = command.tick
        self.lot = command.lot
        self.low = command.low
        self.high = command.high
        self.fee_bps = command.fee_bps
        self.fee_account = fee_account
        self.halted = 0
        self.phase = CONTINUOUS
        self.gate = 0
        self.session: Session | None = None
        self.venue: Venue | None = None
        self.basket: AssetList | None = None
        self.book = OrderBook()
        self.tonnes = 0

    def shut(self) -> None:
        """Let the gate say what *halted* and *phase* say, and whether there are rules of a venue, or it is a basket."""
        ruled, basket = (self.venue is not None) << _VENUE_BITS, (self.basket is not None) << _BASKET_BITS
        self.gate = self.halted | self.phase << _PHASE_BITS | ruled | basket


class Market:
    """
    Accounts with what they have open, instruments, and what waits for delivery.

    *sequence* counts commands: an order, a subscription or a listing is known by the number of its command. *groups*
    has the accounts of each beneficial owner, *frozen_early* those that were frozen before they had anything here.
    *cash* is the money of all accounts together. *parts* is what modes have of their own, by the name of the mode.
    *locking* has the rules of venues where what was bought cannot be sold on the same day, by instrument. *unfinished*
    is what remains of a command that is carried out in steps: one of the types in the modes' tables of steps.
    """

    __slots__ = (
        "accounts",
        "cash",
        "frozen_early",
        "groups",
        "instruments",
        "last_instruction",
        "locking",
        "parts",
        "sequence",
        "trades",
        "unfinished",
        "unsettled",
    )

    def __init__(self) -> None:
        self.sequence = 0
        self.trades = 0
        self.last_instruction = 0
        self.cash = 0
        self.accounts: dict[int, TradingAccount] = {}
        self.instruments: dict[int, TradedInstrument] = {}
        self.groups: dict[int, list[TradingAccount]] = {}
        self.frozen_early: set[int] = set()
        self.locking: dict[int, Venue] = {}
        self.unsettled: dict[int, Traded] = {}
        self.parts: dict[str, Any] = {}
        self.unfinished: Any = None

    def account(self, account_id: int, group: int) -> TradingAccount:
        """
        An account that has or gets something here; it begins to exist with its first credit.

        Its beneficial owner is the one of that moment, until `SetGroup` says otherwise.
        """
        found = self.accounts.get(account_id)
        if found is None:
            found = self.accounts[account_id] = TradingAccount(account_id, group)
            if account_id in self.frozen_early:
                self.frozen_early.remove(account_id)
                found.frozen = True
            self.groups.setdefault(group, []).append(found)
        return found

    def open_orders(self) -> Iterator[OpenOrder]:
        """Everything open, of any mode: a walk through the whole market."""
        return chain.from_iterable(each.orders.values() for each in self.accounts.values())


def caller(market: Market, command: c.AccountCommand) -> TradingAccount | Refused:
    """Whose command it is, with its client_order_id taken; or why it is not taken at all."""
    account = market.accounts.get(command.account)
    if account is None or not account.take(command.client_order_id):
        return refused_at_the_door(account, command)
    return account


def refused_at_the_door(account: TradingAccount | None, command: c.AccountCommand) -> Refused:
    """Refuse a command of nobody known here, or one that is resent, late or far ahead; it leaves no trace at all."""
    number = command.client_order_id
    if account is None:
        return Refused(Reason.UNKNOWN_ACCOUNT, command.account, number, 0, 0)
    last = account.last_client_order_id
    if number > last:
        return Refused(Reason.CLIENT_ORDER_ID_TOO_FAR, account.id, number, number, account.highest_allowed)
    return Refused(Reason.STALE_CLIENT_ORDER_ID, account.id, number, number, last)


def given_before(market: Market, command: c.Instruction) -> InstructionRefused | None:
    """Refuse an instruction that was carried out, or passed over, before: their numbers only rise."""
    if command.instruction <= market.last_instruction:
        return InstructionRefused(
            command.instruction, 0, Reason.STALE_INSTRUCTION, command.instruction, market.last_instruction
        )
    market.last_instruction = command.instruction
    return None


def busy(command: c.Command) -> Refused | InstructionRefused:
    """Refuse a command while another one is unfinished. It leaves no trace: no number of it counts as used."""
    given: Any = command
    if "client_order_id" in command.__struct_fields__:
        return Refused(Reason.BUSY, given.account, given.client_order_id, 0, 0)
    if "instruction" in command.__struct_fields__:
        return InstructionRefused(given.instruction, 0, Reason.BUSY, 0, 0)
    return Refused(Reason.BUSY, 0, 0, 0, given.delivery)


def refused(command: c.AccountCommand, reason: int, wanted: int = 0, limit: int = 0) -> Refused:
    """Refuse a command whose client_order_id was taken."""
    return Refused(reason, command.account, command.client_order_id, wanted, limit)


def not_in_baskets(command: c.AccountCommand, instrument: TradedInstrument) -> Refused | None:
    """Refuse what names a basket and is no order for its book."""
    if instrument.basket is None:
        return None
    return refused(command, BasketReason.ONLY_IN_ITS_BOOK, instrument.id)


def unfit(
    command: c.AccountCommand,
    instrument: TradedInstrument,
    account: TradingAccount,
    price: int,
    quantity: int,
    *,
    rests: bool,
) -> Refused | None:
    """Why an order cannot be entered, whatever is in the book. What *rests* counts among the account's open ones."""
    if (
        instrument.low <= price <= instrument.high
        and not price % instrument.tick
        and 0 < quantity <= MAX_QUANTITY_T
        and not quantity % instrument.lot
        and not instrument.halted
        and not account.frozen
        and (len(account.orders) < OPEN_ORDERS_LIMIT or not rests)
    ):
        return None
    return why_unfit(command, instrument, account, price, quantity)


def shut_for(instrument: TradedInstrument) -> Reason:
    """Why an instrument that is halted takes nothing: for now, or for good."""
    return Reason.DELISTED if instrument.halted & c.DELISTED else Reason.HALTED


def why_unfit(
    command: c.AccountCommand, instrument: TradedInstrument, account: TradingAccount, price: int, quantity: int
) -> Refused:
    """The first reason against an order that is known to be unfit."""
    checks = (
        (instrument.halted, shut_for(instrument), instrument.id, instrument.halted),
        (account.frozen, Reason.FROZEN, 0, 0),
        (price < instrument.low, Reason.PRICE_BELOW_BAND, price, instrument.low),
        (price > instrument.high, Reason.PRICE_ABOVE_BAND, price, instrument.high),
        (price % instrument.tick, Reason.PRICE_OFF_TICK, price, instrument.tick),
        (quantity <= 0 or quantity % instrument.lot, Reason.QUANTITY_OFF_LOT, quantity, instrument.lot),
        (quantity > MAX_QUANTITY_T, Reason.TOO_LARGE, quantity, MAX_QUANTITY_T),
        (True, Reason.TOO_MANY_ORDERS, len(account.orders), OPEN_ORDERS_LIMIT),
    )
    return next(refused(command, reason, wanted, limit) for wrong, reason, wanted, limit in checks if wrong)


def beyond_venue(
    command: c.AccountCommand,
    instrument: TradedInstrument,
    account: TradingAccount,
    *,
    mode: int,
    side: int,
    quantity: int,
    more: int | None = None,
) -> Refused | None:
    """Why the rules of a venue do not allow so many tonnes, of which *more* are beyond those of an earlier order."""
    if instrument.venue is None:
        return None
    added = quantity if more is None else more
    found = instrument.venue.against(account, instrument.id, side, mode, quantity, added)
    return refused(command, *found) if found is not None else None


def unlock(order: OpenOrder, quantity: int, cause: int, client_order_id: int = 0) -> Reduced:
    """What was locked for *quantity* tonnes that are open no more is settled again."""
    side, price = order.side, order.price
    if side:
        if order.parts is not None:
            parts = give_back(order, quantity)
            number, account, basket = order.id, order.account.id, order.instrument
            return Reduced(number, account, basket, side, price, quantity, cause, client_order_id, parts)
        holding = order.tonnes
        holding.locked -= quantity
        holding.settled += quantity
    else:
        cash, amount = order.cash, price * quantity
        cash.locked -= amount
        cash.settled += amount
    return Reduced(order.id, order.account.id, order.instrument, side, price, quantity, cause, client_order_id)


def close(order: OpenOrder, cause: int, client_order_id: int = 0) -> Reduced:
    """Take what is open of an order out, whatever its mode."""
    del order.account.orders[order.id]
    assert order.queue is not None, "what is open waits somewhere"
    order.queue.remove(order)
    return unlock(order, order.open, cause, client_order_id)


def exchange(  # noqa: PLR0917 - keywords cost a tenth of the time of a trade
    market: Market,
    instrument: TradedInstrument,
    buy: OpenOrder,
    sell: OpenOrder,
    price: int,
    quantity: int,
    taker_side: int,
    asset: int = 0,
) -> Traded:
    """One trade: money and tonnes that were locked become outgoing on one side and incoming on the other."""
    market.trades = trade = market.trades + 1
    amount = price * quantity
    cap = buy.price
    due = amount * instrument.fee_bps + sell.fee_rest
    fee = due // BPS
    sell.fee_rest = due - fee * BPS  # rounded once for the order, however it is sold
    fee_account = instrument.fee_account
    money, tonnes = buy.cash, sell.tonnes
    money.locked -= cap * quantity
    money.outgoing += amount
    if cap != price:
        money.settled += (cap - price) * quantity
    buy.tonnes.incoming += quantity
    tonnes.locked -= quantity
    tonnes.outgoing += quantity
    sell.cash.incoming += amount - fee
    if fee:
        fee_account.cash.incoming += fee
    buyer, seller = buy.account.id, sell.account.id
    event = market.unsettled[trade] = Traded(
        trade,
        instrument.id,
        price,
        quantity,
        buy.id,
        sell.id,
        buyer,
        seller,
        cap,
        fee,
        fee_account.id,
        taker_side,
        asset,
    )
    return event


def exchange_parts(  # noqa: PLR0917 - as `exchange`
    market: Market,
    instrument: TradedInstrument,
    buy: OpenOrder,
    sell: OpenOrder,
    price: int,
    quantity: int,
    taker_side: int,
) -> Iterator[Traded]:
    """Sell the first tonnes that a sell order in a basket has locked: a trade for each asset among them."""
    parts = sell.parts
    assert parts is not None, "it sells in a basket"
    while quantity:
        asset = next(iter(parts))
        sold = min(parts[asset], quantity)
        quantity -= sold
        if sold == parts[asset]:
            del parts[asset]
        else:
            parts[asset] -= sold
        buy.tonnes, sell.tonnes = buy.account.balance(asset), sell.account.balance(asset)
        yield exchange(market, instrument, buy, sell, price, sold, taker_side, asset)
    buy.tonnes = sell.tonnes = NO_TONNES


def dissolve(market: Market) -> None:
    """
    Unlink every order and every level of a market that is given up.

    Orders are out of the collector's sight and link each other in their queues, so they would stay in memory for ever.
    """
    for account in market.accounts.values():
        for order in account.orders.values():
            order.prev = order.next = order.queue = None
        account.orders.clear()
    for instrument in market.instruments.values():
        for side in (instrument.book.bids, instrument.book.asks):
            side.levels.clear()
            side.best = None
