"""The whole journal once more from its first command, beside what the tables say: for those who trust neither."""

from collections.abc import Iterable
from typing import NamedTuple

from exchange.engine.market import Market, dissolve
from exchange.engine.state import STATE_CODEC, state_hash
from exchange.trading import journal, store
from exchange.trading.journal import Kept
from exchange.trading.projection import CASH
from exchange.trading.recovery import JournalBroken, begin, replay
from exchange.trading.store import Open, Rules, Undelivered
from registry.kit.database import Tx

Positions = dict[tuple[int, int], tuple[int, int, int, int]]
"""Settled, locked, incoming, outgoing by account and instrument; money is instrument 0."""
Books = dict[tuple[str, int, int | None], int]
"""Every number that engine and tables both have: what it is, of which thing, and whose; 0 is left away."""
_PARTS = ("settled", "locked", "incoming", "outgoing")


class Audited(NamedTuple):
    """
    Which commands were replayed, what did not hold, and the books of replay and tables.

    *begins* is the sequence it began behind: 0, or a snapshot's where an older engine wrote what is before it.
    """

    begins: int
    commands: int
    broken: str
    replayed: Books
    projected: Books


async def audit_in(tx: Tx) -> Audited:
    """
    Replay every batch that this engine can, check each hash, and take the books where the tables are.

    *tx* is one snapshot of the database.

    Tables follow the journal batch by batch, and snapshots are taken between batches, so that the replay passes the
    very states they should show. A snapshot is what the next start trades on: one that was replaced together with its
    hash is found here and nowhere else.
    """
    head, seen, projected = await journal.head(tx), await journal.projected(tx), await _tables_in(tx)
    replayed: Books = {}
    begins = sequence = 0
    market: Market | None = None
    try:
        older = await journal.has_other_versions(tx)
        engine, chained = begin(await journal.newest_snapshot(tx) if older else None)
        market = engine.market
        begins = sequence = market.sequence
        replayed = books(market)
        snapshots = await journal.kept_snapshots(tx)
        _check_snapshot(snapshots.pop(begins, None), market, chained)
        async for batch in journal.batches(tx, begins):
            _, chained = replay(engine, chained, batch)
            sequence = batch.last
            _check_snapshot(snapshots.pop(sequence, None), market, chained)
            if sequence == seen:
                replayed = books(market)
        _check_end(head, sequence, chained)
        _check_rest(each for each in snapshots if each > begins)
    except JournalBroken as error:
        return Audited(begins, sequence - begins, str(error), {}, {})
    finally:
        if market is not None:
            dissolve(market)
    return Audited(begins, sequence - begins, "", replayed, projected)


def _check_end(head: journal.Head, sequence: int, chained: bytes) -> None:
    if (sequence, chained) != (head.sequence, head.hash):
        raise JournalBroken(f"The journal ends at {sequence}; its head says {head.sequence}.")


def _check_rest(snapshots: Iterable[int]) -> None:
    if (first := min(snapshots, default=None)) is not None:
        raise JournalBroken(f"The snapshot at {first} stands where no batch ends.")


def _check_snapshot(kept: Kept | None, market: Market, chained: bytes) -> None:
    """Raise `JournalBroken` where a snapshot is not the state and the hash that the replay came to."""
    if kept is None or kept.codec != STATE_CODEC:
        return
    if not kept.actual == kept.state_hash == state_hash(market) or kept.hash != chained:
        raise JournalBroken(
            f"The snapshot at {kept.sequence} is state {kept.actual.hex()[:16]}… behind {kept.hash.hex()[:16]}…; its "
            f"journal replays to {state_hash(market).hex()[:16]}… behind {chained.hex()[:16]}…. Stop the service and "
            "delete that snapshot: the next start replays the journal instead."
        )


def books(market: Market) -> Books:
    """What an engine has."""
    return _books(
        positions(market),
        [Open(each.id, each.account.id, each.price, each.open) for each in market.orders.values()],
        [
            Undelivered(each.trade, each.seller, each.buyer, each.quantity, each.price, each.fee)
            for each in market.unsettled.values()
        ],
        [Rules(each.id, each.halted, each.low, each.high) for each in market.instruments.values()],
    )


async def _tables_in(tx: Tx) -> Books:
    """What the tables show."""
    return _books(
        await journal.positions(tx),
        await store.open_orders(tx),
        await store.undelivered(tx),
        await store.rules(tx),
    )


def _books(
    balances: Positions, orders: Iterable[Open], trades: Iterable[Undelivered], instruments: Iterable[Rules]
) -> Books:
    found: Books = {
        (f"{part} fen" if instrument == CASH else f"{part} tonnes of instrument", instrument, account): amount
        for (account, instrument), amounts in balances.items()
        for part, amount in zip(_PARTS, amounts, strict=True)
    }
    for order in orders:
        found["tonnes open of order", order.id, order.account_id] = order.open_t
        found["fen a tonne of order", order.id, order.account_id] = order.price_fen
    for trade in trades:
        found["tonnes to be delivered of trade", trade.id, trade.seller_id] = trade.quantity_t
        found["fen a tonne of trade", trade.id, trade.buyer_id] = trade.price_fen
        found["fen of fee of trade", trade.id, trade.buyer_id] = trade.fee_fen
    for each in instruments:
        found["halts of instrument", each.id, None] = each.halted
        found["lowest price of instrument", each.id, None] = each.low_fen
        found["highest price of instrument", each.id, None] = each.high_fen
    return {key: amount for key, amount in found.items() if amount}


def positions(market: Market) -> Positions:
    """The balances of a market; all zero is left away."""
    found = {
        (account.id, instrument): (each.settled, each.locked, each.incoming, each.outgoing)
        for account in market.accounts.values()
        for instrument, each in ((CASH, account.cash), *account.tonnes.items())
    }
    return {key: each for key, each in found.items() if any(each)}
