"""Freezes: one regulator places them, two lift them, and no kilogram moves meanwhile."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.probes import as_owner, refused, unchanged
from tests.registry.projects.life import life_of
from tests.worlds import World

SCOPES = ("account", "project", "issuance")


@dataclass
class Frozen:
    """The forest seller with one open offer, one claim, and a freeze that hits what it holds."""

    world: World
    restriction: int
    offer: int
    claim: int

    async def move(self, how: str) -> httpx.Response:
        """Try one way of moving a kilogram of the forest."""
        forest, bank = self.world.party("forest"), self.world.party("bank")
        some: dict[str, Any] = {"account_id": forest.account_id, "quantity_kg": 1, "reason": "test"}
        wanted: dict[str, tuple[str, Any, str]] = {
            "propose": ("/v1/transfers", {**some, "receiver_id": bank.account_id}, forest.key),
            "accept": (f"/v1/transfers/{self.offer}/accept", None, bank.key),
            "reject": (f"/v1/transfers/{self.offer}/reject", None, bank.key),
            "withdraw": (f"/v1/transfers/{self.offer}/withdraw", None, forest.key),
            "retire": ("/v1/retirements", {**some, "claim_id": self.claim}, forest.key),
            "cancel": ("/v1/cancellations", some, forest.key),
        }
        path, body, key = wanted[how]
        return await self.world.post(path, body, by=key)


async def freeze(world: World, scope: str, target_id: int) -> int:
    """Place a freeze by one regulator."""
    body = {"scope": scope, "target_id": target_id, "reason": "under review"}
    return int((await world.ok("/v1/restrictions", body, by=world.regulators[0]))["id"])


async def frozen(world: World, scope: str) -> Frozen:
    """Freeze the forest's account, project or issuance."""
    forest, bank = world.party("forest"), world.party("bank")
    member = {"operation": "grant_role", "person_id": forest.person_id, "role": "enterprise"}
    await world.decide("/v1/grants", {**member, "organisation_id": forest.organisation_id})
    claim = await world.contribution(forest)
    offer = {"account_id": forest.account_id, "receiver_id": bank.account_id, "quantity_kg": 5, "reason": "test"}
    offered = await world.ok("/v1/transfers", offer, by=forest.key)
    query = "select id from registry.issuance where code = $1"
    targets = {
        "account": forest.account_id,
        "project": world.season.projects["forest"],
        "issuance": await as_owner(world, query, world.season.issuances["forest"]),
    }
    return Frozen(world, await freeze(world, scope, targets[scope]), offered["id"], claim)


@pytest.mark.parametrize("scope", SCOPES)
async def test_nothing_moves_while_frozen(issued: World, scope: str):
    """409, the freeze named with its reason, and not a row changed."""
    case = await frozen(issued, scope)
    async with unchanged(issued):
        for how in ("propose", "accept", "retire", "cancel"):
            problem = refused(await case.move(how), 409, "frozen", scope, "under review")
            assert case.restriction == problem["restriction_id"]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("how", ["reject", "withdraw"])
async def test_an_offer_can_still_be_ended(issued: World, scope: str, how: str):
    """The kilograms go back to their frozen owner, which moves nothing to anybody."""
    case = await frozen(issued, scope)
    assert 201 == (await case.move(how)).status_code
    assert 6_396_000 == await issued.active_kg("forest")


async def test_a_frozen_receiver_takes_nothing(issued: World):
    """Neither a new offer nor one that was open."""
    case = await frozen(issued, "account")
    await issued.decide("/v1/restrictions/lift", lift_body(case.restriction))
    await freeze(issued, "account", issued.party("bank").account_id)
    for how in ("propose", "accept"):
        refused(await case.move(how), 409, "frozen", issued.party("bank").account_id)


async def test_another_issuance_still_moves(issued: World):
    """A freeze on the forest does not touch the kiln."""
    await frozen(issued, "project")
    kiln, bank = issued.party("kiln"), issued.party("bank")
    body = {"account_id": kiln.account_id, "receiver_id": bank.account_id, "quantity_kg": 1, "reason": "test"}
    await issued.ok("/v1/transfers", body, by=kiln.key)


def lift_body(restriction_id: int) -> dict[str, Any]:
    """The body that lifts a freeze."""
    return {"operation": "lift_restriction", "restriction_id": restriction_id, "reason": "reviewed"}


async def test_lifting_takes_two(issued: World):
    """The proposer alone cannot; the second person can, and the kilograms move again."""
    case = await frozen(issued, "account")
    first, second = issued.regulators
    body = lift_body(case.restriction)
    proposed = await issued.ok("/v1/approvals", {"body": body, "reason": "reviewed"}, by=first)
    order = {"approval_id": proposed["id"], "body": body}
    async with unchanged(issued):
        refused(await issued.post("/v1/restrictions/lift", order, by=first), 403, "same-person")
    lifted = await issued.ok("/v1/restrictions/lift", order, by=second)
    assert (proposed["id"], True) == (lifted["approval_id"], lifted["ends"] is not None)
    assert 201 == (await case.move("propose")).status_code


async def test_lifting_twice(issued: World):
    """The second approval for the same freeze finds it lifted."""
    case = await frozen(issued, "account")
    await issued.decide("/v1/restrictions/lift", lift_body(case.restriction))
    first, second = issued.regulators
    body = lift_body(case.restriction)
    proposed = await issued.ok("/v1/approvals", {"body": body, "reason": "again"}, by=first)
    async with unchanged(issued):
        answer = await issued.post("/v1/restrictions/lift", {"approval_id": proposed["id"], "body": body}, by=second)
    refused(answer, 409, "already-ended", case.restriction)


async def test_two_freezes_are_lifted_one_by_one(issued: World):
    """Lifting one of two leaves the other in effect."""
    case = await frozen(issued, "account")
    other = await freeze(issued, "account", issued.party("forest").account_id)
    await issued.decide("/v1/restrictions/lift", lift_body(case.restriction))
    problem = refused(await case.move("cancel"), 409, "frozen")
    assert other == problem["restriction_id"]


@pytest.mark.parametrize("scope", SCOPES)
async def test_what_does_not_exist_is_not_frozen(issued: World, scope: str):
    """404 with the number."""
    async with unchanged(issued):
        body = {"scope": scope, "target_id": 999, "reason": "test"}
        refused(await issued.post("/v1/restrictions", body, by=issued.regulators[0]), 404, "not-found", scope, 999)


@pytest.mark.parametrize("scope", ["account", "project"])
async def test_no_credits_are_issued_while_frozen(issued: World, scope: str):
    """A verified report of a frozen project, or to a frozen account, waits; once it is lifted the same order issues."""
    life = await life_of(issued)
    project_id = await life.project("registered")
    report_id = await life.report(project_id)
    assert 201 == (await life.report_step(report_id, "verify")).status_code
    account_id = issued.party("forest").account_id
    restriction = await freeze(issued, scope, {"account": account_id, "project": project_id}[scope])
    body = {"operation": "issue_credits", "report_id": report_id, "account_id": account_id}
    proposed = await issued.ok("/v1/approvals", {"body": body, "reason": "test"}, by=issued.regulators[0])
    order = {"approval_id": proposed["id"], "body": body}
    async with unchanged(issued):
        refused(await issued.post("/v1/issuances", order, by=issued.regulators[1]), 409, "frozen", scope)
    await issued.decide("/v1/restrictions/lift", lift_body(restriction))
    await issued.ok("/v1/issuances", order, by=issued.regulators[1])
