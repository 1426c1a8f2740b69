"""After the season: an event whose guests offset their own share, with one guest. The season's figures stay its own."""

from deploy.scenarios.cast import Season, Story, expect

GUEST_KG = 47
POOL_KG = 2_000


async def open_the_door(season: Season) -> Story:
    """The forest offers two tonnes by the kilogram, the scenic area invites, and a guest pays for 47 kg."""
    forest, scenic = season.parties["forest"], season.parties["scenic"]
    offer = {
        "account_id": forest.account_id,
        "issuance": season.issuances["forest"],
        "quantity_kg": POOL_KG,
        "price_fen": 36_00,
    }
    pool = await season.api.post("/v1/pools", offer, by=forest.key)
    event = await season.api.post(
        "/v1/events",
        {
            "organisation_id": scenic.organisation_id,
            "title": "Winter walk in the Longquan Hills 龙泉山冬日徒步",
            "place": "Longquan Hills 龙泉山",
            "begins": "2025-01-11T01:00:00Z",
            "ends": "2025-01-11T09:00:00Z",
            "expected_guests": 60,
            "pool_id": pool["id"],
        },
        by=scenic.key,
    )
    trip = {"mode": "car", "distance_km": 86}  # there and back: 172 × 0.2718 = 46.7496
    body = {"trip": trip, "name": "Zhou 喆", "listed": True}
    guest = await season.api.post(f"/v1/events/{event['code']}/guests", body, by="")
    expect("guest's share", (GUEST_KG, 170), (guest["quantity_kg"], guest["amount_fen"]))
    await season.api.post(f"/v1/guests/{guest['secret']}/simulated-payment", by="")
    return [
        f"Its poster is /events/{event['code']}/poster, and leads a guest to /e/{event['code']}.",
        f"One guest came {trip['distance_km']} km by car and paid {GUEST_KG} kg: /e/{event['code']}/{guest['secret']}",
    ]
