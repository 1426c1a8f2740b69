"""Retirement: the end of a kilogram."""

from tests.worlds import World


async def test_a_retirement_is_allocated_to_its_claim(delivered: World):
    """The reply names the receipt and the serials; the claim is covered to the kilogram."""
    scenic = delivered.party("scenic")
    claim = await delivered.event_claim()
    body = {"account_id": scenic.account_id, "claim_id": claim, "quantity_kg": 1200, "reason": "event"}
    order = await delivered.ok("/v1/retirements", body, by=scenic.key)
    assert 1200 == order["quantity_kg"]
    assert 1_198_800 == await delivered.active_kg("scenic")
