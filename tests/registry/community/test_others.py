"""What guests did not offset themselves: the organiser's to cover, in a claim of its own, and never a second time."""

from typing import Any

import pytest

from registry.community.events import guests, rules
from registry.community.retail import payments
from schemas.methodologies import EventAccommodation, EventTravel
from tests.probes import refused, unchanged
from tests.registry.community.fair import Fair, fair

NIGHTS = [{"kind": "accommodation", "room_nights": 3}]


@pytest.fixture
async def open_fair(issued) -> Fair:
    """An event whose guests buy from the forest's pool."""
    return await fair(issued)


async def cover(open_fair: Fair, came: int = 4, items: Any = NIGHTS, *, by: str = "scenic") -> Any:
    """The organiser claims for the others; returns whatever is answered."""
    body = {"came": came, "items": items, "reduction_plan": "Shared rooms"}
    world = open_fair.world
    return await world.post(f"/v1/events/{open_fair.code}/others-claim", body, by=world.party(by).key)


async def close(open_fair: Fair) -> None:
    """The page takes no more guests."""
    world = open_fair.world
    await world.ok(f"/v1/events/{open_fair.code}/close", by=world.party("scenic").key)


async def test_the_others_are_a_line_of_their_own(open_fair: Fair):
    """One of four has offset a share: the three others' nights are claimed beside it and the organiser's own share."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    await open_fair.pay(await open_fair.join())
    await guests.retire_paid(db=world.db)
    async with unchanged(world):
        refused(await cover(open_fair), 409, "event-open", "still takes guests")
    await close(open_fair)
    made = (await cover(open_fair)).json()
    shown = ("required_kg", "exclusive", "attendee", "subject")
    words = "Carbon inclusion open day · guests without a share of their own"
    assert (161, False, 1_000_000, words) == tuple(made[name] for name in shown)
    power = {"kind": "electricity", "electricity_kwh": 1200, "grid_region": "CN-510000", "grid_year": 2022}
    own = {"items": [power], "reduction_plan": "Daylight"}
    assert 169 == (await world.ok(f"/v1/events/{open_fair.code}/claim", own, by=scenic.key))["required_kg"]
    progress = (await world.get(f"/v1/events/{open_fair.code}/progress", by=scenic.key)).json()
    names = ("offset_kg", "claim_required_kg", "others_claim_id", "others_required_kg", "others_missing_kg")
    assert (110, 169, made["id"], 161, 161) == tuple(progress[name] for name in names)
    refused(await cover(open_fair), 409, "event-has-claim", f"covered by claim {made['id']}")


async def test_a_payment_that_comes_after_the_others_were_covered_goes_back(open_fair: Fair):
    """A guest whose 15 minutes were over is one of the others: the kilograms are not offset twice."""
    world = open_fair.world
    late = await open_fair.join()
    await close(open_fair)
    refused(await cover(open_fair), 409, "event-open", "1 guests of")
    await open_fair.lapse()
    assert 1 == await payments.lapse_due(db=world.db)
    made = await cover(open_fair)
    assert 201 == made.status_code, made.text
    await open_fair.pay(late)
    assert 0 == await guests.retire_paid(db=world.db)
    seen = await open_fair.seen(late)
    assert "refunded" == seen["state"]
    assert f"in claim {made.json()['id']}. Yours is among them" in seen["refund_reason"]
    assert 10_000 == (await open_fair.pool())["available_kg"]


async def test_what_the_others_cannot_be(open_fair: Fair):
    """Nobody is left; the organiser's own category; another organisation's event."""
    await close(open_fair)
    refused(await cover(open_fair, by="solar"), 403, "not-yours")
    refused(
        await cover(open_fair, 60, [{"kind": "accommodation", "room_nights": 3601}]), 422, "too-many-guests", "3601"
    )
    own = await fair(open_fair.world, title="Another day", place="Bear Hall", organiser_covers=["energy", "travel"])
    await close(own)
    way = {"kind": "travel", "mode": "car", "persons": 2, "distance_km": 40}
    refused(await cover(own, items=[*NIGHTS, way]), 422, "not-counted", "travel is in the organiser's own share")


@pytest.mark.parametrize(
    ("came", "with_share", "items", "said"),
    [
        (12, 12, [EventAccommodation(room_nights=1)], "12 guests came, and 12 have offset"),
        (12, 10, [EventTravel(mode="bus", persons=3, distance_km=4)], "3 persons by bus are more than the 2 guests"),
        (12, 10, [EventAccommodation(room_nights=121)], "121 room-nights are more than 2 guests have"),
        (12, 10, [EventTravel(mode="bus", persons=2, distance_km=4), EventAccommodation(room_nights=120)], ""),
    ],
)
def test_no_more_are_covered_than_have_no_share(came, with_share, items, said):
    """By persons of each way, and by nights."""
    if said:
        with pytest.raises(rules.TooManyGuests, match=said):
            rules.check_others(came, with_share, items)
    else:
        rules.check_others(came, with_share, items)
