"""The exchange of a process whose engine runs in another one: commands go there, tables are read here."""

import asyncio
from pathlib import Path
from typing import Any

from deploy.processes.engine import STOP_TIMEOUT_S, TABLES
from deploy.processes.tasks import ended
from exchange import modes
from exchange.instructions.service import Teller
from exchange.journal.forwarding import GatewayElsewhere, Progress
from exchange.journal.recovery import Elsewhere
from exchange.parts import Exchange
from exchange.projections.instruments import KnownInstruments
from exchange.projections.projector import Projector
from registry.kit.database import Database


class EngineElsewhere:
    """
    The connection to the engine's process at *socket*, and the exchange over it.

    While that process is away commands are refused with 503 and the tables are read as they stand. Instructions are
    stored here and carried out there.
    """

    def __init__(self, db: Database, socket: Path) -> None:
        projector = Projector(db, TABLES)

        def follow(seen: Progress) -> None:
            projector.publish(Elsewhere(seen.committed, seen.projected, away=not seen.writing))

        gateway = GatewayElsewhere(socket, follow)
        teller = Teller(db, gateway, projector, wake=gateway.look)
        self.exchange = Exchange(db, gateway, projector, teller, KnownInstruments(db), TABLES, modes.REFUSALS)
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    @property
    def trouble(self) -> str:
        """Why something does not work, in one line; empty when everything does."""
        return self.exchange.trouble

    async def start(self) -> None:
        """Connect from now on, and look after the instructions that are stored here."""
        self._tasks = {
            "gateway": asyncio.create_task(self.exchange.gateway.run(), name="gateway elsewhere"),
            "teller": asyncio.create_task(self.exchange.teller.run(), name="teller"),
        }

    async def stop(self) -> None:
        """Close the connection; requests that wait for it are answered 503."""
        self.exchange.teller.stop()
        await ended(self._tasks["teller"], within_s=STOP_TIMEOUT_S)
        self.exchange.gateway.stop()
        await ended(self._tasks["gateway"], within_s=STOP_TIMEOUT_S)
