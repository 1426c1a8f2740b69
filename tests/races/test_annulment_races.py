"""Annulments beside retirements, corrections and each other: each waits for the lock of the claim."""

import asyncio
import itertools

import httpx

from tests.races.race_region import RaceRegion
from tests.races.test_ledger_races import CLAIMS, Contender, event_claim, given, outcome, race
from tests.registry.credits import steps
from tests.registry.credits.annulment.test_annul import body_for
from tests.worlds import World

_numbers = itertools.count(1)


async def annulment(world: World, path: str) -> Contender:
    """The second regulator's half of annulling what is at *path*."""
    body, key = await body_for(world, path), f"proposal-{next(_numbers)}"  # unlike those of the template
    made = await world.post("/v1/approvals", {"body": body, "reason": "test"}, by=world.regulators[0], key=key)
    order = {"approval_id": made.json()["id"], "body": body}
    return world.post("/v1/annulments", order, by=world.regulators[1])


async def in_turn(region: RaceRegion, *contenders: Contender) -> list[httpx.Response]:
    """Start them one after the other behind the claim's lock, so that it is granted in this order."""
    tasks = []
    async with region.gate(CLAIMS, until_waiting=len(contenders)):
        for number, each in enumerate(contenders, 1):
            tasks.append(asyncio.create_task(each))

            async def queued(wanted: int = number) -> bool:
                return await region.waiting_sessions() >= wanted

            await region.until(queued)
    return list(await asyncio.gather(*tasks))


def retirement(region: RaceRegion, claim_id: int, quantity_kg: int) -> Contender:
    """A retirement of the first buyer."""
    buyer = region.buyers[0]
    return region.world.post("/v1/retirements", steps.retire_body(buyer, claim_id, quantity_kg), by=buyer.key)


async def test_a_claim_is_annulled_while_a_retirement_waits(region: RaceRegion):
    """The retirement that waited for the claim is refused: nothing is retired for what was annulled."""
    await given(region, 0, 100)
    claim_id = await event_claim(region)
    answers = await in_turn(
        region, await annulment(region.world, f"claims/{claim_id}"), retirement(region, claim_id, 60)
    )
    assert [(201, ""), (409, "claim-annulled")] == outcome(answers)
    assert 100 == await region.world.active_kg(region.buyers[0])


async def test_a_retirement_is_first_and_its_claim_is_annulled(region: RaceRegion):
    """Both succeed: the kilograms stay retired, and the retirement says that its claim was annulled."""
    await given(region, 0, 100)
    claim_id = await event_claim(region)
    answers = await in_turn(
        region, retirement(region, claim_id, 60), await annulment(region.world, f"claims/{claim_id}")
    )
    assert [(201, ""), (201, "")] == outcome(answers)
    (retired,) = (await region.world.get(f"/v1/retirements?claim_id={claim_id}")).json()["items"]
    assert answers[1].json()["id"] == retired["claim_annulled"]["annulment_id"]


async def test_a_retirement_is_annulled_while_another_waits(region: RaceRegion):
    """A request that waits for the claim finds what was released, and covers it."""
    await given(region, 0, 2_400)
    claim_id = await event_claim(region)
    order = await steps.retire(region.world, region.buyers[0], claim_id, 1_200)
    path = f"retirements/{order['retirements'][0]['receipt_id']}"
    answers = await in_turn(region, await annulment(region.world, path), retirement(region, claim_id, 1_200))
    assert [(201, ""), (201, "")] == outcome(answers)
    assert 0 == await region.world.active_kg(region.buyers[0])


async def test_a_claim_is_annulled_by_one_of_two(region: RaceRegion):
    """Two approvals for one claim, carried out at once."""
    path = f"claims/{await event_claim(region)}"
    contenders = [await annulment(region.world, path) for _ in range(2)]
    assert [(201, ""), (409, "annulled-before")] == outcome(await race(region, contenders, CLAIMS))


async def test_a_retirement_is_annulled_by_one_of_two(region: RaceRegion):
    """Its kilograms are released once."""
    await given(region, 0, 1_200)
    claim_id = await event_claim(region)
    order = await steps.retire(region.world, region.buyers[0], claim_id, 600)
    await steps.retire(region.world, region.buyers[0], claim_id, 600)
    path = f"retirements/{order['retirements'][0]['receipt_id']}"
    contenders = [await annulment(region.world, path) for _ in range(2)]
    assert [(201, ""), (409, "annulled-before")] == outcome(await race(region, contenders, CLAIMS))
    assert 600 == (await region.world.get(f"/v1/claims/{claim_id}")).json()["allocated_kg"]


async def test_a_claim_is_corrected_or_annulled(region: RaceRegion):
    """A correction that waited is refused: nothing about an annulled claim is corrected."""
    claim_id = await event_claim(region)
    correction = region.world.post(
        f"/v1/claims/{claim_id}/corrections", {"reason": "Misspelt", "subject": "Other"}, by=region.buyers[0].key
    )
    answers = await in_turn(region, await annulment(region.world, f"claims/{claim_id}"), correction)
    assert [(201, ""), (409, "claim-annulled")] == outcome(answers)
