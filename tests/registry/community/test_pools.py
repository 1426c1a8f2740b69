"""Retail pools over HTTP: opened, topped up, paused and withdrawn by their owners."""

import pytest

from tests.registry.community.fair import Fair, fair, forest_issuance


@pytest.fixture
async def open_fair(issued) -> Fair:
    """A pool of the forest's of ten tonnes, and an event."""
    return await fair(issued)


async def test_a_pool_holds_what_it_offers(open_fair):
    """Its kilograms leave what the account can use, and nothing else of it changes."""
    pool = await open_fair.pool()
    assert ("open", 10_000, 3_600, 0) == tuple(
        pool[name] for name in ("state", "available_kg", "price_fen", "retired_kg")
    )
    assert 6_396_000 - 10_000 == await open_fair.world.active_kg("forest")
    assert [pool] == (await open_fair.world.get("/v1/pools?state=open")).json()["items"]
    assert [] == (await open_fair.world.get("/v1/pools?state=paused")).json()["items"]


async def test_an_owner_tops_up_pauses_and_withdraws(open_fair):
    """Each step once, in its order; what is withdrawn is active again."""
    world, owner = open_fair.world, open_fair.world.party("forest").key
    path = f"/v1/pools/{open_fair.pool_id}"
    assert 10_500 == (await world.ok(f"{path}/top-ups", {"quantity_kg": 500}, by=owner))["available_kg"]
    assert ("paused", 0) == _state(await world.ok(f"{path}/pause", by=owner))
    refused = await open_fair.try_join()
    assert (409, "urn:kilnwood:problem:pool-not-open") == (refused.status_code, refused.json()["type"])
    assert ("open", 10_500) == _state(await world.ok(f"{path}/resume", by=owner))
    assert 409 == (await world.post(f"{path}/resume", by=owner)).status_code
    assert ("withdrawn", 0) == _state(await world.ok(f"{path}/withdraw", by=owner))
    assert 409 == (await world.post(f"{path}/top-ups", {"quantity_kg": 1}, by=owner)).status_code
    assert 6_396_000 == await world.active_kg("forest")


def _state(pool):
    return pool["state"], pool["available_kg"]


async def test_only_the_owner_touches_a_pool_or_reads_its_books(open_fair):
    """Another trader is refused everywhere; operators and overseers read."""
    world, other = open_fair.world, open_fair.world.party("kiln").key
    path = f"/v1/pools/{open_fair.pool_id}"
    for step in ("pause", "resume", "withdraw"):
        assert 403 == (await world.post(f"{path}/{step}", by=other)).status_code
    assert 403 == (await world.post(f"{path}/top-ups", {"quantity_kg": 1}, by=other)).status_code
    for page in ("accounts", "postings"):
        assert 403 == (await world.get(f"{path}/{page}", by=other)).status_code
        assert 200 == (await world.get(f"{path}/{page}", by=open_fair.operator)).status_code
        assert 200 == (await world.get(f"{path}/{page}", by=world.regulators[0])).status_code


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"quantity_kg": 7_000_000}, 409),
        ({"issuance": "SC-CDCER-0999-2024-01"}, 404),
        ({"price_fen": 0}, 400),
        ({"issuance": "SC-CDCER-0001-2024-1"}, 400),
    ],
)
async def test_a_pool_that_cannot_be_opened(issued, wrong, status):
    """More than is held, an issuance that there is not, no price; nothing is held then."""
    forest = issued.party("forest")
    body = {
        "account_id": forest.account_id,
        "issuance": await forest_issuance(issued),
        "quantity_kg": 1,
        "price_fen": 1,
        **wrong,
    }
    answer = await issued.post("/v1/pools", body, by=forest.key)
    assert status == answer.status_code, answer.text
    assert [] == (await issued.get("/v1/pools")).json()["items"]


async def test_nobody_offers_the_credits_of_others(issued):
    """The account's owner decides."""
    body = {
        "account_id": issued.party("forest").account_id,
        "issuance": await forest_issuance(issued),
        "quantity_kg": 1,
        "price_fen": 1,
    }
    answer = await issued.post("/v1/pools", body, by=issued.party("kiln").key)
    assert (403, "urn:kilnwood:problem:not-yours") == (answer.status_code, answer.json()["type"])
