"""
A naive market: lists, dicts, `sorted`, and every balance added up anew whenever somebody asks for it.

An account *owns* money and tonnes, which only credits, debits and settled trades change. What is locked is the sum over
its open orders, what is incoming or outgoing the sum over trades not yet delivered, and settled is what remains. So an
undone trade is one that is forgotten, and no cancel can give back the wrong amount. Nothing but commands and events is
shared with the engine.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.continuous import Accepted, Amend, Amended, Place
from exchange.engine.modes.listings import ListingOpened, OpenListing, Subscribe, Subscribed

LARGEST_TOTAL = 9_007_199_254_740_991
LARGEST_QUANTITY_T = 100_000_000
LARGEST_PRICE_FEN = 10_000_000

OfAccount: TypeAlias = Place | Amend | OpenListing | Subscribe | c.Cancel | c.CancelAll
OfDelivery: TypeAlias = c.Settle | c.Refund

Parts: TypeAlias = tuple[int, int, int, int]
"""Settled, locked, incoming, outgoing."""


class No(Exception):
    """A refusal, with the two numbers that disagree."""

    def __init__(self, reason: Reason, wanted: int = 0, limit: int = 0, *, account: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.wanted, self.limit, self.account = reason, wanted, limit, account


def no(reason: Reason, wanted: int = 0, limit: int = 0, *, account: int = 0) -> NoReturn:
    """Refuse what is being asked."""
    raise No(reason, wanted, limit, account=account)


@dataclass
class Owner:
    """An account: what is its own, however much of that is tied up."""

    group: int
    cash: int = 0
    tonnes: Counter[int] = field(default_factory=Counter)
    frozen: bool = False
    last_number: int = 0


@dataclass
class Offer:
    """An order or a listing that is open; *came* is the command since which it queues."""

    number: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    open: int
    came: int
    prevention: int = c.PREVENT_TAKER
    listed: bool = False
    post_only: bool = False


@dataclass
class Rules:
    """What may be traded, and at which prices."""

    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    halted: int = 0


@dataclass
class Unfinished:
    """What is still to be closed, and what is said at the end."""

    numbers: list[int]
    cause: Cause
    last: list[e.Event]


Meeting: TypeAlias = tuple[Offer, int, bool]
"""Who is met, for how many tonnes, and whether they are traded."""


class NaiveMarket:
    """Takes the engine's commands and says what the engine should say."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        self.open_orders_limit = open_orders_limit
        self.step = step
        self.sequence = 0
        self.trades = 0
        self.last_instruction = 0
        self.owners: dict[int, Owner] = {}
        self.rules: dict[int, Rules] = {}
        self.open: dict[int, Offer] = {}
        self.undelivered: dict[int, e.Traded] = {}
        self.unfinished: Unfinished | None = None

    def apply(self, command: Any) -> list[e.Event]:
        """Carry out one command, or refuse it."""
        self.sequence += 1
        try:
            if isinstance(command, c.Continue):
                return self._close_some()
            if self.unfinished is not None:
                no(Reason.BUSY)
            if isinstance(command, OfDelivery):
                self._check_undelivered(command.trades)
            elif isinstance(command, OfAccount):
                self._admit(command.account, command.client_order_id)
            else:
                self._check_instruction(command.instruction)
            carry_out: Callable[[Any], list[e.Event]] = getattr(self, "_" + type(command).__name__)
            return carry_out(command)
        except No as refusal:
            why = (refusal.reason, refusal.wanted, refusal.limit)
            if isinstance(command, c.Continue):
                return [e.Refused(refusal.reason, 0, 0, 0, 0)]
            if isinstance(command, OfDelivery):
                # The event has no field for the delivery: the second number names it.
                return [e.Refused(refusal.reason, 0, 0, refusal.wanted, command.delivery)]
            if isinstance(command, OfAccount):
                return [e.Refused(why[0], command.account, command.client_order_id, *why[1:])]
            return [e.InstructionRefused(command.instruction, refusal.account, *why)]

    # What an account has.

    def cash(self, account: int) -> Parts:
        """An account's money, added up."""
        locked = sum(each.price * each.open for each in self._open_of(account) if each.side == c.BUY)
        paid = incoming = 0
        for trade in self.undelivered.values():
            amount = trade.price * trade.quantity
            paid += amount if trade.buyer == account else 0
            incoming += amount - trade.fee if trade.seller == account else 0
            incoming += trade.fee if trade.fee_account == account else 0
        return self.owners[account].cash - locked - paid, locked, incoming, paid

    def tonnes(self, account: int, instrument: int) -> Parts:
        """An account's tonnes of one instrument, added up."""
        mine = [each for each in self._open_of(account) if each.instrument == instrument]
        locked = sum(each.open for each in mine if each.side == c.SELL)
        trades = [each for each in self.undelivered.values() if each.instrument == instrument]
        sold = sum(each.quantity for each in trades if each.seller == account)
        bought = sum(each.quantity for each in trades if each.buyer == account)
        return self.owners[account].tonnes[instrument] - locked - sold, locked, bought, sold

    def queue(self, instrument: int, side: int) -> list[Offer]:
        """The orders of one side of a book, the best and oldest first."""
        found = [
            each
            for each in self.open.values()
            if each.instrument == instrument and each.side == side and not each.listed
        ]
        return sorted(found, key=lambda each: (each.price if side == c.SELL else -each.price, each.came))

    def listings(self, instrument: int) -> list[Offer]:
        """The open listings of an instrument, the oldest first."""
        found = [each for each in self.open.values() if each.listed and each.instrument == instrument]
        return sorted(found, key=lambda each: each.number)

    def _open_of(self, account: int) -> list[Offer]:
        return [each for each in self.open.values() if each.account == account]

    # Who may ask.

    def _check_instruction(self, number: int) -> None:
        if number <= self.last_instruction:
            no(Reason.STALE_INSTRUCTION, number, self.last_instruction)
        self.last_instruction = number

    def _admit(self, account: int, number: int) -> None:
        if account not in self.owners:
            no(Reason.UNKNOWN_ACCOUNT)
        owner = self.owners[account]
        if number <= owner.last_number:
            no(Reason.STALE_CLIENT_ORDER_ID, number, owner.last_number)
        owner.last_number = number

    def _owner(self, account: int, group: int) -> Owner:
        return self.owners.setdefault(account, Owner(group))

    # Instructions.

    def _OpenInstrument(self, said: c.OpenInstrument) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.instrument in self.rules:
            no(Reason.INSTRUMENT_OPEN, said.instrument)
        if said.tick < 1:
            no(Reason.PRICE_OFF_TICK, said.tick, 1)
        if said.lot < 1:
            no(Reason.QUANTITY_OFF_LOT, said.lot, 1)
        if said.fee_bps not in range(10_001):
            no(Reason.TOO_LARGE, said.fee_bps, 10_000)
        self._check_band(said.low, said.high)
        self._owner(said.fee_account, said.fee_group)
        self.rules[said.instrument] = Rules(said.tick, said.lot, said.low, said.high, said.fee_bps, said.fee_account)
        return [e.InstrumentOpened(said.instruction, said.instrument)]

    def _SetBand(self, said: c.SetBand) -> list[e.Event]:  # noqa: N802 - named as its command
        rules = self._known(said.instrument)
        self._check_band(said.low, said.high)
        rules.low, rules.high = said.low, said.high
        return [e.BandSet(said.instruction, said.instrument, said.low, said.high)]

    def _check_band(self, low: int, high: int) -> None:
        if low < 1:
            no(Reason.PRICE_BELOW_BAND, low, 1)
        if high > LARGEST_PRICE_FEN:
            no(Reason.TOO_LARGE, high, LARGEST_PRICE_FEN)

    def _Halt(self, said: c.Halt) -> list[e.Event]:  # noqa: N802 - named as its command
        rules = self._known(said.instrument)
        causes = {cause for cause in (1, 2, 4) if rules.halted & cause}
        causes = causes | {said.cause} if said.on else causes - {said.cause}
        rules.halted = sum(causes)
        return [e.HaltChanged(said.instruction, said.instrument, rules.halted)]

    def _Freeze(self, said: c.Freeze) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.account not in self.owners:
            no(Reason.UNKNOWN_ACCOUNT, account=said.account)
        self.owners[said.account].frozen = said.on
        changed = e.FreezeChanged(said.instruction, said.account, said.on)
        return [changed, *self._close_all(self._open_of(said.account), Cause.FREEZE)] if said.on else [changed]

    def _CreditCash(self, said: c.CreditCash) -> list[e.Event]:  # noqa: N802 - named as its command
        room = LARGEST_TOTAL - sum(each.cash for each in self.owners.values())
        if said.amount > room:
            no(Reason.TOO_LARGE, said.amount, room, account=said.account)
        self._check_positive(said.account, said.amount)
        self._owner(said.account, said.group).cash += said.amount
        return [e.CashCredited(said.instruction, said.account, said.amount)]

    def _CreditTonnes(self, said: c.CreditTonnes) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument, account=said.account)
        room = LARGEST_TOTAL - sum(each.tonnes[said.instrument] for each in self.owners.values())
        if said.quantity > room:
            no(Reason.TOO_LARGE, said.quantity, room, account=said.account)
        self._check_positive(said.account, said.quantity)
        self._owner(said.account, said.group).tonnes[said.instrument] += said.quantity
        return [e.TonnesCredited(said.instruction, said.account, said.instrument, said.quantity)]

    def _DebitCash(self, said: c.DebitCash) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_may_withdraw(said.account)
        self._check_positive(said.account, said.amount)
        settled = self.cash(said.account)[0] if said.account in self.owners else 0
        if said.amount > settled:
            no(Reason.NOT_ENOUGH_CASH, said.amount, settled, account=said.account)
        self.owners[said.account].cash -= said.amount
        return [e.CashDebited(said.instruction, said.account, said.amount)]

    def _DebitTonnes(self, said: c.DebitTonnes) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_may_withdraw(said.account)
        self._check_positive(said.account, said.quantity)
        settled = self.tonnes(said.account, said.instrument)[0] if said.account in self.owners else 0
        if said.quantity > settled:
            no(Reason.NOT_ENOUGH_TONNES, said.quantity, settled, account=said.account)
        self.owners[said.account].tonnes[said.instrument] -= said.quantity
        return [e.TonnesDebited(said.instruction, said.account, said.instrument, said.quantity)]

    def _check_positive(self, account: int, amount: int) -> None:
        if amount < 1:
            no(Reason.QUANTITY_OFF_LOT, amount, 1, account=account)

    def _check_may_withdraw(self, account: int) -> None:
        if account in self.owners and self.owners[account].frozen:
            no(Reason.FROZEN, account=account)

    def _known(self, instrument: int, *, account: int = 0) -> Rules:
        if instrument not in self.rules:
            no(Reason.UNKNOWN_INSTRUMENT, instrument, account=account)
        return self.rules[instrument]

    # Orders.

    def _check_fits(self, account: int, instrument: int, price: int, quantity: int) -> None:
        rules = self.rules[instrument]
        if rules.halted:
            no(Reason.HALTED, instrument, rules.halted)
        if self.owners[account].frozen:
            no(Reason.FROZEN)
        if price < rules.low:
            no(Reason.PRICE_BELOW_BAND, price, rules.low)
        if price > rules.high:
            no(Reason.PRICE_ABOVE_BAND, price, rules.high)
        if price % rules.tick != 0:
            no(Reason.PRICE_OFF_TICK, price, rules.tick)
        if quantity < 1 or quantity % rules.lot != 0:
            no(Reason.QUANTITY_OFF_LOT, quantity, rules.lot)
        if quantity > LARGEST_QUANTITY_T:
            no(Reason.TOO_LARGE, quantity, LARGEST_QUANTITY_T)

    def _check_room(self, account: int) -> None:
        """One more may rest."""
        mine = len(self._open_of(account))
        if mine >= self.open_orders_limit:
            no(Reason.TOO_MANY_ORDERS, mine, self.open_orders_limit)

    def _check_covered(self, offer: Offer, freed: int = 0) -> None:
        """What an order needs is settled, counting what its old price and quantity had *freed*."""
        if offer.side == c.BUY:
            more, settled = offer.price * offer.open - freed, self.cash(offer.account)[0]
            if more > settled:
                no(Reason.NOT_ENOUGH_CASH, more, settled)
        else:
            more, settled = offer.open - freed, self.tonnes(offer.account, offer.instrument)[0]
            if more > settled:
                no(Reason.NOT_ENOUGH_TONNES, more, settled)

    def _Place(self, said: Place) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        order = self._offer(said.account, said.instrument, said.side, said.price, said.quantity)
        if said.life in {c.GTC, c.POST_ONLY}:
            self._check_room(said.account)
        self._check_covered(order)
        order.prevention, order.post_only = said.prevention, said.life == c.POST_ONLY
        self._check_post_only(order)
        if said.life == c.FOK:
            meetings, _ = self._meetings(order)
            if sum(quantity for _, quantity, traded in meetings if traded) < order.quantity:
                no(Reason.NOT_FILLABLE, order.quantity)
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
        return [accepted, *self._enter(order, rests=said.life in {c.GTC, c.POST_ONLY})]

    def _check_post_only(self, order: Offer) -> None:
        best = [each.price for each in self.queue(order.instrument, 1 - order.side) if meets(order, each)][:1]
        if order.post_only and best:
            no(Reason.WOULD_TRADE, order.price, best[0])

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
                happened.append(self._trade(taker, maker, quantity))
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

    def _trade(self, taker: Offer, maker: Offer, quantity: int) -> e.Traded:
        """A trade at the maker's price."""
        self.trades += 1
        buy, sell = (taker, maker) if taker.side == c.BUY else (maker, taker)
        rules = self.rules[taker.instrument]
        fee = maker.price * quantity * rules.fee_bps // 10_000
        self.undelivered[self.trades] = e.Traded(
            self.trades,
            taker.instrument,
            maker.price,
            quantity,
            buy.number,
            sell.number,
            buy.account,
            sell.account,
            buy.price,
            fee,
            rules.fee_account,
            taker.side,
        )
        return self.undelivered[self.trades]

    def _shrink(self, offer: Offer, quantity: int) -> None:
        offer.open -= quantity
        if offer.open == 0:
            del self.open[offer.number]

    def _mine(self, account: int, number: int) -> Offer:
        if number not in self.open or self.open[number].account != account:
            no(Reason.NOT_OPEN, number)
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
            no(Reason.NOTHING_UNFINISHED)
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
            no(Reason.NOT_AN_ORDER, said.order)
        self._check_fits(said.account, order.instrument, said.price, said.quantity)
        used = order.quantity - order.open
        if said.quantity <= used:
            no(Reason.ALREADY_TRADED, said.quantity, used)
        locked = order.open * (order.price if order.side == c.BUY else 1)
        changed = self._offer(order.account, order.instrument, order.side, said.price, said.quantity)
        changed.number, changed.open, changed.prevention = order.number, said.quantity - used, order.prevention
        changed.post_only = order.post_only
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

    # Listings.

    def _OpenListing(self, said: OpenListing) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        self._check_room(said.account)
        listing = self._offer(said.account, said.instrument, c.SELL, said.price, said.quantity)
        listing.listed = True
        self._check_covered(listing)
        self.open[listing.number] = listing
        number = said.client_order_id
        return [ListingOpened(listing.number, said.account, said.instrument, said.price, said.quantity, number)]

    def _Subscribe(self, said: Subscribe) -> list[e.Event]:  # noqa: N802 - named as its command
        listing = self.open.get(said.listing)
        if listing is None or not listing.listed:
            no(Reason.NOT_OPEN, said.listing)
        self._check_fits(said.account, listing.instrument, listing.price, said.quantity)
        if self.owners[listing.account].group == self.owners[said.account].group:
            no(Reason.OWN_LISTING, said.listing)
        if said.quantity > listing.open:
            no(Reason.LISTING_SHORT, said.quantity, listing.open)
        taker = self._offer(said.account, listing.instrument, c.BUY, listing.price, said.quantity)
        self._check_covered(taker)
        number, price = said.client_order_id, listing.price
        taken = Subscribed(taker.number, said.account, listing.instrument, price, said.quantity, number, listing.number)
        traded = self._trade(taker, listing, said.quantity)
        self._shrink(listing, said.quantity)
        return [taken, traded]

    # Deliveries.

    def _check_undelivered(self, trades: tuple[int, ...]) -> None:
        for place, number in enumerate(trades):
            if number not in self.undelivered or number in trades[:place]:
                no(Reason.NOT_OUTSTANDING, number)

    def _Settle(self, said: c.Settle) -> list[e.Event]:  # noqa: N802 - named as its command
        for number in said.trades:
            trade = self.undelivered.pop(number)
            amount = trade.price * trade.quantity
            self.owners[trade.buyer].cash -= amount
            self.owners[trade.seller].cash += amount - trade.fee
            self.owners[trade.fee_account].cash += trade.fee
            self.owners[trade.seller].tonnes[trade.instrument] -= trade.quantity
            self.owners[trade.buyer].tonnes[trade.instrument] += trade.quantity
        return [e.Settled(said.delivery, said.trades)]

    def _Refund(self, said: c.Refund) -> list[e.Event]:  # noqa: N802 - named as its command
        for number in said.trades:
            del self.undelivered[number]
        return [e.Refunded(said.delivery, said.trades)]


def meets(taker: Offer, maker: Offer) -> bool:
    """Whether the maker's price is good enough for the taker."""
    return maker.price <= taker.price if taker.side == c.BUY else maker.price >= taker.price


def gone(offer: Offer, quantity: int, cause: Cause, client_order_id: int = 0) -> e.Reduced:
    """So much of an order is open no more."""
    return e.Reduced(
        offer.number, offer.account, offer.instrument, offer.side, offer.price, quantity, cause, client_order_id
    )
