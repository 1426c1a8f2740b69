"""
Ways to trade beside book, listings and uniform auctions: other auctions, calls of the book, campaigns, blocks.

A run has one way in which developers sell, and negotiated blocks beside it where the scenario says so. Nothing here is
made for a scenario that has none of them.
"""

from typing import Final, NamedTuple

from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.auctions.state import Auctions
from exchange.engine.modes.sessions.messages import SetPhase
from exchange.engine.session import CLOSED, OPENING_CALL
from exchange.simulation.agents import Developer
from exchange.simulation.blocks import PlayedBlocks
from exchange.simulation.buying import Wish, bid_sealed
from exchange.simulation.campaigns import PlayedCampaigns
from exchange.simulation.parameters import BPS
from exchange.simulation.plans import Scenario
from exchange.simulation.presets import ASCENDING, AUCTIONS, BLOCKS, CALLS, CAMPAIGNS, PAY_AS_BID
from exchange.simulation.published import BLOCK, AuctionTerms
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import BUY, DAY_S, SELL, Desk, PlayedVenue
from exchange.simulation.ways_plans import AuctionsPlan

_PRINTED: Final = {
    PAY_AS_BID: ("auction", "pay-as-bid"),
    ASCENDING: ("auction", "ascending"),
    CALLS: ("book", "call"),
}
"""How trades are printed that the venue would print as those of the way that they resemble."""
_CAMPAIGN: Final = "campaign"


class _Call(NamedTuple):
    """What a buyer sees of an instrument while orders are collected: the best ask, and tonnes asked at its limit."""

    price: int
    instrument: int
    asked_t: int


class PlayedWays:
    """
    The way in which developers sell, where it is none of the usual three, and blocks beside any way.

    *blocks* and *campaigns* are None where they are not played.
    """

    def __init__(self, scenario: Scenario, venue: PlayedVenue) -> None:
        self.way = way = venue.rules.selling
        self._venue = venue
        self._days = scenario.venue.auction_days.value
        self._auctions = scenario.auctions
        self._collected = 0
        plan = scenario.campaigns
        self.campaigns = PlayedCampaigns(venue, plan) if way == CAMPAIGNS and plan is not None else None
        self.blocks: PlayedBlocks | None = None
        if scenario.blocks is not None and _blocks_played(scenario, venue):
            self.blocks = PlayedBlocks(venue, scenario.blocks)

    def opened(self, number: int) -> None:
        """Say what is to be said of a new instrument."""
        if self.blocks is not None:
            self.blocks.opened(number)

    def add(self, seller: Developer, draws: Draws) -> None:
        """Let a developer use them, with draws of its own."""
        if self.blocks is not None:
            self.blocks.add(seller, draws)

    def morning(self, day: int) -> None:
        """Open and close windows, and close what was not answered."""
        if self.campaigns is not None:
            self.campaigns.morning(day)
        if self.blocks is not None:
            self.blocks.morning(day)

    def begin_day(self, day: int) -> None:
        """Collect orders from now on, where calls are the way to sell."""
        if self.way != CALLS:
            return
        self._collected += 1
        for number, instrument in self._venue.engine.market.instruments.items():
            if instrument.phase != OPENING_CALL:
                self._venue.instruct(SetPhase, number, OPENING_CALL, day * DAY_S)

    def close_book(self, day: int) -> None:
        """End the call, after as many working days as an auction has: what crosses trades at one price."""
        if self.way == CALLS and self._collected >= self._days:
            self._collected = 0
            for number in self._venue.engine.market.instruments:
                self._venue.instruct(SetPhase, number, CLOSED, day * DAY_S + DAY_S // 2)

    def printed(self, order: int, usual: str) -> str:
        """Return how a trade is printed, by the order of its seller."""
        if self.blocks is not None and order in self.blocks.numbers:
            return BLOCK
        if self.campaigns is not None and order in self.campaigns.numbers:
            return _CAMPAIGN
        resembled, printed = _PRINTED.get(self.way, (usual, usual))
        return printed if usual == resembled else usual

    def sell(self, seller: Developer, day: int, ask: int) -> bool:
        """Let a developer sell in this way; False where it sells in book, by listings or in a uniform auction."""
        if self.campaigns is not None:
            self.campaigns.announce(seller, day, ask)
        elif self.way in {PAY_AS_BID, ASCENDING}:
            self._auction(seller, day)
        elif self.way == BLOCKS and self.blocks is not None:
            self.blocks.propose(seller, day, ask)
        else:
            return False
        return True

    def beside(self, seller: Developer, day: int, ask: int) -> None:
        """Let a developer propose a block of what it would else list, if blocks are played."""
        if self.blocks is not None:
            self.blocks.propose(seller, day, ask)

    def _auction(self, seller: Developer, day: int) -> None:
        desk, plan = seller.desk, self._auctions
        assert plan is not None, "a scenario that sells so has the section"
        tonnes = desk.board.lots(desk.tonnes(seller.instrument))
        if not tonnes:
            return
        reserve = desk.board.on_tick(seller.instrument, seller.cost, up=True)
        desk.auction(seller.instrument, reserve, tonnes, day, self._days, self._terms(plan))

    def _terms(self, plan: AuctionsPlan) -> AuctionTerms:
        if self.way == PAY_AS_BID:
            return AuctionTerms(auctions.PAY_AS_BID)
        extension, longest = plan.extension_days.value * DAY_S, plan.longest_days.value * DAY_S
        return AuctionTerms(auctions.ASCENDING, plan.increment_fen_t.value, extension, longest)

    def before(self, desk: Desk, wish: Wish) -> Wish:
        """
        Take back what may be, answer blocks, and give orders to a call; returns what a buyer still wishes.

        Pledges stand until their campaign closes, and bids that lead an ascending auction as long as they lead: what
        they are for is wished no more.
        """
        if self.campaigns is None:
            desk.take_back()
        if standing := desk.standing(BUY):
            rooms = {number: max(0, room - standing) for number, room in wish.rooms.items()}
            wish = Wish(min(wish.want_t, max(rooms.values(), default=0)), rooms, wish.limit)
        if self.blocks is not None:
            wish = self.blocks.answer(desk, wish)
        return self._collect(desk, wish) if self.way == CALLS else wish

    def bid(self, desk: Desk, day: int, rooms: dict[int, int], want: int, limit: int) -> int:
        """Bid or pledge, and tell the broker of blocks what is looked for; returns what is still wanted."""
        if self.blocks is not None:
            self.blocks.look(desk, day, rooms, limit)
        if self.campaigns is not None:
            return self.campaigns.pledge(desk, day, rooms, want, limit)
        if self.way == ASCENDING:
            return self._raise(desk, day, rooms, want, limit)
        shade_bps = self._auctions.shade_bps.value if self.way == PAY_AS_BID and self._auctions is not None else 0
        return bid_sealed(desk, day, rooms, want, limit * (BPS - shade_bps) // BPS)

    def _raise(self, desk: Desk, day: int, rooms: dict[int, int], want: int, limit: int) -> int:
        """Bid as little as beats the best bid, in auctions that the buyer does not lead, the cheapest first."""
        part = self._venue.engine.market.parts["auctions"]
        assert isinstance(part, Auctions), "the engine's part of that name"
        found = sorted(
            (part.running[each.number].lowest, each.number, each.instrument, each.open_t)
            for each in desk.board.offers()
            if each.opens <= day * DAY_S < each.closes and desk.account not in part.running[each.number].own
        )
        for price, number, instrument, offered in found:
            if price > min(limit, desk.board.band(instrument)[1]):
                continue
            most = min(want, offered, rooms.get(instrument, 0), desk.cash_fen // price)
            tonnes = desk.board.auction_lots(most)
            if tonnes and desk.bid(number, price, tonnes, day):
                want -= tonnes
                rooms[instrument] -= tonnes
        return want

    def _collect(self, desk: Desk, wish: Wish) -> Wish:
        """Order in a call at the limit: as much as is asked at it or below, the cheapest first, then the rest."""
        board, rooms, want = desk.board, dict(wish.rooms), desk.board.lots(wish.want_t)
        board.wished(wish.limit if want else 0)
        seen = sorted(_Call(*self._asked(desk, number, wish.limit)) for number in rooms)
        for most in (0, want):
            for price, number, asked_t in seen:
                low = board.band(number)[0]
                if price > wish.limit or low > wish.limit:
                    continue
                limit = board.on_tick(number, wish.limit, up=False)
                tonnes = board.lots(min(want, rooms[number], most or asked_t, desk.cash_fen // limit))
                if tonnes:
                    desk.place(number, BUY, limit, tonnes)
                    want -= tonnes
                    rooms[number] -= tonnes
        return Wish(0, rooms, wish.limit)

    def _asked(self, desk: Desk, number: int, limit: int) -> tuple[int, int, int]:
        """Return the best ask of an instrument or its last price, its number, and what is asked at the limit."""
        levels = self._venue.engine.market.instruments[number].book.side(SELL).levels
        asked = sum(each.total for price, each in levels.items() if price <= limit)
        best = desk.board.best(number, SELL)
        return (best[0] if best is not None else desk.board.last.get(number, 0)), number, asked

    def figures(self) -> dict[str, int]:
        """Return what they came to, of those that are played."""
        return {
            **(self.campaigns.figures() if self.campaigns is not None else {}),
            **(self.blocks.figures() if self.blocks is not None else {}),
        }


def _blocks_played(scenario: Scenario, venue: PlayedVenue) -> bool:
    """Whether blocks are agreed on: as the way to sell, or beside it where the venue's rules have them."""
    preset, plan = venue.rules.preset, scenario.blocks
    open_ = preset is None or preset.blocks is not None
    return plan is not None and open_ and (venue.rules.selling == BLOCKS or bool(plan.beside.value))


def ways_of(scenario: Scenario, venue: PlayedVenue) -> PlayedWays | None:
    """Return the ways of a scenario; None where it has none beside the usual three."""
    if venue.rules.selling <= AUCTIONS and not _blocks_played(scenario, venue):
        return None
    return PlayedWays(scenario, venue)
