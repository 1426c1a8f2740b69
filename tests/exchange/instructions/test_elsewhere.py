"""Waiting for instructions that the teller of another process carries out."""

import asyncio
from typing import Any, cast

from deploy.pool import connect_pool
from exchange.engine import commands as c
from exchange.instructions.service import Teller, store_in
from exchange.journal.forwarding import GatewayElsewhere
from registry.kit.database import Database
from tests.database import connected
from tests.simulation import trading_stack


class Tables:
    """Tables that show everything."""

    async def caught_up(self) -> None:
        """They are."""


async def test_a_wait_ends_though_later_instructions_wait(server, templates, tmp_path):
    """The other process is notified; a finished instruction is answered while later ones are still waiting."""
    looks: list[str] = []
    async with (
        trading_stack.market_database(server, templates["empty"]) as dsn,
        await connect_pool(dsn, size=3) as pool,
    ):
        db = Database(pool)
        elsewhere = GatewayElsewhere(tmp_path / "engine.sock", lambda _: None)
        teller = Teller(db, elsewhere, cast("Any", Tables()), wake=lambda: looks.append("look"))
        first, second = [
            await db.transaction(lambda tx: store_in(tx, c.CreditCash(0, 1, 1, 5), by=None)) for _ in range(2)
        ]
        running = asyncio.create_task(teller.run())
        waiting = [asyncio.create_task(teller.carried_out(number)) for number in (first, second)]
        done, _ = await asyncio.wait(waiting, timeout=0.5)
        assert (set(), ["look", "look"]) == (done, looks)
        for number, pending in ((first, 1), (second, 0)):
            async with connected(dsn) as owner:
                await owner.execute("update exchange.instruction set state = 'done' where id = $1", number)
            await asyncio.wait_for(waiting[number - first], 60)
            assert pending == sum(not each.done() for each in waiting)
        teller.stop()
        await running
