"""Reading tables that another process writes: waited for while it runs, read as they stand while it is away."""

import asyncio

import pytest

from deploy.processes.engine import TABLES
from exchange.journal.gateway import NotTrading
from exchange.journal.recovery import Elsewhere
from exchange.projections.projector import Projector
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
