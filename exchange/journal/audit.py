"""The whole journal once more from its first row: for those who trust neither the tables nor the snapshots."""

from collections.abc import Iterable
from typing import NamedTuple

from exchange.engine.core import ENGINE_VERSION
from exchange.engine.layouts import STATE_CODEC
from exchange.engine.market import Market, dissolve
from exchange.engine.state import state_hash
from exchange.journal import codec, store
from exchange.journal.recovery import JournalBroken, begin, replay
from exchange.journal.store import Batch, JournalEnd, SnapshotHashes
from registry.kit.database import Tx

CASH = 0
"""Stands where an instrument stands in a balance: money."""
Positions = dict[tuple[int, int], tuple[int, int, int, int]]
"""Settled, locked, incoming, outgoing by account and instrument; money is instrument 0."""
Books = dict[tuple[str, int, int | None], int]
"""Every number that engine and tables both have: what it is, of which thing, and whose; 0 is left out."""
_PARTS = ("settled", "locked", "incoming", "outgoing")


class OpenQuantity(NamedTuple):
    """What is open of an order or a listing."""

    id: int
    account_id: int
    price_fen: int
    open_t: int


class Undelivered(NamedTuple):
    """A trade that will be delivered."""

    id: int
    seller_id: int
    buyer_id: int
    quantity_t: int
    price_fen: int
    fee_fen: int


class Bounds(NamedTuple):
    """What bounds an open instrument; *halted* adds the causes up, *phase* is that of its book."""

    id: int
    halted: int
    low_fen: int
    high_fen: int
    phase: int


class Audited(NamedTuple):
    """
    What was checked, what did not hold, and the books of the replay where the tables are.

    Another engine wrote everything up to *begins*: of that, *checked* commands are in rows whose hashes hold, and
    *unchecked* in rows of the first version, which only the engine that wrote them can check. *commands* were replayed.
    """

    begins: int
    checked: int
    unchecked: int
    commands: int
    broken: str
    replayed: Books


async def audit_in(tx: Tx) -> Audited:
    """
    Check every row and every snapshot, and replay what this engine can; returns the books where the tables are.

    *tx* is one snapshot of the database. Tables follow the journal batch by batch, and snapshots are taken between
    batches, so that the replay passes the very states they should show. A snapshot that was replaced together with its
    hash is found here and nowhere else.
    """
    audit = _Audit(await store.journal_end(tx), await store.projected(tx), await store.snapshots(tx))
    market: Market | None = None
    try:
        older = await store.last_of_other_engines(tx)
        snapshot = await store.snapshot_from(tx, older) if older else None
        engine, chained = begin(snapshot)
        market = engine.market
        audit.begins = market.sequence
        async for batch in store.batches(tx, 0):
            if batch.last <= audit.begins:
                audit.check(batch)
                continue
            if batch.first <= audit.begins + 1:
                audit.check_start(market, chained)
            _, chained = replay(engine, chained, batch)
            audit.passed(market, chained)
        if market.sequence == audit.begins:
            audit.check_start(market, chained)
        audit.check_end(market, chained)
    except JournalBroken as error:
        return Audited(audit.begins, audit.checked, audit.unchecked, audit.commands, str(error), {})
    finally:
        if market is not None:
            dissolve(market)
    return Audited(audit.begins, audit.checked, audit.unchecked, audit.commands, "", audit.replayed)


class _Audit:
    """How far an audit has come."""

    def __init__(self, end: JournalEnd, projected: int, snapshots: dict[int, SnapshotHashes]) -> None:
        self._end = end
        self._projected = projected
        self._snapshots = snapshots
        self._hash = codec.GENESIS
        self._sequence = 0
        self.begins = self.checked = self.unchecked = self.commands = 0
        self.replayed: Books = {}

    def check(self, batch: Batch) -> None:
        """A row of another engine: its hashes, without carrying it out. Raises `JournalBroken`."""
        if batch.first != self._sequence + 1:
            raise JournalBroken(f"The journal goes from {self._sequence} to {batch.first}: batches are missing.")
        size = batch.last - self._sequence
        if batch.codec == codec.UNCHECKED_CODEC or batch.events_hash is None:
            self.unchecked += size
        elif codec.chain(self._hash, batch.commands, batch.events_hash) == batch.hash:
            self.checked += size
        else:
            raise JournalBroken(
                f"The batch at {batch.first} does not have the hash {batch.hash.hex()[:16]}… that the journal says. "
                "It was altered."
            )
        self._hash, self._sequence = batch.hash, batch.last
        self._check_snapshot(None)

    def check_start(self, market: Market, chained: bytes) -> None:
        """The snapshot that the replay begins from stands where the rows before it end. Raises `JournalBroken`."""
        if (self._sequence, self._hash) != (market.sequence, chained):
            raise JournalBroken(
                f"The snapshot at {market.sequence} continues {chained.hex()[:16]}…; the journal is at "
                f"{self._sequence} with {self._hash.hex()[:16]}…."
            )
        self._see(market)

    def passed(self, market: Market, chained: bytes) -> None:
        """A row was replayed. Raises `JournalBroken` for a snapshot of another state."""
        self.commands += market.sequence - self._sequence
        self._hash, self._sequence = chained, market.sequence
        self._check_snapshot(market)
        self._see(market)

    def _see(self, market: Market) -> None:
        if market.sequence == self._projected:
            self.replayed = books_of(market)

    def _check_snapshot(self, market: Market | None) -> None:
        """A snapshot of this very layout is compared with the replay; of any, the hashes are."""
        found = self._snapshots.pop(self._sequence, None)
        if found is None:
            return
        same_layout = market is not None and (found.codec, found.engine) == (STATE_CODEC, ENGINE_VERSION)
        state = state_hash(market) if market is not None and same_layout else found.actual
        if not found.actual == found.state_hash == state or found.hash != self._hash:
            raise JournalBroken(
                f"The snapshot at {found.sequence} is {found.actual.hex()[:16]}… behind {found.hash.hex()[:16]}…; its "
                f"journal replays to {state.hex()[:16]}… behind {self._hash.hex()[:16]}…. Stop the service and "
                "delete that snapshot: the next start replays the journal instead."
            )

    def check_end(self, market: Market, chained: bytes) -> None:
        """The journal ends where its head says, and no snapshot is left over. Raises `JournalBroken`."""
        if (market.sequence, chained) != (self._end.sequence, self._end.hash):
            raise JournalBroken(f"The journal ends at {market.sequence}; its head says {self._end.sequence}.")
        if (first := min(self._snapshots, default=None)) is not None:
            raise JournalBroken(f"The snapshot at {first} stands where no batch ends.")


def books_of(market: Market) -> Books:
    """The books of an engine."""
    return books(
        positions(market),
        [OpenQuantity(each.id, each.account.id, each.price, each.open) for each in market.open_orders()],
        [
            Undelivered(each.trade, each.seller, each.buyer, each.quantity, each.price, each.fee)
            for each in market.unsettled.values()
        ],
        [Bounds(each.id, each.halted, each.low, each.high, each.phase) for each in market.instruments.values()],
    )


def books(
    balances: Positions,
    orders: Iterable[OpenQuantity],
    trades: Iterable[Undelivered],
    instruments: Iterable[Bounds],
) -> Books:
    """Everything in one form, so that two books can be compared number by number."""
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
        found["phase of instrument", each.id, None] = each.phase
    return {key: amount for key, amount in found.items() if amount}


def positions(market: Market) -> Positions:
    """The balances of a market; all zero is left out."""
    found = {
        (account.id, instrument): (each.settled, each.locked, each.incoming, each.outgoing)
        for account in market.accounts.values()
        for instrument, each in ((CASH, account.cash), *account.tonnes.items())
    }
    return {key: each for key, each in found.items() if any(each)}
