"""Presets of venues, as real instruments open by them, and the rules of a regulator."""

from itertools import pairwise

import pytest

from exchange.engine.modes.sessions.messages import ClosingPriceSet
from exchange.engine.modes.venues.messages import BoughtReleased
from exchange.instruments.presets.files import every_preset
from exchange.instruments.presets.files import shipped as preset
from exchange.simulation.files import ScenarioWrong, read, shipped
from exchange.simulation.presets import AUCTIONS, BOOK, LISTINGS, not_played, rules_of
from exchange.simulation.runs import planned_runs
from exchange.simulation.words import explained
from exchange.simulation.world import World
from schemas.venues import PRESETS
from tests.exchange.simulation.small import SMALL, played, small

TEXT, BAND = shipped()["venue-presets"], shipped()["price-band"]
PLAYED = {"guangzhou": LISTINGS, "national-listing": LISTINGS, "eex-auction": AUCTIONS, "cbl-basket": BOOK}


def under(name: str, **changes: int) -> World:
    """Play a small city under a preset, conserved after every command."""
    values = {key.replace("__", "."): value for key, value in changes.items()}
    return played(read(TEXT, {**SMALL, "venue.preset": PRESETS.index(name) + 1, **values}))


@pytest.mark.parametrize("name", PLAYED)
def test_a_preset_has_the_say_over_how_people_trade(name):
    """Tick, lot and way to sell are its own; people trade, and no command of theirs breaks a rule of it."""
    world = under(name, **({"horizon__days": 200} if name == "eex-auction" else {}))
    rules = preset(name)
    assert (rules.prices.tick_fen, rules.lot_t) == (world.venue.rules.tick, world.venue.rules.lot)
    assert PLAYED[name] == world.region.selling
    modes = {each.mode for each in world.days}
    assert {("book", "listing", "auction")[PLAYED[name]]} == modes
    assert {} == dict(world.venue.refusals)
    assert all(each.quantity % rules.lot_t == 0 for each in world.venue.trades)


def test_bands_of_a_preset_follow_the_close():
    """Within 10 % of the last close, day by day, from the reference of each project on; what was bought is released."""
    seen: list[tuple[int, int, int]] = []
    closes: dict[int, int] = {1: 1390, 2: 3600, 3: 6340}
    released = 0

    def after(_venue, _command, events):
        nonlocal released
        for each in events:
            released += isinstance(each, BoughtReleased)
            if isinstance(each, ClosingPriceSet):
                closes[each.instrument] = each.price
            elif type(each).__name__ == "Traded":
                seen.append((each.instrument, each.price, closes[each.instrument]))

    scenario = read(TEXT, {**SMALL, "venue.preset": PRESETS.index("national-listing") + 1})
    World(scenario, 0, after).play()
    assert len(seen) > 20
    assert all(abs(price - close) * 10 <= close for _, price, close in seen)
    assert any(close != 1390 for number, _, close in seen if number == 1)
    assert released > 0


@pytest.mark.parametrize(("name", "section"), [("chengdu", "campaigns"), ("national-block", "blocks")])
def test_a_preset_whose_way_to_sell_is_not_described_is_refused(name, section):
    """The message says which section the scenario lacks."""
    begins, ends = TEXT.index(f"[{section}]"), TEXT.index("\n\n", TEXT.index(f"[{section}]"))
    without = TEXT[:begins] + TEXT[ends:]
    with pytest.raises(ScenarioWrong, match=rf"by preset {name} developers sell by .*needs a section \[{section}\]"):
        read(without, {"venue.preset": PRESETS.index(name) + 1})


def test_a_preset_with_a_band_needs_a_reference_of_each_project():
    """Named, with the line of the project; places in the list that are none are refused."""
    lines = [each for each in TEXT.splitlines() if "13.9 CNY/t by July 2021" not in each or "reference" not in each]
    with pytest.raises(ScenarioWrong, match="kiln needs reference_fen_t") as refused:
        read("\n".join(lines), {"venue.preset": PRESETS.index("national-listing") + 1})
    assert "[project.kiln]" == lines[refused.value.line - 1]
    with pytest.raises(ScenarioWrong, match="there is no preset 99: they are 1 to 8"):
        read(TEXT, {"venue.preset": 99})
    with pytest.raises(ScenarioWrong, match=r"9 is outside the range of venue\.preset"):
        planned_runs(TEXT.replace("[8, 2, 3, 6, 1]", "[8, 9]"))
    with pytest.raises(ScenarioWrong, match=r"venue\.preset: Invalid enum value 'shenzhen'"):
        read(TEXT.replace("auction_days = ", 'preset = "shenzhen"\nauction_days = '))


def test_what_is_not_played_of_a_preset_is_said():
    """Each of its rules is played, or named by sim check: under its own name, and where a lever compares presets."""
    text = TEXT.replace("auction_days = ", 'preset = "guangzhou"\nauction_days = ')
    for said in ("\n".join(explained(read(text), 1)), "\n".join(explained(read(TEXT), 1))):
        assert "Not played: the hours of the day" in said
        assert "Departs from its source: A day with 100 t or less closes at its last trade" in said
    left_out = {each.preset: list(not_played(each)) for each in every_preset()}
    assert [] == left_out["continuous"] == left_out["cbl-basket"] == left_out["eex-auction"]
    assert ["requests for quotes"] == left_out["chengdu"]
    assert [] == left_out["national-block"]


def test_auctions_that_are_too_small_for_a_preset_are_not_opened():
    """The national market takes them from 100,000 t: no developer here has as much, and nothing is sold."""
    world = under("national-auction")
    assert [] == world.venue.trades
    assert rules_of(read(TEXT, {"venue.preset": 5}).venue).least_auction_t == 100_000


def test_the_band_of_a_regulator_follows_the_last_price():
    """No trade is further from the last close than it says; the venue's floor and ceiling hold as well."""
    far = {}
    for band_bps in (0, 300):
        world = played(read(BAND, {**SMALL, "regulator.band_bps": band_bps}))
        moves = []
        for number in (1, 2, 3):
            closes = [each for each in world.venue.board.closes[number] if each]
            moves += [abs(after - before) / before for before, after in pairwise(closes)]
        far[band_bps] = max(moves)
        assert {} == dict(world.venue.refusals)
    assert far[300] <= 0.03 < far[0]


def test_a_regulator_buys_at_its_price_until_its_money_is_used_up():
    """At its price or below, and it retires what it bought; without money it does nothing."""
    money = 2_000_000
    world = played(read(BAND, {**SMALL, "regulator.support_fen": money}))
    support = world.support
    assert support is not None
    mine = [each for each in world.venue.trades if each.buyer == support.desk.account]
    assert all(each.price <= 2_500 for each in mine)
    spent = sum(each.price * each.quantity for each in mine)
    assert 0 < spent <= money
    retired = sum(kg for (_, who), kg in world.ledger.retired.items() if who == "regulator")
    assert support.bought_t * 1000 == retired > 0
    assert World(read(BAND, SMALL), 0).support is None


def test_a_reserve_is_sold_once_the_price_has_come_there():
    """In the book, and by listings; above every price nothing of it is sold."""
    for selling in (BOOK, LISTINGS):
        sold = {}
        for reserve_fen in (1_000, 90_000):
            changes = {"policy__reserve_t": 5_000, "policy__reserve_fen_t": reserve_fen, "venue__selling": selling}
            world = played(small(**changes))
            sold[reserve_fen] = sum(each.quantity for each in world.venue.trades if each.instrument == 4)
        assert sold[90_000] == 0 < sold[1_000]


def test_names_of_desks_that_the_simulator_adds_are_taken():
    """A population of that name would be mixed up with them."""
    for name in ("reserve", "regulator", "points", "donors", "sponsor"):
        with pytest.raises(ScenarioWrong, match=f"{name} is the name of a desk"):
            read(TEXT.replace("[population.offices]", f"[population.{name}]"))
    with pytest.raises(ScenarioWrong, match="kiln is a project already"):
        read(TEXT.replace("[population.offices]", "[population.kiln]"))
