"""Sessions as the tables show them."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Final

import asyncpg

from exchange.engine.modes.sessions.messages import CLOSED_AT_AVERAGE, CLOSED_AT_LAST, CLOSED_AT_REFERENCE
from exchange.engine.session import PHASES
from exchange.sessions.rules import COLLECTING, Timed, indication
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.sessions import ClosingPrice, ClosingRule, NewTimetable, Timetable, TradingSession

_sql = sql.load(__package__)
_RULES: Final[dict[int, ClosingRule]] = {
    CLOSED_AT_AVERAGE: "average",
    CLOSED_AT_LAST: "last-trade",
    CLOSED_AT_REFERENCE: "reference",
}
_TIMES: Final = ("pre_open", "opening_call", "continuous", "closing_call", "closed")


async def session(tx: Tx, code: str) -> TradingSession | None:
    """Where a book is in its day, with what its call would come to; *tx* is one snapshot."""
    row = await tx.fetchrow(_sql.session, code)
    if row is None:
        return None
    indicated = None
    if row["phase"] in COLLECTING:
        levels = [tuple(each.values()) for each in await tx.fetch(_sql.resting, row["instrument_id"])]
        indicated = indication(levels, row["tick_fen"], row["reference_fen"])
    return TradingSession(
        instrument=row["code"],
        phase=PHASES[row["phase"]],
        since=row["since"],
        indication=indicated,
        reference_fen=row["reference_fen"] or None,
        band_bps=row["band_bps"],
        average_from_t=row["average_from_t"],
        timetable=_timetable(row),
    )


def _timetable(row: asyncpg.Record) -> Timetable | None:
    if row["continuous"] is None:
        return None
    times = {name: f"{row[name]:%H:%M}" if row[name] is not None else None for name in _TIMES}
    return Timetable(**times, every_day=row["every_day"])  # type: ignore[arg-type]  # two of them are never null


async def closings(tx: Tx, window: Window, code: str) -> Page[ClosingPrice]:
    """The closing prices of an instrument."""
    rows = await tx.fetch(window.of(_sql.closings), *window.args, code)
    return window.page(
        [
            (
                row["id"],
                ClosingPrice(
                    id=row["id"],
                    instrument=row["code"],
                    price_fen=row["price_fen"] or None,
                    rule=_RULES[row["rule"]],
                    quantity_t=row["quantity_t"],
                    amount_fen=int(row["amount_fen"]),
                    at=row["at"],
                ),
            )
            for row in rows
        ]
    )


async def timed(tx: Tx) -> Sequence[Timed]:
    """Every book with a timetable, except those with an instruction on its way."""
    return [
        Timed(
            row["instrument_id"],
            row["phase"],
            row["since"],
            halted=bool(row["halted"]),
            every_day=row["every_day"],
            begins=tuple((phase, row[name]) for phase, name in _PHASE_TIMES if row[name] is not None),
        )
        for row in await tx.fetch(_sql.timed)
    ]


_PHASE_TIMES: Final = tuple((PHASES.index(name.replace("_", "-")), name) for name in _TIMES)


async def due(tx: Tx, now: datetime) -> list[int]:
    """The instruments with open orders that ended by *now*."""
    return [row["instrument_id"] for row in await tx.fetch(_sql.due, now)]


async def put_timetable(tx: Tx, instrument_id: int, body: NewTimetable, person_id: int) -> None:
    """Store a timetable instead of the one before."""
    times = [time.fromisoformat(each) if each is not None else None for each in body.times()]
    await tx.execute(_sql.put_timetable, instrument_id, *times, body.every_day, person_id, body.reason)
