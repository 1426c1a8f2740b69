"""Orders, the book, trades and balances: what traders ask of the engine, and what anybody may read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from exchange.engine import commands as c
from exchange.engine.events import Event, Reason, Refused
from exchange.trading import store
from exchange.trading.codec import digest
from exchange.trading.gateway import Gateway, NotTrading
from exchange.trading.instructions import Clerk
from exchange.trading.patience import Patience
from exchange.trading.projector import Projector
from exchange.trading.refusals import UsedOtherwise, refusal_of
from exchange.trading.store import Tradable
from registry import port
from registry.kit.database import Database, Tx
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Kind, Unknown
from schemas import market
from schemas.access import Call
from schemas.custody import Trader
from schemas.market import (
    AmendOrder,
    Balances,
    BatchAnswer,
    Book,
    CancelledOrders,
    CancelOrder,
    CancelOrders,
    CommandAnswer,
    Fill,
    NewOrder,
    Order,
    OrderBatch,
    Refusal,
    Trade,
)
from schemas.pages import Page

_LIVES: Final = {"GTC": c.GTC, "IOC": c.IOC, "FOK": c.FOK}
_PREVENTIONS: Final = {
    "cancel-taker": c.PREVENT_TAKER,
    "cancel-maker": c.PREVENT_MAKER,
    "cancel-both": c.PREVENT_BOTH,
    "decrement": c.PREVENT_DECREMENT,
}
BEHIND_LIMIT: Final = 50_000
"""Commands by which the tables may be behind the journal before orders have to wait."""
_STATUS: Final = {Kind.UNKNOWN: 404, Kind.CONFLICT: 409, Kind.UNPROCESSABLE: 422}


class AccountUnusable(DomainError):
    """The account is closed, or of a kind that does not trade."""

    kind, slug, title = Kind.CONFLICT, "account-closed", "Not an open holding account"


@dataclass(slots=True)
class Exchange:
    """What the exchange's services work with. One for each process; only one process at a time is the writer."""

    db: Database
    gateway: Gateway
    projector: Projector
    clerk: Clerk
    watched: list[Patience] = field(default_factory=list)
    disagreement: str = ""

    @property
    def trouble(self) -> str:
        """Why not everything works, in one line, or nothing."""
        parts = (self.projector.patience, self.clerk.patience, *self.watched)
        found = (self.gateway.trouble, *(each.trouble for each in parts), self.disagreement)
        return next((each for each in found if each), "")


async def trader_in(tx: Tx, account_id: int, call: Call) -> Trader:
    """The caller's own account, if it may trade. Raises `NotYours`, `AccountUnusable`, `TradingRefused` when frozen."""
    trader = await port.trader_in(tx, account_id)
    port.authorise_for(call.by, call.operation, trader.owner_id)
    if not trader.usable:
        raise AccountUnusable(f"Account {account_id} is no open holding account.")
    return trader


async def unfrozen_trader_in(tx: Tx, account_id: int, call: Call) -> Trader:
    """The same, and no freeze is on the account."""
    trader = await trader_in(tx, account_id, call)
    if trader.restriction_id is not None:
        raise refusal_of(Reason.FROZEN, 0, 0)
    return trader


async def check_order_in(tx: Tx, account_id: int, client_order_id: int, *, call: Call, exchange: Exchange) -> None:
    """Raise unless the caller's own account may order, or a command with this number came before: it is answered."""
    trader = await trader_in(tx, account_id, call)
    if trader.restriction_id is None:
        return
    await exchange.projector.caught_up()
    if await store.request(tx, account_id, client_order_id) is None:
        raise refusal_of(Reason.FROZEN, 0, 0)


async def instrument_in(tx: Tx, code: str) -> Tradable:
    """An instrument. Raises `Unknown`."""
    if found := await store.instrument(tx, code):
        return found
    raise Unknown(f"There is no instrument {code}. Those that are traded are at /v1/instruments.")


async def place(body: NewOrder, *, call: Call, exchange: Exchange) -> Order:
    """Place a limit order. Raises `TradingRefused`."""
    async with exchange.db.reading() as tx:
        await check_order_in(tx, body.account_id, body.client_order_id, call=call, exchange=exchange)
        instrument = await instrument_in(tx, body.instrument)
    return await carry_out(_place(body, body.account_id, instrument.id), exchange=exchange)


async def cancel(order_id: int, body: CancelOrder, *, call: Call, exchange: Exchange) -> Order:
    """Take back what is open of an order or a listing; also while it is halted."""
    async with exchange.db.reading() as tx:
        await trader_in(tx, body.account_id, call)
    return await carry_out(c.Cancel(body.account_id, order_id, body.client_order_id), exchange=exchange)


async def amend(order_id: int, body: AmendOrder, *, call: Call, exchange: Exchange) -> Order:
    """Change an order's price or total quantity."""
    async with exchange.db.reading() as tx:
        await check_order_in(tx, body.account_id, body.client_order_id, call=call, exchange=exchange)
    command = c.Amend(body.account_id, order_id, body.price_fen, body.quantity_t, body.client_order_id)
    return await carry_out(command, exchange=exchange)


async def cancel_all(body: CancelOrders, *, call: Call, exchange: Exchange) -> CancelledOrders:
    """Take back everything that an account has open."""
    async with exchange.db.reading() as tx:
        await trader_in(tx, body.account_id, call)
        instrument_id = (await instrument_in(tx, body.instrument)).id if body.instrument else 0
    command = c.CancelAll(body.account_id, instrument_id, body.client_order_id)
    _, outcome = await exchange.gateway.submit(command)
    await exchange.projector.caught_up()
    if refusal := await _refusal(command, outcome, exchange):
        raise refusal
    return CancelledOrders(account_id=body.account_id, client_order_id=body.client_order_id)


async def place_batch(body: OrderBatch, *, call: Call, exchange: Exchange) -> BatchAnswer:
    """
    Carry out up to 1,000 commands of one account; each is accepted or refused for itself.

    A frozen account may send cancels alone. An unknown instrument is a mistake of the whole batch.
    """
    ordering = [each.client_order_id for each in body.commands if not isinstance(each, market.Cancel)]
    async with exchange.db.reading() as tx:
        if ordering:  # where the largest number is known, all are
            await check_order_in(tx, body.account_id, max(ordering), call=call, exchange=exchange)
        else:
            await trader_in(tx, body.account_id, call)
        codes = {each.instrument for each in body.commands if isinstance(each, market.Place)}
        instruments = {code: (await instrument_in(tx, code)).id for code in sorted(codes)}
    commands = [_of_batch(each, body.account_id, instruments) for each in body.commands]
    _check_pace(exchange)
    first, outcomes = await exchange.gateway.submit_all(commands)
    await exchange.projector.caught_up()
    return await _answers(commands, first, outcomes, exchange)


async def _answers(
    commands: Sequence[c.AccountCommand], first: int, outcomes: Sequence[list[Event]], exchange: Exchange
) -> BatchAnswer:
    found: list[tuple[int, int | DomainError]] = []
    for sequence, (command, outcome) in enumerate(zip(commands, outcomes, strict=True), first):
        try:
            number = await _order_of(command, sequence, outcome, exchange)
        except DomainError as refusal:
            found.append((command.client_order_id, refusal))
        else:
            found.append((command.client_order_id, number))
    async with exchange.db.reading() as tx:
        orders = await store.orders(tx, [each for _, each in found if isinstance(each, int)])
    return BatchAnswer(
        answers=tuple(
            CommandAnswer(
                client_order_id=number,
                order=orders[each] if isinstance(each, int) else None,
                refusal=None if isinstance(each, int) else _shown(each),
            )
            for number, each in found
        )
    )


def _shown(refusal: DomainError) -> Refusal:
    return Refusal(
        type=f"urn:kilnwood:problem:{refusal.slug}",
        title=refusal.title,
        status=_STATUS[refusal.kind],
        detail=refusal.detail,
    )


async def carry_out(command: c.AccountCommand, *, exchange: Exchange) -> Order:
    """
    Carry an account's command out, once; answers the order it is about, as it stands.

    A command that is sent again is known by its client_order_id, and answered with what it came to.
    """
    _check_pace(exchange)
    sequence, outcome = await exchange.gateway.submit(command)
    await exchange.projector.caught_up()
    number = await _order_of(command, sequence, outcome, exchange)
    async with exchange.db.reading() as tx:
        return (await store.orders(tx, [number]))[number]


def _check_pace(exchange: Exchange) -> None:
    """Take no orders that nobody could see: the tables are too far behind, or do not follow at all."""
    behind = exchange.projector.committed - exchange.projector.projected
    if behind > BEHIND_LIMIT:
        raise NotTrading(
            f"The tables are {behind:,} commands behind the journal. Come again in a moment.", retry_after_s=2
        )


async def _order_of(command: c.AccountCommand, sequence: int, outcome: list[Event], exchange: Exchange) -> int:
    """The number of the order that a command is about. Raises what it was refused for, now or when it came first."""
    refusal = await _refusal(command, outcome, exchange)
    if refusal is not None:
        raise refusal
    if isinstance(command, c.Cancel | c.Amend):
        return command.order
    first = outcome[0]
    if isinstance(first, Refused):  # sent again: then its first answer is known
        async with exchange.db.reading() as tx:
            before = await store.request(tx, command.account, command.client_order_id)
        assert before is not None, "else it was refused above"
        return before.order_id
    return sequence


async def _refusal(command: c.AccountCommand, outcome: list[Event], exchange: Exchange) -> DomainError | None:
    """Why a command was refused, or would have been when it came first; nothing where it was carried out."""
    first = outcome[0]
    if not isinstance(first, Refused):
        return None
    subscribing = isinstance(command, c.Take)
    refusal = refusal_of(first.reason, first.wanted, first.limit, subscribing=subscribing)
    if first.reason != Reason.STALE_CLIENT_ORDER_ID:
        return refusal
    async with exchange.db.reading() as tx:
        before = await store.request(tx, command.account, command.client_order_id)
    if before is None:
        return refusal
    if before.digest != digest(command):
        return UsedOtherwise(
            f"client_order_id {command.client_order_id} of account {command.account} was used for another command "
            f"(sequence {before.sequence}). A new command takes one above {first.limit}, the last that was used."
        )
    if before.reason is None:
        return None
    return refusal_of(before.reason, before.wanted, before.bound, subscribing=subscribing)


def _place(terms: NewOrder | market.Place, account_id: int, instrument_id: int) -> c.Place:
    return c.Place(
        account_id,
        instrument_id,
        c.BUY if terms.side == "buy" else c.SELL,
        terms.price_fen,
        terms.quantity_t,
        terms.client_order_id,
        c.POST_ONLY if terms.post_only else _LIVES[terms.time_in_force],
        _PREVENTIONS[terms.self_trade],
    )


def _of_batch(
    each: market.Place | market.Cancel | market.Amend, account_id: int, instruments: dict[str, int]
) -> c.Place | c.Cancel | c.Amend:
    if isinstance(each, market.Place):
        return _place(each, account_id, instruments[each.instrument])
    if isinstance(each, market.Cancel):
        return c.Cancel(account_id, each.order_id, each.client_order_id)
    return c.Amend(account_id, each.order_id, each.price_fen, each.quantity_t, each.client_order_id)


async def order(order_id: int, *, asked: Call, exchange: Exchange) -> Order:
    """One of one's own orders, listings or subscriptions."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = (await store.orders(tx, [order_id])).get(order_id)
        if found is None:
            raise Unknown(f"There is no order {order_id}.")
        await readable_in(tx, found.account_id, asked)
        return found


async def readable_in(tx: Tx, account_id: int, asked: Call) -> None:
    """Raise `NotYours` unless the caller may read what the account has and does."""
    port.authorise_for(asked.by, asked.operation, (await port.trader_in(tx, account_id)).owner_id)


async def orders(account_id: int, window: Window, *, open_only: bool, asked: Call, exchange: Exchange) -> Page[Order]:
    """What an account of one's own placed."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.orders_of(tx, window, account_id, open_only=open_only)


async def fills(account_id: int, window: Window, *, asked: Call, exchange: Exchange) -> Page[Fill]:
    """The trades of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.fills(tx, window, account_id)


async def balances(account_id: int, *, asked: Call, exchange: Exchange) -> Balances:
    """What an account of one's own has on the exchange."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        await readable_in(tx, account_id, asked)
        return await store.balances(tx, account_id)


async def book(code: str, *, exchange: Exchange) -> Book:
    """What rests in an instrument, by price."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        return await store.book(tx, await instrument_in(tx, code))


async def trades(code: str, window: Window, *, exchange: Exchange) -> Page[Trade]:
    """The trades of an instrument."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.trades(tx, window, await instrument_in(tx, code))
