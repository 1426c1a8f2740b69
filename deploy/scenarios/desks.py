"""After the season: something that waits for each kind of visitor, so that nobody who enters the demo finds it idle."""

import asyncio
import time

from deploy.scenarios.cast import DESIGNS, EVENT_IS_OVER, Season, Story
from deploy.scenarios.client import Unexpected

CAMPAIGN_T = 100
PLEDGED_T = 20
OFFERED_KG = 1_500
OPEN_WITHIN_S = 20.0
_POLL_S = 0.1


async def lay_on_the_desks(season: Season) -> Story:
    """What waits on desks: a draft, a decision of two, a transfer, a claim, a campaign, a standing subscription."""
    await _projects(season)
    await _decision(season)
    await _transfer(season)
    await _claim(season)
    campaign = await _campaign(season)
    await _standing(season)
    return [
        "Something waits on the desks of the kiln's owner, the verifier, the second regulator and the solar works.",
        f"Campaign {campaign} takes pledges.",
        "The bank buys two tonnes a month from March on, by itself.",
    ]


async def _projects(season: Season) -> None:
    """The kiln's owner has one project under validation, and another that is not finished."""
    kiln = season.parties["kiln"]
    names = {
        "Kiln 4, gas to electricity 四号窑炉气改电": "Kiln 4",
        "Kiln 5, gas to electricity 五号窑炉气改电": "Kiln 5",
    }
    projects = []
    for name, number in names.items():
        body = {
            "organisation_id": kiln.organisation_id,
            "name": name,
            "methodology": "kiln-electrification",
            "location": "Qingbaijiang 青白江",
            "crediting_begins": "2025-07-01",
            "crediting_ends": "2034-06-30",
            "description": f"{name}: the last but one gas kiln of the works becomes electric.",
            "documents": [await season.document(f"Project design document: {name}", by=kiln.key)],
            **DESIGNS["kiln"],
            "site": {"number": number},
        }
        projects.append((await season.api.post("/v1/projects", body, by=kiln.key))["id"])
    await season.api.post(f"/v1/projects/{projects[0]}/submit", {"why": "Ready for validation"}, by=kiln.key)


async def _decision(season: Season) -> None:
    """The first regulator proposes that the verifier's person may read everything as an auditor."""
    vvb = season.parties["vvb"]
    body = {
        "operation": "grant_role",
        "person_id": vvb.person_id,
        "organisation_id": 1,
        "role": "auditor",
        "until": "2025-12-31T15:59:59Z",
    }
    proposal = {"body": body, "reason": "The yearly audit 年度审计"}
    await season.api.post("/v1/approvals", proposal, by=season.regulators[0])


async def _transfer(season: Season) -> None:
    """The bank offers the solar works a ton and a half."""
    bank, solar = season.parties["bank"], season.parties["solar"]
    offer = {
        "account_id": bank.account_id,
        "receiver_id": solar.account_id,
        "quantity_kg": OFFERED_KG,
        "reason": "For the supplier day 供应商大会",
    }
    await season.api.post("/v1/transfers", offer, by=bank.key)


async def _claim(season: Season) -> None:
    """The car maker prepares the claim of a meeting."""
    car = season.parties["car"]
    draft = {
        "organisation_id": car.organisation_id,
        "type": "event",
        "subject": "Dealers' meeting 2025 二〇二五经销商大会",
        "begins": "2025-01-20T01:00:00Z",
        "ends": "2025-01-21T10:00:00Z",
        "boundary": "The halls, the guests' travel and two nights 会场、参会出行与两晚住宿",
        "about": {"kind": "event", "place": "Longquanyi 龙泉驿", "event_id": "dealers-2025"},
    }
    await season.api.post("/v1/claim-drafts", draft, by=car.key)


async def _campaign(season: Season) -> int:
    """The forest's owner sells by a campaign that takes pledges from now on."""
    forest, solar = season.parties["forest"], season.parties["solar"]
    instrument = season.instruments["forest"]
    bring = {"account_id": forest.account_id, "instrument": instrument, "quantity_t": CAMPAIGN_T}
    await season.api.post("/v1/deposits/credits", bring, by=forest.key)
    terms = {
        **forest.next_order(),
        "instrument": instrument,
        "price_fen": 36_00,
        "quantity_t": CAMPAIGN_T,
        "opens_at": EVENT_IS_OVER,
        "closes_at": "2025-01-17T09:00:00Z",
        "floor_t": 10,
    }
    made = await season.api.post("/v1/campaigns", terms, by=forest.key)
    await _opened(season, made["id"])
    pledge = {**solar.next_order(), "quantity_t": PLEDGED_T}
    await season.api.post(f"/v1/campaigns/{made['id']}/pledges", pledge, by=solar.key)
    return int(made["id"])


async def _standing(season: Season) -> None:
    """The bank buys of the forest's tonnes each month from March on."""
    bank = season.parties["bank"]
    terms = {
        "side": "buy",
        "quantity_t": 2,
        "every": "month",
        "price_fen": 36_50,
        "begins": "2025-02-28T16:00:00Z",
        "budget_fen": 400_00,
        "instrument": season.instruments["forest"],
    }
    await season.api.post("/v1/subscriptions", {"account_id": bank.account_id, "terms": terms}, by=bank.key)


async def _opened(season: Season, campaign_id: int) -> None:
    """Until the calendar has opened it. Raises `Unexpected`."""
    until = time.monotonic() + OPEN_WITHIN_S
    while (await season.api.get(f"/v1/campaigns/{campaign_id}"))["state"] != "open":
        if time.monotonic() > until:
            raise Unexpected(f"campaign {campaign_id} did not open within {OPEN_WITHIN_S:.0f} s")
        await asyncio.sleep(_POLL_S)
