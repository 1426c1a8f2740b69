"""Orders: placed, amended, cancelled, answered from their own committed events; and what an account has."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from exchange.engine import commands as c
from exchange.engine.commands import AccountCommand
from exchange.engine.events import Event, Reason, Reduced, Refused
from exchange.engine.modes import continuous
from exchange.journal.codec import digest
from exchange.journal.gateway import NotTrading
from exchange.journal.groups import Answer
from exchange.journal.refusals import NOT_OPEN_SLUG, UsedOtherwise, not_open, repeated
from exchange.orders import rules, store
from exchange.parts import Exchange, known_trader, readable_in, refuse_frozen
from exchange.projections import store as projections
from exchange.projections.changes import Moment
from exchange.projections.replies import About
from exchange.projections.store import Remembered
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError, Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.orders import (
    AmendOrder,
    Balances,
    CancelledOrders,
    CancelOrder,
    CancelOrders,
    Fill,
    NewOrder,
    Order,
    PlaceInBatch,
)
from schemas.pages import Page
from schemas.parties import Account

BEHIND_LIMIT: Final = 50_000
"""Commands by which the tables may be behind the journal before orders have to wait."""
_UNTAKEN: Final = (Reason.STALE_CLIENT_ORDER_ID, Reason.CLIENT_ORDER_ID_TOO_FAR)
UNNUMBERED: Final = 0
"""Stands where a command of the engine has its client_order_id: a cancel without one."""
NO_INSTRUMENT: Final = 0
"""No instrument of the engine has this number."""


async def place(body: NewOrder, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Place a limit order. Raises `TradingRefused`, or `UntilPassed` for one that would be over."""
    trader = await known_trader(body.account_id, call, authority)
    instrument = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    if body.until is not None:
        await _refuse_past(body.until, body, exchange=exchange)
    return await carry_out(placing(body, body.account_id, instrument.id), exchange=exchange)


async def _refuse_past(until: datetime, body: NewOrder, *, exchange: Exchange) -> None:
    """
    Raise `UntilPassed`, unless the order came before and is only sent again.

    In a batch an order that is over is taken, and closed by the calendar at once.
    """
    async with exchange.db.reading() as tx:
        now = await clock.now_in(tx)
        before = await projections.requests(tx, body.account_id, [body.client_order_id]) if until <= now else None
    if before is not None and not before:
        raise rules.UntilPassed(f"until {clock.stamp(until)} has passed: business time is {clock.stamp(now)}.")


async def cancel(order_id: int, body: CancelOrder, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Take back what is open of an order or a listing; also while its instrument is halted."""
    await known_trader(body.account_id, call, authority)
    return await carry_out(c.Cancel(body.account_id, order_id, body.client_order_id or UNNUMBERED), exchange=exchange)


async def amend(order_id: int, body: AmendOrder, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Change an order's price or total quantity."""
    trader = await known_trader(body.account_id, call, authority)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = continuous.Amend(body.account_id, order_id, body.price_fen, body.quantity_t, body.client_order_id)
    return await carry_out(command, exchange=exchange)


async def cancel_all(body: CancelOrders, *, call: Call, exchange: Exchange, authority: Authority) -> CancelledOrders:
    """Take back everything that an account has open."""
    await known_trader(body.account_id, call, authority)
    number = (await exchange.instruments.by_code(body.instrument)).id if body.instrument else NO_INSTRUMENT
    command = c.CancelAll(body.account_id, number, body.client_order_id or UNNUMBERED)
    answer = await exchange.gateway.submit(command)
    await exchange.projector.reach(answer.sequence)
    async with exchange.db.reading() as tx:
        answered = await projections.requests(tx, body.account_id, [command.client_order_id])
    if isinstance(found := _shown_number(command, answer, answered, exchange), DomainError):
        raise found
    if body.client_order_id is None:
        cancelled = sum(isinstance(event, Reduced) for event in answer.events)
    else:
        cancelled = answered[body.client_order_id].wanted or 0
    return CancelledOrders(account_id=body.account_id, client_order_id=body.client_order_id, cancelled=cancelled)


async def carry_out(command: AccountCommand, *, exchange: Exchange) -> Order:
    """
    Carry an account's command out, once; returns the order it is about.

    What it made is shown as its own committed events leave it. A command that is sent again is known by its
    client_order_id, and answered with the order as it stands by then.
    """
    if not isinstance(command, c.Cancel):
        check_pace(exchange)
    answer = await exchange.gateway.submit(command)
    (reply,) = await replies_to((command,), (answer,), exchange=exchange)
    if isinstance(reply, DomainError):
        raise reply
    return reply


async def number_of(command: AccountCommand, *, exchange: Exchange) -> int:
    """Carry an account's command out, once; returns the number of what it is about, which is shown elsewhere."""
    check_pace(exchange)
    answer = await exchange.gateway.submit(command)
    await exchange.projector.reach(answer.sequence)
    async with exchange.db.reading() as tx:
        known = await projections.requests(tx, command.account, [command.client_order_id])
    found = _shown_number(command, answer, known, exchange)
    if isinstance(found, DomainError):
        raise found
    return found


def check_pace(exchange: Exchange) -> None:
    """Take no orders that nobody could see: the tables are too far behind, or do not follow at all."""
    behind = exchange.projector.committed - exchange.projector.projected
    if behind > BEHIND_LIMIT:
        raise NotTrading(
            f"The tables are {behind:,} commands behind the journal. Come again in a moment.", retry_after_s=2
        )


async def replies_to(
    commands: Sequence[AccountCommand], answers: Sequence[Answer], *, exchange: Exchange
) -> list[Order | DomainError]:
    """The reply to each of one account's commands: the order that it is about, or why it was refused."""
    if all(_is_plain(command, answer.events, exchange) for command, answer in zip(commands, answers, strict=True)):
        return [await _plain(command, answer, exchange) for command, answer in zip(commands, answers, strict=True)]
    await exchange.projector.reach(answers[-1].sequence)
    again = [
        command.client_order_id for command, answer in zip(commands, answers, strict=True) if _is_untaken(answer.events)
    ]
    async with exchange.db.reading() as tx:
        known = await projections.requests(tx, commands[0].account, again) if again else {}
        found = [
            _shown_number(command, answer, known, exchange) for command, answer in zip(commands, answers, strict=True)
        ]
        named = [
            each if isinstance(each, int) else _about(command, exchange).names(command)
            for command, each in zip(commands, found, strict=True)
        ]
        orders = await store.orders(tx, named)
    return [
        orders[each] if isinstance(each, int) else _explained(each, command, orders, exchange)
        for command, each in zip(commands, found, strict=True)
    ]


def _about(command: AccountCommand, exchange: Exchange) -> About:
    return exchange.tables.about[type(command)]


def _is_untaken(events: Sequence[Event]) -> bool:
    """Whether a command was refused for its number, and so may be one that was carried out before."""
    first = events[0]
    return isinstance(first, Refused) and first.reason in _UNTAKEN


def _is_plain(command: AccountCommand, events: Sequence[Event], exchange: Exchange) -> bool:
    """Whether a command's own events say all that its reply shows."""
    first = events[0]
    if isinstance(first, Refused):
        return first.reason not in (*_UNTAKEN, Reason.NOT_OPEN)
    return _about(command, exchange).makes


async def _plain(command: AccountCommand, answer: Answer, exchange: Exchange) -> Order | DomainError:
    first = answer.events[0]
    if isinstance(first, Refused):
        instead = _about(command, exchange).instead
        return exchange.refusals.of(first.reason, first.wanted, first.limit, instead=instead)
    placed = rules.placed_by(answer.events, Moment(answer.sequence, answer.at), exchange.tables.events)
    return rules.as_order(placed, await exchange.instruments.code_of(placed.instrument_id))


def _shown_number(
    command: AccountCommand, answer: Answer, known: dict[int, Remembered], exchange: Exchange
) -> int | DomainError:
    """The number of what the reply shows, or what the command was refused for, now or when it came first."""
    first, about = answer.events[0], _about(command, exchange)
    if not isinstance(first, Refused):
        return about.shown(command, answer.sequence)
    before = known.get(command.client_order_id) if _is_untaken(answer.events) else None
    if before is None:
        return exchange.refusals.of(first.reason, first.wanted, first.limit, instead=about.instead)
    if before.digest != digest(about.sent(command)):
        new = "up to {}" if first.reason == Reason.CLIENT_ORDER_ID_TOO_FAR else "above {}, the highest that was used"
        return UsedOtherwise(
            f"client_order_id {command.client_order_id} of account {command.account} was used for another command "
            f"(sequence {before.sequence}). A new command takes one {new.format(first.limit)}."
        )
    if before.reason is not None:
        refusal = exchange.refusals.of(before.reason, before.wanted or 0, before.bound or 0, instead=about.instead)
        return repeated(refusal)
    return before.order_id


def _explained(
    refusal: DomainError, command: AccountCommand, orders: dict[int, Order], exchange: Exchange
) -> DomainError:
    """A refusal because something is not open says what became of it, to those who may know."""
    if refusal.slug != NOT_OPEN_SLUG:
        return refusal
    about = _about(command, exchange)
    found, anything = orders.get(about.names(command)), about.noun == "order"
    if found is None or (not anything and found.kind != about.noun):
        return Unknown(f"There is no {about.noun} {about.names(command)}.")
    if found.state == "open" or (anything and found.account_id != command.account):
        return refusal  # it was placed after the refusal, or belongs to somebody else
    filled = "is sold out" if found.kind in {"listing", "campaign", "auction"} else "was filled"
    ended = filled if found.state == "filled" else f"is closed ({found.closed_because})"
    return not_open(
        f"{found.kind.capitalize()} {found.id} {ended}: {found.traded_t:,} of {found.quantity_t:,} t were traded, and "
        "nothing of it is open."
    )


def placing(
    terms: NewOrder | PlaceInBatch, account_id: int, instrument_id: int
) -> continuous.Place | continuous.PlaceUntil:
    """An order as the engine takes it."""
    side, prevention = c.BUY if terms.side == "buy" else c.SELL, rules.PREVENTIONS[terms.self_trade]
    said = (account_id, instrument_id, side, terms.price_fen, terms.quantity_t, terms.client_order_id)
    if terms.until is not None:
        return continuous.PlaceUntil(*said, prevention, int(terms.until.timestamp()))
    return continuous.Place(*said, c.POST_ONLY if terms.post_only else rules.LIVES[terms.time_in_force], prevention)


async def order(order_id: int, *, asked: Call, exchange: Exchange) -> Order:
    """One of one's own orders, listings or subscriptions."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = (await store.orders(tx, [order_id])).get(order_id)
        if found is not None and not await _is_sealed_in(tx, found, asked):
            return found
    await exchange.projector.require_complete()
    raise Unknown(f"There is no order {order_id}.")


async def _is_sealed_in(tx: Tx, found: Order, asked: Call) -> bool:
    """Whether it is a sealed bid, which before the close only its bidder knows. Raises `NotYours`."""
    mine = await readable_in(tx, found.account_id, asked)
    return not mine and found.kind == "bid" and await store.is_sealed(tx, found.id)


async def orders_in(tx: Tx, numbers: Sequence[int]) -> tuple[Order, ...]:
    """What was placed under some numbers, in their order, for a caller that has seen to who may read it."""
    found = await store.orders(tx, numbers)
    return tuple(found[number] for number in numbers)


async def order_by_client_order_id(account_id: int, client_order_id: int, *, asked: Call, exchange: Exchange) -> Order:
    """The order, listing or subscription that a command of one's own account was about, by the command's number."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        mine = await readable_in(tx, account_id, asked)
        said = (await projections.requests(tx, account_id, [client_order_id])).get(client_order_id)
        found = (await store.orders(tx, [said.order_id])).get(said.order_id) if said and said.reason is None else None
        hidden = found is not None and not mine and await store.is_sealed(tx, found.id)
    if found is not None and not hidden:
        return found
    number = f"client_order_id {client_order_id} of account {account_id}"
    if said is None or hidden:
        await exchange.projector.require_complete()
        raise Unknown(f"{number} is not used.")
    if said.reason is None:
        raise Unknown(f"{number} took everything back, and is about no single order.")
    refusal = exchange.refusals.of(said.reason, said.wanted or 0, said.bound or 0)
    raise Unknown(f"{number} was refused, and there is no order of it: {refusal.detail}")


async def orders(
    account_id: int,
    window: Window,
    period: Between,
    *,
    open_only: bool,
    newest_first: bool,
    instrument: str | None = None,
    asked: Call,
    exchange: Exchange,
) -> Page[Order]:
    """What an account of one's own placed, of one instrument or of all."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        mine = await readable_in(tx, account_id, asked)
        return await store.orders_of(
            tx, window, period, account_id, instrument, open_only=open_only, newest_first=newest_first, sealed=mine
        )


async def fills(
    account_id: int, window: Window, period: Between, *, newest_first: bool, asked: Call, exchange: Exchange
) -> Page[Fill]:
    """The trades of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.fills(tx, window, period, account_id, newest_first=newest_first)


async def settled_cash(accounts: Collection[Account], *, asked: Call, exchange: Exchange) -> dict[int, int]:
    """The money that some accounts of one's own can use, of those that ever had any. Raises `NotYours`."""
    for each in accounts:
        port.authorise_for(asked, each.owner_id)
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.settled_cash(tx, [each.id for each in accounts])


async def balances(account_id: int, *, asked: Call, exchange: Exchange) -> Balances:
    """What an account of one's own has on the exchange."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        await readable_in(tx, account_id, asked)
        return await store.balances(tx, account_id)
