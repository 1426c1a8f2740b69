"""
What committed batches mean for the tables that follow the journal. Pure: events in, row changes out.

Balances are added up from events alone, without the engine: that they come out as the engine's is a test of both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import account_command_types
from exchange.engine.modes import continuous, listings
from exchange.trading.codec import digest
from exchange.trading.recovery import Committed

CASH: Final = 0
"""Stands where an instrument stands in a position: money."""
SIDES: Final = ("buy", "sell")
_OF_ACCOUNTS: Final = account_command_types()
LIVES: Final = ("GTC", "IOC", "FOK", "POST_ONLY")


class Deal(NamedTuple):
    """What a position has to know of a trade."""

    instrument_id: int
    price_fen: int
    quantity_t: int
    buyer_id: int
    seller_id: int
    fee_fen: int
    fee_account_id: int


@dataclass(slots=True)
class Placed:
    """An order, a listing or a subscription as it entered, and what became of it in the same batches."""

    id: int
    kind: str
    account_id: int
    instrument_id: int
    side: str
    price_fen: int
    quantity_t: int
    open_t: int
    traded_t: int
    life: str
    client_order_id: int
    closed_because: int | None
    listing_id: int | None
    at: datetime


@dataclass(slots=True)
class Change:
    """What became of something that was placed before."""

    open_t: int = 0
    traded_t: int = 0
    quantity_t: int = 0
    price_fen: int | None = None
    closed_because: int | None = None


@dataclass(slots=True)
class Changes:
    """Row changes of some batches in a row."""

    last: int = 0
    placed: dict[int, Placed] = field(default_factory=dict)
    changed: dict[int, Change] = field(default_factory=dict)
    trades: list[tuple[object, ...]] = field(default_factory=list)
    positions: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    requests: list[tuple[object, ...]] = field(default_factory=list)
    instructions: dict[int, tuple[str, int | None, int | None, int | None]] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    bands: dict[int, tuple[int, int]] = field(default_factory=dict)
    halts: dict[int, int] = field(default_factory=dict)
    deliveries: list[tuple[int, str]] = field(default_factory=list)

    def move(
        self, account: int, instrument: int, settled: int = 0, locked: int = 0, *, coming: int = 0, going: int = 0
    ) -> None:
        """Add to a balance."""
        found = self.positions.get((account, instrument))
        if found is None:
            found = self.positions[account, instrument] = [0, 0, 0, 0]
        found[0] += settled
        found[1] += locked
        found[2] += coming
        found[3] += going

    def lock(self, account: int, instrument: int, side: int, price: int, quantity: int) -> None:
        """What an order needs becomes locked; with a negative quantity it is free again."""
        amount = quantity if side else price * quantity
        self.move(account, instrument if side else CASH, -amount, amount)

    def reduce(self, order: int, open_t: int, traded_t: int = 0, because: int | None = None) -> None:
        """Less of an order is open."""
        found = self.placed.get(order) or self.changed.setdefault(order, Change())
        found.open_t -= open_t
        found.traded_t += traded_t
        if because is not None:
            found.closed_because = because

    def answer(self, instruction: int, state: str, *why: int) -> None:
        """
        What an instruction came to. The first answer counts.

        One that is told again, because a crash hid that it had been, is refused as stale: that is no news of it.
        """
        reason, wanted, limit = why or (None, None, None)
        self.instructions.setdefault(instruction, (state, reason, wanted, limit))


def settlements(batches: Iterable[Committed]) -> list[int]:
    """The trades that these batches settle or refund."""
    return [
        trade
        for batch in batches
        for outcome in batch.outcomes
        for event in outcome
        if isinstance(event, e.Settled | e.Refunded)
        for trade in event.trades
    ]


def changes(batches: Iterable[Committed], before: Mapping[int, Deal]) -> Changes:
    """Add batches up; *before* has at least the trades that `settlements` names and that were projected before."""
    into, deals = Changes(), dict(before)
    for batch in batches:
        for sequence, (command, outcome) in enumerate(zip(batch.commands, batch.outcomes, strict=True), batch.first):
            for event in outcome:
                _apply(into, event, sequence, batch.at, deals)
            if isinstance(command, _OF_ACCOUNTS):
                _remember(into, command, outcome, sequence)
        into.last = batch.last
    return into


def _remember(into: Changes, command: c.AccountCommand, outcome: list[e.Event], sequence: int) -> None:
    """The reply to whoever sends this command again; nothing for one that came too late, which changed nothing."""
    order = command.order if isinstance(command, c.Cancel | continuous.Amend) else sequence
    key = (command.account, command.client_order_id, sequence, digest(command), order)
    refusal = outcome[0]
    if not isinstance(refusal, e.Refused):
        closed = sum(isinstance(event, e.Reduced) for event in outcome) if isinstance(command, c.CancelAll) else None
        into.requests.append((*key, None, closed, None))
    elif refusal.reason not in (e.Reason.STALE_CLIENT_ORDER_ID, e.Reason.UNKNOWN_ACCOUNT):
        into.requests.append((*key, refusal.reason, refusal.wanted, refusal.limit))


def _apply(into: Changes, event: e.Event, sequence: int, at: datetime, deals: dict[int, Deal]) -> None:  # noqa: C901, PLR0912 - one branch for each kind of event
    match event:
        case continuous.Accepted():
            into.lock(event.account, event.instrument, event.side, event.price, event.quantity)
            _enter(into, event, at, kind="order", side=SIDES[event.side], life=LIVES[event.life])
        case listings.ListingOpened():
            into.lock(event.account, event.instrument, c.SELL, event.price, event.quantity)
            _enter(into, event, at, kind="listing", side="sell", life="GTC")
        case listings.Subscribed():
            into.lock(event.account, event.instrument, c.BUY, event.price, event.quantity)
            _enter(into, event, at, kind="subscription", side="buy", life="FOK")
        case e.Traded():
            _trade(into, event, sequence, at)
            deals[event.trade] = Deal(
                event.instrument,
                event.price,
                event.quantity,
                event.buyer,
                event.seller,
                event.fee,
                event.fee_account,
            )
        case e.Reduced():
            into.lock(event.account, event.instrument, event.side, event.price, -event.quantity)
            into.reduce(event.order, event.quantity, because=event.cause)
        case continuous.Amended():
            _amend(into, event)
        case e.Settled():
            for number in event.trades:
                _settle(into, deals[number])
            into.deliveries.append((event.delivery, "settled"))
        case e.Refunded():
            for number in event.trades:
                _refund(into, deals[number])
            into.deliveries.append((event.delivery, "refunded"))
        case e.Refused() | e.Completed():
            pass
        case e.InstructionRefused():
            into.answer(event.instruction, "refused", event.reason, event.wanted, event.limit)
        case _ if isinstance(event, _Instructed):
            _instruct(into, event)
            into.answer(event.instruction, "done")


_Instructed: TypeAlias = (
    e.CashCredited
    | e.TonnesCredited
    | e.CashDebited
    | e.TonnesDebited
    | e.InstrumentOpened
    | e.BandSet
    | e.HaltChanged
    | e.FreezeChanged
)


def _instruct(into: Changes, event: _Instructed) -> None:
    match event:
        case e.CashCredited():
            into.move(event.account, CASH, event.amount)
        case e.CashDebited():
            into.move(event.account, CASH, -event.amount)
        case e.TonnesCredited():
            into.move(event.account, event.instrument, event.quantity)
        case e.TonnesDebited():
            into.move(event.account, event.instrument, -event.quantity)
        case e.InstrumentOpened():
            into.opened.append(event.instrument)
        case e.BandSet():
            into.bands[event.instrument] = (event.low, event.high)
        case e.HaltChanged():
            into.halts[event.instrument] = event.causes
        case e.FreezeChanged():
            pass


def _enter(
    into: Changes,
    event: continuous.Accepted | listings.ListingOpened | listings.Subscribed,
    at: datetime,
    *,
    kind: str,
    side: str,
    life: str,
) -> None:
    into.placed[event.order] = Placed(
        id=event.order,
        kind=kind,
        account_id=event.account,
        instrument_id=event.instrument,
        side=side,
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life=life,
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=event.listing if isinstance(event, listings.Subscribed) else None,
        at=at,
    )


def _trade(into: Changes, event: e.Traded, sequence: int, at: datetime) -> None:
    quantity, amount = event.quantity, event.price * event.quantity
    into.move(event.buyer, CASH, (event.cap - event.price) * quantity, -event.cap * quantity, going=amount)
    into.move(event.buyer, event.instrument, coming=quantity)
    into.move(event.seller, event.instrument, 0, -quantity, going=quantity)
    into.move(event.seller, CASH, coming=amount - event.fee)
    if event.fee:
        into.move(event.fee_account, CASH, coming=event.fee)
    for order in (event.buy_order, event.sell_order):
        into.reduce(order, quantity, quantity)
    into.trades.append(
        (
            event.trade,
            sequence,
            event.instrument,
            event.price,
            quantity,
            event.buy_order,
            event.sell_order,
            event.buyer,
            event.seller,
            event.fee,
            event.fee_account,
            SIDES[event.taker_side],
            at,
        )
    )


def _amend(into: Changes, event: continuous.Amended) -> None:
    into.lock(event.account, event.instrument, event.side, event.old_price, -event.old_open)
    into.lock(event.account, event.instrument, event.side, event.price, event.open)
    more = event.open - event.old_open
    found = into.placed.get(event.order) or into.changed.setdefault(event.order, Change())
    found.open_t += more
    found.quantity_t += more
    found.price_fen = event.price


def _settle(into: Changes, deal: Deal) -> None:
    amount = deal.price_fen * deal.quantity_t
    into.move(deal.buyer_id, CASH, going=-amount)
    into.move(deal.buyer_id, deal.instrument_id, deal.quantity_t, coming=-deal.quantity_t)
    into.move(deal.seller_id, deal.instrument_id, going=-deal.quantity_t)
    into.move(deal.seller_id, CASH, amount - deal.fee_fen, coming=deal.fee_fen - amount)
    if deal.fee_fen:
        into.move(deal.fee_account_id, CASH, deal.fee_fen, coming=-deal.fee_fen)


def _refund(into: Changes, deal: Deal) -> None:
    amount = deal.price_fen * deal.quantity_t
    into.move(deal.buyer_id, CASH, amount, going=-amount)
    into.move(deal.buyer_id, deal.instrument_id, coming=-deal.quantity_t)
    into.move(deal.seller_id, deal.instrument_id, deal.quantity_t, going=-deal.quantity_t)
    into.move(deal.seller_id, CASH, coming=deal.fee_fen - amount)
    if deal.fee_fen:
        into.move(deal.fee_account_id, CASH, coming=-deal.fee_fen)
