"""
Cancel on disconnect where the process that held the connection is gone.

Such a process says once a second that it is there (`exchange.orders.session.placed`). The engine's process cancels for
those that did not for `UNSEEN_S`. Which of an account's orders came by which connection only the process knew that is
gone, so all are cancelled that the account placed in the book since the session was opened.
"""

from typing import Final

import structlog

from exchange.engine import commands as c
from exchange.orders.service import UNNUMBERED
from exchange.orders.session import store
from exchange.orders.session.store import LeftBehind
from exchange.parts import Exchange
from registry.kit.database import Tx

log = structlog.get_logger()
UNSEEN_S: Final = 10.0
AT_ONCE: Final = 500


async def cancel_left_behind(*, exchange: Exchange) -> int:
    """
    Cancel for every session that was left behind; returns how many there were.

    A crash between the steps repeats them: a session is marked, its orders are cancelled, and then it is forgotten.
    Once it is marked, a process that is there after all ends it, so no client goes on unprotected.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def mark(tx: Tx) -> list[LeftBehind]:
        return await store.leave_behind(tx, UNSEEN_S)

    found = await exchange.db.transaction(mark)
    for session in found:
        await exchange.projector.caught_up()
        async with exchange.db.reading() as tx:
            orders = await store.open_since(tx, session.account_id, session.after_order_id)
        for at in range(0, len(orders), AT_ONCE):
            cancels = [c.Cancel(session.account_id, each, UNNUMBERED) for each in orders[at : at + AT_ONCE]]
            await exchange.gateway.submit_all(cancels)

        async def forget(tx: Tx, session_id: int = session.id) -> None:
            await store.end(tx, session_id)

        await exchange.db.transaction(forget)
        log.warning("cancelled_left_behind", account_id=session.account_id, orders=len(orders))
    return len(found)
