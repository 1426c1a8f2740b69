"""The rules of venues as both markets have them, and what is wrong with the engine's."""

from collections.abc import Iterator

from exchange.engine.market import Market
from exchange.engine.modes.venues.state import Venues
from tests.oracle.market import NaiveMarket

Ruled = tuple[dict[int, object], dict[int, tuple[int, int]]]


def ruled(market: NaiveMarket | Market) -> Ruled:
    """Of each instrument with rules: those, their limits and what each account bought today; owners and roles."""
    if isinstance(market, NaiveMarket):
        rules: dict[int, object] = {}
        for number, venue in market.venues.items():
            said = (venue.said.preset, venue.said.modes, venue.said.largest, venue.said.locks)
            fresh = {account: bought for account in market.owners if (bought := market.fresh(account, number))}
            rules[number] = (*said, venue.limits, fresh)
        return rules, {number: (each.group, market.roles.get(number, 0)) for number, each in market.owners.items()}
    found: Venues = market.parts["venues"]
    rules = {
        number: (each.preset, each.modes, each.largest, each.locks, each.limits, each.fresh)
        for number, each in found.venues.items()
    }
    return rules, {number: (each.group, each.role) for number, each in market.accounts.items()}


def faults_of_venues(market: Market) -> Iterator[str]:
    """Instruments have the rules that the table has, and only what locks is among what locks."""
    found: Venues = market.parts["venues"]
    if found.venues != {number: each.venue for number, each in market.instruments.items() if each.venue is not None}:
        yield "instruments have other rules than the table"
    if market.locking != {number: each for number, each in found.venues.items() if each.locks}:
        yield f"instruments {sorted(market.locking)} lock what was bought"
    if found.roles != {number: each.role for number, each in market.accounts.items() if each.role}:
        yield f"the table has roles {found.roles}"
