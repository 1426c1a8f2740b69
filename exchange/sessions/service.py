"""Sessions of the book: moved by a timetable or by the operator, with rules by the regulator."""

from datetime import datetime

from exchange.engine.commands import Command
from exchange.engine.modes.sessions import messages as m
from exchange.engine.session import PHASES
from exchange.instructions import service as instructions
from exchange.instruments.rules import keep_preset
from exchange.parts import Exchange
from exchange.projections.instruments import no_instrument
from exchange.projections.store import Tradable
from exchange.sessions import rules, store
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from schemas.access import Call
from schemas.pages import Page
from schemas.sessions import ClosingPrice, NewPhase, NewTimetable, SessionRules, TradingSession


async def session(code: str, *, exchange: Exchange) -> TradingSession:
    """Where a book is in its day, and what its call would come to."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        if found := await store.session(tx, code):
            return found
    raise no_instrument(code)


async def closing_prices(code: str, window: Window, *, exchange: Exchange) -> Page[ClosingPrice]:
    """At what an instrument closed."""
    await exchange.projector.caught_up()
    await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.closings(tx, window, code)


async def set_phase(code: str, body: NewPhase, *, call: Call, exchange: Exchange) -> TradingSession:
    """
    Move a book by hand; the timetable goes on from its next phase. A call that ends is uncrossed.

    Raises `TradingRefused`, `OwnOrganisation`.
    """
    found = await exchange.instruments.by_code(code)

    def instruction(now: datetime) -> Command:
        return m.SetPhase(0, found.id, PHASES.index(body.phase), int(now.timestamp()))

    async def work(tx: Tx) -> Written[int]:
        await _refuse_own_in(tx, found, call)
        number = await instructions.store_in(tx, instruction(await clock.now_in(tx)), by=call, remark=body.reason)
        return Written(number, number)

    return await _carried_out(await exchange.teller.tell_once(work, call=call), code, exchange=exchange)


async def set_rules(code: str, body: SessionRules, *, call: Call, exchange: Exchange) -> TradingSession:
    """Set the reference, the rule of the closing price and the band. Raises `TradingRefused`, `OwnOrganisation`."""
    found = await exchange.instruments.by_code(code)
    if found.venue is not None and found.venue.sessions is not None:
        keep_preset(found.venue, "band_bps", found.venue.prices.band_bps or 0, body.band_bps)
        keep_preset(found.venue, "average_from_t", found.venue.sessions.average_from_t, body.average_from_t)
    command = m.SetSessionRules(0, found.id, body.reference_fen, body.band_bps, body.average_from_t)

    async def work(tx: Tx) -> Written[int]:
        await _refuse_own_in(tx, found, call)
        number = await instructions.store_in(tx, command, by=call, remark=body.reason)
        return Written(number, number)

    return await _carried_out(await exchange.teller.tell_once(work, call=call), code, exchange=exchange)


async def set_timetable(code: str, body: NewTimetable, *, call: Call, exchange: Exchange) -> TradingSession:
    """Say when the phases of a day begin. Raises `OwnOrganisation`."""
    found = await exchange.instruments.by_code(code)
    if found.venue is not None and (day := found.venue.sessions) is not None:
        ruled, asked = (", ".join(each or "-" for each in said.times()) for said in (day, body))
        keep_preset(found.venue, "the timetable", ruled, asked)
        keep_preset(found.venue, "every_day", day.every_day, body.every_day)

    async def work(tx: Tx) -> Written[int]:
        await _refuse_own_in(tx, found, call)
        await store.put_timetable(tx, found.id, body, call.by.person_id)
        return Written(found.id, found.id)

    async def again(_: Tx, number: str) -> int:
        return int(number)

    await once(exchange.db, call, work, again)
    return await session(code, exchange=exchange)


async def _refuse_own_in(tx: Tx, instrument: Tradable, call: Call) -> None:
    """The person who decides over the trade in credits does not belong to their developer."""
    if instrument.project_id is None or instrument.vintage is None:
        return
    vintage = await port.vintage_in(tx, instrument.project_id, instrument.vintage)
    await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")


async def _carried_out(number: int, code: str, *, exchange: Exchange) -> TradingSession:
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number, exchange.refusals)
    return await session(code, exchange=exchange)


async def follow_timetables(*, exchange: Exchange) -> int:
    """
    Move the books whose next phase has begun by business time, and close orders that have ended; returns how many.

    The engine's process runs it twice a second. Each becomes an instruction, which a crash leaves stored.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        if not await _due_in(tx):
            return []
        await instructions.turn_in(tx)  # a phase that is being set by hand just now is seen, and not undone
        return [await instructions.store_in(tx, each, by=None) for each in await _due_in(tx)]

    await exchange.projector.caught_up()
    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)


async def _due_in(tx: Tx) -> list[Command]:
    now = await clock.now_in(tx)
    found: list[Command] = []
    if timed := await store.timed(tx):
        is_working_day = await port.working_days_in(tx)
        found += [command for each in timed for command in rules.due(each, now, is_working_day)]
    return found + [m.Expire(0, each, int(now.timestamp())) for each in await store.due(tx, now)]
