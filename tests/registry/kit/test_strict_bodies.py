"""Bodies mean what they say: nothing is converted to fit."""

import pytest

from tests.worlds import World

LOOSE = ('"47"', "47.0", "4.7e1", "true", "null", "[47]")


@pytest.mark.parametrize("quantity", LOOSE)
async def test_a_mass_is_an_integer_and_nothing_that_could_become_one(delivered: World, quantity: str):
    """A loose spelling of 47 kg is refused with the field's name."""
    scenic = delivered.party("scenic")
    body = f'{{"account_id": {scenic.account_id}, "claim_id": 1, "quantity_kg": {quantity}, "reason": "x"}}'
    headers = {
        "Authorization": f"Bearer {scenic.key}",
        "Idempotency-Key": "loose",
        "Content-Type": "application/json",
    }
    answer = await delivered.http.post("/v1/retirements", content=body, headers=headers)
    assert 400 == answer.status_code
    assert answer.json()["detail"].startswith("quantity_kg: expected int"), answer.text
