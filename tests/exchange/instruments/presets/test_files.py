"""Presets as files: each is read, explained and shipped; a wrong one is refused with its line and why."""

import subprocess
import sys

import pytest

from exchange.instruments.presets.files import WrongVenue, every_preset, read_venue, shipped
from exchange.instruments.presets.telling import band_around, instructions_for, modes_of
from exchange.instruments.presets.words import explained
from schemas.venues import PRESETS

RIGHT = """preset = "mine"
title = "Mine"
title_zh = "我的"
book = true

[source]
document = "Rules"
edition = "first"
date = 2026-01-01

[limits.individual]
largest_order_t = 10
most_held_t = 100
"""


def test_every_preset_is_named_as_its_file_and_has_its_source():
    """Its document's date, or how old what was read is; and what it does is said in words."""
    for name, rules in zip(PRESETS, every_preset(), strict=True):
        assert name == rules.preset
        assert rules.source.date or "2026-11-29" in (rules.source.read or "")
        said = dict(explained(rules))
        assert said["Open"]
        assert said["Prices"].startswith("steps of 0.01 CNY")
        assert len(instructions_for(rules, 1, 1_000)) >= 1


def test_what_nobody_compared_with_its_document_says_so():
    """Only Kilnwood's own was; a file that says nothing of it was not either."""
    assert ["continuous"] == [each.preset for each in every_preset() if each.source.checked]
    for rules in (*every_preset(), read_venue(RIGHT)):
        assert rules.source.checked == ("Not checked" not in dict(explained(rules)))


def test_a_venue_is_explained_in_plain_words():
    """What is open, what is closed, who may hold how much."""
    said = dict(explained(read_venue(RIGHT)))
    assert "order book, by price and time" == said["Open"]
    assert "listings, campaigns, negotiated blocks, requests for quotes, auctions" == said["Closed"]
    assert "orders 10 t at most; holds 100 t at most, open purchases included" == said["Buyer: individual"]
    assert "sold tomorrow at the earliest" in dict(explained(shipped("national-listing")))["Resale"]


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("book = true", "book = maybe", 4, "Invalid value."),
        ("book = true", "boook = true", 4, "unknown field `boook`"),
        ("book = true", 'book = "yes"', 4, "book: Expected `bool`, got `str`"),
        ("book = true", "book = false", 1, "no way to trade is open"),
        ("book = true\n", "book = true\nlot_t = 0\n", 5, "lot_t: Expected `int` >= 1"),
        ("date = 2026-01-01\n", "", 6, "source: neither date nor read is said"),
        ('edition = "first"\n', "", 6, "missing required field `edition`"),
        ("largest_order_t = 10\n", "largest_order_t = 1000\n", 12, "largest_order_t 1000 is above most_held_t 100"),
        ("[limits.individual]", "[limits.robot]", 11, "unknown field `robot`"),
        ("most_held_t = 100\n", "most_held_t = 0\n", 13, "limits.individual.most_held_t: Expected `int` >= 1"),
        ("[limits", '[listings]\npicking = "worst"\n[limits', 12, "listings.picking: Invalid enum value 'worst'"),
        ("[limits", "[prices]\nband_bps = 100\n[limits", 12, "needs [sessions] with a time to close"),
        ("[limits", "[auctions]\nkinds = []\n[limits", 12, "kinds names no auction"),
        ("[limits", "[campaigns]\nallotment = []\n[limits", 12, "allotment names no way"),
        ("[limits", '[sessions]\ncontinuous = "15:00"\nclosed = "09:00"\n[limits', 11, "do not follow each other"),
        ("book = true\n", "book = true\nlot_t = 7\nlargest_order_t = 10\n", 6, "largest_order_t 10 is not a multiple"),
        ("book = true\n", "book = true\nlot_t = 7\n", 13, "limits.individual.largest_order_t 10 is not a multiple"),
        ("book = true\n", "book = true\nprices . 'tick_fen' = 0\n", 5, "prices.tick_fen: Expected `int` >= 1"),
        ("[limits", '["prices"]\n"tick_fen" = 0\n[limits', 12, "prices.tick_fen: Expected `int` >= 1"),
        ("book = true\n", "largest_order_t = 5\nauctions = { kinds = ['uniform'], least_t = 6 }\n", 4, "auction, 6 t"),
        ("book = true\n", "auctions = { kinds = ['uniform'], least_t = 6 }\nlot_t = 4\n", 4, "least_t 6 is not a"),
        ("[limits.individual]", "[[limits]]", 11, "limits: Expected `table`, got `array`"),
        ("book = true", "listings = true", 4, "listings: Expected `table`, got `bool`"),
        ("[limits", "[sessions]\ncontinuous = '9:30'\n[limits", 12, "Expected a time of the day such as 09:30."),
    ],
)
def test_a_wrong_venue_is_refused_with_its_line_and_why(old, new, line, why):
    """The first thing that is wrong, at the key, or at the table that should have it."""
    assert old in RIGHT
    with pytest.raises(WrongVenue) as refused:
        read_venue(RIGHT.replace(old, new, 1))
    assert (line, True) == (refused.value.line, why in refused.value.why), str(refused.value)


def test_presets_are_read_without_a_database_or_a_server():
    """A simulation opens its instruments by the same files."""
    said = (
        "import sys; import exchange.instruments.presets.files as f, exchange.instruments.presets.telling; "
        "f.every_preset(); print([each for each in ('asyncpg', 'litestar', 'click') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_a_band_lies_around_its_reference_in_whole_ticks():
    """Rounded inwards, never below a tick or above the largest price."""
    assert (900, 1_100) == band_around(1_000, 1_000, 1)
    assert (910, 1_105) == band_around(1_006, 1_000, 5)
    assert (1_000, 10_000_000) == band_around(9_999_999, 9_999, 5)
    low, high = band_around(1, 1, 5)
    assert low > high


def test_the_bits_of_modes_are_those_of_the_engine():
    """One number says which ways to trade are open."""
    found = {each.preset: modes_of(each) for each in every_preset()}
    assert {
        "chengdu": 4 + 16,
        "guangzhou": 2 + 8 + 128,
        "national-listing": 2,
        "national-block": 8,
        "national-auction": 32 + 64,
        "eex-auction": 32,
        "cbl-basket": 1,
        "continuous": 1,
    } == found
