"""Each preset's rules on the engine: command by command, what comes of it."""

from collections.abc import Iterator

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.events import Reason
from exchange.engine.modes import listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.blocks.messages import BlockReason
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.picking import PickReason
from exchange.engine.modes.quotes import messages as quotes
from exchange.engine.modes.sessions.messages import ClosingPriceSet, SetPhase
from exchange.engine.modes.venues.messages import ReleaseBought
from exchange.engine.session import CLOSED
from exchange.engine.venue import VenueReason
from exchange.instruments.presets.files import shipped
from exchange.instruments.presets.telling import band_around, instructions_for
from schemas.venues import PRESETS

GOOD = 7
REFERENCE = 1_000
OK = None


class Venue:
    """An engine with one instrument by a preset: accounts 1 to 9 have 10^9 fen and 300,000 t each, of their own."""

    def __init__(self, preset: str) -> None:
        self.engine = Engine()
        self.numbers = iter(range(1, 10_000))
        self.sent = dict.fromkeys(range(1, 10), 0)
        self.answers: list[e.Event] = []
        rules = shipped(preset)
        band = band_around(REFERENCE, rules.prices.band_bps or 5_000, rules.prices.tick_fen)
        self.tell(c.OpenInstrument(0, GOOD, rules.prices.tick_fen, rules.lot_t, *band, 0, 99, 99))
        for each in instructions_for(rules, GOOD, REFERENCE):
            self.tell(each)
        for account in self.sent:
            self.tell(c.CreditCash(0, account, account, 1_000_000_000))
            self.tell(c.CreditTonnes(0, account, account, GOOD, 300_000))

    def tell(self, command: c.Command) -> tuple[int, int, int] | None:
        """Give a command its number; return why it was refused, or None."""
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        if "instruction" in fields:
            fields["instruction"] = next(self.numbers)
        elif "client_order_id" in fields:
            self.sent[fields["account"]] += 1
            fields["client_order_id"] = self.sent[fields["account"]]
        self.answers = self.engine.apply(type(command)(**fields))
        first = self.answers[0]
        if isinstance(first, e.Refused | e.InstructionRefused):
            return first.reason, first.wanted, first.limit
        return OK

    @property
    def last(self) -> int:
        """The number of the last command, and so of what it made."""
        return self.engine.market.sequence


def order(account: int, side: int, price: int, quantity: int) -> Place:
    """An order of the book."""
    return Place(account, GOOD, side, price, quantity, 0)


def listing(account: int, price: int, quantity: int) -> listings.OpenListing:
    """A listing."""
    return listings.OpenListing(account, GOOD, price, quantity, 0)


def campaign(account: int, quantity: int) -> campaigns.OpenCampaign:
    """A campaign from moment 10 to 20."""
    return campaigns.OpenCampaign(account, GOOD, REFERENCE, quantity, 1, quantity, 0, campaigns.PRO_RATA, 10, 20, 0)


def auction(account: int, kind: int, quantity: int, lot: int = 1) -> auctions.OpenAuction:
    """An auction from moment 10 to 20."""
    step = 1 if kind == auctions.ASCENDING else 0
    return auctions.OpenAuction(
        account, GOOD, kind, REFERENCE, step, quantity, lot, quantity, 0, True, 10, 20, 0, 20, 0
    )


def block(account: int, to: int, price: int, quantity: int) -> blocks.ProposeBlock:
    """A block to be sold to another account."""
    return blocks.ProposeBlock(account, GOOD, to, c.SELL, price, quantity, 99, 0)


def ask(account: int, quantity: int) -> quotes.RequestQuotes:
    """A request for quotes."""
    return quotes.RequestQuotes(account, GOOD, c.BUY, quantity, 99, (), 0)


EVERY_WAY = {
    "book": order(1, c.BUY, REFERENCE, 500),
    "listings": listing(1, REFERENCE, 500),
    "campaigns": campaign(1, 500),
    "blocks": block(1, 2, REFERENCE, 100_000),
    "quotes": ask(1, 500),
    "uniform": auction(1, auctions.UNIFORM, 100_000, 500),
    "pay-as-bid": auction(1, auctions.PAY_AS_BID, 100_000, 500),
    "ascending": auction(1, auctions.ASCENDING, 100_000, 500),
}
CLOSED_WAYS = dict(zip(EVERY_WAY, VenueReason, strict=False))


def open_ways(preset: str) -> Iterator[str]:
    """What a preset opens, as its file says."""
    rules = shipped(preset)
    yield from (name for name in ("book", "listings", "campaigns", "blocks", "quotes") if getattr(rules, name))
    yield from rules.auctions.kinds if rules.auctions else ()


@pytest.mark.parametrize("preset", PRESETS)
def test_exactly_the_ways_of_a_preset_are_open(preset):
    """Each is taken or refused, as its file says; a refusal has the preset's number."""
    for way, command in EVERY_WAY.items():
        venue = Venue(preset)
        if way in open_ways(preset):
            assert venue.tell(command) is OK, way
        else:
            reason, _, number = venue.tell(command) or (0, 0, 0)
            assert (CLOSED_WAYS[way], preset) == (reason, PRESETS[number - 1])


def test_the_national_listing():
    """Below 100,000 t, within 10 % of the close, one of the five lowest prices; what was bought is sold tomorrow."""
    venue = Venue("national-listing")
    venue.tell(c.DebitTonnes(0, 9, GOOD, 300_000))
    for command, why in (
        (listing(1, 1_000, 100_000), (VenueReason.ABOVE_LARGEST, 100_000, 99_999)),
        (listing(1, 899, 10), (Reason.PRICE_BELOW_BAND, 899, 900)),
        (listing(1, 1_101, 10), (Reason.PRICE_ABOVE_BAND, 1_101, 1_100)),
        *((listing(each, 1_000 + each, 50_000), OK) for each in range(1, 7)),
        (listings.Subscribe(9, venue.last + 9, 10, 0), (PickReason.NOT_IN_THE_BEST_FIVE, 1_006, 1_005)),
        (listings.Subscribe(9, venue.last + 8, 50_001, 0), (Reason.LISTING_SHORT, 50_001, 50_000)),
        (listings.Subscribe(9, venue.last + 8, 40_000, 0), OK),
        (c.Settle(1, (1,)), OK),
        (listing(9, 1_000, 40_000), (VenueReason.BOUGHT_TODAY, 40_000, 0)),
        (c.DebitTonnes(0, 9, GOOD, 40_000), OK),
        (c.CreditTonnes(0, 9, 9, GOOD, 40_000), OK),
        (listing(9, 1_000, 40_000), (VenueReason.BOUGHT_TODAY, 40_000, 0)),
        (ReleaseBought(0, GOOD), OK),
        (listing(9, 1_000, 40_000), OK),
    ):
        assert why == venue.tell(command), command


def test_the_close_of_listings_is_their_average_and_the_band_follows():
    """30 t at 9.50 and 10 t at 10.50 come to 9.75; the next day lies from 8.78 to 10.72."""
    venue = Venue("national-listing")
    for seller, price, quantity in ((1, 950, 30), (2, 1_050, 10)):
        venue.tell(listing(seller, price, quantity))
        venue.tell(listings.Subscribe(9, venue.last, quantity, 0))
    assert OK is venue.tell(SetPhase(0, GOOD, CLOSED, 99))
    (closing,) = [each for each in venue.answers if isinstance(each, ClosingPriceSet)]
    assert (975, 40, 878, 1_072) == (closing.price, closing.volume, closing.low, closing.high)


def test_the_national_block():
    """From 100,000 t, within 30 %, and what was bought is sold tomorrow."""
    venue = Venue("national-block")
    for command, why in (
        (block(1, 2, 1_000, 99_999), (BlockReason.BELOW_LEAST, 99_999, 100_000)),
        (block(1, 2, 699, 100_000), (Reason.PRICE_BELOW_BAND, 699, 700)),
        (block(1, 2, 1_301, 100_000), (Reason.PRICE_ABOVE_BAND, 1_301, 1_300)),
        (block(1, 2, 700, 200_000), OK),
        (blocks.AcceptBlock(2, venue.last + 4, 0), OK),
        (c.Settle(1, (1,)), OK),
        (block(2, 3, 1_300, 300_001), (VenueReason.BOUGHT_TODAY, 300_001, 300_000)),
        (block(2, 3, 1_300, 300_000), OK),
    ):
        assert why == venue.tell(command), command


def test_guangzhou():
    """Only the best listing; blocks from 100,000 t within 70 to 130 %; ascending auctions."""
    venue = Venue("guangzhou")
    for command, why in (
        (listing(1, 1_000, 50), OK),
        (listing(2, 990, 50), OK),
        (listings.Subscribe(9, venue.last + 1, 10, 0), (PickReason.NOT_THE_BEST, venue.last + 1, venue.last + 2)),
        (listings.Subscribe(9, venue.last + 2, 50, 0), OK),
        (listings.Subscribe(9, venue.last + 1, 10, 0), OK),
        (block(1, 2, 1_000, 99_999), (BlockReason.BELOW_LEAST, 99_999, 100_000)),
        (block(1, 2, 1_301, 100_000), (Reason.PRICE_ABOVE_BAND, 1_301, 1_300)),
        (auction(3, auctions.ASCENDING, 100), OK),
    ):
        assert why == venue.tell(command), command


def test_chengdu():
    """Quotes yield the inquired price, at which a campaign may then be pledged for; nothing else trades."""
    venue = Venue("chengdu")
    for command, why in (
        (campaign(1, 100), OK),
        (campaigns.Pledge(2, venue.last + 1, 10, 0), (campaigns.CampaignReason.NOT_BEGUN, venue.last + 1, 0)),
        (campaigns.BeginCampaign(0, venue.last + 1), OK),
        (campaigns.Pledge(1, venue.last + 1, 10, 0), (campaigns.CampaignReason.OWN_CAMPAIGN, venue.last + 1, 0)),
        (campaigns.Pledge(2, venue.last + 1, 101, 0), (campaigns.CampaignReason.ABOVE_MOST, 101, 100)),
        (campaigns.Pledge(2, venue.last + 1, 10, 0), OK),
        (quotes.GiveQuote(3, venue.last + 1, 1_000, 10, 99, 0), (Reason.NOT_OPEN, venue.last + 1, 0)),
        (ask(2, 50), OK),
        (quotes.GiveQuote(3, venue.last + 8, 1_000, 10, 99, 0), OK),
    ):
        assert why == venue.tell(command), command


def test_eex_auctions():
    """Lots of 500 t, and nothing else."""
    venue = Venue("eex-auction")
    for command, why in (
        (auction(1, auctions.UNIFORM, 750, 500), (Reason.QUANTITY_OFF_LOT, 750, 500)),
        (auction(1, auctions.UNIFORM, 1_000, 500), OK),
        (auctions.BeginAuction(0, venue.last + 2), OK),
        (auctions.Bid(2, venue.last + 2, 999, 500, 15, 0), (auctions.AuctionReason.BELOW_RESERVE, 999, 1_000)),
        (auctions.Bid(2, venue.last + 2, 1_000, 250, 15, 0), (Reason.QUANTITY_OFF_LOT, 250, 500)),
        (auctions.Bid(2, venue.last + 2, 1_000, 500, 15, 0), OK),
        (auctions.CloseAuction(0, venue.last + 2, 20, bytes(32)), OK),
    ):
        assert why == venue.tell(command), command
    assert [] == [each for each in venue.answers if isinstance(each, e.Traded)], "too little was bid for"


@pytest.mark.parametrize("preset", ["cbl-basket", "continuous"])
def test_the_book(preset):
    """By price and time, in steps of a fen."""
    venue = Venue(preset)
    for command, why in (
        (order(1, c.SELL, 1_000, 0), (Reason.QUANTITY_OFF_LOT, 0, 1)),
        (order(1, c.SELL, 1_501, 10), (Reason.PRICE_ABOVE_BAND, 1_501, 1_500)),
        (order(1, c.SELL, 1_000, 300_001), (Reason.NOT_ENOUGH_TONNES, 300_001, 300_000)),
        (order(1, c.SELL, 1_000, 10), OK),
        (order(2, c.BUY, 1_001, 4), OK),
    ):
        assert why == venue.tell(command), command
    assert [1_000] == [each.price for each in venue.answers if isinstance(each, e.Traded)]


def test_national_auctions():
    """Within 10 % of the close, at one price or at each bid's own; what was bought is sold tomorrow."""
    venue = Venue("national-auction")
    for command, why in (
        (auction(1, auctions.ASCENDING, 100_000), (VenueReason.NO_ASCENDING_AUCTIONS, 96, 5)),
        (auction(1, auctions.PAY_AS_BID, 100_000), OK),
        (auctions.BeginAuction(0, venue.last + 2), OK),
        (auctions.Bid(2, venue.last + 2, 1_101, 10, 15, 0), (Reason.PRICE_ABOVE_BAND, 1_101, 1_100)),
        (auctions.Bid(2, venue.last + 2, 1_100, 100_000, 15, 0), OK),
        (auctions.CloseAuction(0, venue.last + 2, 20, bytes(32)), OK),
        (c.Settle(1, (1,)), OK),
        (auction(2, auctions.UNIFORM, 300_001), (VenueReason.BOUGHT_TODAY, 300_001, 300_000)),
    ):
        assert why == venue.tell(command), command
