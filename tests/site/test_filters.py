"""What the filters of lists leave is what fits, and all of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.registry.community.fair import fair
from tests.registry.credits import steps
from tests.worlds import World


class Filter(NamedTuple):
    """One filter of a list: what it asks about an item, and a value that no item has."""

    path: str
    name: str
    of: Callable[[Any], Any]
    absent: Any


def field(path: str, name: str, absent: Any, member: str = "") -> Filter:
    """A filter that compares a member of the item, by default of its own name."""
    return Filter(path, name, lambda item: item[member or name], absent)


REGISTRY = (
    field("accounts", "owner_id", 999),
    field("approvals", "operation", "settle_suspension"),
    field("approvals", "state", "expired"),
    field("claims", "type", "person"),
    field("claims", "organisation_id", 999, "claimant_id"),
    field("grants", "role", "member"),
    field("grants", "organisation_id", 999),
    field("issuances", "project_id", 999),
    field("issuances", "vintage", 2023),
    field("projects", "state", "draft"),
    field("projects", "methodology", None),
    field("projects", "organisation_id", 999, "developer_id"),
    field("restrictions", "scope", "issuance"),
    field("restrictions", "target_id", 999),
    field("retirements", "claim_id", 999),
)
EVENTS = (
    field("events", "organisation_id", 999),
    field("events", "kind", "hotel"),
    field("events", "closed", None),
    field("pools", "owner_id", 999),
    field("pools", "state", "withdrawn"),
)


async def wrong(world: World, filters: tuple[Filter, ...]) -> list[str]:
    """Every filter by each value that an item has, and by one that none has: those that leave anything else."""
    found = []
    for path, name, of, absent in filters:
        every = await items(world, path, "")
        assert every, path
        for value in {of(each) for each in every} | {absent} - {None}:
            left = await items(world, path, f"&{name}={str(value).lower() if isinstance(value, bool) else value}")
            if left != [each for each in every if of(each) == value]:
                found.append(f"{path}?{name}={value} leaves {len(left)} of {len(every)}")
    return found


async def items(world: World, path: str, query: str) -> list[Any]:
    """One list as a regulator reads it."""
    answer = await world.get(f"/v1/{path}?limit=200{query}", by=world.regulators[0])
    assert 200 == answer.status_code, (path, query, answer.text)
    return list(answer.json()["items"])


async def test_filters_of_the_registry_leave_what_fits(delivered: World):
    """Lists of people's decisions, projects, credits, claims and events; some of each kind, and some not."""
    regulator, bank = delivered.regulators[0], delivered.party("bank")
    await delivered.event_claim()
    for kg in (47, 48):
        await steps.retire(delivered, bank, await delivered.contribution("bank"), kg)
    for scope, target in (("account", delivered.party("solar").account_id), ("project", 1)):
        body = {"scope": scope, "target_id": target, "reason": "Looked into"}
        await delivered.ok("/v1/restrictions", body, by=regulator)
    assert [] == await wrong(delivered, REGISTRY)


async def test_filters_of_events_and_pools_leave_what_fits(issued: World):
    """Two pools and two events, one of each ended."""
    first = await fair(issued)
    await fair(issued, title="Another day", place="Bear Hall")
    await issued.ok(f"/v1/events/{first.code}/close", by=issued.party("scenic").key)
    await issued.ok(f"/v1/pools/{first.pool_id}/pause", by=issued.party("forest").key)
    assert [] == await wrong(issued, EVENTS)
