"""Guests at the last kilograms of a pool, a payment that is confirmed twice, and one that comes as its hold ends."""

import asyncio
from dataclasses import dataclass
from typing import Any
from unittest import mock

import httpx
import pytest

from registry.community.events import guests
from registry.community.events import store as events
from registry.community.retail import payments
from tests.races.race_region import RaceRegion
from tests.races.test_ledger_races import are_waiting, outcome, race

NIGHT = {"nights": 1}
"""54 kg."""
KILOGRAM = {"mode": "metro", "distance_km": 8}
"""16 km × 0.0614: 1 kg."""
POOL = "select from registry.retail_pool for update"
PAYMENT = "select from registry.retail_payment for update"


@dataclass
class Stall:
    """A pool of the maker's, and two events that sell from it."""

    region: RaceRegion
    pool_id: int
    codes: tuple[str, str]

    async def join(self, trip: dict[str, Any], *, event: int = 0) -> httpx.Response:
        """A guest of one of the events."""
        return await self.region.world.post(f"/v1/events/{self.codes[event]}/guests", {"trip": trip})

    async def pay(self, guest: Any) -> httpx.Response:
        """The guest pays, and the simulated bank confirms."""
        return await self.region.world.post(f"/v1/guests/{guest['secret']}/simulated-payment")

    async def confirm(self, guest: Any) -> httpx.Response:
        """An operator says that the payment came."""
        path = f"/v1/payments/{guest['reference']}/confirmations"
        return await self.region.world.post(path, {"amount_fen": guest["amount_fen"]}, by=self.region.operator.key)

    async def state(self, guest: Any) -> str:
        """The state of a guest's payment."""
        return str((await self.region.world.get(f"/v1/guests/{guest['secret']}")).json()["state"])

    async def left_kg(self) -> int:
        """What the pool still sells."""
        return int((await self.region.world.get(f"/v1/pools/{self.pool_id}")).json()["available_kg"])

    async def overdue(self) -> None:
        """Let a quarter of an hour pass."""
        async with self.region.world.db.reading() as tx:
            await tx.execute("update registry.retail_payment set held_until = held_until - interval '15 minutes'")


async def stall(region: RaceRegion, quantity_kg: int) -> Stall:
    """Open a pool with so many kilograms, and two events."""
    world, maker, organiser = region.world, region.maker, region.buyers[0]
    code = (await world.get("/v1/issuances")).json()["items"][0]["code"]
    offer = {"account_id": maker.account_id, "issuance": code, "quantity_kg": quantity_kg, "price_fen": 3_600}
    pool = await world.ok("/v1/pools", offer, by=maker.key)
    codes = []
    for place in ("One", "Two"):
        body = {
            "organisation_id": organiser.organisation_id,
            "title": place,
            "place": place,
            "begins": "2025-03-01T01:00:00Z",
            "ends": "2025-03-01T09:00:00Z",
            "expected_guests": 10,
            "pool_id": pool["id"],
        }
        codes.append((await world.ok("/v1/events", body, by=organiser.key))["code"])
    return Stall(region, pool["id"], (codes[0], codes[1]))


async def test_the_last_kilograms_are_held_for_one_of_two(region: RaceRegion):
    """Guests of two events, one pool of 100 kg: one has its 54 kg on hold, the other is refused with what is left."""
    open_stall = await stall(region, 100)
    answers = await race(region, [open_stall.join(NIGHT, event=number) for number in (0, 1)], POOL)
    assert [(201, ""), (409, "not-enough-left")] == outcome(answers)
    assert 46 == await open_stall.left_kg()


async def test_a_payment_that_is_confirmed_twice_at_once_is_booked_once(region: RaceRegion):
    """By an operator and by the bank's own page: both see that it is paid; it is retired once."""
    open_stall = await stall(region, 100)
    guest = (await open_stall.join(NIGHT)).json()
    answers = await race(region, [open_stall.confirm(guest), open_stall.pay(guest)], PAYMENT)
    assert [(201, ""), (201, "")] == outcome(answers)
    assert [1, 0] == [await guests.retire_paid(db=region.world.db) for _ in range(2)]


async def test_two_housekeepers_retire_a_payment_once(region: RaceRegion):
    """Both find it paid; the second looks again under the lock."""
    open_stall = await stall(region, 100)
    guest = (await open_stall.join(NIGHT)).json()
    await open_stall.pay(guest)
    async with region.gate(PAYMENT, until_waiting=2):
        both = [asyncio.create_task(guests.retire_paid(db=region.world.db)) for _ in range(2)]
    assert 1 == sum(await asyncio.gather(*both))
    assert "retired" == await open_stall.state(guest)


@pytest.mark.parametrize("first", ["payment", "housekeeper"])
async def test_a_payment_that_comes_as_its_hold_ends_gets_its_kilograms(region: RaceRegion, first: str):
    """Before the housekeeper it is in time; after it, the kilograms are still there, and are promised once."""
    open_stall = await stall(region, 100)
    guest = (await open_stall.join(NIGHT)).json()
    await open_stall.overdue()

    async def pay() -> object:
        return await open_stall.pay(guest)

    async def let_go() -> object:
        return await payments.lapse_due(db=region.world.db)

    async with region.gate(PAYMENT, until_waiting=2):
        ordered = [pay, let_go] if first == "payment" else [let_go, pay]
        tasks = []
        for number, each in enumerate(ordered, start=1):
            tasks.append(asyncio.create_task(each()))

            async def it_waits(number: int = number) -> bool:
                return await are_waiting(region, number)

            await region.until(it_waits)
    await asyncio.gather(*tasks)
    assert ("paid", 46) == (await open_stall.state(guest), await open_stall.left_kg())
    assert 1 == await guests.retire_paid(db=region.world.db)


async def test_two_hundred_guests_at_the_last_twenty_kilograms(region: RaceRegion):
    """Twenty have one each on hold, and 180 are refused because none is left; all twenty are retired."""
    open_stall = await stall(region, 20)
    answers = await asyncio.gather(*(open_stall.join(KILOGRAM, event=number % 2) for number in range(200)))
    joined = [each.json() for each in answers if each.status_code == httpx.codes.CREATED]
    refused = [each.json() for each in answers if each.status_code == httpx.codes.CONFLICT]
    assert (20, 180, 0) == (len(joined), len(refused), await open_stall.left_kg())
    assert {0} == {each["left_kg"] for each in refused}
    await asyncio.gather(*(open_stall.pay(each) for each in joined))
    assert 20 == await guests.retire_paid(db=region.world.db)


async def test_a_late_payment_while_the_others_are_covered_goes_back(region: RaceRegion):
    """
    The hold is over, the organiser's claim counts the guest among the others and is about to commit; the money comes.

    The share waits for the claims' turn, finds itself covered, and goes back: no kilogram is offset twice.
    """
    open_stall = await stall(region, 100)
    world, organiser, code = region.world, region.buyers[0], open_stall.codes[0]
    guest = (await open_stall.join(NIGHT)).json()
    await world.ok(f"/v1/events/{code}/close", by=organiser.key)
    await open_stall.overdue()
    assert 1 == await payments.lapse_due(db=world.db)
    counted, go_on = asyncio.Event(), asyncio.Event()
    original = events.set_others_claim

    async def slow(*given: Any) -> None:
        await original(*given)
        counted.set()
        await go_on.wait()

    body = {"came": 4, "items": [{"kind": "accommodation", "room_nights": 3}], "reduction_plan": "Shared rooms"}
    with mock.patch.object(events, "set_others_claim", slow):
        covering = asyncio.create_task(world.post(f"/v1/events/{code}/others-claim", body, by=organiser.key))
        await counted.wait()
        assert "paid" == (await open_stall.pay(guest)).json()["state"]
        retiring = asyncio.create_task(guests.retire_paid(db=world.db))

        async def it_waits() -> bool:
            return await are_waiting(region, 1)

        await region.until(it_waits)
        go_on.set()
        assert 201 == (await covering).status_code
    assert (0, "refunded", 100) == (await retiring, await open_stall.state(guest), await open_stall.left_kg())
