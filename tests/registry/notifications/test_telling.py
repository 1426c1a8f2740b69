"""What people are told: once for each cause and person, and nobody else."""

from typing import Any

from deploy.processes.notifying import tell_everybody
from registry.notifications import telling
from tests.probes import as_owner
from tests.registry.access.test_two_people import propose
from tests.registry.credits import steps
from tests.registry.projects.life import life_of
from tests.worlds import World


async def told(world: World, by: str, **query: str) -> list[Any]:
    """What somebody was told, the newest first."""
    found = await world.http.get(
        "/v1/notifications", params={"order": "newest", **query}, headers={"Authorization": f"Bearer {by}"}
    )
    assert 200 == found.status_code, found.text
    return list(found.json()["items"])


async def test_the_first_look_begins_with_the_present(delivered: World):
    """Nobody is flooded with years of history when a registry is upgraded."""
    await tell_everybody(db=delivered.db)
    for word in ("scenic", "bank", "solar"):
        assert [] == [
            each
            for each in await told(delivered, delivered.party(word).key)
            if each["kind"] in ("fill", "delivery", "retirement")
        ]


async def test_what_waits_is_told_to_whom_it_waits_for(delivered: World):
    """As the inbox has it, once, however often it is looked; what one began oneself is not told."""
    await tell_everybody(db=delivered.db)
    life, vvb = await life_of(delivered), delivered.party("vvb")
    project = await life.project("submitted")
    for _ in range(3):
        await tell_everybody(db=delivered.db)
    (found,) = [each for each in await told(delivered, vvb.key) if each["thing_id"] == str(project)]
    assert ("waits", "project", "validate_project", f"/projects/{project}") == (
        *(found["kind"], found["thing"], found["action"]),
        found["page"],
    )
    assert [] == await told(delivered, life.developer)
    for language, sentence in (("en", "Waits for you"), ("zh", "等您处理")):
        headers = {"Authorization": f"Bearer {vvb.key}", "Accept-Language": language}
        page = await delivered.http.get("/notifications", headers=headers)
        assert (200, True) == (page.status_code, sentence in page.text), language


async def test_a_refusal_is_told_with_its_reason(delivered: World):
    """A project that was sent back, to the people of its developer."""
    await tell_everybody(db=delivered.db)
    life = await life_of(delivered)
    project = await life.project("rejected")
    await tell_everybody(db=delivered.db)
    (found,) = await told(delivered, life.developer)
    assert ("refused", "project", str(project)) == (found["kind"], found["thing"], found["thing_id"])
    assert found["why"]
    assert [found] == await told(delivered, life.developer, kind="refused", unread="true")
    assert [] == await told(delivered, life.developer, kind="fill")


async def test_an_offer_that_is_refused_is_told(delivered: World):
    """To its sender; its receiver was told that it waits."""
    await tell_everybody(db=delivered.db)
    sender, receiver = delivered.party("bank"), delivered.party("scenic")
    offered = await steps.offer(delivered, sender, receiver, 7)
    await tell_everybody(db=delivered.db)
    assert ["accept_transfer"] == [each["action"] for each in await told(delivered, receiver.key)]
    await delivered.ok(f"/v1/transfers/{offered['id']}/reject", {}, by=receiver.key)
    await tell_everybody(db=delivered.db)
    assert [("refused", "transfer", 7)] == [
        (each["kind"], each["thing"], each["quantity_kg"]) for each in await told(delivered, sender.key)
    ]


async def test_a_retirement_is_told_once_its_statement_is_in_the_log(delivered: World):
    """With the receipt; not before."""
    await tell_everybody(db=delivered.db)
    bank = delivered.party("bank")
    claim = await delivered.contribution("bank")
    retired = await steps.retire(delivered, bank, claim, 47)
    await tell_everybody(db=delivered.db)
    assert [] == await told(delivered, bank.key)
    await delivered.sequence()
    for _ in range(2):
        await tell_everybody(db=delivered.db)
    (found,) = await told(delivered, bank.key)
    receipt = retired["retirements"][0]["receipt_id"]
    assert ("retirement", 47, f"/retirements/{receipt}") == (found["kind"], found["quantity_kg"], found["page"])
    assert [] == await told(delivered, delivered.party("scenic").key)


async def test_an_approval_is_told_to_the_second_regulator_alone(delivered: World):
    """Not to the one who proposed it; and once more when it ends soon."""
    await tell_everybody(db=delivered.db)
    first, second = delivered.regulators
    person, _ = await delivered.person("Somebody")
    body = {"operation": "grant_role", "person_id": person, "organisation_id": 1, "role": "auditor"}
    number = (await propose(delivered, body, by=first))["approval_id"]
    await tell_everybody(db=delivered.db)
    assert [] == [each for each in await told(delivered, first) if each["thing"] == "approval"]
    (found,) = [each for each in await told(delivered, second) if each["thing"] == "approval"]
    assert ("waits", str(number)) == (found["kind"], found["thing_id"])
    await as_owner(
        delivered,
        "update registry.approval set proposed_at = now() - interval '6 days', expires_at = now() + interval '1 day' "
        "where id = $1",
        number,
    )
    for _ in range(2):
        await tell_everybody(db=delivered.db)
    kinds = [each["kind"] for each in await told(delivered, second) if each["thing"] == "approval"]
    assert ["deadline", "waits"] == kinds


async def test_reading_is_ones_own(delivered: World):
    """One, or all up to one; somebody else's is unknown."""
    await tell_everybody(db=delivered.db)
    life, vvb = await life_of(delivered), delivered.party("vvb")
    await life.project("submitted")
    await life.project("submitted", name="A second one", location="Elsewhere")
    await tell_everybody(db=delivered.db)
    newest, oldest = await told(delivered, vvb.key)
    other = await delivered.post("/v1/notifications/read", {"id": newest["id"]}, by=delivered.party("bank").key)
    assert 404 == other.status_code
    done = await delivered.ok("/v1/notifications/read", {"id": oldest["id"]}, by=vvb.key)
    assert 1 == done["read"]
    assert [newest] == await told(delivered, vvb.key, unread="true")
    assert 1 == (await delivered.ok("/v1/notifications/read", {"id": newest["id"], "up_to": True}, by=vvb.key))["read"]
    assert [] == await told(delivered, vvb.key, unread="true")


async def test_old_ones_are_deleted(delivered: World):
    """What was read after 90 days, what nobody read after 400."""
    await tell_everybody(db=delivered.db)
    life, vvb = await life_of(delivered), delivered.party("vvb")
    await life.project("submitted")
    await tell_everybody(db=delivered.db)
    await as_owner(delivered, "update registry.notification set made_at = now() - interval '399 days'")
    await telling.forget(db=delivered.db)
    assert 1 == len(await told(delivered, vvb.key))
    await as_owner(delivered, "update registry.notification set made_at = now() - interval '401 days'")
    await telling.forget(db=delivered.db)
    assert [] == await told(delivered, vvb.key)
