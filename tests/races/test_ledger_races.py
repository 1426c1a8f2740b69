"""
Two at once, at the rows that only one may have.

Each contender is held at a gate until all of them wait, so that both have decided to go on before either does
(PITFALLS). Exactly one wins, the other gets the typed refusal with its numbers, and the invariants hold afterwards.
`guards.toml` names the guard that each race proves; `test_guards.py` removes it and sees the race fail.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from deploy.scenarios.cast import EVENT
from registry.credits.blocks import compactor
from registry.credits.holdings.service import RegionTotals
from registry.credits.transfers.service import expire_due
from tests.races.ring import ISSUED_KG, Ring
from tests.registry.credits import steps

ACCOUNTS = "select from registry.account order by id for update"
BLOCKS = "select from registry.block for update"
TRANSFERS = "select from registry.transfer for update"
CLAIMS = "select from registry.claim for update"

Contender = Coroutine[Any, Any, httpx.Response]


async def race(ring: Ring, contenders: list[Contender], *held: str) -> list[httpx.Response]:
    """Start them behind a gate; let go when all wait. Answers in order of status."""
    async with ring.gate(*held, until_waiting=len(contenders)):
        tasks = [asyncio.create_task(each) for each in contenders]
    return sorted(await asyncio.gather(*tasks), key=lambda answer: answer.status_code)


def outcome(answers: list[httpx.Response]) -> list[tuple[int, str]]:
    """Status and slug of each."""
    return [steps.refusal(each) if each.is_error else (each.status_code, "") for each in answers]


def offer(ring: Ring, quantity_kg: int, buyer: int = 0) -> Contender:
    """An offer of the maker to a buyer."""
    body = steps.offer_body(ring.maker, ring.buyers[buyer], quantity_kg)
    return ring.world.post("/v1/transfers", body, by=ring.maker.key)


async def given(ring: Ring, buyer: int, quantity_kg: int) -> None:
    """A buyer that has so many kilograms."""
    await steps.give(ring.world, ring.maker, ring.buyers[buyer], quantity_kg)


async def test_racing_retirements_never_retire_a_kilogram_twice(races: Ring):
    """Two that together want more than there is, for two claims: the second is told what is left."""
    buyer = races.buyers[0]
    await given(races, 0, 100)
    claims = [await races.world.contribution(buyer) for _ in range(2)]
    contenders = [
        races.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key) for claim in claims
    ]
    answers = await race(races, contenders, ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)
    assert 40 == answers[1].json()["held_kg"]
    assert 40 == await races.world.active_kg(buyer)


async def test_racing_retirements_that_fit_both_succeed(races: Ring):
    """The second finds the remainder, because the old row kept it."""
    buyer = races.buyers[0]
    await given(races, 0, 100)
    claims = [await races.world.contribution(buyer) for _ in range(2)]
    contenders = [
        races.world.post("/v1/retirements", steps.retire_body(buyer, claim, 50), by=buyer.key) for claim in claims
    ]
    assert [(201, ""), (201, "")] == outcome(await race(races, contenders, ACCOUNTS, BLOCKS))
    assert 0 == await races.world.active_kg(buyer)


async def test_racing_offers_never_hold_a_block_twice(races: Ring):
    """Two offers of everything to two buyers: one hold."""
    answers = await race(races, [offer(races, ISSUED_KG, 0), offer(races, ISSUED_KG, 1)], ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)
    assert 0 == answers[1].json()["held_kg"]


@pytest.mark.parametrize("verbs", [("accept", "withdraw"), ("accept", "accept"), ("reject", "withdraw")])
async def test_an_offer_is_closed_by_one_of_two(races: Ring, verbs: tuple[str, str]):
    """Each under its own key, at once: the other is told what the transfer is by now."""
    made = await steps.offer(races.world, races.maker, races.buyers[0], 100)
    keys = {"accept": races.buyers[0].key, "reject": races.buyers[0].key, "withdraw": races.maker.key}
    contenders = [races.world.post(f"/v1/transfers/{made['id']}/{verb}", by=keys[verb]) for verb in verbs]
    answers = await race(races, contenders, ACCOUNTS, TRANSFERS)
    assert [(201, ""), (409, "transfer-closed")] == outcome(answers)
    assert (100 if answers[0].json()["state"] == "accepted" else 0) == await races.world.active_kg(races.buyers[0])


async def test_an_offer_is_accepted_or_expired_but_not_both(races: Ring):
    """Housekeeping finds the offer due while its acceptance, decided in time, waits."""
    made = await steps.offer(races.world, races.maker, races.buyers[0], 100, expires_at="2025-01-07T00:00:00Z")
    async with races.gate(ACCOUNTS, TRANSFERS, until_waiting=2):
        accepting = asyncio.create_task(races.world.post(f"/v1/transfers/{made['id']}/accept", by=races.buyers[0].key))
        await races.until(lambda: waits(races, 1))
        await steps.at(races.world, "2025-01-08T00:00:00Z")
        expiring = asyncio.create_task(expire_due(db=races.world.db))
    answer, expired = await accepting, await expiring
    assert ((409, "transfer-expired"), 1) == (steps.refusal(answer), expired)
    assert ISSUED_KG == await races.world.active_kg(races.maker)


async def test_two_housekeepers_expire_an_offer_once(races: Ring):
    """The service may run in two processes; each offer ends in one of them."""
    await steps.offer(races.world, races.maker, races.buyers[0], 100, expires_at="2025-01-07T00:00:00Z")
    await steps.at(races.world, "2025-01-08T00:00:00Z")
    async with races.gate(ACCOUNTS, TRANSFERS, until_waiting=2):
        tasks = [asyncio.create_task(expire_due(db=races.world.db)) for _ in range(2)]
    assert [0, 1] == sorted(await asyncio.gather(*tasks))


async def test_a_claim_is_not_covered_twice(races: Ring):
    """Two retirements for one event, by two accounts of the claimant, that together exceed it."""
    buyer = races.buyers[0]
    await given(races, 0, 2_000)
    body = {"owner_id": buyer.organisation_id, "name": "Second account"}
    other = await races.world.ok("/v1/accounts", body, by=races.world.regulators[0])
    moved = steps.offer_body(buyer, buyer, 1_000) | {"receiver_id": other["id"]}
    made = await races.world.ok("/v1/transfers", moved, by=buyer.key)
    await races.world.ok(f"/v1/transfers/{made['id']}/accept", by=buyer.key)
    claim = await event_claim(races)
    bodies = [{**steps.retire_body(buyer, claim, 700), "account_id": each} for each in (buyer.account_id, other["id"])]
    contenders = [races.world.post("/v1/retirements", each, by=buyer.key) for each in bodies]
    answers = await race(races, contenders, CLAIMS)
    assert [(201, ""), (409, "over-claimed")] == outcome(answers)
    assert (700, 500) == (answers[1].json()["allocated_kg"], answers[1].json()["missing_kg"])


async def event_claim(ring: Ring) -> int:
    """A claim of the first buyer that requires 1,200 kg."""
    return int((await ring.world.ok("/v1/claims", await claim_body(ring), by=ring.buyers[0].key))["id"])


async def claim_body(ring: Ring) -> dict[str, Any]:
    """An event claim of the first buyer on a new footprint of 1,200 kg."""
    buyer = ring.buyers[0]
    request = {"profile": "chengdu-event", "items": list(EVENT)}
    body = {"organisation_id": buyer.organisation_id, "request": request}
    footprint = await ring.world.ok("/v1/footprints", body, by=buyer.key)
    return {
        "organisation_id": buyer.organisation_id,
        "type": "event",
        "subject": "An event",
        "begins": "2025-01-06T01:00:00Z",
        "ends": "2025-01-06T10:00:00Z",
        "boundary": "All",
        "footprint_id": footprint["id"],
        "reduction_plan": "Metro first",
        "exclusive": True,
    }


async def test_a_footprint_backs_one_of_two_claims(races: Ring):
    """Both name it at once; they queue before either has a place among the statements."""
    body = await claim_body(races)
    held = f"select pg_advisory_xact_lock(hashtextextended('footprint:' || {body['footprint_id']}, 0))"
    contenders = [races.world.post("/v1/claims", body, by=races.buyers[0].key) for _ in range(2)]
    assert [(201, ""), (409, "footprint-used")] == outcome(await race(races, contenders, held))


async def test_a_totals_reader_is_not_fooled_by_a_late_commit(races: Ring, monkeypatch: pytest.MonkeyPatch):
    """A retirement that moved first commits last: totals read in between are not kept."""
    monkeypatch.setattr(RegionTotals, "REST", 0)
    buyer = races.buyers[0]
    await given(races, 0, 100)
    claim = await races.world.contribution(buyer)
    async with races.gate("lock table registry.retirement in share mode", until_waiting=1):
        retiring = asyncio.create_task(
            races.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key)
        )
        await races.until(lambda: waits(races, 1))
        await offer(races, 5, 1)
        before = (await races.world.get("/v1/conservation")).json()
    assert 201 == (await retiring).status_code
    after = (await races.world.get("/v1/conservation")).json()
    assert [(0, True), (60, True)] == [(each["retired_kg"], each["conserved"]) for each in (before, after)]


async def test_blocks_are_joined_while_a_retirement_waits(races: Ring):
    """The compactor and a retirement at the same account: whoever comes second reads the blocks anew."""
    buyer = races.buyers[0]
    for _ in range(4):
        await given(races, 0, 25)
    claim = await races.world.contribution(buyer)
    async with races.gate(BLOCKS, until_waiting=2):
        joining = asyncio.create_task(compactor.compact(db=races.world.db))
        retiring = asyncio.create_task(
            races.world.post("/v1/retirements", steps.retire_body(buyer, claim, 60), by=buyer.key)
        )
    assert 201 == (await retiring).status_code
    assert 1 == await joining
    assert 40 == await races.world.active_kg(buyer)


async def waits(ring: Ring, count: int) -> bool:
    """Whether so many sessions wait."""
    return await ring.waiting() >= count
