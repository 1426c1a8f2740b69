"""
What a session has placed and nobody has taken yet: cancelled when it ends, if its client asked for that.

The session has a row for as long, so that where this process is killed, the engine's cancels (`left_behind`).
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from exchange.engine import commands as c
from exchange.journal.gateway import NotTrading
from exchange.orders import store
from exchange.orders.service import UNNUMBERED
from exchange.orders.session import store as rows
from exchange.parts import Exchange
from exchange.projections import store as projections
from registry.kit.database import Tx
from registry.kit.problems import Unavailable
from schemas.order_session import SessionCommand
from schemas.orders import CommandAnswer

log = structlog.get_logger()
KEPT: Final = 20_000
"""Orders that are remembered before those are looked for that are open no more: twice what an account may have open."""
AT_ONCE: Final = 500
RETRY_S: Final = 0.5
RETRIES: Final = 60
"""An engine that recovers is back within seconds."""


class PlacedHere:
    """Orders by number, and client_order_ids of commands of which nobody knows what they came to."""

    def __init__(self, account_id: int, exchange: Exchange) -> None:
        self._account_id = account_id
        self._exchange = exchange
        self._orders: set[int] = set()
        self._uncertain: set[int] = set()
        self._session_id = 0

    async def begin(self, earlier: Sequence[CommandAnswer]) -> None:
        """Store that this session cancels at its end, before its client is told so; *earlier* orders are its too."""
        orders = [each.order.id for each in earlier if each.order is not None]
        await self._exchange.projector.caught_up()

        async def work(tx: Tx) -> int:
            return await rows.begin(tx, self._account_id, orders)

        self._session_id = await self._exchange.db.transaction(work)

    async def still_here(self) -> bool:
        """Say that this process is; false if the engine has cancelled meanwhile because it was silent for too long."""

        async def work(tx: Tx) -> bool:
            return await rows.seen(tx, self._session_id)

        return await self._exchange.db.transaction(work)

    async def note(self, answers: Iterable[CommandAnswer]) -> None:
        """Remember what rests, and forget what does not. Raises `NotTrading`."""
        for each in answers:
            if each.order is not None and each.order.open_t:
                self._orders.add(each.order.id)
            elif each.order is not None:
                self._orders.discard(each.order.id)
        if len(self._orders) > KEPT:
            self._orders = set(await self._open())

    def is_uncertain(self, commands: Iterable[SessionCommand]) -> None:
        """These were given to the gateway, and not answered."""
        self._uncertain.update(each.client_order_id for each in commands if each.client_order_id)

    async def cancel(self) -> None:
        """Cancel all of it; while the exchange does not trade, it is tried again."""
        for _ in range(RETRIES):
            try:
                found = await self._open()
                for at in range(0, len(found), AT_ONCE):
                    cancels = [c.Cancel(self._account_id, each, UNNUMBERED) for each in found[at : at + AT_ONCE]]
                    await self._exchange.gateway.submit_all(cancels)
                await self._exchange.db.transaction(self._end_in)
            except (NotTrading, Unavailable):
                await asyncio.sleep(RETRY_S)
            else:
                log.info("cancelled_on_disconnect", account_id=self._account_id, orders=len(found))
                return
        log.error("not_cancelled_on_disconnect", account_id=self._account_id, orders=len(self._orders))

    async def _end_in(self, tx: Tx) -> None:
        await rows.end(tx, self._session_id)

    async def _open(self) -> Sequence[int]:
        """What of it is open now."""
        await self._exchange.projector.caught_up()
        async with self._exchange.db.reading() as tx:
            known = await projections.requests(tx, self._account_id, sorted(self._uncertain))
            mine = self._orders | {each.order_id for each in known.values() if each.reason is None}
            return await store.still_open(tx, self._account_id, sorted(mine))
