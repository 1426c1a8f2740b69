"""Deposits, withdrawals and statements."""

import asyncio
import time
from typing import Final

from msgspec import structs

from exchange.engine import commands as c
from exchange.engine.events import Reason
from exchange.engine.parts import BasketReason
from exchange.instructions import service as instructions
from exchange.instructions import store as stored_instructions
from exchange.instruments import notices
from exchange.instruments import store as instruments
from exchange.instruments.rules import delisted
from exchange.journal.refusals import yuan
from exchange.parts import AccountUnusable, Exchange, readable_in, trader_in, unfrozen_trader_in
from exchange.settlement import rules, store
from exchange.settlement.store import Direction, StoredDelivery
from registry import port
from registry.kit import ids
from registry.kit.database import Tx, constraint
from registry.kit.idempotency import Written
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError, Kind, Unknown
from schemas.access import Approved, Call, DepositCashBody
from schemas.credits import Commitment
from schemas.custody import HoldRequest, Trader
from schemas.pages import Page
from schemas.serials import KG_PER_T
from schemas.settlement import (
    CashMovement,
    CreditMovement,
    CustodyMovement,
    DeliveryNote,
    Income,
    OpenedDeliveryNote,
)

_RELEASE_POLL_S: Final = 0.02
_RELEASE_TIMEOUT_S: Final = 5.0


async def deposit_credits(body: CreditMovement, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """
    Bring tonnes to the exchange: the registry holds them in its favour, and the engine owes them from then on.

    The hold and the instruction commit together, so that a crash leaves both or neither. Raises `InsufficientCredits`,
    `Frozen`, `NotYours`, and `TradingRefused` for a basket or what was delisted.
    """
    instrument = await exchange.instruments.by_code(body.instrument)
    if instrument.project_id is None or instrument.vintage is None:
        raise exchange.refusals.of(BasketReason.NO_TONNES_OF_BASKETS, instrument.id, 0)
    project_id, vintage = instrument.project_id, instrument.vintage

    async def work(tx: Tx) -> Written[int]:
        trader = await trader_in(tx, body.account_id, call)
        if (since := await notices.delisted_for(tx, instrument.id)) is not None:
            raise delisted(instrument.code, since)
        wanted = HoldRequest(
            reference=ids.new("deposit"),  # asked again, `once` answers; it is this transaction or none
            account_id=body.account_id,
            project_id=project_id,
            vintage=vintage,
            quantity_kg=body.quantity_t * KG_PER_T,
        )
        await port.hold_in(tx, wanted, call=call)
        await instruments.know_group(tx, trader.id, trader.group_id)
        credit = c.CreditTonnes(0, trader.id, trader.group_id, instrument.id, body.quantity_t)
        number = await instructions.store_in(tx, credit, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


class BookedBefore(DomainError):
    """Money with this reference of the bank was booked."""

    kind, slug, title = Kind.CONFLICT, "bank-reference-booked", "Booked already"


async def deposit_cash(body: CashMovement, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """
    Book money that the operator's bank received for another organisation's account, once for each of its references.

    Raises `BookedBefore`, `OwnOrganisation`, `MoneyTakesTwo`.
    """

    async def work(tx: Tx) -> Written[int]:
        await port.lock_account_in(tx, body.account_id)  # so that two deposits at once are not both within the limit
        trader = await _depositor_in(tx, body.account_id)
        await port.refuse_own_in(tx, [call.by.person_id], trader.owner_id, "booking money for it")
        booked_fen = await store.booked_fen(tx, body.account_id, rules.ALONE_WITHIN)
        rules.check_alone(body.account_id, body.amount_fen, booked_fen)
        return await _credited_in(tx, trader, body, call=call)

    return await _carried_out(work, call=call, exchange=exchange)


async def deposit_cash_by_two(approved: Approved, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """Book money of any amount, by two operators who do not belong to the account's owner. Raises `BookedBefore`."""

    async def work(tx: Tx) -> Written[int]:
        body = await port.use_approval_in(tx, approved, DepositCashBody, by=call.by)
        trader = await _depositor_in(tx, body.account_id)
        people = await port.both_in(tx, approved, call)
        await port.refuse_own_in(tx, people, trader.owner_id, "booking money for it")
        return await _credited_in(tx, trader, body, call=call)

    return await _carried_out(work, call=call, exchange=exchange)


async def _depositor_in(tx: Tx, account_id: int) -> Trader:
    trader = await port.trader_in(tx, account_id)
    if not trader.usable:
        raise AccountUnusable(f"Account {account_id} is not an open holding account.")
    return trader


async def _credited_in(tx: Tx, trader: Trader, body: CashMovement | DepositCashBody, *, call: Call) -> Written[int]:
    reference = body.reference.strip() or None
    if reference is not None and (before := await stored_instructions.booked(tx, reference)) is not None:
        raise _booked_before(reference, before)
    await instruments.know_group(tx, trader.id, trader.group_id)
    credit = c.CreditCash(0, trader.id, trader.group_id, body.amount_fen)
    with constraint("instruction_bank_reference", BookedBefore(f"{reference!r} is being booked just now.")):
        number = await instructions.store_in(tx, credit, by=call, remark=body.reference, bank_reference=reference)
    return Written(number, number)


def _booked_before(reference: str, before: stored_instructions.Booked) -> BookedBefore:
    return BookedBefore(
        f"The bank's reference {reference!r} was booked on {before.at:%Y-%m-%d} as deposit {before.id}: "
        f"{yuan(before.amount_fen)} CNY for account {before.account_id}. Money is booked once; another payment has a "
        "reference of its own."
    )


async def withdraw_credits(body: CreditMovement, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """Take settled tonnes off the exchange: journalled, then released by the registry. Raises `TradingRefused`."""
    instrument = await exchange.instruments.by_code(body.instrument)

    async def work(tx: Tx) -> Written[int]:
        trader = await unfrozen_trader_in(tx, body.account_id, call)
        if (instrument.project_id, instrument.vintage) in (await port.freezes_in(tx)).vintages:
            raise exchange.refusals.of(Reason.HALTED, instrument.id, c.HALTED_BY_FREEZE)
        debit = c.DebitTonnes(0, trader.id, instrument.id, body.quantity_t)
        number = await instructions.store_in(tx, debit, by=call)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def withdraw_cash(body: CashMovement, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """Pay settled money out to the account's bank. Raises `TradingRefused`."""

    async def work(tx: Tx) -> Written[int]:
        trader = await unfrozen_trader_in(tx, body.account_id, call)
        debit = c.DebitCash(0, trader.id, body.amount_fen)
        number = await instructions.store_in(tx, debit, by=call, remark=body.reference)
        return Written(number, number)

    return await _carried_out(work, call=call, exchange=exchange)


async def _carried_out(work: instructions.Work, *, call: Call, exchange: Exchange) -> CustodyMovement:
    """Store the instruction once, wait until it has come to its end, and return it as it stands."""
    number = await exchange.teller.tell_once(work, call=call)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number)
    found = await _custody(number, exchange)
    until = time.monotonic() + _RELEASE_TIMEOUT_S
    while found.state == "debited" and time.monotonic() < until:
        await asyncio.sleep(_RELEASE_POLL_S)
        found = await _custody(number, exchange)
    return found


async def _custody(number: int, exchange: Exchange) -> CustodyMovement:
    async with exchange.db.reading() as tx:
        if found := await store.custody(tx, number):
            return found
    raise Unknown(f"There is no deposit or withdrawal {number}.")


async def custody(number: int, direction: Direction, *, asked: Call, exchange: Exchange) -> CustodyMovement:
    """One deposit or withdrawal of an account of one's own."""
    await exchange.projector.caught_up()
    found = await _custody(number, exchange)
    if found.direction != direction:
        raise Unknown(f"There is no {direction} {number}.")
    async with exchange.db.reading() as tx:
        await readable_in(tx, found.account_id, asked)
    return found


async def custodies(
    account_id: int, direction: Direction, window: Window, period: Between, *, asked: Call, exchange: Exchange
) -> Page[CustodyMovement]:
    """The deposits or withdrawals of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.custody_of(tx, window, period, account_id, direction)


async def statement(delivery_id: int, *, asked: Call, exchange: Exchange) -> OpenedDeliveryNote:
    """
    What one delivery moved for an account of one's own, with what opens its digests in the public log.

    Only overseers see who the other side is: on the exchange nobody has to know their counterparty.
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
    return OpenedDeliveryNote(**structs.asdict(readable[0]), commitments=commitments)


async def _sides_in(tx: Tx, found: StoredDelivery, asked: Call) -> list[DeliveryNote]:
    """The sides of a delivery that the caller may read, the seller's first. Raises `NotYours` for neither."""
    readable: list[DeliveryNote] = []
    for side in (found.sale, found.purchase):
        try:
            await readable_in(tx, side.account_id, asked)
        except DomainError:
            if side is found.purchase and not readable:
                raise
        else:
            readable.append(side)
    return readable


async def statements(
    account_id: int, window: Window, period: Between, *, asked: Call, exchange: Exchange
) -> Page[DeliveryNote]:
    """What an account of one's own sold and bought, delivery by delivery."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.statements_of(tx, window, period, account_id)


async def income(account_id: int, period: Between, *, asked: Call, exchange: Exchange) -> Income:
    """What an account of one's own sold, and what came in and went out."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.income(tx, account_id, period)
