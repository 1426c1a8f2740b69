"""The rules of the venue that is played: those of the scenario, or those of a preset that real instruments open by."""

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from exchange.engine.modes.auctions import messages as auctions
from exchange.instruments.presets.files import shipped
from exchange.instruments.presets.telling import band_around
from exchange.simulation.plans import ProjectPlan, Scenario, VenuePlan
from schemas.venues import PRESETS, VenueAuctions, VenueRules

BOOK, LISTINGS, AUCTIONS, PAY_AS_BID, ASCENDING, CALLS, CAMPAIGNS, BLOCKS = range(8)
SELLING: Final = (
    *("book", "listings", "auctions at one price", "auctions at the price of each bid", "ascending auctions"),
    *("calls of the book", "subscription campaigns", "negotiated blocks"),
)
"""How developers sell, by the value of ``venue.selling``."""
_NEEDS: Final = {PAY_AS_BID: "auctions", ASCENDING: "auctions", CAMPAIGNS: "campaigns", BLOCKS: "blocks"}
"""The section of a scenario without which a way cannot be played."""
PRESET: Final = "venue.preset"
"""A lever may have this name: its values are places in the list of presets, from 1; 0 is none of them."""
_UNIFORM: Final = "uniform"
_KINDS: Final = {_UNIFORM: AUCTIONS, "pay-as-bid": PAY_AS_BID, "ascending": ASCENDING}


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


_ALLOTMENTS: Final = ("by-time", "pro-rata")
"""As a preset names them, by the value of ``campaigns.allotment``."""
_Check: TypeAlias = tuple[tuple[str, ...], bool, str]
"""A path, whether something is wrong there, and what."""


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
    kinds = rules.auctions.kinds if rules.auctions is not None else ()
    there = (
        (BOOK, rules.book),
        (LISTINGS, rules.listings is not None),
        *((way, kind in kinds) for kind, way in _KINDS.items()),
        (CAMPAIGNS, rules.campaigns is not None),
        (BLOCKS, rules.blocks is not None),
    )
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
    if (lacks := _lacks(scenario, rules_of(scenario.venue).selling)) is not None:
        yield ("venue", "preset"), f"by preset {preset} developers sell by {lacks}"
    if (plan := scenario.campaigns) is not None and rules.campaigns is not None:
        allotment = _ALLOTMENTS[min(plan.allotment.value, len(_ALLOTMENTS) - 1)]
        if allotment not in rules.campaigns.allotment:
            yield ("campaigns", "allotment"), f"preset {preset} does not allot {allotment}"
    for name, project in scenario.project.items():
        if needs_reference(rules) and _without_reference(project):
            lacks = f"prices of preset {preset} lie around a reference: {name} needs reference_fen_t"
            yield ("project", name), lacks


def _lacks(scenario: Scenario, way: int) -> str | None:
    """Say which section a way to sell lacks, if any."""
    section = _NEEDS.get(way)
    if section is None or getattr(scenario, section) is not None:
        return None
    return f"{SELLING[way]}, which needs a section [{section}]"


def way_faults(scenario: Scenario) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the way to sell of a scenario, and in the sections of ways, each fault with its path."""
    venue = scenario.venue
    way = venue.selling.value
    if way >= len(SELLING):
        yield ("venue", "selling"), f"selling is {', '.join(f'{at} ({said})' for at, said in enumerate(SELLING))}"
        return
    if venue.preset is None and (lacks := _lacks(scenario, way)) is not None:
        yield ("venue", "selling"), f"developers sell by {lacks}"
    rules = rules_of(venue)
    for path, wrong, fault in (*_of_auctions(scenario, rules), *_of_campaigns(scenario, rules), *_of_blocks(scenario)):
        if wrong:
            yield path, fault


def _of_auctions(scenario: Scenario, rules: PlayedRules) -> Iterator[_Check]:
    if (plan := scenario.auctions) is not None:
        step, tick = plan.increment_fen_t.value, rules.tick if rules.selling == ASCENDING else 1
        said = f"the increment is a multiple of the tick, {tick} fen, not {step} fen"
        yield ("auctions", "increment_fen_t"), step < 1 or step % tick > 0, said


def _of_campaigns(scenario: Scenario, rules: PlayedRules) -> Iterator[_Check]:
    if (plan := scenario.campaigns) is not None:
        least, most = plan.least_t.value, plan.most_t.value
        lot = rules.lot if rules.selling == CAMPAIGNS else 1
        yield ("campaigns", "window_days"), plan.window_days.value < 1, "a campaign takes pledges for a day at least"
        yield ("campaigns", "allotment"), plan.allotment.value > 1, "allotment is 0 (by time) or 1 (pro rata)"
        for name, tonnes in (("least_t", least), ("most_t", most)):
            off = tonnes < 1 or tonnes % lot > 0
            yield ("campaigns", name), off, f"{name} is a multiple of the lot, {lot} t, not {tonnes} t"
        yield ("campaigns", "least_t"), least > most, f"the least pledge, {least} t, is above the most, {most} t"


def _of_blocks(scenario: Scenario) -> Iterator[_Check]:
    if (plan := scenario.blocks) is not None:
        yield ("blocks", "least_t"), plan.least_t.value < 1, "a block has a tonne at least"
        yield ("blocks", "valid_days"), plan.valid_days.value < 1, "a proposal stands for a day at least"
        yield ("blocks", "beside"), plan.beside.value > 1, "beside is 0 (only where blocks are the way to sell) or 1"


def _without_reference(plan: ProjectPlan) -> bool:
    return plan.reference_fen_t is None or not plan.reference_fen_t.value


def not_played(rules: VenueRules) -> Iterator[str]:
    """Name the rules of a preset that the simulator does not play."""
    if rules.quotes:
        yield "requests for quotes"
    if rules.sessions is not None:
        if rules.sessions.opening_call or rules.sessions.closing_call:
            yield "opening and closing calls"
        yield "the hours of the day: everybody trades once, then it closes"
    if rules.limits.by_role():
        yield "limits of single roles: everybody has those of others"


TIES: Final = {False: auctions.BY_TIME, True: auctions.AT_RANDOM}
"""Who of equal bids is first, as the engine has it."""
