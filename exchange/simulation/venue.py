"""The venue of a run: the engine with its journal, what it publishes, and the desks through which people trade."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from exchange.engine import commands as c
from exchange.engine.accounts import TradingAccount
from exchange.engine.core import ENGINE_VERSION, Engine
from exchange.engine.events import Event, InstructionRefused, Reduced, Refused, Traded
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.sessions.messages import SetPhase
from exchange.engine.modes.venues.messages import ReleaseBought
from exchange.engine.session import CLOSED, CONTINUOUS
from exchange.instruments.presets.telling import instructions_for
from exchange.journal import codec
from exchange.simulation.ledger import FOLLOWED, Ledger
from exchange.simulation.presets import CALLS, TIES, PlayedRules, band_of
from exchange.simulation.published import BLOCK, AuctionTerms, JournalRow, Print, PublishedOffer

if TYPE_CHECKING:
    from exchange.simulation.ways import PlayedWays

DAY_S: Final = 86_400
BUY, SELL = c.BUY, c.SELL
_NOTHING: Final = TradingAccount(0, 0)
"""What an account has before its first credit."""
_USUAL: Final = AuctionTerms()


class PlayedVenue:
    """
    Carries commands out, keeps them for the journal, and books what they lead to.

    *delivered* has the accounts that what they bought was delivered to at the end of the day.
    *after* is called after every command with what it led to; tests check conservation there.
    """

    def __init__(
        self, rules: PlayedRules, ledger: Ledger, after: Callable[["PlayedVenue", c.Command, list[Event]], None] | None
    ) -> None:
        self.rules = rules
        self.ledger = ledger
        self.engine = Engine()
        self.board = Board(self)
        self.rows: list[JournalRow] = []
        self.hash = codec.GENESIS
        self.refusals: Counter[int] = Counter()
        self.trades: list[Traded] = []
        self.today: list[Print] = []
        self.offers: dict[int, PublishedOffer] = {}
        self.ways: PlayedWays | None = None
        self.delivered: set[int] = set()
        self._market = self.engine.market
        self._after = after
        self._instruction = 0
        self._commands: list[c.Command] = []
        self._outcomes: list[list[Event]] = []
        self._follow: dict[type[Any], Callable[[Any], None]] = {
            **dict.fromkeys(FOLLOWED, ledger.follow),
            Traded: self._traded,
            Reduced: self._reduced,
            Refused: self._refused,
            InstructionRefused: self._refused,
        }

    def apply(self, command: c.Command) -> list[Event]:
        """Carry a command out to its last step, and remember it for the journal."""
        events = self.engine.apply(command)
        self._commands.append(command)
        self._outcomes.append(events)
        follow = self._follow
        for event in events:
            kind = event.__class__
            if kind in follow:
                follow[kind](event)
        if self._after is not None:
            self._after(self, command, events)
        if self._market.unfinished is not None:
            events = events + self.apply(c.Continue())
        return events

    def _refused(self, refusal: Refused | InstructionRefused) -> None:
        self.refusals[refusal.reason] += 1

    def _reduced(self, event: Reduced) -> None:
        if event.order in self.offers:
            self._sold(event.order, event.quantity)

    def _traded(self, trade: Traded) -> None:
        self.trades.append(trade)
        offer = self.offers.get(trade.sell_order)
        mode = "book" if offer is None else "auction" if offer.closes else "listing"
        if self.ways is not None:
            mode = self.ways.printed(trade.sell_order, mode)
        self.today.append(Print(trade.instrument, trade.price, trade.quantity, mode))
        if offer is not None:
            self._sold(trade.sell_order, trade.quantity)

    def _sold(self, order: int, quantity_t: int) -> None:
        """Publish that less of a listing or an auction is open, or nothing any more."""
        offer = self.offers[order]
        self.offers[order] = left = offer._replace(open_t=offer.open_t - quantity_t)
        if left.open_t <= 0:
            del self.offers[order]

    def instruct(self, kind: Callable[..., c.Command], *words: Any) -> list[Event]:  # noqa: ANN401 - fields of any instruction
        """Give an instruction under the next number."""
        self._instruction += 1
        return self.apply(kind(self._instruction, *words))

    def open_instrument(self, number: int, reference_fen_t: int, fee_bps: int, fees: int) -> None:
        """Open an instrument by the rules of the venue, as the service of real instruments does."""
        rules = self.rules
        band = band_of(rules, reference_fen_t)
        self.instruct(c.OpenInstrument, number, rules.tick, rules.lot, *band, fee_bps, fees, fees)
        for each in instructions_for(rules.preset, number, reference_fen_t) if rules.preset is not None else ():
            self._instruction += 1
            self.apply(replace(each, instruction=self._instruction))  # type: ignore[type-var]  # commands are structs

    def begin_day(self, day: int) -> None:
        """Begin a working day of a preset: what was bought yesterday may be sold, and the book opens."""
        preset = self.rules.preset
        for number, instrument in self.engine.market.instruments.items() if preset is not None else ():
            if instrument.venue is not None and instrument.venue.locks:
                self.instruct(ReleaseBought, number)
            if instrument.phase == CLOSED:
                self.instruct(SetPhase, number, CONTINUOUS, day * DAY_S)

    def close_book(self, day: int) -> None:
        """End a working day of a preset with sessions: there is a closing price, and its band for the next day."""
        preset = self.rules.preset
        if preset is not None and preset.sessions is not None:
            for number in self.engine.market.instruments:
                self.instruct(SetPhase, number, CLOSED, day * DAY_S + DAY_S // 2)

    def set_band(self, number: int, low: int, high: int) -> None:
        """Move the band of an instrument, unless it is there."""
        instrument = self.engine.market.instruments[number]
        if low <= high and (instrument.low, instrument.high) != (low, high):
            self.instruct(c.SetBand, number, low, high)

    def end_day(self, day: int) -> None:
        """Deliver what was traded, and write the day's row of the journal."""
        market = self._market
        self.delivered = {trade.buyer for trade in market.unsettled.values()}
        if market.unsettled:
            self.apply(c.Settle(day + 1, tuple(market.unsettled)))
        if self._commands:
            stored, events_hash = codec.encode_commands(self._commands), codec.hash_events(self._outcomes)
            self.hash = codec.chain(self.hash, stored, events_hash)
            first = market.sequence - len(self._commands) + 1
            self.rows.append(JournalRow(first, market.sequence, stored, events_hash, self.hash))
            self._commands, self._outcomes = [], []


class Board:
    """
    What the venue publishes, and nothing else: best prices, last prices, listings and auctions.

    *lot* is the smallest quantity of an order, and the step of others; *book* says whether there is an order book, as
    some presets have none. *last* and *closes* have prices by instrument, blocks left out. *taking* is the life of an
    order that is to trade at once, or in the call that is running.
    """

    def __init__(self, venue: PlayedVenue) -> None:
        self._venue = venue
        self._instruments = venue.engine.market.instruments
        self.last: dict[int, int] = {}
        self.most_wished = 0
        self.closes: dict[int, list[int]] = {}
        rules = venue.rules
        self._tick = rules.tick
        self._largest_t = rules.largest_t
        self.lot = rules.lot
        self.book = rules.preset is None or rules.preset.book
        self.taking = c.DAY if rules.selling == CALLS else c.IOC

    @property
    def ways(self) -> "PlayedWays | None":
        """Ways to trade beside book, listings and uniform auctions, if the scenario has any."""
        return self._venue.ways

    def best(self, instrument: int, side: int) -> tuple[int, int] | None:
        """Return the best price of a side of the book and its tonnes; None where it is empty."""
        level = self._instruments[instrument].book.side(side).best
        return None if level is None else (level.price, level.total)

    def offers(self) -> Iterator[PublishedOffer]:
        """Open listings and auctions, the oldest first."""
        return iter(tuple(self._venue.offers.values()))

    def on_tick(self, instrument: int, price: int, *, up: bool) -> int:
        """Bring a price into the band and onto the tick, rounded up or down."""
        tick, traded = self._tick, self._instruments[instrument]
        price = -(-price // tick) * tick if up else price // tick * tick
        if price > traded.high:
            price = traded.high // tick * tick
        return price if price > traded.low else -(-traded.low // tick) * tick

    def band(self, instrument: int) -> tuple[int, int]:
        """Return the lowest and the highest price of an order."""
        traded = self._instruments[instrument]
        return traded.low, traded.high

    def lots(self, quantity_t: int) -> int:
        """Return so many tonnes, down to whole lots and to the largest order of the venue."""
        lot, largest = self.lot, self._largest_t
        if largest and quantity_t > largest:
            quantity_t = largest
        return quantity_t // lot * lot if quantity_t > 0 else 0

    def auction_lots(self, quantity_t: int) -> int:
        """Return so many tonnes, down to whole lots of a bid in an auction."""
        lot = self._venue.rules.auction_lot_t
        return self.lots(quantity_t) // lot * lot

    def wished(self, price: int) -> None:
        """Remember the highest price that anybody would pay; no one sees it, but the report does."""
        self.most_wished = max(self.most_wished, price)

    def publish_closes(self) -> None:
        """End the day: the last price of each instrument is its close."""
        for each in self._venue.today:
            if each.mode != BLOCK:
                self.last[each.instrument] = each.price
        for instrument in self._venue.engine.market.instruments:
            self.closes.setdefault(instrument, []).append(self.last.get(instrument, 0))
        self._venue.today.clear()


class Desk:
    """
    One account's way to the venue. It sees its own balances, and its commands pass every check of the engine.

    The account begins to exist there with its first credit; until then it has nothing.
    """

    def __init__(self, venue: PlayedVenue, account: int, population: str) -> None:
        self._venue = venue
        self.account = account
        self.population = population
        self.board = venue.board
        self._number = 0
        self._mine = _NOTHING

    def _next(self) -> int:
        self._number += 1
        return self._number

    @property
    def cash_fen(self) -> int:
        """Money that is free."""
        return self._mine.cash.settled

    @property
    def money_fen(self) -> int:
        """Money that is free, or behind orders."""
        cash = self._mine.cash
        return cash.settled + cash.locked

    @property
    def delivered(self) -> bool:
        """Whether something was delivered to the account at the end of the day."""
        return self.account in self._venue.delivered

    def tonnes(self, instrument: int) -> int:
        """Tonnes that are free."""
        found = self._mine.tonnes.get(instrument)
        return found.settled if found is not None else 0

    def owned(self, instrument: int) -> int:
        """Tonnes that are free, behind orders, or bought today and not delivered yet."""
        found = self._mine.tonnes.get(instrument)
        return found.settled + found.locked + found.incoming if found is not None else 0

    def standing(self, side: int) -> int:
        """Tonnes of the account's open orders of a side."""
        return sum(each.open for each in self._mine.orders.values() if each.side == side)

    def give(self, kind: Callable[..., c.Command], *words: Any) -> list[Event]:  # noqa: ANN401 - fields of any command
        """Give a command of the account."""
        return self._venue.apply(kind(self.account, *words, self._next()))

    def place(self, instrument: int, side: int, price: int, quantity_t: int, life: int = c.GTC) -> list[Event]:
        """Place an order."""
        self._number = number = self._number + 1
        return self._venue.apply(continuous.Place(self.account, instrument, side, price, quantity_t, number, life))

    def take_back(self) -> None:
        """Cancel everything that the account has open, if anything."""
        if self._mine.orders:
            self._number = number = self._number + 1
            self._venue.apply(c.CancelAll(self.account, 0, number))

    def list_at(self, instrument: int, price: int, quantity_t: int) -> None:
        """Offer tonnes at a fixed price."""
        events = self._venue.apply(listings.OpenListing(self.account, instrument, price, quantity_t, self._next()))
        self._publish(events, listings.ListingOpened, PublishedOffer(0, instrument, price, quantity_t, 0, 0))

    def auction(  # noqa: PLR0917 - an offer, as it is said
        self, instrument: int, reserve: int, quantity_t: int, day: int, days: int, kind: AuctionTerms = _USUAL
    ) -> None:
        """Offer tonnes in an auction, a sealed one at a uniform price unless *kind* says another, from tomorrow on."""
        opens, closes = (day + 1) * DAY_S, (day + 1 + days) * DAY_S
        rules = self._venue.rules
        quantity_t = quantity_t // rules.auction_lot_t * rules.auction_lot_t
        if quantity_t < max(1, rules.least_auction_t):
            return
        ties = TIES[rules.at_random]
        terms = (kind.kind, reserve, kind.increment, quantity_t, rules.auction_lot_t, quantity_t, ties, rules.whole)
        window = (opens, closes, kind.extension, closes + kind.longest)
        command = auctions.OpenAuction(self.account, instrument, *terms, *window, self._next())
        offer = PublishedOffer(0, instrument, reserve, quantity_t, opens, closes)
        self._publish(self._venue.apply(command), auctions.AuctionOpened, offer)

    def _publish(self, events: list[Event], kind: type[Any], offer: PublishedOffer) -> None:
        opened: Any = events[0]
        if isinstance(opened, kind):
            self._venue.offers[opened.order] = offer._replace(number=opened.order)

    def subscribe(self, listing: int, quantity_t: int) -> None:
        """Buy from a listing."""
        self._venue.apply(listings.Subscribe(self.account, listing, quantity_t, self._next()))

    def bid(self, auction: int, price: int, quantity_t: int, day: int) -> bool:
        """Bid in an auction; returns whether the bid was taken."""
        made = self._venue.apply(auctions.Bid(self.account, auction, price, quantity_t, day * DAY_S, self._next()))
        if isinstance(made[-1], auctions.AuctionExtended):
            self._venue.offers[auction] = self._venue.offers[auction]._replace(closes=made[-1].closes)
        return isinstance(made[0], auctions.BidMade)

    def retire(self, instrument: int, quantity_t: int) -> None:
        """Take delivered tonnes off the exchange and retire them in the registry."""
        if quantity_t > 0:
            self._take_off(instrument, quantity_t)
            self._venue.ledger.retire(instrument, quantity_t, self.population)

    def give_up(self, instrument: int, most_t: int, cause: str) -> int:
        """Take back what is open, and have up to so many tonnes cancelled; returns how many there were."""
        self.take_back()
        quantity_t = min(most_t, self.tonnes(instrument))
        if quantity_t > 0:
            self._take_off(instrument, quantity_t)
            self._venue.ledger.cancel(instrument, quantity_t, cause)
        return quantity_t

    def _take_off(self, instrument: int, quantity_t: int) -> None:
        events = self._venue.instruct(c.DebitTonnes, self.account, instrument, quantity_t)
        assert not isinstance(events[0], InstructionRefused), "only what is free leaves the exchange"

    def pay_in(self, amount_fen: int) -> None:
        """Bring money onto the exchange; nothing where there is none."""
        if amount_fen > 0:
            self._credit(c.CreditCash, amount_fen)

    def deposit(self, instrument: int, quantity_t: int) -> None:
        """Bring tonnes that the registry holds in favour of the exchange; nothing where there are none."""
        if quantity_t > 0:
            self._credit(c.CreditTonnes, instrument, quantity_t)

    def _credit(self, kind: Callable[..., c.Command], *words: int) -> None:
        self._venue.instruct(kind, self.account, self.account, *words)
        self._mine = self._venue.engine.market.accounts.get(self.account, _NOTHING)

    def withdraw_cash(self) -> int:
        """Take all free money off the exchange."""
        amount = self.cash_fen
        if amount:
            self._venue.instruct(c.DebitCash, self.account, amount)
        return amount


ENGINE: Final = ENGINE_VERSION
"""The engine's version, which stands in every bundle."""
