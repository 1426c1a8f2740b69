"""The rules of the venue that is played: those of the scenario, or those of a preset that real instruments open by."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from exchange.engine.modes.auctions import messages as auctions
from exchange.instruments.presets.files import shipped
from exchange.instruments.presets.telling import band_around
from exchange.simulation.plans import ProjectPlan, Scenario, VenuePlan
from schemas.venues import PRESETS, VenueAuctions, VenueRules

BOOK, LISTINGS, AUCTIONS = 0, 1, 2
SELLING: Final = ("book", "listings", "auctions")
"""How developers sell, by the value of ``venue.selling``."""
PRESET: Final = "venue.preset"
"""A lever may have this name: its values are places in the list of presets, from 1; 0 is none of them."""
_UNIFORM: Final = "uniform"


class PlayedRules(NamedTuple):
    """
    The rules of every instrument: *tick* in fen, *lot* in tonnes, how developers sell, and a preset's rules, if any.

    *floor* and *ceiling* are the band where no preset has one of its own. *largest_t* bounds an order, 0: nothing.
    *least_auction_t* is the smallest offer of an auction, whose bids are multiples of *auction_lot_t*.
    """

    tick: int
    lot: int
    floor: int
    ceiling: int
    selling: int
    largest_t: int = 0
    auction_lot_t: int = 0
    least_auction_t: int = 0
    at_random: bool = False
    whole: bool = False
    preset: VenueRules | None = None


def rules_of(plan: VenuePlan) -> PlayedRules:
    """Return the rules by which a scenario trades. A preset has the say over tick, lot and ways to trade."""
    band = (plan.floor_fen_t.value, plan.ceiling_fen_t.value)
    if plan.preset is None:
        lot = plan.lot_t.value
        return PlayedRules(plan.tick_fen.value, lot, *band, plan.selling.value, auction_lot_t=lot)
    rules = shipped(plan.preset)
    said = rules.auctions or VenueAuctions(kinds=(_UNIFORM,))
    return PlayedRules(
        rules.prices.tick_fen,
        rules.lot_t,
        *band,
        _selling(rules, plan.selling.value),
        largest_t=rules.largest_order_t or 0,
        auction_lot_t=said.lot_t or rules.lot_t,
        least_auction_t=said.least_t or 0,
        at_random=said.ties == "at-random",
        whole=bool(said.cancel_when_short),
        preset=rules,
    )


def _playable(rules: VenueRules) -> tuple[int, ...]:
    """The ways to sell that a preset has and the simulator plays."""
    uniform = rules.auctions is not None and _UNIFORM in rules.auctions.kinds
    there = ((BOOK, rules.book), (LISTINGS, rules.listings is not None), (AUCTIONS, uniform))
    return tuple(way for way, open_ in there if open_)


def _selling(rules: VenueRules, wanted: int) -> int:
    """How developers sell by a preset: as the scenario wants, if they may; else in its first way that is played."""
    ways = _playable(rules)
    return wanted if wanted in ways or not ways else ways[0]


def band_of(rules: PlayedRules, reference_fen_t: int) -> tuple[int, int]:
    """Return the lowest and highest price of an instrument when it is opened, in whole ticks."""
    if rules.preset is not None and (band_bps := rules.preset.prices.band_bps):
        return band_around(reference_fen_t, band_bps, rules.tick)
    return -(-rules.floor // rules.tick) * rules.tick, rules.ceiling // rules.tick * rules.tick


def needs_reference(rules: VenueRules) -> bool:
    """Whether prices of a preset lie around a reference, which a scenario then says for each project."""
    return bool(rules.prices.band_bps or (rules.blocks is not None and rules.blocks.band_bps))


def preset_at(place: int) -> str | None:
    """Return the preset at a place of the list, as a lever gives it; None at 0. Raises `IndexError`."""
    return PRESETS[place - 1] if place else None


def preset_faults(scenario: Scenario) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the preset of a scenario, each fault with its path."""
    preset = scenario.venue.preset
    if preset is None:
        return
    rules = shipped(preset)
    if not _playable(rules):
        shut = ", ".join(not_played(rules))
        yield ("venue", "preset"), f"the simulator plays no way to trade of preset {preset}: it leaves out {shut}"
    for name, plan in scenario.project.items():
        if needs_reference(rules) and _without_reference(plan):
            lacks = f"prices of preset {preset} lie around a reference: {name} needs reference_fen_t"
            yield ("project", name), lacks


def _without_reference(plan: ProjectPlan) -> bool:
    return plan.reference_fen_t is None or not plan.reference_fen_t.value


def not_played(rules: VenueRules) -> Iterator[str]:
    """Name the rules of a preset that the simulator does not play."""
    if rules.campaigns is not None:
        yield "campaigns"
    if rules.quotes:
        yield "requests for quotes"
    if rules.blocks is not None:
        yield f"negotiated blocks from {rules.blocks.least_t:,} t"
    kinds = [each for each in (rules.auctions.kinds if rules.auctions is not None else ()) if each != _UNIFORM]
    if kinds:
        yield f"{' and '.join(kinds)} auctions"
    if rules.sessions is not None:
        if rules.sessions.opening_call or rules.sessions.closing_call:
            yield "opening and closing calls"
        yield "the hours of the day: everybody trades once, then it closes"
    if rules.limits.by_role():
        yield "limits of single roles: everybody has those of others"


TIES: Final = {False: auctions.BY_TIME, True: auctions.AT_RANDOM}
"""Who of equal bids is first, as the engine has it."""
