"""A scenario in words: what it plays, what it varies, and how sure its numbers are."""

from collections import Counter
from collections.abc import Iterator

from exchange.simulation.kilns import issued_t
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Scenario
from exchange.simulation.presets import SELLING

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
    yield (
        f"Developers sell by {SELLING[venue.selling.value]}, at {_yuan(venue.floor_fen_t.value)} to "
        f"{_yuan(venue.ceiling_fen_t.value)} CNY/t in steps of {_yuan(venue.tick_fen.value)}, "
        f"fee {venue.fee_bps.value} bps."
    )
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
    for lever in scenario.lever:
        values = ", ".join(map(str, lever.values))
        yield f"Varies {lever.parameter}: {values}."
    yield ""
    marks = Counter(each.parameter.mark for each in documented(scenario))
    yield f"Parameters: {', '.join(f'{count} {mark}' for mark, count in sorted(marks.items()))}."
    for each in documented(scenario):
        said, (low, high) = each.parameter, each.parameter.range
        yield f"  {each.name} = {said.value} {said.unit} ({said.mark}, {low} to {high}): {said.source}, {said.date}"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"
