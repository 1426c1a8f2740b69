"""
The first season of a simulated region as named steps, over HTTP only.

Each step sends requests and returns the lines of its story. What later steps need is kept in `Season`; whatever is
computed is computed by the service. Callers name the milestone that they want to reach and never count steps, so that
a step can be inserted anywhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from deploy.scenarios import claims, market, projects, registration, standing, totals
from deploy.scenarios.cast import Season, Story


class Step(NamedTuple):
    """One step: the milestone that it reaches, its heading, and what happens."""

    milestone: str
    title: str
    play: Callable[[Season], Awaitable[Story]]


SEASON: Final = (
    Step("region", "A region begins", registration.meet_the_region),
    Step("organisations", "Organisations register", registration.register_organisations),
    Step("people", "People get keys and roles", registration.enrol_people),
    Step("accounts", "Accounts open", registration.open_accounts),
    Step("submitted", "Two projects are submitted", projects.submit_projects),
    Step("validated", "A verifier validates them", projects.validate_projects),
    Step("noticed", "Seven working days of public notice", projects.run_public_notice),
    Step("registered", "The projects are registered", projects.register_projects),
    Step("reported", "A year later: monitoring reports", projects.file_reports),
    Step("verified", "The reports are verified", projects.verify_reports),
    Step("issued", "Credits are issued, by two people", projects.issue_credits),
    Step("market_open", "The exchange opens two instruments", market.open_the_market),
    Step("listed", "Sellers bring tonnes: a campaign and a listing", market.list_tonnes),
    Step("paid_in", "Buyers pay money in", market.pay_in),
    Step("subscribed", "Four enterprises subscribe", market.subscribe),
    Step("traded", "The book opens with a call and trades on", market.trade_in_the_book),
    Step("settled", "Tonnes are delivered against money", market.settle),
    Step("withdrawn", "Tonnes and money go home", market.go_home),
    Step("event_neutral", "The launch event becomes neutral", claims.neutralise_the_event),
    Step("contributed", "The bank contributes", claims.contribute),
    Step("standing", "A standing subscription retires by itself", standing.subscribe_for_good),
    Step("counted", "Where every kilogram and every fen is", totals.count_everything),
)


def steps_until(milestone: str, steps: Sequence[Step] = SEASON) -> Sequence[Step]:
    """The steps that lead to *milestone*, the one that reaches it included. Raises `LookupError`."""
    names = [step.milestone for step in steps]
    if milestone not in names:
        raise LookupError(f"no milestone of the season is named {milestone}; there are {', '.join(names)}")
    return steps[: names.index(milestone) + 1]


async def play_step(season: Season, step: Step) -> Story:
    """Play one step and note its milestone as reached; returns its story."""
    story = await step.play(season)
    season.reached.append(step.milestone)
    return story


async def play_until(season: Season, milestone: str, steps: Sequence[Step] = SEASON) -> None:
    """Play on until *milestone* is reached; what was played before is not played again. Raises `LookupError`."""
    for step in steps_until(milestone, steps):
        if step.milestone not in season.reached:
            await play_step(season, step)
