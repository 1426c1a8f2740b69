"""Two at once at the same green power: each number is registered once, each kilowatt-hour is claimed once."""

import asyncio
from typing import Any

import asyncpg

from registry.claims.green_power import store
from tests.races.race_region import RaceRegion
from tests.races.test_ledger_races import Contender, outcome, race
from tests.registry.claims.preparing import HEADER, draft_body
from tests.registry.credits import steps

CONTRACTS = "select from registry.green_power for update"
NUMBERS = "lock table registry.green_power in exclusive mode"


def registering(region: RaceRegion, buyer: int) -> Contender:
    """A buyer registers the contract, for 600 kWh."""
    party = region.buyers[buyer]
    body = {
        "organisation_id": party.organisation_id,
        "kind": "contract",
        "number": "GP-1",
        "supplier": "Hydro",
        "green_kwh": 600,
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
    }
    return region.world.post("/v1/green-power", body, by=party.key)


async def prepared(region: RaceRegion, place: str) -> str:
    """A person's draft of a buyer that names 400 kWh of the contract; one of two people."""
    party = region.buyers[0]
    key = party.key
    if place == "second":
        _, key = await region.world.member("enterprise", party.organisation_id)
    words: dict[str, Any] = {"subject": place, "responsible_person": "Somebody"}
    made = await region.world.ok("/v1/claim-drafts", draft_body(party, "person", **words), by=key)
    draft = f"/v1/claim-drafts/{made['id']}"
    rows = "electricity,1000,kWh,,CN-510000,2022,,,,,\ngreen-power,400,kWh,,,,,,,GP-1,\n"
    await region.world.ok(f"{draft}/activities", {"csv": HEADER.replace("\r", "") + rows}, by=key)
    await region.world.ok(f"{draft}/update", {"reduction_plan": "LED"}, by=key)
    return draft


async def test_two_claims_never_use_a_kilowatt_hour_twice(region: RaceRegion):
    """Together they want 800 of 600 kWh: one is declared, the other is refused, as 200 are left, and used nothing."""
    assert 201 == (await registering(region, 0)).status_code
    first = await prepared(region, "first")
    second = await prepared(region, "second")
    _, key = await region.world.member("enterprise", region.buyers[0].organisation_id)
    contenders = [
        region.world.post(f"{first}/declare", by=region.buyers[0].key),
        region.world.post(f"{second}/declare", by=key),
    ]
    answers = await race(region, contenders, CONTRACTS)
    assert [(201, ""), (422, "reduce-first")] == outcome(answers)
    assert "has 200 of 600 kWh left, and 400 are named" in answers[1].json()["detail"]
    rows = await steps.rows(region.world, "select used_kwh from registry.green_power")
    assert [400] == [row["used_kwh"] for row in rows]
    uses = await steps.rows(region.world, "select sum(green_kwh)::bigint as kwh from registry.green_power_use")
    assert [400] == [row["kwh"] for row in uses]


async def test_two_transactions_never_use_a_kilowatt_hour_twice(region: RaceRegion):
    """Both wait for the row and want 800 of 600 kWh: the one that comes second uses nothing, and says so."""
    contract_id = (await registering(region, 0)).json()["id"]
    claims = [await region.world.contribution(region.buyers[0]) for _ in range(2)]

    async def using(claim_id: int) -> bool:
        connection = await asyncpg.connect(region.world.dsn)
        try:
            async with connection.transaction():
                return await store.use(connection, contract_id, claim_id, 400)
        finally:
            await connection.close()

    async with region.gate(CONTRACTS, until_waiting=2):
        both = [asyncio.create_task(using(each)) for each in claims]
    assert [False, True] == sorted(await asyncio.gather(*both))
    uses = await steps.rows(region.world, "select green_kwh from registry.green_power_use")
    assert [400] == [row["green_kwh"] for row in uses]


async def test_a_contract_is_registered_by_one_of_two(region: RaceRegion):
    """Two organisations with the same number: one has it."""
    contenders = [registering(region, buyer) for buyer in range(2)]
    answers = await race(region, contenders, NUMBERS)
    assert [(201, ""), (409, "contract-registered")] == outcome(answers)
