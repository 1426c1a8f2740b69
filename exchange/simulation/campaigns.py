"""Subscription campaigns: a developer offers all it has at one price, and people pledge until the window closes."""

from typing import NamedTuple

from exchange.engine.modes.campaigns import messages
from exchange.engine.modes.campaigns.state import Campaigns
from exchange.simulation.agents import Developer
from exchange.simulation.parameters import BPS
from exchange.simulation.venue import DAY_S, Desk, PlayedVenue
from exchange.simulation.ways_plans import CampaignsPlan


class PublishedCampaign(NamedTuple):
    """A campaign as it is published: its price in fen a tonne, and when its window opens and closes, in seconds."""

    number: int
    instrument: int
    price: int
    opens: int
    closes: int


class PlayedCampaigns:
    """
    The campaigns of a venue.

    *held* have ended, *refunded* of them without a sale. *pledged_t* and *sold_t* are the tonnes of those that ended.
    """

    def __init__(self, venue: PlayedVenue, plan: CampaignsPlan) -> None:
        self.held = self.refunded = self.pledged_t = self.sold_t = 0
        self.numbers: set[int] = set()
        self._venue = venue
        self._plan = plan
        self._announced: dict[int, PublishedCampaign] = {}
        self._begun: set[int] = set()

    def announce(self, seller: Developer, day: int, ask: int) -> None:
        """Offer all free tonnes of a developer from tomorrow on, below its *ask* as the plan says."""
        plan, board = self._plan, seller.desk.board
        tonnes = board.lots(seller.desk.tonnes(seller.instrument))
        if tonnes < plan.least_t.value:
            return
        wanted = max(seller.cost, -(-ask * (BPS - plan.below_bps.value) // BPS))
        price = board.on_tick(seller.instrument, wanted, up=True)
        if price < seller.cost:  # the ceiling is below its cost
            return
        opens, closes = (day + 1) * DAY_S, (day + 1 + plan.window_days.value) * DAY_S
        floor = tonnes * plan.floor_bps.value // BPS
        terms = (plan.least_t.value, plan.most_t.value, floor, plan.allotment.value, opens, closes)
        events = seller.desk.give(messages.OpenCampaign, seller.instrument, price, tonnes, *terms)
        opened = events[0]
        if isinstance(opened, messages.CampaignOpened):
            self._announced[opened.order] = PublishedCampaign(opened.order, seller.instrument, price, opens, closes)
            self.numbers.add(opened.order)

    def morning(self, day: int) -> None:
        """Open and close the windows whose time has come."""
        now = day * DAY_S
        for each in tuple(self._announced.values()):
            if each.closes <= now:
                self._close(each.number)
            elif each.opens <= now and each.number not in self._begun:
                self._begun.add(each.number)
                self._venue.instruct(messages.BeginCampaign, each.number)

    def _close(self, number: int) -> None:
        del self._announced[number]
        self._begun.discard(number)
        for event in self._venue.instruct(messages.CloseCampaign, number):
            if isinstance(event, messages.CampaignEnded):
                self.held += 1
                self.refunded += not event.allotted
                self.pledged_t += event.pledged
                self.sold_t += event.allotted

    def pledge(self, desk: Desk, day: int, rooms: dict[int, int], want: int, limit: int) -> int:
        """Pledge in open campaigns at the limit or below, the cheapest first; returns what is still wanted."""
        plan, part = self._plan, self._venue.engine.market.parts["campaigns"]
        assert isinstance(part, Campaigns), "the engine's part of that name"
        for each in sorted(self._announced.values(), key=lambda one: (one.price, one.number)):
            if each.price > limit:
                break
            running = part.running[each.number]
            if running.offer is None or not each.opens <= day * DAY_S < each.closes:
                continue
            left = plan.most_t.value - running.pledged.get(desk.account, 0)
            room = rooms.get(each.instrument, 0)
            tonnes = desk.board.lots(min(want, room, left, desk.cash_fen // each.price))
            if tonnes < plan.least_t.value:
                continue
            made = desk.give(messages.Pledge, each.number, tonnes)
            if isinstance(made[0], messages.Pledged):
                want -= tonnes
                rooms[each.instrument] = room - tonnes
        return want

    def figures(self) -> dict[str, int]:
        """Return what the campaigns of a run came to."""
        return {
            "campaigns": self.held,
            "campaigns_refunded": self.refunded,
            "campaign_pledged_t": self.pledged_t,
            "campaign_sold_t": self.sold_t,
        }
