"""Orders, the book, trades and balances: what traders ask of the engine, and what anybody may read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from exchange.engine import commands as c
from exchange.engine.events import Event, Reason, Refused
from exchange.engine.modes import continuous, listings
from exchange.trading import store
from exchange.trading.codec import digest
from exchange.trading.gateway import Gateway, NotTrading
from exchange.trading.instructions import Clerk
from exchange.trading.patience import Patience
from exchange.trading.projector import Projector
from exchange.trading.refusals import NOT_OPEN_SLUG, UsedOtherwise, not_open, refusal_of, repeated
from exchange.trading.store import Answered, Tradable
from registry import port
from registry.kit.database import Database, Tx
from registry.kit.http import PROBLEM_TYPE, STATUS
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
NO_INSTRUMENT: Final = 0
"""What the engine knows no instrument by."""


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
    """The caller's own account, if it is one that trades. Raises `NotYours`, `AccountUnusable`."""
    trader = await port.trader_in(tx, account_id)
    port.authorise_for(call.by, call.operation, trader.owner_id)
    if not trader.usable:
        raise AccountUnusable(f"Account {account_id} is no open holding account.")
    return trader


async def unfrozen_trader_in(tx: Tx, account_id: int, call: Call) -> Trader:
    """The same under the account's lock, and no freeze is on it. Raises `TradingRefused`."""
    await port.lock_account_in(tx, account_id)
    trader = await trader_in(tx, account_id, call)
    if trader.restriction_id is not None:
        raise refusal_of(Reason.FROZEN, 0, 0)
    return trader


async def refuse_frozen(trader: Trader, client_order_id: int, *, exchange: Exchange) -> None:
    """
    Raise `TradingRefused` where a freeze is on the account, unless a command with this number came before it.

    Call it outside of any transaction: the tables are waited for, and they need a connection to catch up.
    """
    if trader.restriction_id is None:
        return
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if not await store.requests(tx, trader.id, [client_order_id]):
            raise refusal_of(Reason.FROZEN, 0, 0)


async def instrument_in(tx: Tx, code: str) -> Tradable:
    """An instrument. Raises `Unknown`."""
    if found := await store.instrument(tx, code):
        return found
    raise _no_instrument(code)


def _no_instrument(code: str) -> Unknown:
    return Unknown(f"There is no instrument {code}. Those that are traded are at /v1/instruments.")


async def place(body: NewOrder, *, call: Call, exchange: Exchange) -> Order:
    """Place a limit order. Raises `TradingRefused`."""
    async with exchange.db.reading() as tx:
        trader = await trader_in(tx, body.account_id, call)
        instrument = await instrument_in(tx, body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    return await carry_out(_place(body, body.account_id, instrument.id), exchange=exchange)


async def cancel(order_id: int, body: CancelOrder, *, call: Call, exchange: Exchange) -> Order:
    """Take back what is open of an order or a listing; also while it is halted."""
    async with exchange.db.reading() as tx:
        await trader_in(tx, body.account_id, call)
    return await carry_out(c.Cancel(body.account_id, order_id, body.client_order_id), exchange=exchange)


async def amend(order_id: int, body: AmendOrder, *, call: Call, exchange: Exchange) -> Order:
    """Change an order's price or total quantity."""
    async with exchange.db.reading() as tx:
        trader = await trader_in(tx, body.account_id, call)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = continuous.Amend(body.account_id, order_id, body.price_fen, body.quantity_t, body.client_order_id)
    return await carry_out(command, exchange=exchange)


async def cancel_all(body: CancelOrders, *, call: Call, exchange: Exchange) -> CancelledOrders:
    """Take back everything that an account has open."""
    async with exchange.db.reading() as tx:
        await trader_in(tx, body.account_id, call)
        instrument_id = (await instrument_in(tx, body.instrument)).id if body.instrument else 0
    command = c.CancelAll(body.account_id, instrument_id, body.client_order_id)
    _, outcomes = await exchange.gateway.submit_all((command,))
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        answered = await store.requests(tx, body.account_id, [body.client_order_id])
    _order_of(command, 0, outcomes[0], answered)
    return CancelledOrders(
        account_id=body.account_id,
        client_order_id=body.client_order_id,
        cancelled=answered[body.client_order_id].wanted or 0,
    )


async def place_batch(body: OrderBatch, *, call: Call, exchange: Exchange) -> BatchAnswer:
    """
    Carry out up to 1,000 commands of one account; each is accepted or refused for itself.

    A frozen account may send cancels alone.
    """
    ordering = [each.client_order_id for each in body.commands if not isinstance(each, market.Cancel)]
    codes = {each.instrument for each in body.commands if isinstance(each, market.Place)}
    async with exchange.db.reading() as tx:
        trader = await trader_in(tx, body.account_id, call)
        instruments = await store.instrument_ids(tx, codes)
    if ordering:  # where the largest number is known, all are
        await refuse_frozen(trader, max(ordering), exchange=exchange)
        _check_pace(exchange)
    commands = [_of_batch(each, body.account_id, instruments) for each in body.commands]
    first, outcomes = await exchange.gateway.submit_all(commands)
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = await _answers_in(tx, commands, first, outcomes)
    for number, each in enumerate(body.commands):
        if isinstance(each, market.Place) and each.instrument not in instruments and _is_unknown(found[number]):
            found[number] = _no_instrument(each.instrument)
    return BatchAnswer(
        answers=tuple(
            CommandAnswer(
                client_order_id=command.client_order_id,
                order=each if isinstance(each, Order) else None,
                refusal=_shown(each) if isinstance(each, DomainError) else None,
            )
            for command, each in zip(commands, found, strict=True)
        )
    )


def _is_unknown(answer: Order | DomainError) -> bool:
    return isinstance(answer, DomainError) and answer.slug == Unknown.slug


def _shown(refusal: DomainError) -> Refusal:
    return Refusal(
        type=PROBLEM_TYPE + refusal.slug,
        title=refusal.title,
        status=STATUS[refusal.kind],
        detail=refusal.detail,
        **refusal.members,  # type: ignore[arg-type]  # the two amounts
    )


async def carry_out(command: c.AccountCommand, *, exchange: Exchange) -> Order:
    """
    Carry an account's command out, once; answers the order it is about, as it stands.

    A command that is sent again is known by its client_order_id, and answered with what it came to.
    """
    if not isinstance(command, c.Cancel):
        _check_pace(exchange)
    first, outcomes = await exchange.gateway.submit_all((command,))
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        (answer,) = await _answers_in(tx, (command,), first, outcomes)
    if isinstance(answer, DomainError):
        raise answer
    return answer


def _check_pace(exchange: Exchange) -> None:
    """Take no orders that nobody could see: the tables are too far behind, or do not follow at all."""
    behind = exchange.projector.committed - exchange.projector.projected
    if behind > BEHIND_LIMIT:
        raise NotTrading(
            f"The tables are {behind:,} commands behind the journal. Come again in a moment.", retry_after_s=2
        )


async def _answers_in(
    tx: Tx, commands: Sequence[c.AccountCommand], first: int, outcomes: Sequence[list[Event]]
) -> list[Order | DomainError]:
    """What each of one account's commands came to: the order that it is about, as it stands, or why it was refused."""
    before = await _answered_before_in(tx, commands, outcomes)
    found = [
        _order_or_refusal(command, sequence, outcome, before)
        for sequence, (command, outcome) in enumerate(zip(commands, outcomes, strict=True), first)
    ]
    meant = [each if isinstance(each, int) else _meant(command) for command, each in zip(commands, found, strict=True)]
    orders = await store.orders(tx, meant)
    return [
        orders[each] if isinstance(each, int) else _explained(each, command, orders)
        for command, each in zip(commands, found, strict=True)
    ]


def _meant(command: c.AccountCommand) -> int:
    """The order or listing that a command names; 0 for one that names none."""
    match command:
        case c.Cancel() | continuous.Amend():
            return command.order
        case listings.Subscribe():
            return command.listing
        case _:
            return 0


def _explained(refusal: DomainError, command: c.AccountCommand, orders: dict[int, Order]) -> DomainError:
    """A refusal because something is not open says what became of it, to those who may know."""
    found = orders.get(_meant(command))
    if refusal.slug != NOT_OPEN_SLUG:
        return refusal
    wanted = "listing" if isinstance(command, listings.Subscribe) else "order"
    if found is None or (wanted == "listing" and found.kind != "listing"):
        return Unknown(f"There is no {wanted} {_meant(command)}.")
    if found.state == "open" or (wanted == "order" and found.account_id != command.account):
        return refusal  # it was placed after the refusal, or is none of theirs
    filled = "is sold out" if found.kind == "listing" else "was filled"
    ended = filled if found.state == "filled" else f"is closed ({found.closed_because})"
    return not_open(
        f"{found.kind.capitalize()} {found.id} {ended}: {found.traded_t:,} of {found.quantity_t:,} t were traded, and "
        "nothing of it is open."
    )


async def _answered_before_in(
    tx: Tx, commands: Sequence[c.AccountCommand], outcomes: Sequence[list[Event]]
) -> dict[int, Answered]:
    """What those of one account's commands came to that were sent before, by client_order_id."""
    again = [
        command.client_order_id
        for command, (first, *_) in zip(commands, outcomes, strict=True)
        if isinstance(first, Refused) and first.reason == Reason.STALE_CLIENT_ORDER_ID
    ]
    return await store.requests(tx, commands[0].account, again) if again else {}


def _order_of(command: c.AccountCommand, sequence: int, outcome: list[Event], before: dict[int, Answered]) -> int:
    """The number of the order that a command is about. Raises what it was refused for, now or when it came first."""
    first, amending = outcome[0], isinstance(command, continuous.Amend)
    if not isinstance(first, Refused):
        return command.order if isinstance(command, c.Cancel | continuous.Amend) else sequence
    answered = before.get(command.client_order_id) if first.reason == Reason.STALE_CLIENT_ORDER_ID else None
    if answered is None:
        raise refusal_of(first.reason, first.wanted, first.limit, amending=amending)
    if answered.digest != digest(command):
        raise UsedOtherwise(
            f"client_order_id {command.client_order_id} of account {command.account} was used for another command "
            f"(sequence {answered.sequence}). A new command takes one above {first.limit}, the last that was used."
        )
    if answered.reason is not None:
        raise repeated(refusal_of(answered.reason, answered.wanted or 0, answered.bound or 0, amending=amending))
    return answered.order_id


def _order_or_refusal(
    command: c.AccountCommand, sequence: int, outcome: list[Event], before: dict[int, Answered]
) -> int | DomainError:
    try:
        return _order_of(command, sequence, outcome, before)
    except DomainError as refusal:
        return refusal


def _place(terms: NewOrder | market.Place, account_id: int, instrument_id: int) -> continuous.Place:
    return continuous.Place(
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
) -> continuous.Place | c.Cancel | continuous.Amend:
    if isinstance(each, market.Place):
        return _place(each, account_id, instruments.get(each.instrument, NO_INSTRUMENT))
    if isinstance(each, market.Cancel):
        return c.Cancel(account_id, each.order_id, each.client_order_id)
    return continuous.Amend(account_id, each.order_id, each.price_fen, each.quantity_t, each.client_order_id)


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


async def orders(
    account_id: int, window: Window, *, open_only: bool, newest_first: bool, asked: Call, exchange: Exchange
) -> Page[Order]:
    """What an account of one's own placed."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.orders_of(tx, window, account_id, open_only=open_only, newest_first=newest_first)


async def fills(account_id: int, window: Window, *, newest_first: bool, asked: Call, exchange: Exchange) -> Page[Fill]:
    """The trades of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.fills(tx, window, account_id, newest_first=newest_first)


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


async def trades(code: str, window: Window, *, newest_first: bool, exchange: Exchange) -> Page[Trade]:
    """The trades of an instrument."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.trades(tx, window, await instrument_in(tx, code), newest_first=newest_first)
