"""A scenario in words: what it plays, what it varies, and how sure its numbers are."""

from collections import Counter
from collections.abc import Iterator

from exchange.instruments.presets.files import shipped
from exchange.simulation.kilns import issued_t
from exchange.simulation.parameters import documented
from exchange.simulation.plans import CoveredPlan, Scenario, VoluntaryPlan
from exchange.simulation.points import COUPLINGS
from exchange.simulation.presets import PRESET, SELLING, not_played, preset_at, rules_of
from exchange.simulation.programme_plans import DonationsPlan, PointsPlan, RegulatorPlan, VerificationPlan
from schemas.venues import VenueRules

_ANSWERS = {
    "arithmetic": "The tonnes follow from a formula; the market around them is assumed.",
    "answerable": "There is published data to answer this.",
    "partly": "Published data answer a part of this.",
    "what-if": "No published data answer this: it shows what would happen if.",
}


def explained(scenario: Scenario, runs: int) -> Iterator[str]:
    """Say in lines what a scenario does."""
    venue, policy = scenario.venue, scenario.policy
    yield f"{scenario.title.en} ({scenario.name})"
    yield scenario.question.en
    yield f"{_ANSWERS[scenario.answer]} {scenario.limits.en}"
    yield ""
    days, start = scenario.horizon.days.value, scenario.horizon.start
    yield f"Plays {days} days from {start} on, {runs} runs in all, seed {scenario.seed}."
    rules = rules_of(venue)
    yield (
        f"Developers sell by {SELLING[rules.selling]}, at {_yuan(rules.floor)} to {_yuan(rules.ceiling)} CNY/t in "
        f"steps of {_yuan(rules.tick)} and lots of {rules.lot:,} t, fee {venue.fee_bps.value} bps."
    )
    if rules.preset is not None:
        yield from _preset(rules.preset)
    yield (
        f"Credits may cover {_percent(policy.offset_cap_bps.value)} of emissions, "
        f"{_percent(policy.local_share_bps.value)} of them local, by day {policy.deadline_day.value} of "
        f"each year; an allowance costs {_yuan(policy.allowance_fen_t.value)} CNY/t at first."
    )
    for name, plan in scenario.project.items():
        where = "local" if plan.local else "not local"
        yield (
            f"Project {name}, {where}: {plan.developers.value} developers at about "
            f"{_yuan(plan.cost_fen_t.value)} CNY/t, {issued_t(plan):,} t each on day "
            f"{plan.first_day.value} and every {plan.every_days.value} days."
        )
    for name, people in scenario.population.items():
        yield f"Population {name}: {people.count.value} {str(people.__struct_config__.tag).replace('-', ' ')}."
    yield from _sections(scenario)
    for lever in scenario.lever:
        yield f"Varies {lever.parameter}: {', '.join(_value(lever.parameter, each) for each in lever.values)}."
        for place in lever.values if lever.parameter == PRESET else ():
            if (preset := preset_at(place)) is not None:
                yield from _preset(shipped(preset))
    yield ""
    marks = Counter(each.parameter.mark for each in documented(scenario))
    yield f"Parameters: {', '.join(f'{count} {mark}' for mark, count in sorted(marks.items()))}."
    for each in documented(scenario):
        said, (low, high) = each.parameter, each.parameter.range
        yield f"  {each.name} = {said.value} {said.unit} ({said.mark}, {low} to {high}): {said.source}, {said.date}"


def _preset(preset: VenueRules) -> Iterator[str]:
    """Say which rules a preset brings, and which of them are not played."""
    yield f"Preset {preset.preset}, {preset.title}: it has the say over tick, lot and ways to trade."
    band_bps = preset.prices.band_bps
    if band_bps:
        yield f"  Prices lie within {_percent(band_bps)} of the previous close, in place of floor and ceiling."
    if preset.largest_order_t:
        yield f"  An order has {preset.largest_order_t:,} t at most."
    if preset.resale == "next-day":
        yield "  What was bought today is sold tomorrow at the earliest."
    if left_out := "; ".join(not_played(preset)):
        yield f"  Not played: {left_out}."
    yield from (f"  Departs from its source: {each}" for each in preset.departs)


def _sections(scenario: Scenario) -> Iterator[str]:
    """Say what the sections do that a scenario may leave out."""
    if scenario.policy.reserve_t.value:
        yield (
            f"The regulator sells {scenario.policy.reserve_t.value:,} t a year at "
            f"{_yuan(scenario.policy.reserve_fen_t.value)} CNY/t, once somebody pays or bids as much."
        )
    if (regulator := scenario.regulator) is not None:
        yield from _regulator(regulator)
    yield from _ways(scenario)
    yield from _projects_and_people(scenario)
    if (verification := scenario.verification) is not None:
        yield from _verification(verification)
    if (points := scenario.points) is not None:
        yield from _points(points)
    if (donations := scenario.donations) is not None:
        yield from _donations(donations)


def _ways(scenario: Scenario) -> Iterator[str]:
    if (auctions := scenario.auctions) is not None:
        yield (
            f"Where everybody pays their own bid, it is {_percent(auctions.shade_bps.value)} below what they would "
            f"pay. Ascending auctions rise by {_yuan(auctions.increment_fen_t.value)} CNY/t; a bid in the last "
            f"{auctions.extension_days.value} days moves the close as far, by {auctions.longest_days.value} at most."
        )
    if (plan := scenario.campaigns) is not None:
        yield (
            f"Campaigns take pledges of {plan.least_t.value:,} to {plan.most_t.value:,} t an account for "
            f"{plan.window_days.value} days, {_percent(plan.below_bps.value)} below what a listing would ask. Below "
            f"{_percent(plan.floor_bps.value)} of the offer everybody is refunded; else it is allotted "
            f"{'pro rata' if plan.allotment.value else 'by time'}."
        )
    if (blocks := scenario.blocks) is not None:
        where = "beside the way to sell" if blocks.beside.value else "where they are the way to sell"
        yield (
            f"Blocks of {blocks.least_t.value:,} t or more are agreed on {where}, up to "
            f"{_percent(blocks.discount_bps.value)} below the last listed price; proposals stand for "
            f"{blocks.valid_days.value} days."
        )


def _projects_and_people(scenario: Scenario) -> Iterator[str]:
    for name, plan in scenario.project.items():
        if (reversal := plan.reversal) is not None:
            yield (
                f"A project of {name} loses about {_percent(reversal.loss_bps.value)} of what it was issued with a "
                f"chance of {_percent(reversal.chance_bps.value)} a year; the buffer covers it as far as it goes."
            )
    for name, people in scenario.population.items():
        abatement = people.abatement if isinstance(people, CoveredPlan | VoluntaryPlan) else None
        if abatement is not None:
            yield (
                f"Population {name} can reduce about {_percent(abatement.potential_bps.value)} of its emissions, at "
                f"{_yuan(abatement.first_fen_t.value)} to {_yuan(abatement.last_fen_t.value)} CNY/t."
            )
    if (first := scenario.reduce_first) is not None:
        yield f"Credits count once {_percent(first.required_bps.value)} of emissions are reduced."


def _donations(plan: DonationsPlan) -> Iterator[str]:
    yield (
        f"{plan.donors.value:,} residents give about {_yuan(plan.gift_fen.value)} CNY on "
        f"{_percent(plan.gives_bps.value)} of all days; a sponsor adds {plan.match_percent.value} % of it, from a pool "
        f"of {_yuan(plan.pool_fen.value)} CNY."
    )


def _regulator(plan: RegulatorPlan) -> Iterator[str]:
    if plan.band_bps.value:
        yield f"By the regulator's rule prices lie within {_percent(plan.band_bps.value)} of the last one each morning."
    if plan.support_fen.value:
        yield (
            f"The regulator bids {_yuan(plan.support_fen_t.value)} CNY/t with {_yuan(plan.support_fen.value)} CNY a "
            "year, and retires what it buys."
        )


def _verification(plan: VerificationPlan) -> Iterator[str]:
    when = f"{plan.after_days.value} days after issuance" if plan.after_days.value else "before issuance"
    yield (
        f"{_percent(plan.inclined_bps.value)} of developers are ready to report {_percent(plan.excess_bps.value)} too "
        f"much, {_percent(plan.weighs_bps.value)} of these only where it pays. {_percent(plan.sampled_bps.value)} of "
        f"reports are verified {when} for {_yuan(plan.cost_fen.value)} CNY each, and "
        f"{_percent(plan.detected_bps.value)} of the false ones among them found."
    )


def _points(plan: PointsPlan) -> Iterator[str]:
    yield (
        f"{plan.residents.value:,} residents earn {plan.act_points.value:,} points for an act that saves "
        f"{plan.act_g.value:,} g; a thousand points buy for {_yuan(plan.value_fen_1000.value)} CNY, and expire after "
        f"{plan.life_days.value} days."
    )
    yield (
        f"Points are {COUPLINGS[plan.coupling.value]}; the city has {_yuan(plan.budget_fen.value)} CNY a year for them."
    )


def _value(name: str, value: int) -> str:
    """Write a lever's value, and the preset or the way to sell that it stands for."""
    if name == "venue.selling":
        return f"{value} ({SELLING[value]})"
    return f"{value} ({preset_at(value) or 'none'})" if name == PRESET else str(value)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"
