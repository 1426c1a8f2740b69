"""
Negotiated blocks: large holders sell to large buyers, one to one, at a price below the listed one.

A broker knows who looks for how many tonnes, and no price. A developer who has enough proposes a block to one of them
on the engine, and its tonnes are locked; the other accepts or declines when it comes to the market.
"""

from collections.abc import Mapping

from exchange.engine.modes.blocks import messages
from exchange.engine.modes.blocks.state import Blocks
from exchange.engine.modes.blocks.state import Proposal as StandingBlock
from exchange.simulation.agents import Developer
from exchange.simulation.buying import Wish
from exchange.simulation.parameters import BPS
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import DAY_S, SELL, Desk, PlayedVenue
from exchange.simulation.ways_plans import BlocksPlan


class PlayedBlocks:
    """
    The broker of a venue. *least_t* is the smallest block; *proposed*, *declined* and *lapsed* are counted.

    It sees what buyers told it when they were last at the market, and forgets it after as many days as a proposal
    stands.
    """

    def __init__(self, venue: PlayedVenue, plan: BlocksPlan) -> None:
        preset = venue.rules.preset
        ruled = preset.blocks if preset is not None else None
        lot = venue.rules.lot
        self.least_t = ruled.least_t if ruled is not None else -(-plan.least_t.value // lot) * lot
        self.proposed = self.declined = self.lapsed = 0
        self.numbers: set[int] = set()
        self._ruled = ruled is not None
        self._venue = venue
        self._plan = plan
        self._draws: dict[int, Draws] = {}
        self._most: dict[int, int] = {}
        self._wanted: dict[int, tuple[int, dict[int, int]]] = {}

    @property
    def _part(self) -> Blocks:
        part = self._venue.engine.market.parts["blocks"]
        assert isinstance(part, Blocks), "the engine's part of that name"
        return part

    def opened(self, number: int) -> None:
        """Say how large a block is, unless the rules of a preset have said it."""
        if not self._ruled:
            self._venue.instruct(messages.SetBlockTerms, number, self.least_t, 0, 0)

    def add(self, seller: Developer, draws: Draws) -> None:
        """Let a developer propose blocks, with draws of its own."""
        self._draws[seller.desk.account] = draws

    def morning(self, day: int) -> None:
        """Close what was not answered in time, and forget who looked for blocks long ago."""
        due = [number for number, each in self._part.open.items() if each.expires <= day * DAY_S]
        if due:
            self.lapsed += len(due)
            self._venue.instruct(messages.LapseBlocks, day * DAY_S)
        since = day - self._plan.valid_days.value
        self._wanted = {account: each for account, each in self._wanted.items() if each[0] >= since}

    def propose(self, seller: Developer, day: int, ask: int) -> None:
        """Propose a block of a developer's free tonnes to somebody who looks for one, at a price below the listed."""
        draws, desk, number = self._draws[seller.desk.account], seller.desk, seller.instrument
        free = desk.tonnes(number)
        if free < self.least_t or not draws.happens(self._plan.seeks_bps.value):
            return
        buyers = sorted(who for who, (_, rooms) in self._wanted.items() if rooms.get(number, 0) >= self.least_t)
        if not buyers:
            return
        buyer = buyers[draws.below(len(buyers))]
        below_bps = draws.between(0, self._plan.discount_bps.value)
        listed = desk.board.last.get(number) or ask
        if seller.cost > listed:  # nobody would pay more than is listed
            return
        price = self._priced(number, max(seller.cost, listed * (BPS - below_bps) // BPS))
        lot = desk.board.lot
        tonnes = min(free, self._wanted[buyer][1][number]) // lot * lot
        if price < seller.cost or tonnes < self.least_t:
            return
        expires = (day + self._plan.valid_days.value) * DAY_S
        made = desk.give(messages.ProposeBlock, number, buyer, SELL, price, tonnes, expires)[0]
        if isinstance(made, messages.BlockProposed):
            self.proposed += 1
            self.numbers.add(made.order)

    def _priced(self, number: int, wanted: int) -> int:
        """Bring a price into the band of blocks and onto the tick, upwards where it is between two."""
        traded = self._venue.engine.market.instruments[number]
        low, high = self._part.terms_of(number).bounds(traded)
        tick = traded.tick
        return min(-(-max(wanted, low) // tick) * tick, high // tick * tick)

    def answer(self, desk: Desk, wish: Wish) -> Wish:
        """
        Answer what was proposed to a buyer; returns what it wishes after that.

        It accepts what fits into its wish, at its limit or below, unless as many tonnes are listed for less; it
        declines the rest.
        """
        rooms, want = dict(wish.rooms), wish.want_t
        most_t = self._most[desk.account] = want * self._plan.parts.value
        for block, each in sorted(self._part.open.items()):
            if each.counterparty != desk.account:
                continue
            order = each.order
            if order.quantity > most_t or not self._fits(desk, each, rooms, wish.limit):
                self.declined += 1
                desk.give(messages.DeclineBlock, block)
                continue
            if not isinstance(desk.give(messages.AcceptBlock, block)[0], messages.BlockAccepted):
                continue
            rooms = {number: max(0, room - order.quantity) for number, room in rooms.items()}
            most_t -= order.quantity
            want = max(0, want - order.quantity)
        return Wish(want, rooms, wish.limit)

    def look(self, desk: Desk, day: int, rooms: Mapping[int, int], limit: int) -> None:
        """Tell the broker what a buyer still looks for after a day at the market, as far as its money goes."""
        most_t = min(desk.cash_fen // max(1, limit), self._most[desk.account])
        wanted = {number: min(room, most_t) for number, room in rooms.items()}
        self._wanted.pop(desk.account, None)
        if any(tonnes >= self.least_t for tonnes in wanted.values()):
            self._wanted[desk.account] = (day, wanted)

    def _fits(self, desk: Desk, proposal: StandingBlock, rooms: dict[int, int], limit: int) -> bool:
        order, cost = proposal.order, proposal.order.price * proposal.order.quantity
        if order.price > limit or cost > desk.cash_fen or order.quantity > rooms.get(order.instrument, 0):
            return False
        listed = self._listed_fen(order.instrument, order.quantity)
        return listed is None or cost <= listed

    def _listed_fen(self, number: int, quantity_t: int) -> int | None:
        """What as many tonnes would cost from the book as it stands; None where it has not as many."""
        levels, left, fen = self._venue.engine.market.instruments[number].book.side(SELL).levels, quantity_t, 0
        for price in sorted(levels):
            taken = min(left, levels[price].total)
            left, fen = left - taken, fen + taken * price
            if not left:
                return fen
        return None

    def figures(self) -> dict[str, int]:
        """Return what blocks of a run came to."""
        blocks = [each for each in self._venue.trades if each.sell_order in self.numbers]
        tonnes = sum(each.quantity for each in blocks)
        turnover = sum(each.quantity * each.price for each in blocks)
        return {
            "block_t": tonnes,
            "blocks": len(blocks),
            "blocks_proposed": self.proposed,
            "block_fen_t": turnover // tonnes if tonnes else 0,
        }
