"""What a scenario file may say beside market and compliance: sections that may be left out, and then are not played."""

from msgspec import Struct

from exchange.simulation.parameters import (
    Days,
    FenPerThousand,
    FenPerTonne,
    Grams,
    Money,
    Number,
    Percent,
    Points,
    Share,
)


class ReversalPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Sinks that may lose again what was issued for: fire, storm, felling.

    With a chance of *chance_bps* a year each project loses about *loss_bps* of all that it was issued, within
    *spread_bps* around it. The buffer covers it by cancellation, that of its own instrument first; what it does not
    cover is owed.
    """

    chance_bps: Share
    loss_bps: Share
    spread_bps: Share


class AbatementPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What an enterprise can reduce itself: up to *potential_bps* of its emissions, within *spread_bps* around that.

    The first tonne costs *first_fen_t* a year and the last one *last_fen_t*; in between the cost rises evenly.
    """

    potential_bps: Share
    spread_bps: Share
    first_fen_t: FenPerTonne
    last_fen_t: FenPerTonne


class ReduceFirstPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The rule that enterprises reduce *required_bps* of their emissions before credits count.

    It binds the populations that have an `AbatementPlan`.
    """

    required_bps: Share


class VerificationPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Reports of what was reduced, some of which claim too much.

    *inclined_bps* of the developers are ready to report *excess_bps* more than there was. *weighs_bps* of those do so
    only where the price is worth the penalty and the risk of it; the others always do. The verifier looks at
    *sampled_bps* of all reports for *cost_fen* each, and finds *detected_bps* of the false ones among them. What is
    found is not issued, or with *after_days* cancelled so many days after its issuance, from what the developer still
    has and from the buffer. The developer pays *penalty_fen_t* for each tonne of it.
    """

    inclined_bps: Share
    weighs_bps: Share
    excess_bps: Share
    sampled_bps: Share
    detected_bps: Share
    after_days: Days
    cost_fen: Money
    penalty_fen_t: FenPerTonne


class RegulatorPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A regulator with two rules beside its reserve (``policy.reserve_t``), which it follows without judgement.

    *band_bps*: each morning prices lie so far around the last one, within the venue's floor and ceiling; 0 leaves them
    to these. *support_fen_t*: it bids that price with *support_fen* a year, and retires what it buys.
    """

    band_bps: Share
    support_fen_t: FenPerTonne
    support_fen: Money


class DonationsPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Residents who donate for credits, and a sponsor who adds to each gift until its pool is used up.

    Each of *donors* gives on *gives_bps* of all days, *gift_fen* within *spread_bps* around it. The sponsor adds
    *match_percent* of a gift, from *pool_fen* in all; *response_bps* more gifts are made while it does. Credits are
    bought at *most_fen_t* at most, and retired.
    """

    donors: Number
    gives_bps: Share
    gift_fen: Money
    spread_bps: Share
    match_percent: Percent
    response_bps: Share
    pool_fen: Money
    most_fen_t: FenPerTonne


class PointsPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Points for low-carbon acts: a counter that merchants redeem, and no currency.

    *acts_bps* of *residents* act on a day for nothing, *response_bps* more of them for each fen that an act's points
    are worth. An act saves *act_g* and earns *act_points*. A thousand points buy for *value_fen_1000*, of which the
    merchant bears *merchant_bps* and the city the rest. *never_bps* of all points are of people who never redeem; of
    the others' *redeem_bps* are redeemed in a day. Points expire after *life_days*.

    The city has *budget_fen* a year, of which *running_fen* runs the programme. *coupling* is how points are tied to
    credits. 0: not at all. 1: a point is only issued with retired credits behind it, one tonne for *points_per_t*
    points. 2: *credit_fen_1000* for each thousand points issued buy credits, as many as they buy. Credits are bought
    at *most_fen_t* at most. A tonne saved by acts that the points brought about is worth *benefit_fen_t* to the city.
    """

    coupling: Number
    residents: Number
    acts_bps: Share
    response_bps: Share
    act_g: Grams
    act_points: Points
    value_fen_1000: FenPerThousand
    merchant_bps: Share
    never_bps: Share
    redeem_bps: Share
    life_days: Days
    budget_fen: Money
    running_fen: Money
    points_per_t: Points
    credit_fen_1000: FenPerThousand
    most_fen_t: FenPerTonne
    benefit_fen_t: FenPerTonne
