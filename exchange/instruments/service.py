"""Instruments: opened and halted by the operator, bounded by the regulator, halted with what is frozen."""

from exchange.engine.commands import HALTED_BY_FREEZE
from exchange.instruments import store
from exchange.trading import instructions
from exchange.trading import service as trading
from exchange.trading.instructions import Instruction
from exchange.trading.service import Exchange
from registry import port
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Kind, Unknown
from schemas.access import Call, Role
from schemas.market import Band, HaltReason, Instrument, NewInstrument
from schemas.pages import Page


class TradedAlready(DomainError):
    """This project and vintage has an instrument."""

    kind, slug, title = Kind.CONFLICT, "instrument-exists", "It has an instrument"


class BandOffTick(DomainError):
    """A band's ends are prices, and so multiples of the tick."""

    kind, slug, title = Kind.UNPROCESSABLE, "band-off-tick", "Band off tick"


async def open_instrument(body: NewInstrument, *, call: Call, exchange: Exchange) -> Instrument:
    """
    Begin to trade a project and vintage of which something was issued. The fees go to an account of the operator.

    What is frozen by then opens halted: nothing is ordered between the two, which are told together.

    Raises `TradedAlready`, `BandOffTick`, `NotYours`.
    """
    _check_band(body.low_fen, body.high_fen, body.tick_fen)

    async def work(tx: Tx) -> Written[tuple[int, str]]:
        fees = await trading.trader_in(tx, body.fee_account_id, call)
        vintage = await port.vintage_in(tx, body.project_id, body.vintage)
        refusal = TradedAlready(f"{vintage.code} is traded already: see /v1/instruments/{vintage.code}.")
        instrument_id = await store.insert(tx, body, vintage, refusal)
        opening = Instruction("open_instrument", fees.id, fees.group_id, instrument_id)
        number = await instructions.store_in(tx, opening, by=call)
        if (body.project_id, body.vintage) in (await port.freezes_in(tx)).vintages:
            number = await instructions.store_in(tx, Instruction("halt_frozen", instrument_id=instrument_id), by=None)
        return Written(f"{number}:{vintage.code}", (number, vintage.code))

    number, code = await once(exchange.db, call, work, _opened_again)
    await exchange.clerk.carried_out(number)
    return await instrument(code, exchange=exchange)


async def _opened_again(_: Tx, remembered: str) -> tuple[int, str]:
    number, code = remembered.split(":")
    return int(number), code


def _check_band(low_fen: int, high_fen: int, tick_fen: int) -> None:
    for price in (low_fen, high_fen):
        if price % tick_fen:
            raise BandOffTick(f"The band's end at {price} fen is no multiple of the tick, {tick_fen} fen.")


async def set_band(code: str, body: Band, *, call: Call, exchange: Exchange) -> Instrument:
    """Bound the prices of new orders from now on; orders that rest stay."""
    async with exchange.db.reading() as tx:
        found = await trading.instrument_in(tx, code)
    _check_band(body.low_fen, body.high_fen, found.tick_fen)
    told = Instruction(
        "set_band", instrument_id=found.id, low_fen=body.low_fen, high_fen=body.high_fen, remark=body.reason
    )
    return await _told(code, told, call=call, exchange=exchange)


async def halt(code: str, body: HaltReason, *, call: Call, exchange: Exchange) -> Instrument:
    """Stop an instrument: it takes cancels only."""
    async with exchange.db.reading() as tx:
        found = await trading.instrument_in(tx, code)
    told = Instruction("halt" + _own(call), instrument_id=found.id, remark=body.reason)
    return await _told(code, told, call=call, exchange=exchange)


async def resume(code: str, body: HaltReason, *, call: Call, exchange: Exchange) -> Instrument:
    """End one's own halt: the operator's or the regulator's. Trade goes on when no other halt and no freeze stands."""
    async with exchange.db.reading() as tx:
        found = await trading.instrument_in(tx, code)
    told = Instruction("resume" + _own(call), instrument_id=found.id, remark=body.reason)
    return await _told(code, told, call=call, exchange=exchange)


def _own(call: Call) -> str:
    """A regulator's halt is another than the operator's: neither lifts the other's."""
    return "_regulator" if any(held.role == Role.REGULATOR for held in call.by.roles) else ""


async def _told(code: str, told: Instruction, *, call: Call, exchange: Exchange) -> Instrument:
    async def work(tx: Tx) -> Written[int]:
        number = await instructions.store_in(tx, told, by=call)
        return Written(number, number)

    async def again(_: Tx, number: str) -> int:
        return int(number)

    number = await once(exchange.db, call, work, again)
    await exchange.clerk.carried_out(number)
    return await instrument(code, exchange=exchange)


async def instrument(code: str, *, exchange: Exchange) -> Instrument:
    """One instrument."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.instrument(tx, code):
            return found
    raise Unknown(f"There is no instrument {code}. Those that are traded are at /v1/instruments.")


async def instruments(window: Window, *, exchange: Exchange) -> Page[Instrument]:
    """All instruments."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.instruments(tx, window)


async def follow_freezes(*, exchange: Exchange) -> int:
    """
    Tell the engine what the registry has frozen since, and what was lifted; answers how many instructions that took.

    That of an account is also looked up with every order of it; this closes what was open before. That of a project or
    an issuance halts its instrument from here on. Run by the keeper twice a second.
    """

    async def work(tx: Tx) -> int:
        freezes = await port.freezes_in(tx)
        known = await store.told_frozen(tx)
        told = [Instruction("freeze", each) for each in sorted(await store.traders(tx, freezes.accounts - known))]
        told += [Instruction("unfreeze", each) for each in sorted(known - freezes.accounts)]
        for each in await store.vintages(tx):
            frozen = (each.project_id, each.vintage) in freezes.vintages
            if frozen != bool(each.causes & HALTED_BY_FREEZE):
                told.append(Instruction("halt_frozen" if frozen else "resume_frozen", instrument_id=each.id))
        numbers = [await instructions.store_in(tx, each, by=None) for each in told]
        return max(numbers, default=0)

    await exchange.projector.caught_up()
    newest = await exchange.db.transaction(work)
    if newest:
        await exchange.clerk.carried_out(newest)
    return newest
