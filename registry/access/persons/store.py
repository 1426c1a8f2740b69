"""The graph of keys, and who can decide, in PostgreSQL."""

from registry.access.persons import rules
from registry.kit import sql
from registry.kit.database import Tx

_sql = sql.load(__package__)


async def lock(tx: Tx) -> None:
    """Wait for others who change who can decide; those that come later wait for *tx*."""
    await tx.execute(_sql.lock)


async def graph(tx: Tx) -> rules.KeyGraph:
    """Every edge there is now."""
    return rules.KeyGraph(tuple((row["maker"], row["holder"]) for row in await tx.fetch(_sql.edges)))


async def power(tx: Tx) -> rules.Power:
    """The regulators who can decide now, and the graph."""
    deciding = frozenset(row["person_id"] for row in await tx.fetch(_sql.deciding))
    return rules.Power(deciding, await graph(tx))
