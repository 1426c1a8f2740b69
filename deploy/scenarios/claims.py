"""What the buyers' credits are for: an event that becomes neutral, and a contribution that never does."""

from typing import Any

from deploy.scenarios.cast import CAST, EVENT, EVENT_IS_OVER, Party, Season, Story, expect
from schemas.serials import KG_PER_T


async def neutralise_the_event(season: Season) -> Story:
    """The launch event works out its footprint and retires exactly what it owes."""
    scenic = season.parties["scenic"]
    footprint = await season.api.post(
        "/v1/footprints",
        {"organisation_id": scenic.organisation_id, "request": {"profile": "chengdu-event", "items": list(EVENT)}},
        by=scenic.key,
    )
    result = footprint["result"]
    expect("footprint", 1_200, result["footprint_kg"])
    claim = await season.api.post("/v1/claims", event_claim_body(scenic, footprint["id"]), by=scenic.key)
    season.claims["event"] = claim["id"]
    too_much = await _retire(season, "scenic", "event", 1_201, status=409)
    order = await _retire(season, "scenic", "event", 1_200)
    season.receipts["event"] = order["retirements"][0]["receipt_id"]
    early = await season.api.get(f"/v1/claims/{claim['id']}", by=scenic.key)
    expect("covered before it is over", (False, 0), (early["neutral"], early["missing_kg"]))
    await season.set_clock(EVENT_IS_OVER)
    covered = await season.api.get(f"/v1/claims/{claim['id']}", by=scenic.key)
    expect("neutral", (True, 0), (covered["neutral"], covered["missing_kg"]))
    again = await _claim_again(season, scenic)
    terms = [each["term"] for each in result["items"]]
    return [
        *(f"   {each['label']}: {each['expression']} = {each['value']} {each['unit']}" for each in terms),
        f"Footprint {result['unrounded_kg'].rstrip('0')} kg, so {claim['required_kg']:,} kg must be retired.",
        f"Refused: {too_much['detail']}",
        f"Retired {order['quantity_kg']:,} kg: {order['retirements'][0]['serials'][0]}. The claim is covered.",
        "The event ends at 18:00 in Shanghai; only from then on is it neutral.",
        f"A second claim about it is refused: {again['detail'].partition('. ')[0]}.",
    ]


async def _claim_again(season: Season, scenic: Party) -> Any:  # noqa: ANN401 - JSON
    """The refusal of a second claim on the event, by a footprint of its own."""
    items = [{"kind": "travel", "mode": "metro", "distance_km": 10}]
    footprint = await season.api.post(
        "/v1/footprints",
        {"organisation_id": scenic.organisation_id, "request": {"profile": "chengdu-event", "items": items}},
        by=scenic.key,
    )
    body = event_claim_body(scenic, footprint["id"])
    return await season.api.post("/v1/claims", body, by=scenic.key, status=409)


def event_claim_body(scenic: Party, footprint_id: int) -> dict[str, Any]:
    """The launch event's claim on a stored footprint."""
    return {
        "organisation_id": scenic.organisation_id,
        "type": "event",
        "subject": "Launch event of the first season 首季启动活动",
        "begins": "2025-01-06T01:00:00Z",
        "ends": "2025-01-06T10:00:00Z",
        "about": {"kind": "event", "place": "Longquan Hills visitor centre 龙泉山游客中心"},
        "boundary": "Power of the hall, travel of all guests, accommodation of speakers 会场用电、来宾出行与讲者住宿",
        "footprint_id": footprint_id,
        "reduction_plan": "Metro first, no printed programme, tap water 地铁优先，无纸化",
        "responsible_person": CAST["scenic"].person,
        "exclusive": True,
    }


async def contribute(season: Season) -> Story:
    """The bank retires without claiming neutrality."""
    bank = season.parties["bank"]
    claim = await season.api.post(
        "/v1/claims",
        {
            "organisation_id": bank.organisation_id,
            "type": "contribution",
            "subject": "Contribution to the region's forests 对本地森林的贡献",
            "begins": "2023-12-31T16:00:00Z",  # the year of Asia/Shanghai
            "ends": "2024-12-31T15:59:59Z",
            "boundary": "None: this claim offsets nothing 无：本声明不抵消任何排放",
            "exclusive": False,
        },
        by=bank.key,
    )
    season.claims["contribution"] = claim["id"]
    order = await _retire(season, "bank", "contribution", 300 * KG_PER_T)
    season.receipts["contribution"] = order["retirements"][0]["receipt_id"]
    shown = await season.api.get(f"/v1/claims/{claim['id']}", by=bank.key)
    expect("contribution is never neutral", False, shown["neutral"])  # noqa: FBT003 - the expected value
    return ["The bank retires 300,000 kg as a contribution. It may not call anything neutral for it, and cannot."]


async def _retire(season: Season, who: str, claim: str, quantity_kg: int, *, status: int = 201) -> Any:  # noqa: ANN401 - JSON
    party = season.parties[who]
    body = {
        "account_id": party.account_id,
        "claim_id": season.claims[claim],
        "quantity_kg": quantity_kg,
        "issuance": season.issuances["forest"],
        "reason": "First season 首季",
        "beneficiary": CAST[who].name,
    }
    return await season.api.post("/v1/retirements", body, by=party.key, status=status)
