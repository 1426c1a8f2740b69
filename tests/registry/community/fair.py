"""An event with a retail pool behind it, and what its guests do again and again."""

from dataclasses import dataclass
from typing import Any

from tests.worlds import World

TRIP = {"mode": "metro", "distance_km": 20, "nights": 2}
"""2 × 20 km × 0.0614 and 2 × 53.5 kg: 109.456, so 110 kg; at 36 CNY a tonne 3.96 CNY."""


@dataclass
class Fair:
    """An event of the scenic area, whose guests buy from the forest's pool."""

    world: World
    code: str
    pool_id: int
    operator: str

    async def join(self, *, key: str | None = None, name: str = "", listed: bool = False, **trip: Any) -> Any:
        """A guest joins, by default with `TRIP`; returns the share."""
        answer = await self.try_join(key=key, name=name, listed=listed, **trip)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    async def try_join(self, *, key: str | None = None, name: str = "", listed: bool = False, **trip: Any) -> Any:
        """The same; returns whatever is answered."""
        body = {"trip": trip or TRIP, "name": name, "listed": listed}
        return await self.world.post(f"/v1/events/{self.code}/guests", body, key=key)

    async def pay(self, guest: Any) -> Any:
        """The guest pays, and the simulated bank confirms."""
        return await self.world.ok(f"/v1/guests/{guest['secret']}/simulated-payment", by="")

    async def seen(self, guest: Any) -> Any:
        """What the guest's link shows."""
        return (await self.world.get(f"/v1/guests/{guest['secret']}")).json()

    async def pool(self) -> Any:
        """The pool as anybody sees it."""
        return (await self.world.get(f"/v1/pools/{self.pool_id}")).json()

    async def books(self) -> Any:
        """What the pool's owner is owed."""
        owner = self.world.party("forest")
        return (await self.world.get(f"/v1/pools/{self.pool_id}/accounts", by=owner.key)).json()

    async def lapse(self) -> None:
        """Let a quarter of an hour pass: holds are real time, which no test waits for."""
        async with self.world.db.reading() as tx:
            await tx.execute("update registry.retail_payment set held_until = held_until - interval '15 minutes'")


async def forest_issuance(world: World) -> str:
    """The code of the forest's first issuance."""
    items = (await world.get("/v1/issuances")).json()["items"]
    return str(next(each["code"] for each in items if each["methodology"].startswith("forest")))


async def fair(world: World, *, quantity_kg: int = 10_000, price_fen: int = 3_600, **event: Any) -> Fair:
    """Open a pool of the forest's and an event of the scenic area."""
    forest, scenic = world.party("forest"), world.party("scenic")
    offer = {
        "account_id": forest.account_id,
        "issuance": await forest_issuance(world),
        "quantity_kg": quantity_kg,
        "price_fen": price_fen,
    }
    pool = await world.ok("/v1/pools", offer, by=forest.key)
    body = {
        "organisation_id": scenic.organisation_id,
        "title": "Carbon inclusion open day",
        "place": "Panda Hall",
        "begins": "2025-03-01T01:00:00Z",
        "ends": "2025-03-01T09:00:00Z",
        "expected_guests": 60,
        "pool_id": pool["id"],
        **event,
    }
    made = await world.ok("/v1/events", body, by=scenic.key)
    return Fair(world, made["code"], pool["id"], world.party("exchange").key)
