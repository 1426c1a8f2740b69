"""The whole journal once more from its first command, beside what the tables say: for those who trust neither."""

from typing import NamedTuple

from exchange.engine.market import Market
from exchange.trading import journal
from exchange.trading.projection import CASH
from exchange.trading.recovery import JournalBroken, begin, replay
from registry.kit.database import Tx

Positions = dict[tuple[int, int], tuple[int, int, int, int]]
"""Settled, locked, incoming, outgoing by account and instrument; money is instrument 0."""


class Audited(NamedTuple):
    """
    Which commands were replayed, what did not hold, and the positions of replay and tables.

    *begins* is the sequence it began behind: 0, or a snapshot's where an older engine wrote what is before it.
    """

    begins: int
    commands: int
    broken: str
    replayed: Positions
    projected: Positions


async def audit_in(tx: Tx) -> Audited:
    """
    Replay every batch that this engine can, check each hash, and take the balances where the tables are.

    *tx* is one snapshot of the database.

    Tables follow the journal batch by batch, so that the replay passes the very state they should show.
    """
    head, seen, projected = await journal.head(tx), await journal.projected(tx), await journal.positions(tx)
    replayed: Positions = {}
    begins = sequence = 0
    try:
        older = await journal.has_other_versions(tx)
        engine, chained = begin(await journal.newest_snapshot(tx) if older else None)
        begins = sequence = engine.market.sequence
        replayed = positions(engine.market)
        async for batch in journal.batches(tx, begins):
            _, chained = replay(engine, chained, batch)
            sequence = batch.last
            if batch.last == seen:
                replayed = positions(engine.market)
        if (sequence, chained) != (head.sequence, head.hash):
            raise JournalBroken(f"The journal ends at {sequence}; its head says {head.sequence}.")  # noqa: TRY301 - told like the others
    except JournalBroken as error:
        return Audited(begins, sequence - begins, str(error), {}, {})
    return Audited(begins, sequence - begins, "", replayed, projected)


def positions(market: Market) -> Positions:
    """The balances of a market; all zero is left away."""
    found = {
        (account.id, instrument): (each.settled, each.locked, each.incoming, each.outgoing)
        for account in market.accounts.values()
        for instrument, each in ((CASH, account.cash), *account.tonnes.items())
    }
    return {key: each for key, each in found.items() if any(each)}
