"""Reading tables that another process writes: waited for while it runs, read as they stand while it is away."""

import asyncio

import pytest

from deploy.processes.engine import TABLES
from exchange.journal.gateway import NotTrading
from exchange.journal.recovery import Elsewhere
from exchange.projections import store
from exchange.projections.projector import Projector
from registry.kit.database import Tx
from tests.probes import as_owner
from tests.worlds import World

BEHIND = "update exchange.projection set sequence = sequence {} 1"


async def test_tables_of_another_process(delivered: World):
    """Behind its journal they are waited for; once it is away they are read, and nothing is reported as missing."""
    projector = Projector(delivered.db, TABLES)
    await as_owner(delivered, BEHIND.format("-"))
    projector.publish(Elsewhere(9, 5, away=False))
    assert (9, 5) == (projector.committed, projector.projected)
    waiting = asyncio.create_task(projector.caught_up())
    done, _ = await asyncio.wait((waiting,), timeout=0.2)
    assert not done
    await projector.require_complete()  # callers of this have waited before
    projector.publish(Elsewhere(9, 5, away=True))
    await projector.caught_up()
    with pytest.raises(NotTrading, match="The tables are at"):
        await projector.require_complete()
    await as_owner(delivered, BEHIND.format("+"))
    await waiting
    await projector.require_complete()


async def test_an_answer_is_not_read_from_tables_that_stand_still(delivered: World):
    """The engine carried a command out and went away: nothing is answered that lacks the outcome."""
    projector = Projector(delivered.db, TABLES)
    await as_owner(delivered, BEHIND.format("-"))
    projector.publish(Elsewhere(9, 5, away=True))
    async with delivered.db.reading() as tx:
        journalled, projected = await store.progress(tx)
    await projector.reach(projected)
    waiting = asyncio.create_task(projector.reach(journalled))
    done, _ = await asyncio.wait((waiting,), timeout=0.2)
    assert not done
    await as_owner(delivered, BEHIND.format("+"))
    await asyncio.wait_for(waiting, 20)


async def test_one_look_at_the_tables_serves_all_who_wait(delivered: World, monkeypatch: pytest.MonkeyPatch):
    """Three hundred requests are answered together once the tables have come, not one in twenty milliseconds."""
    projector = Projector(delivered.db, TABLES)
    await as_owner(delivered, BEHIND.format("-"))
    projector.publish(Elsewhere(9, 5, away=False))
    async with delivered.db.reading() as tx:
        journalled, _ = await store.progress(tx)
    looks = 0
    progress = store.progress

    async def counted(tx: Tx) -> tuple[int, int]:
        nonlocal looks
        looks += 1
        return await progress(tx)

    monkeypatch.setattr(store, "progress", counted)
    waiting = [asyncio.create_task(projector.reach(journalled)) for _ in range(300)]
    await asyncio.wait(waiting, timeout=0.1)
    await as_owner(delivered, BEHIND.format("+"))
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert looks < 100
