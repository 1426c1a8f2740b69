"""A place with a page and a claim of its own: nothing is offset by its guests and by the place."""

from typing import Any

from tests.probes import refused, unchanged
from tests.registry.claims.preparing import POWER, YEAR, begun, counted, verified_plan
from tests.registry.community.fair import fair
from tests.worlds import World

INN = {"about": {"kind": "scene", "scene": "hotel", "place": "Riverside inn"}}
PAGE: dict[str, Any] = {"kind": "hotel", "profile": "hotel", "place": "Riverside inn", **YEAR}
WAY = "train,3000,km,,,,,,,,\r\n"


async def prepared(world: World, *rows: str, **more: Any) -> str:
    """A draft of the inn's claim that passes the gate; returns its address."""
    scenic = world.party("scenic")
    draft = await begun(world, scenic, "scene", **INN, **more)
    await counted(world, draft, POWER, *rows, by=scenic.key)
    measures = {"measures": [{"what": "LED", "reduction_kg": 20_000}], "plan": await verified_plan(world)}
    await world.ok(f"{draft}/update", measures, by=scenic.key)
    return draft


async def test_what_guests_offset_is_in_no_claim_of_the_place(delivered: World):
    """Travel is refused with the page's code; without it the claim is made."""
    scenic = delivered.party("scenic")
    page = await fair(delivered, **PAGE)
    draft = await prepared(delivered, WAY)
    async with unchanged(delivered):
        refused(await delivered.post(f"{draft}/declare", by=scenic.key), 409, "guests-own", page.code)
    await counted(delivered, draft, POWER, by=scenic.key)
    await delivered.ok(f"{draft}/declare", by=scenic.key)


async def test_a_page_that_leaves_travel_to_the_place_is_in_no_way(delivered: World):
    """The inn covers travel on its page, and claims it."""
    await fair(delivered, **PAGE, organiser_covers=["travel"])
    draft = await prepared(delivered, WAY)
    await delivered.ok(f"{draft}/declare", by=delivered.party("scenic").key)


async def test_no_page_offers_what_the_place_has_claimed(delivered: World):
    """After a claim with travel in it: another time, or a page that leaves travel to the place."""
    scenic = delivered.party("scenic")
    made = await delivered.ok(f"{await prepared(delivered, WAY)}/declare", by=scenic.key)
    later = await fair(delivered, **PAGE | {"begins": "2025-03-01T01:00:00Z", "ends": "2025-03-01T09:00:00Z"})
    body = {
        **PAGE,
        "organisation_id": scenic.organisation_id,
        "title": "The inn",
        "expected_guests": 60,
        "pool_id": later.pool_id,
    }
    async with unchanged(delivered):
        refused(await delivered.post("/v1/events", body, by=scenic.key), 409, "subject-claimed", f"Claim {made['id']}")
    await delivered.ok("/v1/events", body | {"organiser_covers": ["travel"]}, by=scenic.key)
