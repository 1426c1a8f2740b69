"""Event pages over HTTP: an organiser's event, and guests from the poster to the receipt."""

import pytest

from registry.community.events import guests
from tests.registry.community.fair import Fair, fair


@pytest.fixture
async def open_fair(issued) -> Fair:
    """An event whose guests buy from the forest's pool of ten tonnes at 36 CNY."""
    return await fair(issued)


async def test_a_guest_from_the_poster_to_the_receipt(open_fair):
    """Travel there and back and two nights: arithmetic, a hold, the bank, one retirement with the guest's own claim."""
    world = open_fair.world
    quote = (await world.get(f"/v1/events/{open_fair.code}/quote?mode=metro&distance_km=20&nights=2")).json()
    assert (110, 396, True) == (quote["quantity_kg"], quote["amount_fen"], quote["available"])
    guest = await open_fair.join(name="喆")
    assert ("held", 110, 396, 1) == (guest["state"], guest["quantity_kg"], guest["amount_fen"], guest["number"])
    paid = await open_fair.pay(guest)
    assert "paid" == paid["state"]
    assert 1 == await guests.retire_paid(db=world.db)
    retired = await open_fair.seen(guest)
    assert ("retired", 110) == (retired["state"], retired["quantity_kg"])
    receipt = (await world.get(f"/v1/retirements/{retired['receipt_id']}")).json()
    assert (110, retired["claim_id"]) == (receipt["quantity_kg"], receipt["claim_id"])
    claim = (await world.get(f"/v1/claims/{retired['claim_id']}")).json()
    assert (1, False, 110, 110) == (
        claim["attendee"],
        claim["exclusive"],
        claim["required_kg"],
        claim["allocated_kg"],
    )
    event = (await world.get(f"/v1/events/{open_fair.code}")).json()
    assert (1, 110, 9_890) == (event["guests"], event["offset_kg"], event["available_kg"])
