"""Instruments: opened and halted by the operator, bounded by the regulator, halted with what is frozen."""

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from exchange.engine import commands as c
from exchange.engine.modes.venues.messages import ReleaseBought
from exchange.instructions import service as instructions
from exchange.instructions import store as stored_instructions
from exchange.instruments import baskets, rules, store
from exchange.instruments.presets.telling import instructions_for
from exchange.journal import store as journal
from exchange.parts import Exchange, trader_in
from exchange.projections.instruments import no_instrument
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Kind, Unknown
from schemas.access import Call, Role
from schemas.instruments import Band, HaltReason, Instrument, InstrumentState, NewInstrument
from schemas.pages import Page
from schemas.venues import VenueRules

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class TradedAlready(DomainError):
    """This project and vintage has an instrument."""

    kind, slug, title = Kind.CONFLICT, "instrument-exists", "It has an instrument"


async def open_instrument(body: NewInstrument, *, call: Call, exchange: Exchange) -> Instrument:
    """
    Begin to trade a project and vintage of which something was issued. The fees go to an account of the operator.

    What is frozen by then opens halted, and a preset's rules hold from the first order on: the engine takes all these
    instructions together, with no order in between.

    Raises `TradedAlready`, `PresetDecides`, `BandMissing`, `BandOffTick`, `NotYours`, `OwnOrganisation`.
    """
    by = rules.opening(body)

    async def work(tx: Tx) -> Written[tuple[int, str]]:
        fees = await trader_in(tx, body.fee_account_id, call)
        vintage = await port.vintage_in(tx, body.project_id, body.vintage)
        await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")
        refusal = TradedAlready(f"{vintage.code} is traded already: see /v1/instruments/{vintage.code}.")
        instrument_id = await store.insert(tx, body, by, vintage, refusal)
        opening = c.OpenInstrument(
            0,
            instrument_id,
            by.tick_fen,
            by.lot_t,
            by.low_fen,
            by.high_fen,
            body.fee_bps,
            fees.id,
            fees.group_id,
        )
        if by.venue is not None and by.venue.resale == "next-day":
            await store.begin_days(tx, instrument_id, _day(await clock.now_in(tx)))
        remark = f"Preset {body.preset}"
        if by.venue is not None and by.venue.sessions is not None:
            await store.begin_timetable(tx, instrument_id, by.venue.sessions, call.by.person_id, remark)
        await store.know_group(tx, fees.id, fees.group_id)
        number = await instructions.store_in(tx, opening, by=call)
        for each in instructions_for(by.venue, instrument_id, by.reference_fen) if by.venue is not None else ():
            number = await instructions.store_in(tx, each, by=call, remark=remark)
        number = await baskets.join_in(tx, instrument_id) or number
        if (body.project_id, body.vintage) in (await port.freezes_in(tx)).vintages:
            number = await instructions.store_in(tx, c.Halt(0, instrument_id, c.HALTED_BY_FREEZE, on=True), by=None)
        return Written(f"{number}:{vintage.code}", (number, vintage.code))

    number, code = await once(exchange.db, call, work, _opened_again)
    await exchange.teller.carried_out(number)
    return await instrument(code, exchange=exchange)


async def _opened_again(_: Tx, remembered: str) -> tuple[int, str]:
    number, code = remembered.split(":")
    return int(number), code


def _day(at: datetime) -> date:
    """The day that a moment of business time is in."""
    return at.astimezone(_SHANGHAI).date()


async def turn_days(*, exchange: Exchange) -> int:
    """
    Release what was bought before today, where a venue locks it for its day; returns of how many instruments.

    The engine's process runs it twice a second, so the first trades of a day may be there already. A trade is of the
    day of its batch in the journal: the instruction names the last one of yesterday, and is stored with the day.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async with exchange.db.reading() as tx:
        day = _day(await clock.now_in(tx))
        begins = datetime.combine(day, time(), _SHANGHAI)
        if not await store.locking(tx, day):
            return 0
        yesterday = await journal.last_before(tx, begins)
    await exchange.projector.reach(yesterday)

    async def work(tx: Tx) -> list[int]:
        last = await store.last_trade(tx, begins)
        due = [each for each in await store.locking(tx, day) if await store.turn_days(tx, each, day)]
        return [await instructions.store_in(tx, ReleaseBought(0, each, last), by=None) for each in due]

    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)


async def follow_owners(*, exchange: Exchange) -> int:
    """
    Tell the engine whose accounts have come to another beneficial owner since; returns of how many it was told.

    The engine's process looks every few seconds: an owner changes when somebody says so in the registry, or by the
    clock alone. While nobody trades it stores nothing.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        known = await store.groups(tx)
        found = await port.groups_in(tx, list(known))
        changed = rules.new_owners(known, found, roles=await store.limits_roles(tx))
        return [await instructions.store_in(tx, each, by=None) for each in changed]

    await exchange.projector.caught_up()
    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)


async def venue(code: str, *, exchange: Exchange) -> VenueRules:
    """The rules of the venue that an instrument was opened by. Raises `Unknown` where it was opened without."""
    found = await exchange.instruments.by_code(code)
    if found.venue is None:
        raise Unknown(f"{code} was opened without a preset: every way to trade is open.")
    return found.venue


async def set_band(code: str, body: Band, *, call: Call, exchange: Exchange) -> Instrument:
    """Bound prices from now on; whatever is open at others is closed. Raises `OwnOrganisation`."""
    found = await exchange.instruments.by_code(code)
    rules.check_band(body.low_fen, body.high_fen, found.tick_fen)
    if found.venue is not None and found.venue.prices.band_bps:
        raise rules.PresetDecides(
            f"The band of preset {found.venue.preset} follows the reference, which session/rules sets."
        )
    band = c.SetBand(0, found.id, body.low_fen, body.high_fen)
    return await _carried_out(code, band, remark=body.reason, call=call, exchange=exchange)


async def halt(code: str, body: HaltReason, *, call: Call, exchange: Exchange) -> Instrument:
    """Stop an instrument: it takes cancels only."""
    found = await exchange.instruments.by_code(code)
    halt = c.Halt(0, found.id, _cause(call), on=True)
    return await _carried_out(code, halt, remark=body.reason, call=call, exchange=exchange)


async def resume(code: str, body: HaltReason, *, call: Call, exchange: Exchange) -> Instrument:
    """
    End one's own halt: the operator's or the regulator's. Trade goes on when no other halt and no freeze stands.

    Raises `OwnOrganisation`; a halt only takes away, and anybody who may halts.
    """
    found = await exchange.instruments.by_code(code)
    halt = c.Halt(0, found.id, _cause(call), on=False)
    return await _carried_out(code, halt, remark=body.reason, call=call, exchange=exchange)


def _cause(call: Call) -> int:
    """A regulator's halt is another than the operator's: neither lifts the other's."""
    regulator = any(held.role == Role.REGULATOR for held in call.by.roles)
    return c.HALTED_BY_REGULATOR if regulator else c.HALTED_BY_OPERATOR


async def _carried_out(
    code: str, command: c.SetBand | c.Halt, *, remark: str, call: Call, exchange: Exchange
) -> Instrument:
    found = await exchange.instruments.by_code(code)
    only_takes_away = isinstance(command, c.Halt) and command.on

    async def work(tx: Tx) -> Written[int]:
        if not only_takes_away and found.project_id is not None and found.vintage is not None:
            vintage = await port.vintage_in(tx, found.project_id, found.vintage)
            await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")
        number = await instructions.store_in(tx, command, by=call, remark=remark)
        return Written(number, number)

    await exchange.teller.tell_once(work, call=call)
    return await instrument(code, exchange=exchange)


async def instrument(code: str, *, exchange: Exchange) -> Instrument:
    """One instrument."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.instrument(tx, code):
            return found
    raise no_instrument(code)


async def instruments(
    window: Window,
    *,
    exchange: Exchange,
    methodology: str | None = None,
    vintage: int | None = None,
    state: InstrumentState | None = None,
) -> Page[Instrument]:
    """Instruments: all, or those of a methodology, a vintage or a state."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.instruments(tx, window, methodology, vintage, state)


async def follow_freezes(*, exchange: Exchange) -> int:
    """
    Tell the engine what the registry has frozen since, and what was lifted; returns the last instruction's number.

    The freeze of an account is also looked up with every order of it; this closes what was open before. That of a
    project or an issuance halts its instrument from here on. The engine's process runs it twice a second; while nobody
    trades it stores nothing, since the same halts would be stored with every look.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> int:
        freezes = await port.freezes_in(tx)
        known = await stored_instructions.frozen_accounts(tx)
        given: list[c.Command] = [
            *(c.Freeze(0, each, on=True) for each in sorted(freezes.accounts - known)),
            *(c.Freeze(0, each, on=False) for each in sorted(known - freezes.accounts)),
        ]
        for each in await store.vintages(tx):
            frozen = (each.project_id, each.vintage) in freezes.vintages
            if frozen != bool(each.causes & c.HALTED_BY_FREEZE):
                given.append(c.Halt(0, each.id, c.HALTED_BY_FREEZE, on=frozen))
        numbers = [await instructions.store_in(tx, each, by=None) for each in given]
        return max(numbers, default=0)

    await exchange.projector.caught_up()
    newest = await exchange.db.transaction(work)
    if newest:
        await exchange.teller.carried_out(newest)
    return newest
