"""Campaigns, blocks, calls and all auctions, played through the engine: conserved, and by their own rules."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from exchange.engine.events import Cause, Reduced, Traded
from exchange.engine.modes.auctions.messages import AuctionExtended, AuctionOpened, BidMade
from exchange.engine.modes.campaigns.messages import CampaignEnded, CampaignOpened, Pledged
from exchange.engine.modes.sessions.messages import Uncrossed
from exchange.simulation.bundle import write
from exchange.simulation.files import ScenarioWrong, read, shipped
from exchange.simulation.presets import ASCENDING, BLOCKS, BOOK, CALLS, CAMPAIGNS, PAY_AS_BID, SELLING
from exchange.simulation.words import explained
from exchange.simulation.world import World
from schemas.venues import PRESETS
from tests.exchange.simulation.conserved import Conserved
from tests.exchange.simulation.small import RHYTHM, SMALL

TEXT = shipped()["ways-to-trade"]
PRINTED = {PAY_AS_BID: "pay-as-bid", ASCENDING: "ascending", CALLS: "call", CAMPAIGNS: "campaign", BLOCKS: "block"}


class Played:
    """A small run of one way to sell, conserved after every command, with every event that it led to."""

    def __init__(self, selling: int, text: str = TEXT, **changes: int) -> None:
        watch = Conserved()
        self.events: list[Any] = []
        values = {name.replace("__", "."): value for name, value in changes.items()}

        def after(venue, command, events):
            watch.after(venue, command, events)
            self.events += events

        self.world = World(read(text, {**SMALL, "venue.selling": selling, **values}), 0, after, watch.evening)
        self.result = self.world.play()
        assert {} == dict(self.world.venue.refusals), "nobody gives a command that the engine refuses"

    def of(self, kind):
        """Every event of a kind, in order."""
        return [each for each in self.events if isinstance(each, kind)]


@pytest.mark.parametrize("selling", PRINTED)
def test_every_way_is_conserved_and_printed_apart(selling):
    """After every command; trades are printed under the way's name, and nobody sells below cost."""
    played = Played(selling)
    modes = {each.mode for each in played.result.days}
    assert PRINTED[selling] in modes <= {PRINTED[selling], "book"}
    cost = {dev.desk.account: dev.cost for them in played.world.developers.values() for dev in them}
    assert all(each.price >= cost[each.seller] for each in played.of(Traded) if each.seller in cost)
    assert played.result.figures["offset_t"] > 0


def test_sections_that_are_not_used_change_nothing():
    """The same journal, byte for byte, with and without sections of ways that the scenario does not sell by."""
    at, begins = RHYTHM.index("[[lever]]"), TEXT.index("[auctions]")
    sections = TEXT[begins : TEXT.index("[[lever]]")]
    with_them = RHYTHM[:at] + sections + RHYTHM[at:]
    one, other = (World(read(text, SMALL), 0).play() for text in (RHYTHM, with_them))
    assert one.journal_hash == other.journal_hash
    assert "campaigns" not in one.figures
    assert 0 == other.figures["campaigns"] == other.figures["block_t"]


@pytest.mark.parametrize("allotment", [0, 1], ids=["by-time", "pro-rata"])
def test_a_campaign_allots_what_was_pledged(allotment):
    """By time the first are served in full, pro rata all alike; nobody pledges more than an account may."""
    few: dict[str, Any] = {f"project__{name}__issued_t": 60 for name in ("kiln", "forest", "elsewhere")}
    played = Played(CAMPAIGNS, campaigns__allotment=allotment, campaigns__floor_bps=0, campaigns__most_t=40, **few)
    pledges = defaultdict(list)
    for each in played.of(Pledged):
        pledges[each.campaign].append(each)
    terms = {each.order: each for each in played.of(CampaignOpened)}
    given: dict[int, int] = defaultdict(int)
    for each in played.of(Traded):
        given[each.buy_order] += each.quantity
    taken_back = {each.order for each in played.of(Reduced) if each.cause == Cause.OWNER}
    crowded = 0
    for ended in (each for each in played.of(CampaignEnded) if each.allotted):
        mine = [each for each in pledges[ended.campaign] if each.order not in taken_back]
        offer = terms[ended.campaign]
        got, left = [given[each.order] for each in mine], offer.quantity
        assert ended.allotted == sum(got) == min(ended.pledged, offer.quantity)
        if ended.pledged <= offer.quantity:
            continue
        crowded += 1
        for pledge, tonnes in zip(mine, got, strict=True):
            exact = pledge.quantity * offer.quantity / ended.pledged if allotment else min(pledge.quantity, left)
            assert abs(tonnes - exact) < (1 if allotment else 0.5)
            left -= tonnes
    assert crowded > 0
    of_accounts: dict[tuple[int, int], int] = defaultdict(int)
    for each in played.of(Pledged):
        of_accounts[each.campaign, each.account] += each.quantity
    assert max(of_accounts.values()) <= 40
    figures = played.result.figures
    assert figures["campaign_sold_t"] == sum(each.allotted for each in played.of(CampaignEnded)) > 0
    assert figures["campaigns"] == len(played.of(CampaignEnded))


def test_a_campaign_below_its_minimum_is_refunded():
    """With all of the offer as the minimum nearly every campaign ends without a sale, and the money is free again."""
    played = Played(CAMPAIGNS, campaigns__floor_bps=10_000)
    short = [each for each in played.of(CampaignEnded) if not each.allotted]
    assert len(short) == played.result.figures["campaigns_refunded"] > 0
    assert any(each.pledged for each in short), "some had pledges, and these were refunded"
    free = Played(CAMPAIGNS, campaigns__floor_bps=0).result.figures
    assert free["campaign_sold_t"] > played.result.figures["campaign_sold_t"]


def test_pledges_stand_and_are_not_made_twice():
    """An enterprise that comes back every day does not pledge for more than it may use."""
    played = Played(CAMPAIGNS, campaigns__floor_bps=0)
    owned: dict[int, int] = defaultdict(int)
    for each in played.of(Traded):
        owned[each.buyer] += each.quantity
    needs = {each.desk.account: each.need_t for each in played.world.agents if hasattr(each, "need_t")}
    assert all(owned[account] <= need for account, need in needs.items())


def test_a_call_trades_at_one_price_after_its_days():
    """Every trade of an instrument in a call has the price of the call; there is none in between."""
    played = Played(CALLS)
    uncrossed = [each for each in played.of(Uncrossed) if each.quantity]
    assert {each.price for each in played.of(Traded)} <= {each.price for each in uncrossed}
    assert sum(each.quantity for each in uncrossed) == played.result.figures["volume_t"]
    days = sorted({each.day for each in played.result.days})
    assert min(after - before for before, after in pairwise(days)) >= 5


def test_in_a_pay_as_bid_auction_everybody_pays_the_own_bid():
    """Trades of one auction have different prices, each that of its bid; who shades more pays less."""
    played = Played(PAY_AS_BID)
    bids = {each.order: each.price for each in played.of(BidMade)}
    trades = [each for each in played.of(Traded) if each.buy_order in bids]
    assert all(each.price == bids[each.buy_order] for each in trades)
    assert any(len({each.price for each in trades if each.sell_order == one.sell_order}) > 1 for one in trades)
    shaded = Played(PAY_AS_BID, auctions__shade_bps=3_000).result.figures
    assert shaded["average_fen_t"] < played.result.figures["average_fen_t"]


def test_an_ascending_auction_rises_and_is_extended():
    """Each bid beats the one before by the increment; a late one moves the close, to the last day at most."""
    played = Played(ASCENDING, auctions__longest_days=3)
    best: dict[int, int] = {}
    for each in played.of(BidMade):
        assert each.price >= best.get(each.auction, -10) + 10
        best[each.auction] = each.price
    announced = {each.order: each for each in played.of(AuctionOpened)}
    moved = played.of(AuctionExtended)
    assert moved
    assert all(
        announced[each.auction].closes < each.closes <= announced[each.auction].closes + 3 * 86_400 for each in moved
    )


def test_blocks_beside_the_book_set_no_last_price():
    """They are printed apart, of the smallest size or more, at the buyer's limit or below, and never as a close."""
    played = Played(BOOK, blocks__beside=1, blocks__least_t=100, project__kiln__issued_t=3000)
    ways = played.world.ways
    assert ways is not None
    blocks = ways.blocks
    assert blocks is not None
    mine = [each for each in played.of(Traded) if each.sell_order in blocks.numbers]
    assert {"block", "book"} == {each.mode for each in played.result.days}
    assert all(each.quantity >= 100 for each in mine)
    listed = {each.price for each in played.of(Traded) if each.sell_order not in blocks.numbers}
    assert {price for closes in played.world.venue.board.closes.values() for price in closes} <= {0, *listed}
    figures = played.result.figures
    assert figures["block_t"] == sum(each.quantity for each in mine) > 0
    assert figures["blocks_proposed"] >= figures["blocks"] == len(mine)
    apart = figures["block_fen_t"] * figures["block_t"] + figures["listed_fen_t"] * (
        figures["volume_t"] - figures["block_t"]
    )
    assert apart == pytest.approx(figures["average_fen_t"] * figures["volume_t"], rel=1e-3)


def test_presets_of_chengdu_and_of_national_blocks_are_played():
    """Campaigns alone in one; in the other blocks from 100,000 t, which only a larger city has."""
    text = shipped()["venue-presets"]
    chengdu = Played(0, text, venue__preset=PRESETS.index("chengdu") + 1)
    assert {"campaign"} == {each.mode for each in chengdu.result.days}
    large = {
        "venue__preset": PRESETS.index("national-block") + 1,
        "project__kiln__issued_t": 400_000,
        "population__mills__emissions_t": 9_000_000,
        "population__mills__cash_fen": 10**12,
    }
    national = Played(0, text, **large)
    assert {"block"} == {each.mode for each in national.result.days}
    assert all(each.quantity >= 100_000 for each in national.of(Traded))
    assert all(970 <= each.price <= 1_810 for each in national.of(Traded) if each.instrument == 1), "13.90 ± 30 %"


FAULTS = {
    "venue.selling": (8, "selling is 0 \\(book\\).*7 \\(negotiated blocks\\)"),
    "auctions.increment_fen_t": (15, "the increment is a multiple of the tick, 10 fen, not 15 fen"),
    "campaigns.most_t": (2001, "most_t is a multiple of the lot, 10 t, not 2001 t"),
    "campaigns.least_t": (4000, "the least pledge, 4000 t, is above the most, 2000 t"),
    "campaigns.window_days": (0, "a campaign takes pledges for a day at least"),
    "campaigns.allotment": (2, "allotment is 0"),
    "blocks.valid_days": (0, "a proposal stands for a day at least"),
    "blocks.beside": (2, "beside is 0"),
    "blocks.least_t": (0, "a block has a tonne at least"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_contradicts_itself_is_refused_with_its_line(name):
    """In the words of the section, also where the range of a parameter would let it pass."""
    value, said = FAULTS[name]
    selling = {"auctions": ASCENDING, "campaigns": CAMPAIGNS}.get(name.partition(".")[0], BOOK)
    text = TEXT.replace("range = [1, ", "range = [0, ").replace("range = [0, 1]", "range = [0, 9]")
    text = text.replace("range = [0, 7]", "range = [0, 9]")
    changes = {"venue.selling": selling, "venue.tick_fen": 10, "venue.lot_t": 10, "campaigns.least_t": 10}
    with pytest.raises(ScenarioWrong, match=said):
        read(text, {**changes, name: value})


@pytest.mark.parametrize(
    ("selling", "section"), [(PAY_AS_BID, "auctions"), (CAMPAIGNS, "campaigns"), (BLOCKS, "blocks")]
)
def test_a_way_without_its_section_is_refused(selling, section):
    """The message says which."""
    begins = TEXT.index(f"[{section}]")
    without = TEXT[:begins] + TEXT[TEXT.index("\n\n", begins) :]
    with pytest.raises(ScenarioWrong, match=rf"sell by {SELLING[selling]}, which needs a section \[{section}\]"):
        read(without, {"venue.selling": selling})


def test_sim_check_says_how_a_way_is_played():
    """In words, for every section that is there."""
    said = "\n".join(explained(read(TEXT, {"venue.selling": CAMPAIGNS}), 1))
    assert "Developers sell by subscription campaigns" in said
    assert "Campaigns take pledges of 1 to 2,000 t an account for 10 days" in said
    assert "Varies venue.selling: 0 (book), 1 (listings)" in said
    assert "Where everybody pays their own bid, it is 5 % below what they would pay" in said
    assert "Blocks of 500 t or more are agreed on where they are the way to sell" in said


def test_the_report_draws_blocks_apart(tmp_path):
    """A chart of their prices beside all others, with its numbers."""
    begins = TEXT.index("[[lever]]")
    changes = {**SMALL, "blocks.beside": 1, "blocks.least_t": 100, "project.kiln.issued_t": 3000}
    write(tmp_path / "made", TEXT[:begins], changes, replications=2, plain=True)
    page = (tmp_path / "made" / "report.html").read_text("utf-8")
    assert 'download="blocks.csv"' in page
    assert "Blocks and other trades" in page
    assert "大宗均价" in page
