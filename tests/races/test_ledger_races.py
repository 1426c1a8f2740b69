"""
Concurrent requests for the same rows of the ledger.

Each request is held at a gate until all of them wait, so that both have passed their checks before either continues.
Exactly one wins, the other gets the typed refusal with its numbers, and the invariants hold afterwards.
`guards.toml` names the guard that each race tests; `test_guards.py` removes it and expects the race to fail.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from deploy.scenarios.cast import EVENT, Party
from registry.credits.blocks import compactor
from registry.credits.holdings.service import RegionTotals
from registry.credits.transfers.service import expire_due
from tests.races.race_region import ISSUED_KG, RaceRegion
from tests.registry.credits import steps

ACCOUNTS = "select from registry.account order by id for update"
BLOCKS = "select from registry.block for update"
TRANSFERS = "select from registry.transfer for update"
CLAIMS = "select from registry.claim for update"

Contender = Coroutine[Any, Any, httpx.Response]


async def race(region: RaceRegion, contenders: list[Contender], *held: str) -> list[httpx.Response]:
    """Start the requests behind a gate and release it once all wait; returns the responses sorted by status."""
    async with region.gate(*held, until_waiting=len(contenders)):
        tasks = [asyncio.create_task(each) for each in contenders]
    return sorted(await asyncio.gather(*tasks), key=lambda answer: answer.status_code)


def outcome(answers: list[httpx.Response]) -> list[tuple[int, str]]:
    """Status and slug of each."""
    return [steps.refusal(each) if each.is_error else (each.status_code, "") for each in answers]


def offer(region: RaceRegion, quantity_kg: int, buyer: int = 0) -> Contender:
    """An offer of the maker to a buyer."""
    body = steps.offer_body(region.maker, region.buyers[buyer], quantity_kg)
    return region.world.post("/v1/transfers", body, by=region.maker.key)


async def given(region: RaceRegion, buyer: int, quantity_kg: int) -> None:
    """A buyer that has so many kilograms."""
    await steps.give(region.world, region.maker, region.buyers[buyer], quantity_kg)


async def test_racing_retirements_never_retire_a_kilogram_twice(region: RaceRegion):
    """Two that together want more than there is, for two claims: the second is refused with what is left."""
    buyer = region.buyers[0]
    await given(region, 0, 100)
    claims = [await region.world.contribution(buyer) for _ in range(2)]
    contenders = [
        region.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key) for claim in claims
    ]
    answers = await race(region, contenders, ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)
    assert 40 == answers[1].json()["held_kg"]
    assert 40 == await region.world.active_kg(buyer)


async def test_racing_retirements_that_fit_both_succeed(region: RaceRegion):
    """The second finds the remainder, because the old row kept it."""
    buyer = region.buyers[0]
    await given(region, 0, 100)
    claims = [await region.world.contribution(buyer) for _ in range(2)]
    contenders = [
        region.world.post("/v1/retirements", steps.retire_body(buyer, claim, 50), by=buyer.key) for claim in claims
    ]
    assert [(201, ""), (201, "")] == outcome(await race(region, contenders, ACCOUNTS, BLOCKS))
    assert 0 == await region.world.active_kg(buyer)


async def test_racing_offers_never_hold_a_block_twice(region: RaceRegion):
    """Two offers of everything to two buyers: one hold."""
    answers = await race(region, [offer(region, ISSUED_KG, 0), offer(region, ISSUED_KG, 1)], ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)
    assert 0 == answers[1].json()["held_kg"]


@pytest.mark.parametrize("verbs", [("accept", "withdraw"), ("accept", "accept"), ("reject", "withdraw")])
async def test_an_offer_is_closed_by_one_of_two(region: RaceRegion, verbs: tuple[str, str]):
    """Each under its own key, at once: the loser is refused with the transfer's new state."""
    made = await steps.offer(region.world, region.maker, region.buyers[0], 100)
    keys = {"accept": region.buyers[0].key, "reject": region.buyers[0].key, "withdraw": region.maker.key}
    contenders = [region.world.post(f"/v1/transfers/{made['id']}/{verb}", by=keys[verb]) for verb in verbs]
    answers = await race(region, contenders, ACCOUNTS, TRANSFERS)
    assert [(201, ""), (409, "transfer-closed")] == outcome(answers)
    assert (100 if answers[0].json()["state"] == "accepted" else 0) == await region.world.active_kg(region.buyers[0])


async def test_an_offer_is_accepted_or_expired_but_not_both(region: RaceRegion):
    """Housekeeping finds the offer due while its acceptance, decided in time, waits."""
    made = await steps.offer(region.world, region.maker, region.buyers[0], 100, expires_at="2025-01-07T00:00:00Z")
    async with region.gate(ACCOUNTS, TRANSFERS, until_waiting=2):
        accepting = asyncio.create_task(
            region.world.post(f"/v1/transfers/{made['id']}/accept", by=region.buyers[0].key)
        )
        await region.until(lambda: are_waiting(region, 1))
        await steps.at(region.world, "2025-01-08T00:00:00Z")
        expiring = asyncio.create_task(expire_due(db=region.world.db))
    answer, expired = await accepting, await expiring
    assert ((409, "transfer-expired"), 1) == (steps.refusal(answer), expired)
    assert ISSUED_KG == await region.world.active_kg(region.maker)


async def test_two_housekeepers_expire_an_offer_once(region: RaceRegion):
    """The service may run in two processes; each offer ends in one of them."""
    await steps.offer(region.world, region.maker, region.buyers[0], 100, expires_at="2025-01-07T00:00:00Z")
    await steps.at(region.world, "2025-01-08T00:00:00Z")
    async with region.gate(ACCOUNTS, TRANSFERS, until_waiting=2):
        tasks = [asyncio.create_task(expire_due(db=region.world.db)) for _ in range(2)]
    assert [0, 1] == sorted(await asyncio.gather(*tasks))


async def test_a_claim_is_not_covered_twice(region: RaceRegion):
    """Two retirements for one event, by two accounts of the claimant, that together exceed it."""
    buyer = region.buyers[0]
    await given(region, 0, 2_000)
    body = {"owner_id": buyer.organisation_id, "name": "Second account"}
    other = await region.world.ok("/v1/accounts", body, by=region.world.regulators[0])
    moved = steps.offer_body(buyer, buyer, 1_000) | {"receiver_id": other["id"]}
    made = await region.world.ok("/v1/transfers", moved, by=buyer.key)
    await region.world.ok(f"/v1/transfers/{made['id']}/accept", by=buyer.key)
    claim = await event_claim(region)
    bodies = [{**steps.retire_body(buyer, claim, 700), "account_id": each} for each in (buyer.account_id, other["id"])]
    contenders = [region.world.post("/v1/retirements", each, by=buyer.key) for each in bodies]
    answers = await race(region, contenders, CLAIMS)
    assert [(201, ""), (409, "over-claimed")] == outcome(answers)
    assert (700, 500) == (answers[1].json()["allocated_kg"], answers[1].json()["missing_kg"])


async def event_claim(region: RaceRegion) -> int:
    """A claim of the first buyer that requires 1,200 kg."""
    return int((await region.world.ok("/v1/claims", await claim_body(region), by=region.buyers[0].key))["id"])


async def claim_body(region: RaceRegion, buyer: Party | None = None) -> dict[str, Any]:
    """An event claim of a buyer, the first unless it is named, on a new footprint of 1,200 kg."""
    buyer = buyer or region.buyers[0]
    request = {"profile": "chengdu-event", "items": list(EVENT)}
    body = {"organisation_id": buyer.organisation_id, "request": request}
    footprint = await region.world.ok("/v1/footprints", body, by=buyer.key)
    return {
        "organisation_id": buyer.organisation_id,
        "type": "event",
        "subject": "An event",
        "begins": "2025-01-06T01:00:00Z",
        "ends": "2025-01-06T10:00:00Z",
        "boundary": "All",
        "about": {"kind": "event", "place": f"Hall {footprint['id']}"},
        "footprint_id": footprint["id"],
        "reduction_plan": "Metro first",
        "exclusive": True,
    }


async def test_a_footprint_backs_one_of_two_claims(region: RaceRegion):
    """Both name it at once; they queue before either has a place among the statements."""
    body = await claim_body(region)
    held = f"select pg_advisory_xact_lock(hashtextextended('footprint:' || {body['footprint_id']}, 0))"
    contenders = [region.world.post("/v1/claims", body, by=region.buyers[0].key) for _ in range(2)]
    assert [(201, ""), (409, "footprint-used")] == outcome(await race(region, contenders, held))


async def test_a_totals_reader_is_not_fooled_by_a_late_commit(region: RaceRegion, monkeypatch: pytest.MonkeyPatch):
    """A retirement that moved first commits last: totals read in between are not kept."""
    monkeypatch.setattr(RegionTotals, "REST", 0)
    buyer = region.buyers[0]
    await given(region, 0, 100)
    claim = await region.world.contribution(buyer)
    async with region.gate("lock table registry.retirement in share mode", until_waiting=1):
        retiring = asyncio.create_task(
            region.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key)
        )
        await region.until(lambda: are_waiting(region, 1))
        await offer(region, 5, 1)
        before = (await region.world.get("/v1/conservation")).json()
    assert 201 == (await retiring).status_code
    after = (await region.world.get("/v1/conservation")).json()
    assert [(0, True), (60, True)] == [(each["retired_kg"], each["conserved"]) for each in (before, after)]


async def test_blocks_are_joined_while_a_retirement_waits(region: RaceRegion):
    """The compactor and a retirement at the same account: the second one reads the blocks again."""
    buyer = region.buyers[0]
    for _ in range(4):
        await given(region, 0, 25)
    claim = await region.world.contribution(buyer)
    async with region.gate(BLOCKS, until_waiting=2):
        retiring = asyncio.create_task(
            region.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key)
        )
        # In this order: without its lock the compactor joins blocks that it read before the retirement took its part.
        await region.until(lambda: are_waiting(region, 1))
        joining = asyncio.create_task(compactor.compact(db=region.world.db))
    assert 201 == (await retiring).status_code
    assert 1 == await joining
    assert 40 == await region.world.active_kg(buyer)


async def are_waiting(region: RaceRegion, count: int) -> bool:
    """Whether at least *count* sessions wait for a lock."""
    return await region.waiting_sessions() >= count
