"""What a market has of campaigns: each with its offer and its pledges, and how a snapshot has them."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.market import Market
from exchange.engine.modes.campaigns.messages import OpenCampaign


class StoredOffer(Struct, array_like=True, gc=False):
    """A campaign's offer, or a pledge, in a snapshot."""

    id: int
    account: int
    quantity: int
    open: int
    fee_rest: int = 0


class StoredCampaign(Struct, array_like=True):
    """A campaign in a snapshot; *offer* is None where its seller has taken it back."""

    id: int
    instrument: int
    price: int
    least: int
    most: int
    floor: int
    allotment: int
    begun: bool
    offer: StoredOffer | None
    pledges: list[StoredOffer]


class StoredCampaigns(Struct, array_like=True):
    """The campaigns in a snapshot, by number."""

    running: list[StoredCampaign]


class RunningCampaign:
    """
    One campaign with its pledges in the order in which they came.

    *offer* is None once its seller took it back, or a freeze or a band did: then it ends without selling anything.
    *pledged* has the tonnes of each account.
    """

    __slots__ = (
        "allotment",
        "begun",
        "floor",
        "id",
        "instrument",
        "least",
        "most",
        "offer",
        "pledged",
        "pledges",
        "price",
    )

    def __init__(self, number: int, terms: OpenCampaign | StoredCampaign) -> None:
        self.id = number
        self.instrument = terms.instrument
        self.price = terms.price
        self.least = terms.least
        self.most = terms.most
        self.floor = terms.floor
        self.allotment = terms.allotment
        self.begun = False
        self.offer: OpenOrder | None = None
        self.pledges: dict[int, OpenOrder] = {}
        self.pledged: dict[int, int] = {}

    def add(self, pledge: OpenOrder) -> None:
        """Take a pledge."""
        account = pledge.account
        self.pledges[pledge.id] = account.orders[pledge.id] = pledge
        self.pledged[account.id] = self.pledged.get(account.id, 0) + pledge.open
        pledge.queue = self

    def remove(self, order: OpenOrder) -> None:
        """Take a pledge out, or the offer itself."""
        order.queue = None
        if self.offer is order:
            self.offer = None
            return
        del self.pledges[order.id]
        left = self.pledged[order.account.id] - order.open
        if left:
            self.pledged[order.account.id] = left
        else:
            del self.pledged[order.account.id]


class Campaigns:
    """The campaigns that have not ended, by number."""

    __slots__ = ("running",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredCampaigns}

    def __init__(self) -> None:
        self.running: dict[int, RunningCampaign] = {}

    def open_in(self, instrument: int) -> Iterator[OpenOrder]:
        """Return the offers and pledges of an instrument."""
        for each in self.running.values():
            if each.instrument == instrument:
                yield from (each.offer,) if each.offer is not None else ()
                yield from each.pledges.values()

    def dump(self) -> StoredCampaigns | None:
        """Return them as a snapshot has them."""
        if not self.running:
            return None
        return StoredCampaigns(
            [
                StoredCampaign(
                    number,
                    each.instrument,
                    each.price,
                    each.least,
                    each.most,
                    each.floor,
                    each.allotment,
                    each.begun,
                    _stored(each.offer) if each.offer is not None else None,
                    [_stored(pledge) for pledge in each.pledges.values()],
                )
                for number, each in sorted(self.running.items())
            ]
        )

    def load(self, market: Market, stored: StoredCampaigns) -> None:
        """Take on those of a snapshot."""
        for each in stored.running:
            campaign = self.running[each.id] = RunningCampaign(each.id, each)
            campaign.begun = each.begun
            if each.offer is not None:
                offer_in(campaign, _loaded(market, campaign, each.offer, c.SELL))
            for pledge in each.pledges:
                campaign.add(_loaded(market, campaign, pledge, c.BUY))


def _stored(order: OpenOrder) -> StoredOffer:
    return StoredOffer(order.id, order.account.id, order.quantity, order.open, order.fee_rest)


def _loaded(market: Market, campaign: RunningCampaign, stored: StoredOffer, side: int) -> OpenOrder:
    found = entered(stored.id, market.accounts[stored.account], campaign, side, stored.quantity)
    found.open, found.fee_rest = stored.open, stored.fee_rest
    return found


def entered(number: int, account: TradingAccount, campaign: RunningCampaign, side: int, quantity: int) -> OpenOrder:
    """Return a pledge to a campaign, or its offer, of which nothing is traded yet."""
    instrument = campaign.instrument
    return OpenOrder(
        number,
        account,
        account.group,
        account.cash,
        account.balance(instrument),
        instrument,
        side,
        campaign.price,
        quantity,
        quantity,
        c.LISTED,
    )


def offer_in(campaign: RunningCampaign, offer: OpenOrder) -> None:
    """Let a campaign have its offer."""
    campaign.offer = offer.account.orders[offer.id] = offer
    offer.queue = campaign
