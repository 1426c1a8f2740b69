"""
What happened to accounts since somebody last looked: trades, deliveries that ended, deposits and withdrawals refused.

Whoever tells people of it keeps how far each source was read, and moves that in the transaction in which it writes what
it was told. A delivery is read again until all before it have ended, so *cause* is a name for ever.
"""

from dataclasses import dataclass
from typing import Final, Literal

from exchange.settlement import store
from registry.kit.database import Tx
from schemas.serials import KG_PER_T

READ_AT_ONCE: Final = 10_000
Source = Literal["fills", "deliveries", "instructions"]
SOURCES: Final[tuple[Source, ...]] = ("fills", "deliveries", "instructions")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """One thing that happened to an account. *about* names the instrument; *why* says why something was refused."""

    cause: str
    kind: Literal["fill", "delivery", "refused"]
    account_id: int
    about: str
    quantity_kg: int | None
    why: str | None = None


async def ends_in(tx: Tx) -> dict[Source, int]:
    """Where each source ends now: a reader that begins here does not get what was before."""
    return await store.ends_of_sources(tx)


async def since_in(tx: Tx, source: Source, place: int) -> tuple[int, list[AccountEvent]]:
    """What happened after *place* of a source, and the place from which to look the next time."""
    match source:
        case "fills":
            return await _fills(tx, place)
        case "deliveries":
            return await _deliveries(tx, place)
        case "instructions":
            return await _refused_custody(tx, place)


async def _fills(tx: Tx, place: int) -> tuple[int, list[AccountEvent]]:
    """Fills of one account, instrument and side are one event, however many there were."""
    until = min((await store.ends_of_sources(tx))["fills"], place + READ_AT_ONCE)
    return max(until, place), [
        AccountEvent(
            cause=f"fills:{row['account_id']}:{row['code']}:{'buy' if row['bought'] else 'sell'}:{row['first_id']}",
            kind="fill",
            account_id=row["account_id"],
            about=f"{'buy' if row['bought'] else 'sell'} {row['code']}",
            quantity_kg=row["quantity_t"] * KG_PER_T,
        )
        for row in await store.filled(tx, place, until)
    ]


async def _deliveries(tx: Tx, place: int) -> tuple[int, list[AccountEvent]]:
    until = await store.ended_deliveries_until(tx, place)
    rows = await store.ended_deliveries(tx, place, READ_AT_ONCE)
    found = [
        AccountEvent(
            cause=f"delivery:{row['id']}:{account_id}",
            kind="refused" if row["refusal"] else "delivery",
            account_id=account_id,
            about=f"{side} {row['code']}",
            quantity_kg=row["quantity_t"] * KG_PER_T,
            why=row["refusal"],
        )
        for row in rows
        for side, account_id in (("buy", row["buyer_id"]), ("sell", row["seller_id"]))
    ]
    reached = rows[-1]["id"] if len(rows) == READ_AT_ONCE else until
    return max(place, min(until, reached)), found


async def _refused_custody(tx: Tx, place: int) -> tuple[int, list[AccountEvent]]:
    until = await store.ended_instructions_until(tx, place)
    rows = await store.refused_custody(tx, place, READ_AT_ONCE)
    found = [
        AccountEvent(
            cause=f"custody:{each.id}",
            kind="refused",
            account_id=each.account_id,
            about=f"{each.direction} {each.instrument or 'CNY'}",
            quantity_kg=each.quantity_t * KG_PER_T if each.quantity_t else None,
            why=each.refusal,
        )
        for each in rows
    ]
    reached = rows[-1].id if len(rows) == READ_AT_ONCE else until
    return max(place, min(until, reached)), found
