"""
Concurrent requests to the exchange, in it, and back: kilograms, instructions, deliveries and releases.

The region's own settler is disabled; tests of the settler step two others instead.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from deploy.scenarios.cast import Party
from exchange.parts import Exchange
from exchange.settlement import settler as settling
from exchange.settlement import store
from exchange.settlement.settler import Settler
from schemas.serials import KG_PER_T
from tests.probes import as_owner
from tests.races.race_region import ISSUED_KG, RaceRegion
from tests.races.test_ledger_races import ACCOUNTS, BLOCKS, Contender, are_waiting, given, offer, outcome, race
from tests.registry.credits import steps
from tests.worlds import PROFILE

PRICE_FEN = 2_000
TRADES = "select from exchange.trade for update"
DELIVERIES = "select from exchange.delivery for update"
INSTRUCTIONS = "select from exchange.instruction for update"
INSTRUMENTS = "select from exchange.instrument for update"
NUMBERS = "select pg_advisory_xact_lock(hashtextextended('exchange instruction', 0))"
SETTLER = "select pg_advisory_xact_lock(hashtextextended('exchange settler', 0))"
STEP = Settler.step


@dataclass
class Market:
    """One instrument, in which the maker can sell and the first buyer can buy."""

    region: RaceRegion
    exchange: Exchange
    code: str

    def brings(self, tonnes: int, way: str = "deposits", who: Party | None = None) -> Contender:
        """Tonnes of the maker, or of somebody else, to the exchange or off it."""
        party = who or self.region.maker
        body = {"account_id": party.account_id, "instrument": self.code, "quantity_t": tonnes}
        return self.region.world.post(f"/v1/{way}/credits", body, by=party.key)

    def pays(self, tonnes: int) -> Contender:
        """Money with which the buyer can buy so much."""
        body = {"account_id": self.region.buyers[0].account_id, "amount_fen": tonnes * PRICE_FEN}
        return self.region.world.post("/v1/deposits/cash", body, by=self.region.operator.key)

    async def sold(self, tonnes: int) -> None:
        """So much changes hands, and waits for its delivery. The maker keeps some on the exchange."""
        assert [(201, ""), (201, "")] == outcome([await self.brings(10), await self.pays(tonnes)])
        for party, side in ((self.region.maker, "sell"), (self.region.buyers[0], "buy")):
            body = {"instrument": self.code, "side": side, "price_fen": PRICE_FEN, "quantity_t": tonnes}
            body |= {"account_id": party.account_id, "client_order_id": 1}
            await self.region.world.ok("/v1/orders", body, by=party.key)
        await self.exchange.projector.caught_up()

    async def two_step(self, *held: str, until_waiting: int = 2) -> None:
        """Two settlers take one step each, and meet at what is held. What they would log and try again is raised."""
        settlers = [Settler(self.exchange, PROFILE) for _ in range(2)]
        with mock.patch.object(settling, "log", mock.Mock(exception=reraise, warning=reraise)):
            async with self.region.gate(*held, until_waiting=until_waiting):
                tasks = [asyncio.create_task(STEP(each)) for each in settlers]
            await asyncio.gather(*tasks)

    async def held_kg(self, party: Party) -> int:
        """What the registry holds of an account for the exchange."""
        query = "select coalesce(sum(quantity_kg), 0)::bigint from registry.hold where account_id = $1"
        return int(await as_owner(self.region.world, query, party.account_id))


def reraise(*_: object, **__: object) -> None:
    """Raise the exception that is being handled, if one is, to the caller."""
    if sys.exc_info()[0] is not None:
        raise  # noqa: PLE0704 - there is one


async def no_step(_: Settler) -> bool:
    """Nothing to do."""
    return False


@pytest.fixture
async def market(region: RaceRegion, monkeypatch: pytest.MonkeyPatch) -> Market:
    """The market over the region before any race."""
    monkeypatch.setattr(Settler, "step", no_step)
    body = {
        "project_id": await as_owner(region.world, "select project_id from registry.issuance"),
        "vintage": await as_owner(region.world, "select vintage from registry.issuance"),
        "low_fen": PRICE_FEN,
        "high_fen": PRICE_FEN,
        "fee_account_id": region.operator.account_id,
    }
    opened = await region.world.ok("/v1/instruments", body, by=region.operator.key)
    return Market(region, await region.world.trade(), opened["code"])


async def test_kilograms_are_deposited_or_offered_but_not_both(region: RaceRegion, market: Market):
    """A deposit and an offer of the same block: one is refused because nothing is left."""
    answers = await race(region, [market.brings(ISSUED_KG // KG_PER_T), offer(region, ISSUED_KG)], ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)
    assert 0 == answers[1].json()["held_kg"] == await region.world.active_kg(region.maker)


async def test_kilograms_are_deposited_or_retired_but_not_both(region: RaceRegion, market: Market):
    """A deposit and a retirement that together want more than there is."""
    buyer = region.buyers[0]
    await given(region, 0, ISSUED_KG)
    claim = await region.world.contribution(buyer)
    retiring = region.world.post("/v1/retirements", steps.retire_body(buyer, claim, 10 * KG_PER_T), by=buyer.key)
    answers = await race(region, [market.brings(10, who=buyer), retiring], ACCOUNTS, BLOCKS)
    assert [(201, ""), (409, "insufficient-credits")] == outcome(answers)


async def test_two_deposits_share_one_hold(region: RaceRegion, market: Market):
    """The first ones of an account, at once: both succeed, under the same hold."""
    answers = await race(region, [market.brings(4), market.brings(5)], ACCOUNTS, BLOCKS)
    assert [(201, ""), (201, "")] == outcome(answers)
    assert 9 * KG_PER_T == await market.held_kg(region.maker)


async def test_an_instruction_is_not_overtaken(region: RaceRegion, market: Market):
    """
    A deposit has its number and has not committed; the next one waits, or the engine would hear the larger one first.

    Numbers only rise: the smaller would never be carried out, and its kilograms be held for nothing.
    """
    async with region.gate(INSTRUMENTS, until_waiting=1):  # the foreign key of a deposit of tonnes waits there
        tonnes = asyncio.create_task(market.brings(10))
        await region.until(lambda: are_waiting(region, 1))
        money = asyncio.create_task(market.pays(1))

        async def it_waits_or_is_answered() -> bool:
            return money.done() or await region.waiting_sessions() == 2

        await region.until(it_waits_or_is_answered)
    answers = [await tonnes, await money]
    assert [(201, ""), (201, "")] == outcome(answers)
    assert ["done", "done"] == [each.json()["state"] for each in answers]


async def test_a_freeze_waits_for_money_that_leaves(region: RaceRegion, market: Market):
    """A withdrawal has passed the check and waits for its number: the freeze is not answered before it has it."""
    assert [(201, "")] == outcome([await market.pays(2)])
    buyer = region.buyers[0]
    frozen = {"scope": "account", "target_id": buyer.account_id, "reason": "test"}

    def leaving() -> Contender:
        body = {"account_id": buyer.account_id, "amount_fen": PRICE_FEN}
        return region.world.post("/v1/withdrawals/cash", body, by=buyer.key)

    async with region.gate(NUMBERS, until_waiting=1):
        withdrawing = asyncio.create_task(leaving())
        await region.until(lambda: are_waiting(region, 1))
        freezing = asyncio.create_task(region.world.post("/v1/restrictions", frozen, by=region.world.regulators[0]))

        async def it_waits_or_is_answered() -> bool:
            return freezing.done() or await region.waiting_sessions() == 2

        await region.until(it_waits_or_is_answered)
        answered_early = freezing.done()
    assert [(201, ""), (201, "")] == outcome([await withdrawing, await freezing])
    assert not answered_early, "the freeze was answered, and then the money left"
    assert [(409, "frozen")] == outcome([await leaving()])


async def test_a_trade_is_netted_by_one_of_two_settlers(region: RaceRegion, market: Market):
    """Both see that it waits: one delivery."""
    await market.sold(4)
    await market.two_step(SETTLER, TRADES)
    assert [4] == await as_owner(region.world, "select array_agg(quantity_t) from exchange.delivery")
    assert 4 * KG_PER_T == await market.held_kg(region.buyers[0])


async def test_a_delivery_is_made_by_one_of_two_settlers(region: RaceRegion, market: Market):
    """Both see that it is stored: the kilograms move once, and a second report to the engine has no effect."""
    await market.sold(4)
    await market.exchange.db.transaction(lambda tx: store.net(tx, 1))
    await market.two_step(DELIVERIES, ACCOUNTS, BLOCKS)
    assert (4 * KG_PER_T, 6 * KG_PER_T) == (await market.held_kg(region.buyers[0]), await market.held_kg(region.maker))
    assert "settled" == await as_owner(region.world, "select state from exchange.delivery")


async def test_a_withdrawal_is_released_by_one_of_two_settlers(region: RaceRegion, market: Market):
    """Both see that the engine owes it no more: the registry gives it back once."""
    assert [(201, "")] == outcome([await market.brings(10)])
    withdrawing = asyncio.create_task(market.brings(4, "withdrawals"))
    await region.until(debited(region))
    await market.two_step(INSTRUCTIONS, ACCOUNTS, BLOCKS)
    assert "done" == (await withdrawing).json()["state"]
    assert 6 * KG_PER_T == await market.held_kg(region.maker)
    assert ISSUED_KG - 6 * KG_PER_T == await region.world.active_kg(region.maker)


def debited(region: RaceRegion) -> Callable[[], Awaitable[bool]]:
    """Whether a withdrawal waits for the registry."""

    async def waiting() -> bool:
        query = "select exists (select from exchange.instruction where kind = 'debit_tonnes' and state = 'done')"
        found: Any = await as_owner(region.world, query)
        return bool(found)

    return waiting
