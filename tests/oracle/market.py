"""
The whole naive market: books and their sessions, what stands beside them, auctions, and campaigns, which are here.

An allotment pro rata is worked out in fractions, where the engine has quotients and remainders.
"""

from dataclasses import dataclass
from fractions import Fraction

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.campaigns.messages import CampaignReason
from exchange.engine.modes.venues.messages import GroupSet, SetGroup
from exchange.engine.venue import BEGUN, CAMPAIGNS
from tests.oracle.market_auctions import NaiveAuctions
from tests.oracle.market_book import Unfinished, gone, meets
from tests.oracle.market_custody import Offer, refuse, shut


@dataclass
class NaiveCampaign:
    """A campaign that has not ended."""

    number: int
    terms: campaigns.OpenCampaign
    begun: bool = False


@dataclass
class Ending(Unfinished):
    """What each pledge that is still to be ended is given."""

    given: dict[int, int]
    campaign: int


class NaiveMarket(NaiveAuctions):
    """Takes the engine's commands and says what the engine should say."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.campaigns: dict[int, NaiveCampaign] = {}

    def _SetGroup(self, said: SetGroup) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_role(said.account, said.role)
        owner = self._owner(said.account, said.group)
        self.roles[said.account] = said.role
        told = GroupSet(said.instruction, said.account, said.group, said.role)
        if owner.group == said.group:
            return [told]
        others = {number for number, each in self.owners.items() if each.group == said.group}
        owner.group = said.group
        closed = [each for each in self._open_of(said.account) if not self._follows(each, others)]
        return [told, *self._close_all(closed, Cause(Cause.OWNER_CHANGED))]

    def _follows(self, offer: Offer, others: set[int]) -> bool:
        """Listings follow their account to its new owner, and orders that meet none of the owner's there."""
        if offer.listed:
            return not offer.campaign
        return not any(
            each.account in others and meets(offer, each) for each in self.queue(offer.instrument, 1 - offer.side)
        )

    def pledges(self, campaign: int) -> list[Offer]:
        """The open pledges of a campaign, the oldest first."""
        found = [each for each in self.open.values() if each.campaign == campaign != each.number]
        return sorted(found, key=lambda each: each.number)

    def _OpenCampaign(self, said: campaigns.OpenCampaign) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        self._check_room(said.account)
        self._check_venue(said.account, said.instrument, c.SELL, CAMPAIGNS, said.quantity)
        if said.closes <= said.opens:
            refuse(CampaignReason.NO_WINDOW)
        lot = self.rules[said.instrument].lot
        for each in (said.least, said.most):
            if each <= 0 or each % lot != 0:
                refuse(Reason.QUANTITY_OFF_LOT, each, lot)
        if said.most < said.least:
            refuse(CampaignReason.TERMS_CROSS, said.least, said.most)
        if said.floor < 0 or said.floor > said.quantity:
            refuse(CampaignReason.TERMS_CROSS, said.floor, said.quantity)
        offer = self._offer(said.account, said.instrument, c.SELL, said.price, said.quantity)
        self._check_covered(offer)
        offer.listed, offer.campaign = True, offer.number
        self.open[offer.number] = offer
        self.campaigns[offer.number] = NaiveCampaign(offer.number, said)
        said_again = (getattr(said, name) for name in said.__struct_fields__)
        return [campaigns.CampaignOpened(offer.number, *said_again)]

    def _running(self, number: int) -> NaiveCampaign:
        if number not in self.campaigns:
            refuse(Reason.NOT_OPEN, number)
        return self.campaigns[number]

    def _BeginCampaign(self, said: campaigns.BeginCampaign) -> list[e.Event]:  # noqa: N802 - named as its command
        campaign = self._running(said.campaign)
        if campaign.begun:
            refuse(CampaignReason.BEGUN, said.campaign)
        campaign.begun = True
        return [campaigns.CampaignBegun(said.instruction, said.campaign)]

    def _Pledge(self, said: campaigns.Pledge) -> list[e.Event]:  # noqa: N802 - named as its command
        campaign = self._running(said.campaign)
        offer = self.open.get(said.campaign)
        if offer is None:
            refuse(Reason.NOT_OPEN, said.campaign)
        if not campaign.begun:
            refuse(CampaignReason.NOT_BEGUN, said.campaign)
        self._check_fits(said.account, offer.instrument, offer.price, said.quantity)
        self._check_room(said.account)
        self._check_venue(said.account, offer.instrument, c.BUY, BEGUN, said.quantity)
        if self.owners[offer.account].group == self.owners[said.account].group:
            refuse(CampaignReason.OWN_CAMPAIGN, said.campaign)
        if said.quantity < campaign.terms.least:
            refuse(CampaignReason.BELOW_LEAST, said.quantity, campaign.terms.least)
        mine = sum(each.open for each in self.pledges(said.campaign) if each.account == said.account)
        if mine + said.quantity > campaign.terms.most:
            refuse(CampaignReason.ABOVE_MOST, mine + said.quantity, campaign.terms.most)
        pledge = self._offer(said.account, offer.instrument, c.BUY, offer.price, said.quantity)
        self._check_covered(pledge)
        pledge.listed, pledge.campaign = True, said.campaign
        self.open[pledge.number] = pledge
        price, number = offer.price, said.client_order_id
        return [
            campaigns.Pledged(
                pledge.number, said.account, offer.instrument, price, said.quantity, number, said.campaign
            )
        ]

    def _CloseCampaign(self, said: campaigns.CloseCampaign) -> list[e.Event]:  # noqa: N802 - named as its command
        campaign = self._running(said.campaign)
        rules = self.rules[campaign.terms.instrument]
        if rules.halted:
            refuse(shut(rules.halted), campaign.terms.instrument, rules.halted)
        wanted = {each.number: each.open for each in self.pledges(said.campaign)}
        if said.campaign not in self.open:
            return self._end(said.instruction, campaign, {}, Cause.CALLED_OFF)
        if sum(wanted.values()) < max(1, campaign.terms.floor):
            return self._end(said.instruction, campaign, {}, Cause.UNDERSUBSCRIBED)
        supply = self.open[said.campaign].open
        share = _by_time if campaign.terms.allotment == campaigns.BY_TIME else _pro_rata
        return self._end(said.instruction, campaign, share(wanted, supply, rules.lot), Cause(Cause.NOT_ALLOTTED))

    def _CallOffCampaign(self, said: campaigns.CallOffCampaign) -> list[e.Event]:  # noqa: N802 - named as its command
        return self._end(said.instruction, self._running(said.campaign), {}, Cause.CALLED_OFF)

    def _end(self, instruction: int, campaign: NaiveCampaign, given: dict[int, int], why: Cause) -> list[e.Event]:
        pledges = self.pledges(campaign.number)
        cause = 0 if why == Cause.NOT_ALLOTTED else why
        pledged, sold = sum(each.open for each in pledges), sum(given.values())
        last = campaigns.CampaignEnded(instruction, campaign.number, len(pledges), pledged, sold, cause)
        self.unfinished = Ending([each.number for each in pledges], why, [last], given, campaign.number)
        return self._close_some()

    def _close_some(self) -> list[e.Event]:
        if not isinstance(self.unfinished, Ending):
            return super()._close_some()
        now, later = self.unfinished.numbers[: self.step], self.unfinished.numbers[self.step :]
        happened: list[e.Event] = []
        offer = self.open.get(self.unfinished.campaign)
        for number in now:
            pledge, given = self.open.pop(number), self.unfinished.given.get(number, 0)
            if given:
                assert offer is not None
                happened.append(self._trade(pledge, offer, given))
                offer.open -= given
            if pledge.open > given:
                happened.append(gone(pledge, pledge.open - given, self.unfinished.cause))
        self.unfinished.numbers = later
        return happened if later else [*happened, *self._ended(self.unfinished, offer)]

    def _ended(self, ending: Ending, offer: Offer | None) -> list[e.Event]:
        self.unfinished = None
        del self.campaigns[ending.campaign]
        left = self.open.pop(ending.campaign).open if offer is not None else 0
        unsold = Cause.NOT_FILLED if ending.cause == Cause.NOT_ALLOTTED else ending.cause
        return [*([gone(offer, left, unsold)] if offer is not None and left else []), *ending.last]


def _by_time(wanted: dict[int, int], supply: int, _: int) -> dict[int, int]:
    given: dict[int, int] = {}
    for number in sorted(wanted):
        given[number] = min(wanted[number], supply - sum(given.values()))
    return given


def _pro_rata(wanted: dict[int, int], supply: int, lot: int) -> dict[int, int]:
    total = sum(wanted.values())
    if total <= supply:
        return wanted
    exact = {number: Fraction(each * supply, total * lot) for number, each in wanted.items()}
    given = {number: int(each) for number, each in exact.items()}
    short = supply // lot - sum(given.values())
    for number in sorted(exact, key=lambda each: (given[each] - exact[each], each))[:short]:
        given[number] += 1
    return {number: each * lot for number, each in given.items()}
