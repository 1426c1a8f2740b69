"""
Delivers what was traded, and gives back what was withdrawn.

Each step is stored before the next begins, and may be repeated: what a crash leaves behind is found and taken up by the
next start. Trades wait for a delivery; a delivery is stored, then the registry moves the kilograms and the answer is
kept in the same transaction, then the engine is given the outcome and what was incoming is settled.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from exchange.engine import commands as c
from exchange.engine.events import Refused
from exchange.instructions import store as instructions
from exchange.parts import Exchange
from exchange.settlement import store
from exchange.settlement.store import Stored, Unreleased
from exchange.subscriptions import retiring
from registry import port
from registry.kit.database import Tx
from registry.kit.problems import StorageFull, Unavailable
from registry.kit.supervise import Supervisor
from schemas.custody import Delivery, HoldRequest, Payment
from schemas.parties import RegionProfile
from schemas.serials import KG_PER_T

log = structlog.get_logger()

AWAY: Final = (Unavailable, StorageFull)
"""The database cannot do anything for anybody."""
NETTED_AT_ONCE: Final = 10_000
DELIVERED_AT_ONCE: Final = 1_000
TOLD_AT_ONCE: Final = 1_000
RELEASED_AT_ONCE: Final = 100
IDLE_S: Final = 0.25
"""How often it looks where nothing has woken it."""
RETRY_S: Final = 0.5


class Stalled(Exception):
    """Something failed for itself, and was logged; the rest was done."""


class Settler:
    """One for each exchange. `run` is its life; `step` is all it does."""

    def __init__(self, exchange: Exchange, region: RegionProfile) -> None:
        self._exchange = exchange
        self._region = region
        self.stalled = False
        self.supervisor = Supervisor(
            "settler", "What was traded or withdrawn is not delivered", retry_s=RETRY_S, expected=(Stalled,)
        )

    async def run(self) -> None:
        """Settle until `stop`; trouble is waited out."""
        await self.supervisor.run(self._settle)

    async def _settle(self) -> None:
        seen = self._exchange.projector.projected
        moved = await self.step()
        if self.stalled:
            raise Stalled
        self.supervisor.well()
        if not moved:
            await self._exchange.projector.moves(seen, within_s=IDLE_S)

    def stop(self) -> None:
        """End after the step under way."""
        self.supervisor.stop()

    async def step(self) -> bool:
        """Take everything that waits one step further; False when nothing could be."""
        await self._exchange.projector.caught_up()  # else an outcome would be given to the engine again
        self.stalled = False
        async with self._exchange.db.reading() as tx:
            waiting = await store.under_way(tx)
        if waiting.trades:
            await self._exchange.db.transaction(lambda tx: store.net(tx, NETTED_AT_ONCE))
        delivered = await self._deliver() if waiting.trades or waiting.deliveries else 0
        given = await self._tell() if waiting.trades or waiting.deliveries else 0
        released = await self._release() if waiting.releases else 0
        return bool(waiting.trades or delivered or given or released)

    async def _deliver(self) -> int:
        """The registry delivers what is stored, many at a time; where that fails, each for itself."""
        db = self._exchange.db
        try:
            return await db.transaction(self._deliver_in)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - each is tried for itself next, and what fails is logged there
            log.warning("deliveries_one_by_one", reason=type(error).__name__)
        done = last = 0
        while True:
            async with db.reading() as tx:
                due = await store.due(tx, last, DELIVERED_AT_ONCE)
            if not due:
                return done
            last = due[-1]
            work = {number: functools.partial(self._deliver_in, only=number) for number in due}
            done += await self._each(work, "delivery_failed")

    async def _release(self) -> int:
        """The registry gives back what was withdrawn, each for itself."""
        done = last = 0
        while True:
            async with self._exchange.db.reading() as tx:
                due = await store.unreleased(tx, last, RELEASED_AT_ONCE)
            if not due:
                return done
            last = due[-1].id
            work = {each.id: functools.partial(self._release_in, each=each) for each in due}
            done += await self._each(work, "release_failed")

    async def _each(self, work: Mapping[int, Callable[[Tx], Awaitable[object]]], failure: str) -> int:
        """Each in a transaction of its own: one that fails stops no other. Answers how many were done."""
        done = 0
        for number, each in work.items():
            try:
                await self._exchange.db.transaction(each)
                done += 1
            except AWAY:
                raise
            except Exception:
                log.exception(failure, number=number)
                self.stalled = True
        return done

    async def _deliver_in(self, tx: Tx, only: int | None = None) -> int:
        """The registry moves the kilograms; its answers commit with them."""
        stored = await store.stored(tx, DELIVERED_AT_ONCE, only)
        if not stored:
            return 0
        answers = await port.deliver_in(tx, [_delivery(each) for each in stored], region=self._region)
        for each, answer in zip(stored, answers, strict=True):
            if answer.refusal is not None:
                log.warning("delivery_refused", delivery_id=each.id)
        await store.delivered(tx, [each.id for each in stored], answers)
        return len(stored)

    async def _release_in(self, tx: Tx, each: Unreleased) -> None:
        """Both sides in one transaction: a crash leaves either both or neither. So with what is retired at once."""
        if await instructions.release(tx, each.id):
            due = await retiring.due_in(tx, each.id)
            released = await port.release_in(
                tx,
                HoldRequest(
                    reference=f"release-{each.id}",
                    account_id=each.account_id,
                    project_id=each.project_id,
                    vintage=each.vintage,
                    quantity_kg=each.tonnes * KG_PER_T,
                ),
            )
            if due is not None and released:
                await retiring.retire_in(tx, each.id, due, released, region=self._region)

    async def _tell(self) -> int:
        """
        The engine settles what was delivered, and refunds what was not. Each trade it takes once, whatever we do.

        It refuses what it was given before and the tables did not show yet; they do by the next step.
        """
        async with self._exchange.db.reading() as tx:
            ended = await store.unjournalled(tx, TOLD_AT_ONCE)
        if not ended:
            return 0
        answers = await self._exchange.gateway.submit_all(
            [(c.Settle if each.delivered else c.Refund)(each.id, each.trades) for each in ended]
        )
        await self._exchange.projector.caught_up()
        refused = [
            each.id for each, answer in zip(ended, answers, strict=True) if isinstance(answer.events[0], Refused)
        ]
        if refused:
            log.warning("outcomes_refused", delivery_ids=refused)
            self.stalled = True
        return len(ended) - len(refused)


def _delivery(stored: Stored) -> Delivery:
    return Delivery(
        reference=f"delivery-{stored.id}",
        seller_id=stored.seller_id,
        buyer_id=stored.buyer_id,
        project_id=stored.project_id,
        vintage=stored.vintage,
        quantity_kg=stored.quantity_t * KG_PER_T,
        payment=Payment(
            tonnes=stored.quantity_t,
            gross_fen=stored.gross_fen,
            fee_fen=stored.fee_fen,
            net_fen=stored.gross_fen - stored.fee_fen,
        ),
    )
