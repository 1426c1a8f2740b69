"""A retirement is found by what is known of it, and its reason stays where its holder can read it."""

import pytest

from tests.registry.credits import steps
from tests.worlds import World


@pytest.fixture
async def retired(issued: World):
    """The solar works retired three times, for two visitors and for nobody; the scenic area once."""
    for word, quantity_kg in (("solar", 23), ("scenic", 3)):
        await steps.give(issued, issued.party("kiln"), issued.party(word), quantity_kg)
    orders = []
    for word, beneficiary, serial_kg in (
        ("solar", "Wang", 5),
        ("solar", "Li", 7),
        ("solar", "", 11),
        ("scenic", "Wang", 3),
    ):
        party = issued.party(word)
        body = {
            "account_id": party.account_id,
            "quantity_kg": serial_kg,
            "claim_id": await issued.contribution(word),
            "reason": f"For {beneficiary or 'nobody'}",
            "beneficiary": beneficiary,
        }
        orders.append(await issued.ok("/v1/retirements", body, by=party.key))
    return issued, [order["retirements"][0] for order in orders]


async def found(world: World, query: str, by: str = "") -> list[int]:
    """Kilograms of every retirement that is found."""
    answer = await world.get(f"/v1/retirements?{query}", by=by)
    assert 200 == answer.status_code, answer.text
    return [each["quantity_kg"] for each in answer.json()["items"]]


async def test_the_reason_is_shown_where_the_retirement_is(retired):
    """In the reply, to the holder and to overseers, in JSON and CSV; to nobody else, since it may name people."""
    world, (first, *_) = retired
    assert "For Wang" == first["reason"]
    path = f"/v1/retirements/{first['receipt_id']}"
    seen = {
        "holder": world.party("solar").key,
        "regulator": world.regulators[0],
        "another": world.party("bank").key,
        "anybody": "",
    }
    reasons = {who: (await world.get(path, by=key)).json()["reason"] for who, key in seen.items()}
    assert {"holder": "For Wang", "regulator": "For Wang", "another": None, "anybody": None} == reasons
    listed = (await world.get("/v1/retirements", by=seen["holder"])).json()["items"]
    assert ["For Wang", "For Li", "For nobody", None] == [each["reason"] for each in listed]
    table = await world.get("/v1/retirements.csv", by=seen["holder"])
    assert ("For Li" in table.text, "For Wang" in (await world.get("/v1/retirements.csv")).text) == (True, False)


async def test_a_resent_retirement_has_its_reason_too(issued: World):
    """The reply is rebuilt from what is stored."""
    solar = issued.party("solar")
    await steps.give(issued, issued.party("kiln"), solar, 1)
    claim = await issued.contribution("solar")
    body = {"account_id": solar.account_id, "quantity_kg": 1, "claim_id": claim, "reason": "Once"}
    once = await issued.post("/v1/retirements", body, by=solar.key, key="same")
    again = await issued.post("/v1/retirements", body, by=solar.key, key="same")
    assert once.json() == again.json()
    assert "Once" == again.json()["retirements"][0]["reason"]


async def test_retirements_are_found_by_serial(retired):
    """Whatever has one of the kilograms."""
    world, (first, second, *_) = retired
    assert [5] == await found(world, f"serial={first['serials'][0]}")
    code = first["issuance"]
    assert [5, 7] == await found(world, f"serial={code}:5-6kg")
    assert [] == await found(world, f"serial={code}:1000-2000kg")
    assert second["serials"] == [f"{code}:6-12kg"]


async def test_retirements_are_found_by_claimant_and_time(retired):
    """Both are public; several conditions hold together."""
    world, _ = retired
    solar, scenic = (world.party(each).organisation_id for each in ("solar", "scenic"))
    assert [5, 7, 11] == await found(world, f"organisation_id={solar}")
    assert [3] == await found(world, f"organisation_id={scenic}")
    moment = (await world.get("/v1/region")).json()["business_time"]
    assert [] == await found(world, f"organisation_id={scenic}&to={moment}")
    assert [3] == await found(world, f"organisation_id={scenic}&from={moment}")
    assert [5, 7, 11, 3] == await found(world, "from=2020-01-01")
    assert [7] == (await found(world, f"organisation_id={solar}&limit=2"))[1:]


async def test_a_beneficiary_is_found_by_who_may_know_them(retired):
    """The holder's organisation finds its own, an overseer all; without a key it is refused."""
    world, _ = retired
    assert [5] == await found(world, "beneficiary=Wang", world.party("solar").key)
    assert [3] == await found(world, "beneficiary=Wang", world.party("scenic").key)
    assert [] == await found(world, "beneficiary=Wang", world.party("bank").key)
    assert [5, 3] == await found(world, "beneficiary=Wang", world.regulators[0])
    assert [] == await found(world, "beneficiary=Nobody", world.regulators[0])
    refused = await world.get("/v1/retirements?beneficiary=Wang")
    assert (401, "unauthenticated") == steps.refusal(refused)
