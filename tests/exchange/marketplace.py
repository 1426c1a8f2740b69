"""A market in a test's world: what its people do again and again over HTTP, each in one call."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from unittest import mock

import httpx

from deploy.processes import engine as engine_role
from deploy.scenarios.cast import Party
from exchange.instruments.service import follow_freezes
from exchange.settlement import store
from exchange.settlement.reconciler import reconcile
from exchange.settlement.rules import ALONE_FEN
from exchange.settlement.settler import Settler
from tests.worlds import World

KILN, FOREST = "SC-CDCER-0002-2024", "SC-CDCER-0001-2024"
"""Kiln: tick 5 fen, lot 1 t, 10.00 to 20.00 CNY, fee 30 bps. Forest: tick 1 fen, lot 10 t, 30.00 to 45.00, no fee."""
DEADLINE_S = 60.0


async def until(happened: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll for something that comes by itself; far beyond what it takes, the test fails."""
    end = time.monotonic() + DEADLINE_S
    while not await happened():
        assert time.monotonic() < end, f"{what} did not happen"
        await asyncio.sleep(0.01)


class Market:
    """Two open instruments, sellers with tonnes and buyers with money, as the test deposits them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slips = itertools.count(1)

    def party(self, who: str | Party) -> Party:
        """One of the season's organisations, or a newcomer."""
        return self.world.party(who) if isinstance(who, str) else who

    async def open(self) -> None:
        """The operator opens both instruments; fees of the kiln's go to its own account."""
        operator = self.world.party("exchange")
        rules = {
            "kiln": {"tick_fen": 5, "low_fen": 10_00, "high_fen": 20_00, "fee_bps": 30},
            "forest": {"low_fen": 30_00, "high_fen": 45_00, "lot_t": 10},
        }
        for word, said in rules.items():
            body = {
                "project_id": self.world.season.projects[word],
                "vintage": 2024,
                "fee_account_id": operator.account_id,
                **said,
            }
            opened = await self.world.ok("/v1/instruments", body, by=operator.key)
            assert ("open", []) == (opened["state"], opened["halted_by"])

    async def bring(self, who: str | Party, tonnes: int, code: str = KILN) -> Any:
        """Deposit tonnes."""
        party = self.party(who)
        body = {"account_id": party.account_id, "instrument": code, "quantity_t": tonnes}
        return await self.world.ok("/v1/deposits/credits", body, by=party.key)

    async def pay_in(self, who: str | Party, fen: int) -> Any:
        """The operator books money, under the next reference of its bank, or two do if it takes two."""
        body = {
            "account_id": self.party(who).account_id,
            "amount_fen": fen,
            "reference": f"Bank slip {next(self.slips)}",
        }
        if fen > ALONE_FEN:
            return await self.pay_in_by_two(body)
        return await self.world.ok("/v1/deposits/cash", body, by=self.world.party("exchange").key)

    async def pay_in_by_two(self, body: dict[str, Any]) -> Any:
        """The operator proposes, and a second one carries it out whose key another regulator confirmed."""
        order = await self.proposed(body)
        return await self.world.ok("/v1/deposits/cash/approved", order, by=await self.second_operator())

    async def proposed(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the second operator has to send."""
        body = {"operation": "deposit_cash", **body}
        operator = self.world.party("exchange").key
        made = await self.world.ok("/v1/approvals", {"body": body, "reason": "Bank slip"}, by=operator)
        return {"approval_id": made["id"], "body": body}

    async def second_operator(self, *, confirmed: bool = True) -> str:
        """A further operator of the exchange."""
        place = self.world.party("exchange").organisation_id
        return (await self.world.member("operator", place, confirmed=confirmed))[1]

    async def send(self, who: str | Party, path: str, **said: Any) -> httpx.Response:
        """One command of a party, with its next client_order_id unless one is said."""
        party = self.party(who)
        return await self.world.post(path, {**party.next_order(), **said}, by=party.key)

    async def order(self, who: str | Party, side: str, tonnes: Any, price: Any, **said: Any) -> httpx.Response:
        """Place an order in the kiln's instrument unless another is said."""
        terms = {"instrument": KILN, "side": side, "quantity_t": tonnes, "price_fen": price}
        return await self.send(who, "/v1/orders", **{**terms, **said})

    async def placed(self, who: str | Party, side: str, tonnes: int, price: int, **said: Any) -> Any:
        """Place an order and insist that it is accepted; returns it."""
        return done(await self.order(who, side, tonnes, price, **said))

    async def buys(self, who: str | Party, tonnes: int, price: int, **said: Any) -> Any:
        """Place a bid that is taken."""
        return await self.placed(who, "buy", tonnes, price, **said)

    async def sells(self, who: str | Party, tonnes: int, price: int, **said: Any) -> Any:
        """Place an ask that is taken."""
        return await self.placed(who, "sell", tonnes, price, **said)

    async def lists(self, who: str | Party, tonnes: int, price: int, code: str = KILN) -> Any:
        """Open a listing."""
        return done(await self.send(who, "/v1/listings", instrument=code, price_fen=price, quantity_t=tonnes))

    async def subscribe(self, who: str | Party, listing_id: int, tonnes: int, **said: Any) -> httpx.Response:
        """Subscribe to a listing."""
        return await self.send(who, f"/v1/listings/{listing_id}/subscribe", quantity_t=tonnes, **said)

    async def own(self, who: str | Party, path: str) -> Any:
        """Read something of the party's account; *path* follows the account."""
        party = self.party(who)
        answer = await self.world.get(f"/v1/accounts/{party.account_id}/{path}", by=party.key)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    async def read(self, path: str, by: str = "") -> Any:
        """Read something that is public, or visible to the holder of the key *by*."""
        answer = await self.world.get(path, by=by)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    async def order_of(self, who: str | Party, order_id: int) -> Any:
        """One order of a party as it stands."""
        return await self.read(f"/v1/orders/{order_id}", by=self.party(who).key)

    async def cash(self, who: str | Party) -> tuple[int, ...]:
        """Fen of an account: settled, locked, incoming, outgoing."""
        return tuple((await self.own(who, "balances"))["cash"].values())

    async def tonnes(self, who: str | Party, code: str = KILN) -> tuple[int, ...]:
        """Tonnes of an account in one instrument: settled, locked, incoming, outgoing."""
        for each in (await self.own(who, "balances"))["tonnes"]:
            if each.pop("instrument") == code:
                return tuple(each.values())
        return ()

    async def levels(self, code: str = KILN) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """Bids and asks: price, tonnes, orders."""
        book = await self.read(f"/v1/instruments/{code}/book")
        bids, asks = ([tuple(each.values()) for each in book[side]] for side in ("bids", "asks"))
        return bids, asks

    async def projected(self) -> None:
        """Wait until the tables show everything that was answered."""
        await (await self.world.trade()).projector.caught_up()

    async def settled(self) -> None:
        """Wait until nothing is under way any more."""

        async def nothing() -> bool:
            await self.projected()
            async with self.world.db.reading() as tx:
                return not any(await store.under_way(tx))

        await until(nothing, "settlement")

    @contextlib.asynccontextmanager
    async def unsettled(self) -> AsyncIterator[None]:
        """Nothing is settled inside."""
        gate, step = asyncio.Event(), Settler.step

        async def waits(settler: Settler) -> bool:
            await gate.wait()
            return await step(settler)

        await self.settled()
        with mock.patch.object(Settler, "step", waits):
            yield
            gate.set()

    @contextlib.contextmanager
    def nobody_follows_freezes(self) -> Iterator[None]:
        """The keeper sleeps inside: only what looks a freeze up itself notices it."""
        with mock.patch.object(engine_role, "follow_freezes", mock.AsyncMock(return_value=0)):
            yield

    async def follow_freezes(self) -> None:
        """What the keeper does twice a second, now."""
        await follow_freezes(exchange=await self.world.trade())

    async def agree(self) -> None:
        """The books of exchange and registry agree, and nothing is under way."""
        await self.settled()
        found = await reconcile(db=self.world.db, replay=False)  # the invariants replay
        assert ((), 0) == (found.differences, found.in_flight)


def done(answer: httpx.Response) -> Any:
    """What a command came to, which was carried out."""
    assert 201 == answer.status_code, answer.text
    return answer.json()
