"""Whether the clock of a live region is behind the times that it has recorded: then it writes nothing."""

from registry.kit import clock
from registry.kit.database import Database
from registry.kit.supervise import Supervisor

TICK_S = 1.0


class ClockWatch:
    """Looks every second how the machine's clock stands to business time."""

    def __init__(self) -> None:
        self.trouble = ""
        """Why nothing is written; empty if the clock is right."""

    async def watch(self, db: Database) -> None:
        """Look until cancelled; what fails is logged and tried again."""
        supervisor = Supervisor("clock watch", "How the clock stands is unknown", retry_s=TICK_S)

        async def step() -> None:
            self.trouble = await clock.trouble(db=db)
            supervisor.well()
            await supervisor.pause(TICK_S)

        await supervisor.run(step)
