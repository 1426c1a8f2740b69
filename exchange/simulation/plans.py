"""What a scenario file says, as structs: the region's calendar, venue, rules, projects and people."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from exchange.simulation.parameters import Days, FenPerTonne, Gas, GridFactor, Money, Number, Share, Source, Tonnes
from exchange.simulation.programme_plans import (
    AbatementPlan,
    DonationsPlan,
    PointsPlan,
    ReduceFirstPlan,
    RegulatorPlan,
    ReversalPlan,
    VerificationPlan,
)
from exchange.simulation.ways_plans import AuctionsPlan, BlocksPlan, CampaignsPlan
from schemas.venues import VenuePreset

PlanName: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$(?!\n)")]
LONGEST_DAYS = 3_660
MOST_REPLICATIONS = 1_000


RESERVE, REGULATOR, POINTS, DONORS, SPONSOR = "reserve", "regulator", "points", "donors", "sponsor"
"""Whose desks the scenario's sections bring; projects and populations have other names."""


class Bilingual(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in both languages of the reports."""

    en: Source
    zh: Source


class HorizonPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days that are played, from *start* on. Working days are those of the registry's calendar."""

    start: Annotated[date, Meta(description="The first day")]
    days: Days


class VenuePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How credits are traded: tick, lot, fee, and the lowest and highest price, *floor* and *ceiling*.

    *selling* is how developers sell: 0 in the order book, 1 by listings, 2 in auctions at one price, 3 in auctions at
    the price of each bid, 4 in ascending auctions, 5 in calls of the book, 6 by subscription campaigns, 7 by negotiated
    blocks. Auctions, and calls, last *auction_days* each. Where the scenario compares ways, the lever is
    ``venue.selling``. What 3, 4, 6 and 7 need beside is in ``[auctions]``, ``[campaigns]`` and ``[blocks]``.

    With a *preset*, one of `schemas.venues.PRESETS`, tick, lot, ways to trade, and where it has them band, largest
    order and resale, are those of real instruments of that venue; the lever ``venue.preset`` has their places in the
    list.
    """

    tick_fen: FenPerTonne
    lot_t: Tonnes
    floor_fen_t: FenPerTonne
    ceiling_fen_t: FenPerTonne
    fee_bps: Share
    selling: Number
    auction_days: Days
    preset: VenuePreset | None = None


class PolicyPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The rules of compliance, once a year.

    An enterprise may cover *offset_cap_bps* of its emissions with credits, *local_share_bps* of them from local
    projects at least. What it does not cover so it pays at the allowance price, which walks daily by up to
    *allowance_step_bps* from *allowance_fen_t*, or at *penalty_fen_t* if that is less. *buffer_bps* of each issuance
    stay in the buffer. The regulator sells *reserve_t* a year at *reserve_fen_t* once the price has come there.
    """

    offset_cap_bps: Share
    local_share_bps: Share
    allowance_fen_t: FenPerTonne
    allowance_step_bps: Share
    penalty_fen_t: FenPerTonne
    deadline_day: Days
    buffer_bps: Share
    reserve_t: Tonnes
    reserve_fen_t: FenPerTonne


class KilnPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A kiln that changed from gas to electricity: *gas_10k_nm3* that it would have burnt in each period of issuance.

    *efficiency_bps* is the efficiency of the gas kiln over that of the electric one, *grid_g_kwh* what the grid emits.
    """

    gas_10k_nm3: Gas
    efficiency_bps: Share
    grid_g_kwh: GridFactor


class ProjectPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Projects of one kind, which are one instrument here: *developers* of them, each with costs of its own.

    Costs lie within *cost_spread_bps* around *cost_fen_t*. Each issues *issued_t* on day *first_day* and every
    *every_days* after. It asks for its cost and up to *markup_bps* more, and comes down towards its cost; or for
    any price from its cost to the ceiling, where *asking* is random. With *kiln* the registry's formula says what is
    issued, in place of *issued_t*. With *reversal* it may lose again what was issued for. *reference_fen_t* is the
    price that a preset's band lies around at first.
    """

    local: bool
    asking: Literal["cost-plus", "random"] = "cost-plus"
    developers: Number
    cost_fen_t: FenPerTonne
    cost_spread_bps: Share
    markup_bps: Share
    issued_t: Tonnes
    first_day: Days
    every_days: Days
    kiln: KilnPlan | None = None
    reversal: ReversalPlan | None = None
    reference_fen_t: FenPerTonne | None = None


class CoveredPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="covered", tag_field="kind"):
    """
    Enterprises with a duty to cover their emissions by the deadline.

    Emissions lie within *spread_bps* around *emissions_t*. Each has *cash_fen* a year to buy credits with. *late_bps*
    of them begin to buy *window_days* before the deadline, the others at some day of the year. With *abatement* they
    reduce themselves as far as that is cheaper than an allowance, or than a rule asks for.
    """

    count: Number
    emissions_t: Tonnes
    spread_bps: Share
    cash_fen: Money
    late_bps: Share
    window_days: Days
    abatement: AbatementPlan | None = None


class VoluntaryPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="voluntary", tag_field="kind"):
    """
    Enterprises that buy and retire of their own will, every *every_days*, at *most_fen_t* at most.

    *size_t* is what they emitted since. With *abatement* they reduce a part of it themselves.
    """

    count: Number
    cash_fen: Money
    most_fen_t: FenPerTonne
    spread_bps: Share
    size_t: Tonnes
    every_days: Days
    abatement: AbatementPlan | None = None


class OrganisersPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="organisers", tag_field="kind"):
    """Organisers of *events* events a year each: *mass_t* of local credits are retired by the day of each."""

    count: Number
    events: Number
    mass_t: Tonnes
    spread_bps: Share
    most_fen_t: FenPerTonne
    lead_days: Days


class MakersPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="market-makers", tag_field="kind"):
    """Market makers: *size_t* on both sides of the last price, *spread_bps* apart, from *cash_fen* and own credits."""

    count: Number
    cash_fen: Money
    spread_bps: Share
    size_t: Tonnes


class SpeculatorsPlan(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="speculators", tag_field="kind"
):
    """They buy when a price rose by *trigger_bps* within *memory_days*, and sell when it fell as much."""

    count: Number
    cash_fen: Money
    size_t: Tonnes
    trigger_bps: Share
    memory_days: Days


class RandomPlan(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="zero-intelligence", tag_field="kind"
):
    """
    Buyers who bid at random below what a lot is worth to them, between *low_fen_t* and *high_fen_t*, one lot each.

    They never lose money, and know nothing else. What a market of them still finds is what its rules find.
    """

    count: Number
    low_fen_t: FenPerTonne
    high_fen_t: FenPerTonne
    active_bps: Share


PopulationPlan: TypeAlias = CoveredPlan | VoluntaryPlan | OrganisersPlan | MakersPlan | SpeculatorsPlan | RandomPlan


class LeverPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parameter that a run sets to each of *values* in turn, all else and all seeds equal."""

    title: Bilingual
    parameter: str
    values: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=2, max_length=20)]


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario file. *answer* says what its numbers can carry: an answer, part of one, or only a "what if"."""

    format: Literal[1]
    name: PlanName
    title: Bilingual
    question: Bilingual
    answer: Literal["arithmetic", "answerable", "partly", "what-if"]
    limits: Bilingual
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    replications: Annotated[int, Meta(ge=1, le=MOST_REPLICATIONS)]
    horizon: HorizonPlan
    venue: VenuePlan
    policy: PolicyPlan
    project: dict[PlanName, ProjectPlan] = {}
    population: dict[PlanName, PopulationPlan] = {}
    regulator: RegulatorPlan | None = None
    reduce_first: ReduceFirstPlan | None = None
    verification: VerificationPlan | None = None
    points: PointsPlan | None = None
    donations: DonationsPlan | None = None
    auctions: AuctionsPlan | None = None
    campaigns: CampaignsPlan | None = None
    blocks: BlocksPlan | None = None
    lever: Annotated[tuple[LeverPlan, ...], Meta(max_length=2)] = ()
