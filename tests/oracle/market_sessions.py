"""
The naive market's sessions: phases, calls uncrossed by trying every price there is, and orders that end by themselves.

When an order ends stands in a table of its own. The price of a call is found by going through all prices of the band
and all orders for each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.continuous import Accepted, Amend, Place, PlaceUntil
from exchange.engine.modes.sessions import messages as m
from exchange.engine.modes.sessions.messages import SessionReason
from exchange.engine.venue import BOOK
from tests.oracle.market_book import Unfinished, gone, meets
from tests.oracle.market_custody import LARGEST_PRICE_FEN, Offer, refuse, shut
from tests.oracle.market_quotes import NaiveQuotes

CONTINUOUS, PRE_OPEN, OPENING_CALL, CLOSING_CALL, CLOSED = range(5)


@dataclass
class NaiveSession:
    """The rules of an instrument's sessions, and each trade of its book since it was last closed."""

    at: int = 0
    reference: int = 0
    band_bps: int = 0
    vwap_least: int = 1
    trades: list[tuple[int, int]] = field(default_factory=list)

    def closing(self) -> tuple[int, int]:
        """The closing price, and by which rule."""
        volume = sum(quantity for _, quantity in self.trades)
        if volume and volume >= self.vwap_least:
            turnover = sum(price * quantity for price, quantity in self.trades)
            return turnover // volume + (turnover % volume * 2 >= volume), m.CLOSED_AT_AVERAGE
        return (self.trades[-1][0], m.CLOSED_AT_LAST) if self.trades else (self.reference, m.CLOSED_AT_REFERENCE)


@dataclass
class Swept(Unfinished):
    """Why each of those that are still to be closed is."""

    causes: dict[int, Cause]


@dataclass
class Crossing(Unfinished):
    """What still trades at one price before a book comes to its next phase."""

    price: int
    left: int
    said: m.SetPhase


class NaiveSessions(NaiveQuotes):
    """Takes the engine's commands of sessions, and of orders while a book is not in continuous trading."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.phases: dict[int, int] = {}
        self.sessions: dict[int, NaiveSession] = {}
        self.ends: dict[int, int] = {}

    def phase(self, instrument: int) -> int:
        """The phase of a book."""
        return self.phases.get(instrument, CONTINUOUS)

    def uncrossed_at(self, instrument: int) -> tuple[int, int, int]:
        """Price, tonnes and surplus of what would trade now; every price of the band is tried."""
        rules, session = self.rules[instrument], self.sessions.get(instrument)
        bids, asks = self.queue(instrument, c.BUY), self.queue(instrument, c.SELL)
        tried: dict[int, tuple[int, int]] = {}
        for price in range(-(-rules.low // rules.tick) * rules.tick, rules.high + 1, rules.tick):
            bought = sum(each.open for each in bids if each.price >= price)
            sold = sum(each.open for each in asks if each.price <= price)
            if min(bought, sold):
                tried[price] = (min(bought, sold), bought - sold)
        if not tried:
            return 0, 0, 0
        most = max(quantity for quantity, _ in tried.values())
        tried = {price: each for price, each in tried.items() if each[0] == most}
        least = min(abs(surplus) for _, surplus in tried.values())
        left = sorted(price for price, each in tried.items() if abs(each[1]) == least)
        twice = 2 * session.reference if session is not None and session.reference else left[0] + left[-1]
        price = min(left, key=lambda each: (abs(2 * each - twice), each))
        return price, *tried[price]

    # Orders.

    def _Place(self, said: Place | PlaceUntil) -> list[e.Event]:  # noqa: N802 - named as its command
        ends = said.life in {c.DAY, c.GTD}
        phase = self.phase(said.instrument)
        if phase == CONTINUOUS and not ends:
            return super()._Place(said)
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        if said.life not in {c.IOC, c.FOK}:
            self._check_room(said.account)
        self._check_venue(said.account, said.instrument, said.side, BOOK, said.quantity)
        if phase == CLOSED:
            refuse(SessionReason.CLOSED, said.instrument, phase)
        if phase != CONTINUOUS and said.life in {c.IOC, c.FOK, c.POST_ONLY}:
            refuse(SessionReason.NOT_COLLECTED, said.life, phase)
        self._check_covered(self._offer(said.account, said.instrument, said.side, said.price, said.quantity))
        if ends:
            self.ends[self.sequence] = self._end_of(said)
        happened = super()._Place(said)
        accepted = happened[0]
        assert isinstance(accepted, Accepted)
        dated = [m.Dated(accepted.order, self.ends[self.sequence])] if said.life == c.GTD else []
        return [accepted, *dated, *happened[1:]]

    def _end_of(self, said: Place | PlaceUntil) -> int:
        session = self.sessions.get(said.instrument)
        if said.life == c.DAY:
            if session is None:
                refuse(SessionReason.NEVER_CLOSED, said.instrument)
            return 0
        now = session.at if session is not None else 0
        until = said.until if isinstance(said, PlaceUntil) else 0
        if until <= now:
            refuse(SessionReason.EXPIRED_ALREADY, until, now)
        return until

    def _PlaceUntil(self, said: PlaceUntil) -> list[e.Event]:  # noqa: N802 - named as its command
        return self._Place(said)

    def _Amend(self, said: Amend) -> list[e.Event]:  # noqa: N802 - named as its command
        order = self._mine(said.account, said.order)
        stays = not order.listed and not self._closes(said, order.quantity - order.open)
        if stays and self.phase(order.instrument) == CLOSED:
            refuse(SessionReason.CLOSED, order.instrument, CLOSED)
        return super()._Amend(said)

    def _enter(self, taker: Offer, *, rests: bool) -> list[e.Event]:
        if self.phase(taker.instrument) == CONTINUOUS:
            return super()._enter(taker, rests=rests)
        happened: list[e.Event] = []
        group = self.owners[taker.account].group
        own = [
            each
            for each in self.queue(taker.instrument, 1 - taker.side)
            if self.owners[each.account].group == group and meets(taker, each)
        ]
        for each in sorted(own, key=lambda each: (abs(each.price - taker.price) * -1, each.number)):
            if taker.prevention == c.PREVENT_DECREMENT:
                both = min(each.open, taker.open)
                happened += [gone(each, both, Cause.SELF_TRADE), gone(taker, both, Cause.SELF_TRADE)]
                taker.open -= both
                self._shrink(each, both)
            elif taker.prevention != c.PREVENT_TAKER:
                happened += self._close([each], Cause.SELF_TRADE)
            if taker.open == 0:
                return happened
            if taker.prevention in {c.PREVENT_TAKER, c.PREVENT_BOTH}:
                return [*happened, gone(taker, taker.open, Cause.SELF_TRADE)]
        taker.came = self.sequence
        self.open[taker.number] = taker
        return happened

    def _has_book(self, instrument: int) -> bool:
        return instrument not in self.venues or bool(self.venues[instrument].said.modes & BOOK)

    def _trade(self, taker: Offer, maker: Offer, quantity: int, price: int | None = None, asset: int = 0) -> e.Traded:
        happened = super()._trade(taker, maker, quantity, price, asset)
        listing = maker.listed and not maker.campaign and not self._has_book(taker.instrument)
        if taker.instrument in self.sessions and (not maker.listed or listing):
            self.sessions[taker.instrument].trades.append((happened.price, quantity))
        return happened

    # Instructions.

    def _session(self, instrument: int) -> NaiveSession:
        return self.sessions.setdefault(instrument, NaiveSession())

    def _SetPhase(self, said: m.SetPhase) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        before, halted = self.phase(said.instrument), self.rules[said.instrument].halted
        if said.phase not in range(5):
            refuse(SessionReason.NO_SUCH_PHASE, said.phase, CLOSED)
        if said.phase == before:
            refuse(SessionReason.SAME_PHASE, said.instrument, before)
        if said.phase == CONTINUOUS and halted:
            refuse(shut(halted), said.instrument, halted)
        session = self._session(said.instrument)
        session.at = max(session.at, said.at)
        ends_call = said.phase == CLOSED and before in {OPENING_CALL, CLOSING_CALL} and not halted
        if said.phase != CONTINUOUS and not ends_call:
            return self._arrive(said)
        price, quantity, surplus = self.uncrossed_at(said.instrument)
        self.unfinished = Crossing([], Cause.OWNER, [], price, quantity, said)
        return [m.Uncrossed(said.instruction, said.instrument, price, quantity, surplus), *self._close_some()]

    def _close_some(self) -> list[e.Event]:
        if isinstance(self.unfinished, Crossing):
            return self._cross_some(self.unfinished)
        if not isinstance(self.unfinished, Swept):
            return super()._close_some()
        now, later = self.unfinished.numbers[: self.step], self.unfinished.numbers[self.step :]
        happened = [each for number in now for each in self._close([self.open[number]], self.unfinished.causes[number])]
        self.unfinished.numbers = later
        if later:
            return happened
        happened += self.unfinished.last
        self.unfinished = None
        return happened

    def _cross_some(self, crossing: Crossing) -> list[e.Event]:
        happened: list[e.Event] = []
        instrument = crossing.said.instrument
        while crossing.left and len(happened) < self.step:
            buy, sell = self.queue(instrument, c.BUY)[0], self.queue(instrument, c.SELL)[0]
            quantity = min(buy.open, sell.open, crossing.left)
            taker, maker = (buy, sell) if buy.number > sell.number else (sell, buy)
            happened += self._trades(taker, maker, quantity, crossing.price)
            self._shrink(buy, quantity)
            self._shrink(sell, quantity)
            crossing.left -= quantity
        if crossing.left:
            return happened
        self.unfinished = None
        return [*happened, *self._arrive(crossing.said)]

    def _arrive(self, said: m.SetPhase) -> list[e.Event]:
        self.phases[said.instrument] = said.phase
        last = m.PhaseChanged(said.instruction, said.instrument, said.phase, said.at)
        if said.phase != CLOSED:
            return [last]
        session, rules = self.sessions[said.instrument], self.rules[said.instrument]
        price, rule = session.closing()
        volume = sum(quantity for _, quantity in session.trades)
        turnover = sum(each * quantity for each, quantity in session.trades)
        session.reference, session.trades = price, []
        self._follow(said.instrument)
        low, high, terms = rules.low, rules.high, (session.band_bps, session.vwap_least)
        closing = m.ClosingPriceSet(said.instruction, said.instrument, price, rule, volume, turnover, low, high, *terms)
        return [closing, *self._sweep(dict(self._over(said.instrument, session.at)), last)]

    def _over(self, instrument: int, at: int) -> Iterator[tuple[int, Cause]]:
        rules = self.rules[instrument]
        for number, each in self.open.items():
            if each.instrument != instrument:
                continue
            until = self.ends.get(number)
            if until is not None and until <= at:
                yield number, Cause.EXPIRED if until else Cause.DAY_OVER
            elif not (rules.low <= each.price <= rules.high or self._has_own_band(each)):
                yield number, Cause.OUTSIDE_BAND

    def _sweep(self, causes: dict[int, Cause], *last: e.Event) -> list[e.Event]:
        self.unfinished = Swept(sorted(causes), Cause.OWNER, list(last), causes)
        return self._close_some()

    def _follow(self, instrument: int) -> None:
        session, rules = self.sessions[instrument], self.rules[instrument]
        top = min(2 * session.reference, LARGEST_PRICE_FEN) if session.band_bps else 0
        inside = [
            price
            for price in range(rules.tick, top + 1, rules.tick)
            if abs(price - session.reference) * 10_000 <= session.reference * session.band_bps
        ]
        if inside:
            rules.low, rules.high = inside[0], inside[-1]

    def _SetSessionRules(self, said: m.SetSessionRules) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        if said.reference < 0:
            refuse(Reason.PRICE_BELOW_BAND, said.reference, 0)
        for number, limit in ((said.reference, LARGEST_PRICE_FEN), (said.band_bps, 9_999)):
            if number > limit or number < 0:
                refuse(Reason.TOO_LARGE, number, limit)
        if said.vwap_least < 1:
            refuse(Reason.QUANTITY_OFF_LOT, said.vwap_least, 1)
        if said.band_bps and said.reference == 0:
            refuse(SessionReason.NO_REFERENCE, said.instrument, said.band_bps)
        session, rules = self._session(said.instrument), self.rules[said.instrument]
        session.reference, session.band_bps, session.vwap_least = said.reference, said.band_bps, said.vwap_least
        self._follow(said.instrument)
        outside = {
            number: Cause(Cause.OUTSIDE_BAND)
            for number, each in self.open.items()
            if each.instrument == said.instrument
            and not (rules.low <= each.price <= rules.high or self._has_own_band(each))
        }
        terms = (said.reference, said.band_bps, said.vwap_least, rules.low, rules.high)
        return [m.SessionRulesSet(said.instruction, said.instrument, *terms), *self._sweep(outside)]

    def _Expire(self, said: m.Expire) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        if said.instrument in self.sessions:
            self.sessions[said.instrument].at = max(self.sessions[said.instrument].at, said.at)
        due = {
            number: Cause(Cause.EXPIRED)
            for number, each in self.open.items()
            if each.instrument == said.instrument and 0 < self.ends.get(number, 0) <= said.at
        }
        phase = self.phase(said.instrument)
        return self._sweep(due, m.PhaseChanged(said.instruction, said.instrument, phase, 0))


def ended_at(market: Any) -> dict[int, int]:
    """When each open order ends that does by itself; 0 with the day."""
    if isinstance(market, NaiveSessions):
        return {number: until for number, until in market.ends.items() if number in market.open}
    return {order: until for each in market.parts["sessions"].ending.values() for until, order in each.alive()}
