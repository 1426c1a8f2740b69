"""
A naive market: lists, dicts and `sorted`. Nothing but commands and events is shared with the engine.

What accounts own stands in `tests.oracle.market_custody`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.commands import AccountCommand
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.continuous import Accepted, Amend, Amended, Place, PlaceUntil
from exchange.engine.venue import BEGUN, BOOK
from tests.oracle.market_custody import (
    LARGEST_QUANTITY_T,
    Offer,
    Refusal,
    Rules,
    refuse,
    shut,
)
from tests.oracle.market_venues import NaiveVenues

OfDelivery: TypeAlias = c.Settle | c.Refund


@dataclass
class Unfinished:
    """What is still to be closed, and what is said at the end."""

    numbers: list[int]
    cause: Cause
    last: list[e.Event]


Meeting: TypeAlias = tuple[Offer, int, bool]
"""Who is met, for how many tonnes, and whether they are traded."""


class NaiveBook(NaiveVenues):
    """Takes the engine's commands and says what the engine should say, of orders in books."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__()
        self.open_orders_limit = open_orders_limit
        self.step = step
        self.sequence = 0
        self.unfinished: Unfinished | None = None

    def apply(self, command: Any) -> list[e.Event]:
        """Carry out one command, or refuse it."""
        self.sequence += 1
        try:
            if isinstance(command, c.Continue):
                return self._close_some()
            if self.unfinished is not None:
                refuse(Reason.BUSY)
            if isinstance(command, OfDelivery):
                self._check_undelivered(command.trades)
            elif hasattr(command, "client_order_id"):
                self._admit(command)
            else:
                self._check_instruction(command.instruction)
            carry_out: Callable[[Any], list[e.Event]] = getattr(self, "_" + type(command).__name__)
            return carry_out(command)
        except Refusal as refusal:
            why = (refusal.reason, refusal.wanted, refusal.limit)
            if isinstance(command, c.Continue):
                return [e.Refused(refusal.reason, 0, 0, 0, 0)]
            if isinstance(command, OfDelivery):
                # The event has no field for the delivery: the second number names it.
                return [e.Refused(refusal.reason, 0, 0, refusal.wanted, command.delivery)]
            if hasattr(command, "client_order_id"):
                return [e.Refused(why[0], command.account, command.client_order_id, *why[1:])]
            return [e.InstructionRefused(command.instruction, refusal.account, *why)]

    def queue(self, instrument: int, side: int) -> list[Offer]:
        """The orders of one side of a book, the best and oldest first."""
        found = [
            each
            for each in self.open.values()
            if each.instrument == instrument and each.side == side and not each.listed
        ]
        return sorted(found, key=lambda each: (each.price if side == c.SELL else -each.price, each.came))

    def _admit(self, command: AccountCommand) -> None:
        account, number = command.account, command.client_order_id
        if account not in self.owners:
            refuse(Reason.UNKNOWN_ACCOUNT)
        if number == 0 and isinstance(command, c.Cancel | c.CancelAll):
            return
        owner = self.owners[account]
        highest = min(owner.last_number + 2**32, 2**53 - 1) if owner.last_number else 2**53 - 2**32
        if number > highest:
            refuse(Reason.CLIENT_ORDER_ID_TOO_FAR, number, highest)
        if number < 1 or number in owner.numbers or number <= owner.last_number - 1_024:
            refuse(Reason.STALE_CLIENT_ORDER_ID, number, owner.last_number)
        owner.numbers.add(number)
        owner.last_number = max(owner.last_number, number)

    def _Freeze(self, said: c.Freeze) -> list[e.Event]:  # noqa: N802 - named as its command
        changed = e.FreezeChanged(said.instruction, said.account, said.on)
        if said.account not in self.owners:
            self.frozen_early = (self.frozen_early - {said.account}) | ({said.account} if said.on else set())
            return [changed]
        self.owners[said.account].frozen = said.on
        return [changed, *self._close_all(self._open_of(said.account), Cause.FREEZE)] if said.on else [changed]

    def _SetBand(self, said: c.SetBand) -> list[e.Event]:  # noqa: N802 - named as its command
        outside = [
            each
            for each in self.open.values()
            if each.instrument == said.instrument
            and each.price not in range(said.low, said.high + 1)
            and not self._has_own_band(each)
        ]
        return [*super()._SetBand(said), *self._close_all(outside, Cause.OUTSIDE_BAND)]

    def _DelistInstrument(self, said: c.DelistInstrument) -> list[e.Event]:  # noqa: N802 - named as its command
        told = super()._DelistInstrument(said)
        return [*told, *self._close_all(self._gone_with(said.instrument), Cause.DELISTED)]

    def _gone_with(self, instrument: int) -> list[Offer]:
        return [each for each in self.open.values() if each.instrument == instrument]

    def _has_own_band(self, _: Offer) -> bool:
        return False

    # Orders.

    def _check_fits(
        self, account: int, instrument: int, price: int, quantity: int, other_rules: Rules | None = None
    ) -> None:
        rules = other_rules or self.rules[instrument]
        if rules.halted:
            refuse(shut(rules.halted), instrument, rules.halted)
        if self.owners[account].frozen:
            refuse(Reason.FROZEN)
        if price < rules.low:
            refuse(Reason.PRICE_BELOW_BAND, price, rules.low)
        if price > rules.high:
            refuse(Reason.PRICE_ABOVE_BAND, price, rules.high)
        if price % rules.tick != 0:
            refuse(Reason.PRICE_OFF_TICK, price, rules.tick)
        if quantity < 1 or quantity % rules.lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, quantity, rules.lot)
        if quantity > LARGEST_QUANTITY_T:
            refuse(Reason.TOO_LARGE, quantity, LARGEST_QUANTITY_T)

    def _check_smaller(self, order: Offer, quantity: int) -> None:
        """Its price does not matter."""
        rules = self.rules[order.instrument]
        if rules.halted:
            refuse(shut(rules.halted), order.instrument, rules.halted)
        if quantity < 1 or quantity % rules.lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, quantity, rules.lot)

    def _check_room(self, account: int) -> None:
        """One more may rest."""
        mine = len(self._open_of(account))
        if mine >= self.open_orders_limit:
            refuse(Reason.TOO_MANY_ORDERS, mine, self.open_orders_limit)

    def _check_covered(self, offer: Offer, freed: int = 0) -> None:
        """What an order needs is settled, counting what its old price and quantity had *freed*."""
        if offer.side == c.BUY:
            more, settled = offer.price * offer.open - freed, self.cash(offer.account)[0]
            if more > settled:
                refuse(Reason.NOT_ENOUGH_CASH, more, settled)
        else:
            more, settled = offer.open - freed, self.tonnes(offer.account, offer.instrument)[0]
            if more > settled:
                refuse(Reason.NOT_ENOUGH_TONNES, more, settled)

    def _Place(self, said: Place | PlaceUntil) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        order = self._offer(said.account, said.instrument, said.side, said.price, said.quantity)
        if said.life not in {c.IOC, c.FOK}:
            self._check_room(said.account)
        self._check_venue(said.account, said.instrument, said.side, BOOK, said.quantity)
        self._check_covered(order)
        order.prevention, order.post_only = said.prevention, said.life == c.POST_ONLY
        self._check_post_only(order)
        if said.life == c.FOK:
            meetings, _ = self._meetings(order)
            if sum(quantity for _, quantity, traded in meetings if traded) < order.quantity:
                refuse(Reason.NOT_FILLABLE, order.quantity)
        accepted = Accepted(
            order.number,
            order.account,
            order.instrument,
            order.side,
            order.price,
            order.quantity,
            said.client_order_id,
            said.life,
        )
        return [accepted, *self._enter(order, rests=said.life not in {c.IOC, c.FOK})]

    def _check_post_only(self, order: Offer) -> None:
        best = [each.price for each in self.queue(order.instrument, 1 - order.side) if meets(order, each)][:1]
        if order.post_only and best:
            refuse(Reason.WOULD_TRADE, order.price, best[0])

    def _offer(self, account: int, instrument: int, side: int, price: int, quantity: int) -> Offer:
        return Offer(self.sequence, account, instrument, side, price, quantity, quantity, self.sequence)

    def _meetings(self, taker: Offer) -> tuple[list[Meeting], bool]:
        """Whom a taker would meet, in order, and whether one of its own would stop it. Changes nothing."""
        found: list[Meeting] = []
        wanted = taker.open
        group = self.owners[taker.account].group
        for maker in self.queue(taker.instrument, 1 - taker.side):
            if wanted == 0 or not meets(taker, maker):
                break
            both = min(wanted, maker.open)
            if self.owners[maker.account].group != group:
                found.append((maker, both, True))
                wanted -= both
            elif taker.prevention == c.PREVENT_TAKER:
                return found, True
            elif taker.prevention == c.PREVENT_MAKER:
                found.append((maker, maker.open, False))
            elif taker.prevention == c.PREVENT_BOTH:
                return [*found, (maker, maker.open, False)], True
            else:
                found.append((maker, both, False))
                wanted -= both
        return found, False

    def _enter(self, taker: Offer, *, rests: bool) -> list[e.Event]:
        """Meet whom there is to meet, then queue or go."""
        happened: list[e.Event] = []
        meetings, stopped = self._meetings(taker)
        for maker, quantity, traded in meetings:
            if traded:
                happened += self._trades(taker, maker, quantity)
                taker.open -= quantity
            else:
                happened.append(gone(maker, quantity, Cause.SELF_TRADE))
                if taker.prevention == c.PREVENT_DECREMENT:
                    happened.append(gone(taker, quantity, Cause.SELF_TRADE))
                    taker.open -= quantity
            self._shrink(maker, quantity)
        if taker.open and rests and not stopped:
            taker.came = self.sequence
            self.open[taker.number] = taker
        elif taker.open:
            happened.append(gone(taker, taker.open, Cause.SELF_TRADE if stopped else Cause.NOT_FILLED))
        return happened

    def _trades(self, taker: Offer, maker: Offer, quantity: int, price: int | None = None) -> list[e.Event]:
        return [self._trade(taker, maker, quantity, price)]

    def _trade(self, taker: Offer, maker: Offer, quantity: int, price: int | None = None, asset: int = 0) -> e.Traded:
        """A trade at the maker's price, or another."""
        self.trades += 1
        price = maker.price if price is None else price
        buy, sell = (taker, maker) if taker.side == c.BUY else (maker, taker)
        rules = self.rules[taker.instrument]
        fee = self._fee(sell, price * quantity, rules.fee_bps)
        self.undelivered[self.trades] = e.Traded(
            self.trades,
            taker.instrument,
            price,
            quantity,
            buy.number,
            sell.number,
            buy.account,
            sell.account,
            buy.price,
            fee,
            rules.fee_account,
            taker.side,
            asset,
        )
        return self.undelivered[self.trades]

    def _fee(self, sell: Offer, amount: int, bps: int) -> int:
        """What the whole order's fee grows by."""
        sell.sold_for += amount
        return sell.sold_for * bps // 10_000 - (sell.sold_for - amount) * bps // 10_000

    def _shrink(self, offer: Offer, quantity: int) -> None:
        offer.open -= quantity
        if offer.open == 0:
            del self.open[offer.number]

    def _mine(self, account: int, number: int) -> Offer:
        if number not in self.open or self.open[number].account != account:
            refuse(Reason.NOT_OPEN, number)
        return self.open[number]

    def _close(self, offers: Iterable[Offer], cause: Cause, client_order_id: int = 0) -> list[e.Event]:
        happened: list[e.Event] = []
        for offer in sorted(offers, key=lambda each: each.number):
            del self.open[offer.number]
            happened.append(gone(offer, offer.open, cause, client_order_id))
        return happened

    def _Cancel(self, said: c.Cancel) -> list[e.Event]:  # noqa: N802 - named as its command
        return self._close([self._mine(said.account, said.order)], Cause.OWNER, said.client_order_id)

    def _CancelAll(self, said: c.CancelAll) -> list[e.Event]:  # noqa: N802 - named as its command
        mine = [each for each in self._open_of(said.account) if said.instrument in {0, each.instrument}]
        return self._close_all(mine, Cause.OWNER, e.Completed(said.account, said.client_order_id, len(mine)))

    def _close_all(self, offers: list[Offer], cause: Cause, *last: e.Event) -> list[e.Event]:
        self.unfinished = Unfinished(sorted(each.number for each in offers), cause, list(last))
        return self._close_some()

    def _close_some(self) -> list[e.Event]:
        """The next few of those that are to be closed; with the last of them, the last event."""
        if self.unfinished is None:
            refuse(Reason.NOTHING_UNFINISHED)
        now, later = self.unfinished.numbers[: self.step], self.unfinished.numbers[self.step :]
        happened = self._close([self.open[number] for number in now], self.unfinished.cause)
        if later:
            self.unfinished.numbers = later
            return happened
        happened += self.unfinished.last
        self.unfinished = None
        return happened

    def _Amend(self, said: Amend) -> list[e.Event]:  # noqa: N802 - named as its command
        order = self._mine(said.account, said.order)
        if order.listed:
            refuse(Reason.NOT_AN_ORDER, said.order)
        used = order.quantity - order.open
        if self._closes(said, used):
            completed = e.Completed(said.account, said.client_order_id)
            return [*self._close([order], Cause.OWNER, said.client_order_id), completed]
        if said.price == order.price and said.quantity <= order.quantity:
            self._check_smaller(order, said.quantity)
        else:
            self._check_fits(said.account, order.instrument, said.price, said.quantity)
            more = said.quantity - order.quantity
            self._check_venue(said.account, order.instrument, order.side, BEGUN, said.quantity, more)
        if said.quantity <= used:
            refuse(Reason.ALREADY_TRADED, said.quantity, used)
        locked = order.open * (order.price if order.side == c.BUY else 1)
        changed = self._offer(order.account, order.instrument, order.side, said.price, said.quantity)
        changed.number, changed.open, changed.prevention = order.number, said.quantity - used, order.prevention
        changed.post_only, changed.sold_for = order.post_only, order.sold_for
        changed.parts = order.parts[: order.open]
        self._check_post_only(changed)
        self._check_covered(changed, locked)
        amended = Amended(
            order.number,
            order.account,
            order.instrument,
            order.side,
            order.price,
            order.open,
            changed.price,
            changed.open,
        )
        if said.price == order.price and said.quantity <= order.quantity:
            changed.came = order.came
            self.open[order.number] = changed
            return [amended, e.Completed(said.account, said.client_order_id)]
        del self.open[order.number]
        return [amended, *self._enter(changed, rests=True), e.Completed(said.account, said.client_order_id)]

    def _closes(self, said: Amend, used: int) -> bool:
        """Nothing of the order would be left open."""
        return 0 < said.quantity <= used


def meets(taker: Offer, maker: Offer) -> bool:
    """Whether the maker's price is good enough for the taker."""
    return maker.price <= taker.price if taker.side == c.BUY else maker.price >= taker.price


def gone(offer: Offer, quantity: int, cause: Cause, client_order_id: int = 0) -> e.Reduced:
    """So much of an order is open no more."""
    freed = groupby(reversed(offer.parts[offer.open - quantity : offer.open]))
    return e.Reduced(
        offer.number,
        offer.account,
        offer.instrument,
        offer.side,
        offer.price,
        quantity,
        cause,
        client_order_id,
        tuple((asset, len(list(each))) for asset, each in freed),
    )
