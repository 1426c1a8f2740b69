"""
Sending webhooks that are due.

A delivery is taken for one attempt by moving its next time, then sent outside of any transaction, then marked. A crash
in between sends it once more when the lease is over, under the same number, by which a receiver knows it again.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from registry.kit.database import Database, Tx
from registry.notifications.webhooks import rules, signing, store
from registry.notifications.webhooks.addresses import Unreachable
from registry.notifications.webhooks.service import Webhooks
from registry.notifications.webhooks.store import Attempt

log = structlog.get_logger()

SENT_AT_ONCE: Final = 50
OF_EACH_ADDRESS: Final = 5
LEASE: Final = timedelta(minutes=2)
_OK, _NOT_OK = 200, 300


class WebhookSender:
    """Sends what is due. *demo* is the domain at which everybody of a demo gets mail; *luck* spreads the retries."""

    def __init__(
        self, webhooks: Webhooks, *, demo: str | None = None, luck: Callable[[], float] = random.random
    ) -> None:
        self._webhooks = webhooks
        self._demo = demo
        self._luck = luck

    async def send(self, *, db: Database) -> int:
        """Try what is due, each once; returns how many were tried."""

        async def take(tx: Tx) -> list[Attempt]:
            return await store.take(tx, limit=SENT_AT_ONCE, of_each=OF_EACH_ADDRESS, lease=LEASE)

        taken = await db.transaction(take)
        await asyncio.gather(*(self._attempt(each, db) for each in taken))
        return len(taken)

    async def _attempt(self, attempt: Attempt, db: Database) -> None:
        status, answer = 0, ""
        try:
            status = await self._webhooks.gate.post(attempt.url, attempt.body.encode(), self._headers(attempt))
            answer = f"HTTP {status}"
        except Unreachable as error:
            answer = str(error)
        except rules.UrlRefused as error:
            answer = error.detail
        arrived = _OK <= status < _NOT_OK

        async def mark(tx: Tx) -> None:
            if arrived:
                await store.delivered(tx, attempt, answer)
            else:
                await self._failed_in(tx, attempt, answer, gone=status == rules.GONE)

        await db.transaction(mark)
        if not arrived:  # numbers alone: a URL may have a secret in it
            log.warning("webhook_not_delivered", webhook_id=attempt.webhook_id, delivery_id=attempt.id, status=status)

    async def _failed_in(self, tx: Tx, attempt: Attempt, answer: str, *, gone: bool) -> None:
        wait = rules.wait_after(attempt.tries, self._luck())
        over = rules.is_over(attempt.first_at, attempt.tried_at, wait)
        await store.failed(tx, attempt, answer, None if over or gone else wait)
        failing = await store.failing(tx, attempt.webhook_id)
        if gone or (failing is not None and failing >= rules.TRIED_FOR):
            await store.disable(tx, attempt.webhook_id, answer, self._demo)

    def _headers(self, attempt: Attempt) -> dict[str, str]:
        seal, organisation_id = self._webhooks.seal, attempt.organisation_id
        stored = [attempt.sealed] + ([attempt.old_sealed] if attempt.old_sealed else [])
        opened = [seal.opened(each, organisation_id) for each in stored]
        return signing.headers(attempt.message, attempt.body, _at(attempt), opened)


def _at(attempt: Attempt) -> datetime:
    """A receiver refuses an old one: each attempt has its own time."""
    return attempt.tried_at


async def forget(*, db: Database) -> None:
    """Delete messages of more than 30 days ago."""

    async def work(tx: Tx) -> None:
        await store.forget(tx, rules.KEPT)

    await db.transaction(work)
