"""A verifier judges nothing it is close to: not its own, not its kin's, not where one person acts for both."""

from typing import Any

import pytest

from schemas.identifiers import uscc_check_character
from tests.probes import refused, unchanged
from tests.registry.projects.life import Life, life_of
from tests.worlds import World


async def organisation(world: World, number: int, parent: int | None = None) -> int:
    """A new organisation, perhaps owned by another."""
    first = f"91510197MA{number:07d}"
    identifiers = [{"scheme": "uscc", "value": first + uscc_check_character(first)}]
    body = {"name": f"Number {number}", "identifiers": identifiers, "parent_id": parent}
    return int((await world.ok("/v1/organisations", body, by=world.regulators[0]))["id"])


async def person(world: World) -> tuple[int, str]:
    """A person with a key."""
    return await world.person("Somebody")


async def grant(world: World, person_id: int, organisation_id: int, role: str) -> Any:
    """A role."""
    body = {"operation": "grant_role", "person_id": person_id, "organisation_id": organisation_id, "role": role}
    return await world.decide("/v1/grants", body)


async def act_for(world: World, organisation_id: int, role: str) -> str:
    """The key of a new person in one role."""
    person_id, key = await person(world)
    await grant(world, person_id, organisation_id, role)
    return key


async def setting(world: World, how: str) -> tuple[int, int, str]:
    """A developer, a verifier too close to it, and what the refusal says."""
    match how:
        case "same":
            one = await organisation(world, 1)
            return one, one, "the two are one organisation"
        case "parent":
            parent = await organisation(world, 1)
            children = [await organisation(world, number, parent) for number in (2, 3)]
            return children[0], children[1], f"both belong to organisation {parent}"
        case "grandparent":
            top = await organisation(world, 1)
            one, other = [await organisation(world, number, top) for number in (2, 3)]
            return (
                await organisation(world, 4, one),
                await organisation(world, 5, other),
                f"belong to organisation {top}",
            )
        case "owner" | "owner's owner":
            owner = verifier = await organisation(world, 1)
            if how == "owner's owner":
                owner = await organisation(world, 2, verifier)
            return await organisation(world, 3, owner), verifier, "one of the two owns the other"
        case "owned":
            developer = await organisation(world, 1)
            return developer, await organisation(world, 2, developer), "one of the two owns the other"
    return await _person_in_common(world)


async def _person_in_common(world: World) -> tuple[int, int, str]:
    developer, verifier = [await organisation(world, number) for number in (1, 2)]
    person_id, _ = await person(world)
    await grant(world, person_id, developer, "member")
    await grant(world, person_id, verifier, "member")
    return developer, verifier, "one person act"


CLOSE = ("same", "parent", "grandparent", "owner", "owner's owner", "owned", "person")


@pytest.mark.parametrize("how", CLOSE)
async def test_it_neither_validates_nor_rejects(delivered: World, how: str):
    """403 that says what they have in common."""
    developer, verifier, said = await setting(delivered, how)
    life = Life(delivered, developer, await act_for(delivered, developer, "developer"))
    project_id = await life.project("submitted")
    key = await act_for(delivered, verifier, "verifier")
    for step in ("validate", "reject"):
        answer = await life.step(project_id, step, by=key)
        refused(answer, 403, "verifier-conflict", verifier, said)


@pytest.mark.parametrize("how", CLOSE)
async def test_it_neither_verifies_nor_rejects_a_report(delivered: World, how: str):
    """The same for monitoring reports."""
    developer, verifier, said = await setting(delivered, how)
    life = Life(delivered, developer, await act_for(delivered, developer, "developer"))
    report_id = await life.report(await life.project("registered"))
    key = await act_for(delivered, verifier, "verifier")
    for step in ("verify", "reject"):
        refused(await life.report_step(report_id, step, by=key), 403, "verifier-conflict", verifier, said)


async def test_a_person_who_left_is_a_conflict_for_a_year(delivered: World):
    """Acting for both within the last 365 days of business time counts as acting for both; longer ago it does not."""
    life = await life_of(delivered)
    project_id = await life.project("submitted")
    person_id, _ = await person(delivered)
    await grant(delivered, person_id, life.organisation_id, "member")
    ended = await grant(delivered, person_id, delivered.party("vvb").organisation_id, "member")
    finding = await life.finding()
    await delivered.ok(f"/v1/grants/{ended['id']}/end", by=life.regulator)
    for at in ("2025-01-06T02:00:01Z", "2026-01-06T01:59:59Z"):
        await delivered.ok("/v1/clock", {"at": at}, by=life.regulator)
        async with unchanged(delivered):
            answer = await delivered.post(f"/v1/projects/{project_id}/validate", finding, by=life.verifier)
        refused(answer, 403, "verifier-conflict", "365 days")
    await delivered.ok("/v1/clock", {"at": "2026-01-06T02:00:01Z"}, by=life.regulator)
    assert "validated" == (await life.took(project_id, "validate"))["state"]


async def test_whoever_drafted_a_project_never_judges_it(delivered: World):
    """Neither the person, nor the organisation they went to, however long ago it was."""
    developer = await organisation(delivered, 1)
    person_id, key = await person(delivered)
    held = await grant(delivered, person_id, developer, "developer")
    life = Life(delivered, developer, key)
    project_id = await life.project("submitted")
    await delivered.ok(f"/v1/grants/{held['id']}/end", by=life.regulator)
    await delivered.ok("/v1/clock", {"at": "2027-01-06T02:00:00Z"}, by=life.regulator)
    vvb = delivered.party("vvb")
    await grant(delivered, person_id, vvb.organisation_id, "verifier")
    for verifier in (key, vvb.key):
        refused(await life.step(project_id, "validate", by=verifier), 403, "verifier-conflict", "at this itself")


@pytest.mark.parametrize("first", ["clean", "close"])
@pytest.mark.parametrize("close", ["same", "sister"])
async def test_a_verifier_of_two_organisations(delivered: World, close: str, first: str):
    """Who verifies for a clean organisation and for a close one is in conflict, whichever role is the older."""
    parent = await organisation(delivered, 1)
    developer, sister = [await organisation(delivered, number, parent) for number in (2, 3)]
    life = Life(delivered, developer, await act_for(delivered, developer, "developer"))
    project_id = await life.project("submitted")
    person_id, key = await person(delivered)
    places = [await organisation(delivered, 4), {"same": developer, "sister": sister}[close]]
    for place in places if first == "clean" else reversed(places):
        await grant(delivered, person_id, place, "verifier")
    said = "the two are one organisation" if close == "same" else f"both belong to organisation {parent}"
    refused(await life.step(project_id, "validate", by=key), 403, "verifier-conflict", said)


async def test_whoever_acts_for_an_owner_of_the_developer_does_not_judge_it(delivered: World):
    """A member of the developer's parent who verifies for somebody else: one person acts for both."""
    parent = await organisation(delivered, 1)
    developer = await organisation(delivered, 2, await organisation(delivered, 3, parent))
    life = Life(delivered, developer, await act_for(delivered, developer, "developer"))
    project_id = await life.project("submitted")
    person_id, key = await person(delivered)
    await grant(delivered, person_id, await organisation(delivered, 4), "verifier")
    await grant(delivered, person_id, parent, "member")
    for step in ("validate", "reject"):
        refused(await life.step(project_id, step, by=key), 403, "verifier-conflict", "one person act")
