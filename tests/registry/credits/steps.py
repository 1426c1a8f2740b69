"""What tests of the ledger do again and again, over HTTP, each in one call."""

from typing import Any

import asyncpg
import httpx

from deploy.scenarios.cast import Party
from tests.worlds import World

SMALL_KILN = {
    "methodology": "kiln-electrification/1",
    "gas_10k_nm3": 1,
    "efficiency_ratio": "0.5",
    "grid_region": "CN-510000",
    "grid_year": 2021,
}
"""Reduces 14 t."""
SMALL_KILN_KG = 14_000


def small_forest(area_ha: int) -> dict[str, Any]:
    """Fir that grows one cubic metre: 1.07 t for each hectare."""
    return {"methodology": "forest-sink/1", "area_ha": area_ha, "growth_project_m3_ha_yr": 1, "species": "chinese-fir"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and slug of a problem document."""
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def at(world: World, instant: str) -> None:
    """Move business time."""
    await world.season.set_clock(instant)


async def verified_report(world: World, word: str, activity: dict[str, Any], year: int) -> int:
    """A verified monitoring report of a whole later year; moves the clock to the January after it."""
    await at(world, f"{year + 1}-01-06T01:00:00Z")
    evidence = await world.season.document(f"Monitoring of the {word}, {year}", by=world.party(word).key)
    body = {"begins": f"{year}-01-01", "ends": f"{year}-12-31", "activity": activity, "documents": [evidence]}
    project = world.season.projects[word]
    report = await world.ok(f"/v1/projects/{project}/reports", body, by=world.party(word).key)
    sha256 = await world.season.document(f"Verification report {word} {year}", by=world.party("vvb").key)
    finding = {"why": "Confirmed", "report_sha256": sha256}
    await world.ok(f"/v1/reports/{report['id']}/verify", finding, by=world.party("vvb").key)
    return int(report["id"])


def issue_body(report_id: int, account_id: int) -> dict[str, Any]:
    """What two people decide when credits are issued."""
    return {"operation": "issue_credits", "report_id": report_id, "account_id": account_id}


async def issue(world: World, word: str, activity: dict[str, Any], year: int) -> Any:
    """A further issuance of a project, with everything that comes before it."""
    report = await verified_report(world, word, activity, year)
    return await world.decide("/v1/issuances", issue_body(report, world.party(word).account_id))


def offer_body(sender: Party, receiver: Party, quantity_kg: int, **more: Any) -> dict[str, Any]:
    """A transfer that is proposed."""
    return {
        "account_id": sender.account_id,
        "receiver_id": receiver.account_id,
        "quantity_kg": quantity_kg,
        "reason": "test",
        **more,
    }


async def offer(world: World, sender: Party, receiver: Party, quantity_kg: int, **more: Any) -> Any:
    """Propose a transfer; answers it."""
    return await world.ok("/v1/transfers", offer_body(sender, receiver, quantity_kg, **more), by=sender.key)


async def give(world: World, sender: Party, receiver: Party, quantity_kg: int, **more: Any) -> Any:
    """Propose a transfer and accept it; answers it as it then stands."""
    made = await offer(world, sender, receiver, quantity_kg, **more)
    return await world.ok(f"/v1/transfers/{made['id']}/accept", by=receiver.key)


def retire_body(party: Party, claim_id: int, quantity_kg: int, **more: Any) -> dict[str, Any]:
    """A retirement."""
    return {
        "account_id": party.account_id,
        "claim_id": claim_id,
        "quantity_kg": quantity_kg,
        "reason": "test",
        **more,
    }


async def retire(world: World, party: Party, claim_id: int, quantity_kg: int, **more: Any) -> Any:
    """Retire; answers the order."""
    return await world.ok("/v1/retirements", retire_body(party, claim_id, quantity_kg, **more), by=party.key)


async def freeze(world: World, scope: str, target_id: int) -> Any:
    """One regulator freezes something."""
    body = {"scope": scope, "target_id": target_id, "reason": "test"}
    return await world.ok("/v1/restrictions", body, by=world.regulators[0])


async def lift(world: World, restriction_id: int) -> None:
    """Two regulators lift a freeze."""
    body = {"operation": "lift_restriction", "restriction_id": restriction_id, "reason": "test"}
    await world.decide("/v1/restrictions/lift", body)


async def rows(world: World, query: str, *args: object) -> list[asyncpg.Record]:
    """What the tables say, read as their owner."""
    owner = await asyncpg.connect(world.dsn)
    try:
        return list(await owner.fetch(query, *args))
    finally:
        await owner.close()
