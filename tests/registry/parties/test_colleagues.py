"""An organisation's own administrator invites its people and removes them, and gives nothing that it has not."""

from typing import Any

import pytest

from deploy.scenarios.cast import Party
from tests.probes import refused, unchanged
from tests.worlds import World


@pytest.fixture
async def office(empty: World) -> tuple[World, Party, str]:
    """An enterprise with an administrator; the path of its people."""
    boss = await empty.newcomer("enterprise")
    body = {"operation": "grant_role", "person_id": boss.person_id, "organisation_id": boss.organisation_id}
    await empty.decide("/v1/grants", {**body, "role": "administrator"})
    return empty, boss, f"/v1/organisations/{boss.organisation_id}/colleagues"


async def people(world: World, path: str, by: str) -> dict[str, list[str]]:
    """Names and roles."""
    items: list[dict[str, Any]] = (await world.get(path, by=by)).json()["items"]
    return {each["name"]: each["roles"] for each in items}


async def test_a_colleague_is_invited_works_and_is_removed(office):
    """With a key of their own at once; after the removal they may do nothing here."""
    world, boss, path = office
    made = await world.ok(path, {"name": "Li", "roles": ["enterprise", "member"]}, by=boss.key)
    secret = (await world.ok("/v1/me/keys", by=made["key"]["secret"]))["secret"]
    assert (["enterprise", "member"], boss.person_id) == (made["roles"], (await grant_of(world, made))["granted_by"])
    held = (await world.get("/v1/me", by=secret)).json()["roles"]
    assert [("enterprise", boss.organisation_id), ("member", boss.organisation_id)] == sorted(
        (each["role"], each["organisation_id"]) for each in held
    )
    holdings = f"/v1/accounts/{boss.account_id}/holdings"
    assert 200 == (await world.get(holdings, by=secret)).status_code
    assert {"Li": ["enterprise", "member"], "Further enterprise": ["administrator", "enterprise"]} == await people(
        world, path, boss.key
    )
    gone = await world.ok(f"{path}/{made['person_id']}/remove", by=boss.key)
    assert ("Li", [], None) == (gone["name"], gone["roles"], gone["key"])
    assert 403 == (await world.get(holdings, by=secret)).status_code
    assert {"Further enterprise": ["administrator", "enterprise"]} == await people(world, path, world.regulators[0])


async def grant_of(world: World, made: dict[str, Any]) -> dict[str, Any]:
    """The first grant of somebody."""
    items: list[dict[str, Any]] = (await world.get("/v1/grants?limit=200", by=world.regulators[0])).json()["items"]
    return next(each for each in items if each["person_id"] == made["person_id"])


async def test_a_resent_invitation_makes_nobody_twice(office):
    """The same person; the secret is not shown again."""
    world, boss, path = office
    body = {"name": "Li", "roles": ["member"]}
    once = await world.post(path, body, by=boss.key, key="same")
    again = await world.post(path, body, by=boss.key, key="same")
    assert once.json()["person_id"] == again.json()["person_id"]
    assert (True, None) == (once.json()["key"]["secret"].startswith("kw_"), again.json()["key"])
    assert 2 == len(await people(world, path, boss.key))
    first = await world.post(f"{path}/{once.json()['person_id']}/remove", by=boss.key, key="gone")
    resent = await world.post(f"{path}/{once.json()['person_id']}/remove", by=boss.key, key="gone")
    assert first.json() == resent.json()


@pytest.mark.parametrize("role", ["developer", "verifier", "regulator", "operator", "auditor", "administrator"])
async def test_an_administrator_gives_only_what_the_organisation_has(office, role: str):
    """Its own roles; those that reach further, and that of an administrator, take two regulators."""
    world, boss, path = office
    async with unchanged(world):
        answer = await world.post(path, {"name": "Li", "roles": ["member", role]}, by=boss.key)
    refused(answer, 403, "not-for-administrators")
    wanted = f"may give enterprise, member, and not {role}. Ask two regulators to decide it."
    assert answer.json()["detail"].endswith(wanted)


async def test_what_an_administrator_gave_opens_nothing_further(office):
    """Only what two regulators gave counts: once the last of them lost the role, it cannot be given again."""
    world, boss, path = office
    await world.ok(path, {"name": "Li", "roles": ["enterprise"]}, by=boss.key)
    grants = (await world.get("/v1/grants?limit=200", by=world.regulators[0])).json()["items"]
    own = next(each for each in grants if each["person_id"] == boss.person_id and each["role"] == "enterprise")
    await world.ok(f"/v1/grants/{own['id']}/end", by=world.regulators[0])
    refused(await world.post(path, {"name": "Wu", "roles": ["enterprise"]}, by=boss.key), 403, "not-for-administrators")


async def test_who_an_administrator_does_not_remove(office):
    """Themselves, a stranger, and somebody whose role reaches beyond the organisation."""
    world, boss, path = office
    stranger = await world.newcomer("enterprise", name="Stranger")
    operator = await world.ok("/v1/people", {"name": "Operator"}, by=world.regulators[0])
    body = {"operation": "grant_role", "person_id": operator["id"], "organisation_id": boss.organisation_id}
    await world.decide("/v1/grants", {**body, "role": "operator"})
    async with unchanged(world):
        refused(await world.post(f"{path}/{boss.person_id}/remove", by=boss.key), 409, "removes-themselves")
        refused(await world.post(f"{path}/{stranger.person_id}/remove", by=boss.key), 404, "not-found")
        answer = await world.post(f"{path}/{operator['id']}/remove", by=boss.key)
    refused(answer, 403, "not-for-administrators")
    assert "a regulator ends" in answer.json()["detail"]


async def test_another_organisation_is_closed(office):
    """Neither seen nor changed by an administrator of somebody else, or by its own people of other roles."""
    world, boss, path = office
    elsewhere = await world.newcomer("administrator", name="Elsewhere")
    body = {"name": "Li", "roles": ["member"]}
    async with unchanged(world):
        refused(await world.post(path, body, by=elsewhere.key), 403, "not-yours")
        refused(await world.get(path, by=elsewhere.key), 403, "not-yours")
        refused(await world.post(f"{path}/{boss.person_id}/remove", by=elsewhere.key), 403, "not-yours")
    member = await world.ok(path, body, by=boss.key)
    own = (await world.ok("/v1/me/keys", by=member["key"]["secret"]))["secret"]
    refused(await world.post(path, body, by=own), 403, "denied")


async def test_a_removed_colleague_keeps_what_they_hold_elsewhere(office):
    """Only the roles at this organisation end."""
    world, boss, path = office
    made = await world.ok(path, {"name": "Li", "roles": ["member"]}, by=boss.key)
    other = await world.newcomer("enterprise", name="Other")
    body = {"operation": "grant_role", "person_id": made["person_id"], "organisation_id": other.organisation_id}
    await world.decide("/v1/grants", {**body, "role": "member"})
    await world.ok(f"{path}/{made['person_id']}/remove", by=boss.key)
    own = (await world.ok("/v1/me/keys", by=made["key"]["secret"]))["secret"]
    held = (await world.get("/v1/me", by=own)).json()["roles"]
    assert [{"role": "member", "organisation_id": other.organisation_id}] == held
