"""The instructions by which an instrument trades by the rules of a venue."""

from typing import Final

from exchange.engine import venue as v
from exchange.engine.commands import Command
from exchange.engine.modes.blocks.messages import SetBlockTerms
from exchange.engine.modes.picking import PICK_ANY, PICK_BEST, PICK_BEST_FIVE, SetPicking
from exchange.engine.modes.sessions.messages import SetSessionRules
from exchange.engine.modes.venues.messages import ReleaseBought, SetLimits, SetVenue
from schemas.scalars import MAX_PRICE_FEN
from schemas.venues import PRESETS, ROLES, VenueRules

_PICKING: Final = {"any": PICK_ANY, "best": PICK_BEST, "best-five": PICK_BEST_FIVE}
_AUCTIONS: Final = {
    "uniform": v.UNIFORM_AUCTIONS,
    "pay-as-bid": v.PAY_AS_BID_AUCTIONS,
    "ascending": v.ASCENDING_AUCTIONS,
}
_BPS: Final = 10_000


def modes_of(rules: VenueRules) -> int:
    """Return the ways to trade that are open, as the engine's bits."""
    named = (
        (rules.book, v.BOOK),
        (rules.listings, v.LISTINGS),
        (rules.campaigns, v.CAMPAIGNS),
        (rules.blocks, v.BLOCKS),
        (rules.quotes, v.QUOTES),
    )
    open_ = sum(bit for there, bit in named if there)
    return open_ + sum(_AUCTIONS[kind] for kind in set(rules.auctions.kinds if rules.auctions else ()))


def band_around(reference_fen: int, band_bps: int, tick_fen: int) -> tuple[int, int]:
    """Return the lowest and the highest price of a band, in whole ticks; the first is above the second if none fits."""
    low = -(-reference_fen * (_BPS - band_bps) // (_BPS * tick_fen)) * tick_fen
    high = min(reference_fen * (_BPS + band_bps) // _BPS, MAX_PRICE_FEN) // tick_fen * tick_fen
    return max(low, tick_fen), high


def instructions_for(rules: VenueRules, instrument: int, reference_fen: int) -> tuple[Command, ...]:
    """
    Return what the engine is told of an instrument that was just opened, without numbers; they are given in order.

    *reference_fen* is the price that bands lie around, 0 where none does.
    """
    number = PRESETS.index(rules.preset) + 1 if rules.preset in PRESETS else 0
    locks = rules.resale == "next-day"
    told: list[Command] = [SetVenue(0, instrument, number, modes_of(rules), rules.largest_order_t or 0, locks)]
    if locks:
        told.append(ReleaseBought(0, instrument, 0))  # of nothing: from here on trades are told apart
    for role, limit in rules.limits.by_role():
        bounds = (limit.largest_order_t or 0, limit.most_held_t or 0)
        told.append(SetLimits(0, instrument, ROLES.index(role), *bounds))
    if rules.listings is not None and rules.listings.picking != "any":
        told.append(SetPicking(0, instrument, _PICKING[rules.listings.picking]))
    if rules.blocks is not None:
        band_bps = rules.blocks.band_bps or 0
        told.append(SetBlockTerms(0, instrument, rules.blocks.least_t, reference_fen if band_bps else 0, band_bps))
    if rules.sessions is not None:
        terms = (rules.prices.band_bps or 0, rules.sessions.average_from_t)
        told.append(SetSessionRules(0, instrument, reference_fen, *terms))
    return tuple(told)
