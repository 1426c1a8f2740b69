"""What tests do again and again to prepare a claim: a draft, its activities, a verified plan, an assessor's finding."""

from typing import Any

import httpx

from deploy.scenarios.cast import Party
from tests.registry.projects.life import upload
from tests.worlds import World

HEADER = "activity,quantity,unit,persons,region,year,basis,factor_kg_per_unit,source,number,note\r\n"
POWER = "electricity,1200000,kWh,,CN-510000,2022,,,,,\r\n"
"""168,480 kg in Sichuan."""
GREEN = "green-power,500000,kWh,,,,,,,GP-2024-1,\r\n"
"""70,200 kg of them."""
FUEL = "diesel,10000,kg,,,,,,,,own lorries\r\n"
"""30,959 kg."""
YEAR = {"begins": "2023-12-31T16:00:00Z", "ends": "2024-12-31T15:59:59Z"}
"""2024 in Shanghai."""


def draft_body(party: Party, type_: str = "organisation", **more: Any) -> dict[str, Any]:
    """A draft of one party."""
    return {
        "organisation_id": party.organisation_id,
        "type": type_,
        "subject": "The works in 2024 工厂2024年",
        **YEAR,
        "boundary": "All sites in the region, scopes 1 to 3 as reported",
        **more,
    }


async def begun(world: World, party: Party, type_: str = "organisation", **more: Any) -> str:
    """The address of a new draft."""
    made = await world.ok("/v1/claim-drafts", draft_body(party, type_, **more), by=party.key)
    return f"/v1/claim-drafts/{made['id']}"


async def sent(world: World, draft: str, content: bytes | str, *, by: str) -> httpx.Response:
    """Send an activity file."""
    headers = {"Authorization": f"Bearer {by}", "Idempotency-Key": world.next_key(), "Content-Type": "text/csv"}
    raw = content.encode() if isinstance(content, str) else content
    return await world.http.post(f"{draft}/activity-file", content=raw, headers=headers)


async def counted(world: World, draft: str, *rows: str, by: str) -> Any:
    """The draft with the activities of a file."""
    answer = await sent(world, draft, HEADER + "".join(rows), by=by)
    assert 201 == answer.status_code, answer.text
    return answer.json()


async def by_the_verifier(world: World, content: bytes) -> tuple[dict[str, str], str]:
    """The season's verifier's identifier, and the SHA-256 of a document that it uploaded."""
    vvb = world.party("vvb")
    sha256 = (await upload(world, content, by=vvb.key)).json()["sha256"]
    shown = (await world.get(f"/v1/organisations/{vvb.organisation_id}")).json()
    return shown["identifiers"][0], sha256


async def verified_plan(world: World, content: bytes = b"Plan to reduce, verified") -> dict[str, Any]:
    """A plan as a claim names it."""
    identifier, sha256 = await by_the_verifier(world, content)
    return {"identifier": identifier, "level": "limited", "plan_sha256": sha256}


async def found_by_assessor(world: World, content: bytes = b"Report on the footprint") -> dict[str, Any]:
    """An assessor's finding as a claim names it."""
    identifier, sha256 = await by_the_verifier(world, content)
    return {"identifier": identifier, "level": "reasonable", "report_sha256": sha256}


async def contract(world: World, party: Party, green_kwh: int = 500_000, **more: Any) -> httpx.Response:
    """The answer to registering a green-power contract."""
    body = {
        "organisation_id": party.organisation_id,
        "kind": "contract",
        "number": "GP-2024-1",
        "supplier": "Hydro of the Min 岷江水电",
        "green_kwh": green_kwh,
        **YEAR,
        **more,
    }
    return await world.post("/v1/green-power", body, by=party.key)


async def ready(world: World, party: Party, *, plan: bytes = b"A plan", report: bytes = b"A report") -> str:
    """A draft of an organisation that passes the gate: 129,239 kg of 205,439 kg are left."""
    await contract(world, party)
    draft = await begun(world, party)
    await counted(world, draft, POWER, GREEN, FUEL, by=party.key)
    change = {
        "plan": await verified_plan(world, plan),
        "measures": [{"what": "Heat recovered", "reduction_kg": 6_000}],
        "verifier": await found_by_assessor(world, report),
    }
    await world.ok(f"{draft}/update", change, by=party.key)
    return draft


def missing(draft: Any) -> list[str]:
    """The steps of the gate that keep a draft from being declared."""
    return [each["step"] for each in draft["gate"]["reasons"] if each["needed"] and not each["passed"]]


def reason(draft: Any, step: str) -> Any:
    """One reason of the gate."""
    return next(each for each in draft["gate"]["reasons"] if each["step"] == step)
