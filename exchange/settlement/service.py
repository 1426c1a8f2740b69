"""Deposits, withdrawals and statements."""

import asyncio
import time
from typing import Final

from msgspec import structs

from exchange.engine.commands import HALTED_BY_FREEZE
from exchange.engine.events import Reason
from exchange.settlement import store
from exchange.settlement.store import T_KG, Direction, StoredDelivery
from exchange.trading import instructions
from exchange.trading import service as trading
from exchange.trading.instructions import Instruction
from exchange.trading.refusals import refusal_of
from exchange.trading.service import Exchange
from registry import port
from registry.kit import ids
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Unknown
from schemas import custody as registry
from schemas.access import Call
from schemas.credits import Commitment
from schemas.market import CashMovement, CreditMovement, Custody, OpenedStatement, SettlementStatement
from schemas.pages import Page

_RELEASE_POLL_S: Final = 0.02
_RELEASE_TIMEOUT_S: Final = 5.0


async def deposit_credits(body: CreditMovement, *, call: Call, exchange: Exchange) -> Custody:
    """
    Bring tonnes to the exchange: the registry holds them in its favour, and the engine owes them from then on.

    The hold and the instruction commit together, so that a crash leaves both or neither. Raises `InsufficientCredits`,
    `Frozen`, `NotYours`.
    """

    async def work(tx: Tx) -> Written[int]:
        instrument = await trading.instrument_in(tx, body.instrument)
        trader = await trading.trader_in(tx, body.account_id, call)
        wanted = registry.Custody(
            reference=ids.new("deposit"),  # asked again, `once` answers; it is this transaction or none
            account_id=body.account_id,
            project_id=instrument.project_id,
            vintage=instrument.vintage,
            quantity_kg=body.quantity_t * T_KG,
        )
        await port.hold_in(tx, wanted, call=call)
        told = Instruction("credit_tonnes", trader.id, trader.group_id, instrument.id, body.quantity_t)
        number = await instructions.store_in(tx, told, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def deposit_cash(body: CashMovement, *, call: Call, exchange: Exchange) -> Custody:
    """The operator's bank received money for an account."""

    async def work(tx: Tx) -> Written[int]:
        trader = await port.trader_in(tx, body.account_id)
        if not trader.usable:
            raise trading.AccountUnusable(f"Account {body.account_id} is no open holding account.")
        told = Instruction("credit_cash", trader.id, trader.group_id, amount=body.amount_fen, remark=body.reference)
        number = await instructions.store_in(tx, told, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def withdraw_credits(body: CreditMovement, *, call: Call, exchange: Exchange) -> Custody:
    """Take settled tonnes off the exchange: journalled, then released by the registry. Raises `TradingRefused`."""

    async def work(tx: Tx) -> Written[int]:
        instrument = await trading.instrument_in(tx, body.instrument)
        trader = await trading.unfrozen_trader_in(tx, body.account_id, call)
        if (instrument.project_id, instrument.vintage) in (await port.freezes_in(tx)).vintages:
            raise refusal_of(Reason.HALTED, instrument.id, HALTED_BY_FREEZE)
        told = Instruction("debit_tonnes", trader.id, None, instrument.id, body.quantity_t)
        number = await instructions.store_in(tx, told, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def withdraw_cash(body: CashMovement, *, call: Call, exchange: Exchange) -> Custody:
    """Pay settled money out to the account's bank. Raises `TradingRefused`."""

    async def work(tx: Tx) -> Written[int]:
        trader = await trading.unfrozen_trader_in(tx, body.account_id, call)
        told = Instruction("debit_cash", trader.id, amount=body.amount_fen, remark=body.reference)
        number = await instructions.store_in(tx, told, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def _carried_out(work: instructions.Work, *, call: Call, exchange: Exchange) -> Custody:
    """Store the instruction once, wait until it came to its end, and answer it as it stands."""

    async def again(_: Tx, number: str) -> int:
        return int(number)

    number = await once(exchange.db, call, work, again)
    await exchange.clerk.carried_out(number)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number)
    found = await _custody(number, exchange)
    until = time.monotonic() + _RELEASE_TIMEOUT_S
    while found.state == "debited" and time.monotonic() < until:
        await asyncio.sleep(_RELEASE_POLL_S)
        found = await _custody(number, exchange)
    return found


async def _custody(number: int, exchange: Exchange) -> Custody:
    async with exchange.db.reading() as tx:
        if found := await store.custody(tx, number):
            return found
    raise Unknown(f"There is no deposit or withdrawal {number}.")


async def custody(number: int, direction: Direction, *, asked: Call, exchange: Exchange) -> Custody:
    """One deposit or withdrawal of an account of one's own."""
    await exchange.projector.caught_up()
    found = await _custody(number, exchange)
    if found.direction != direction:
        raise Unknown(f"There is no {direction} {number}.")
    async with exchange.db.reading() as tx:
        await trading.readable_in(tx, found.account_id, asked)
    return found


async def custodies(
    account_id: int, direction: Direction, window: Window, *, asked: Call, exchange: Exchange
) -> Page[Custody]:
    """The deposits or withdrawals of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await trading.readable_in(tx, account_id, asked)
        return await store.custody_of(tx, window, account_id, direction)


async def statement(delivery_id: int, *, asked: Call, exchange: Exchange) -> OpenedStatement:
    """
    What one delivery moved for an account of one's own, with what opens its digests in the public log.

    Who the other side is, is told to overseers only: on the exchange nobody has to know their counterparty.
    """
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        found = await store.delivery(tx, delivery_id)
        if found is None:
            raise Unknown(f"There is no statement {delivery_id}.")
        readable = await _sides_in(tx, found, asked)
        opened = [await port.openings_in(tx, number) for number in found.statement_ids]
    own = {each.side for each in readable}
    hidden = {label for side, label in (("sale", "sender"), ("purchase", "receiver")) if side not in own}
    commitments = tuple(
        Commitment(statement_hash=sha256, label=each.label, salt=each.salt.hex(), text=each.text)
        for sha256, openings in opened
        for each in openings
        if each.label not in hidden
    )
    return OpenedStatement(**structs.asdict(readable[0]), commitments=commitments)


async def _sides_in(tx: Tx, found: StoredDelivery, asked: Call) -> list[SettlementStatement]:
    """The sides of a delivery that the caller may read, the seller's first. Raises `NotYours` for neither."""
    readable: list[SettlementStatement] = []
    for side in (found.sale, found.purchase):
        try:
            await trading.readable_in(tx, side.account_id, asked)
        except DomainError:
            if side is found.purchase and not readable:
                raise
        else:
            readable.append(side)
    return readable


async def statements(account_id: int, window: Window, *, asked: Call, exchange: Exchange) -> Page[SettlementStatement]:
    """What an account of one's own sold and bought, delivery by delivery."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await trading.readable_in(tx, account_id, asked)
        return await store.statements_of(tx, window, account_id)
