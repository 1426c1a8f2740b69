"""What comes in from the registry and the bank, and what goes out to them. Each movement is made once."""

from enum import IntEnum

from exchange.engine import commands as c
from exchange.engine.events import (
    CashCredited,
    CashDebited,
    Event,
    InstructionRefused,
    Reason,
    TonnesCredited,
    TonnesDebited,
)
from exchange.engine.market import MAX_TOTAL, Market, given_before
from exchange.engine.parts import BasketReason

Movement = c.CreditCash | c.CreditTonnes | c.DebitCash | c.DebitTonnes


def credit_cash(market: Market, command: c.CreditCash) -> list[Event]:
    """Money came in."""
    if (refusal := given_before(market, command) or _unfit(command, command.amount, market.cash)) is not None:
        return [refusal]
    account = market.account(command.account, command.group)
    account.cash.settled += command.amount
    market.cash += command.amount
    return [CashCredited(command.instruction, account.id, command.amount)]


def credit_tonnes(market: Market, command: c.CreditTonnes) -> list[Event]:
    """The registry holds more tonnes for the exchange."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [_refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument, 0)]
    if instrument.basket is not None:
        return [_refused(command, BasketReason.NO_TONNES_OF_BASKETS, instrument.id, 0)]
    if (refusal := _unfit(command, command.quantity, instrument.tonnes)) is not None:
        return [refusal]
    account = market.account(command.account, command.group)
    account.balance(command.instrument).settled += command.quantity
    instrument.tonnes += command.quantity
    return [TonnesCredited(command.instruction, account.id, command.instrument, command.quantity)]


def debit_cash(market: Market, command: c.DebitCash) -> list[Event]:
    """Settled money goes out."""
    if refusal := given_before(market, command) or _frozen(market, command) or _too_little(command, command.amount):
        return [refusal]
    account = market.accounts.get(command.account)
    settled = account.cash.settled if account else 0
    if account is None or command.amount > settled:
        return [_refused(command, Reason.NOT_ENOUGH_CASH, command.amount, settled)]
    account.cash.settled -= command.amount
    market.cash -= command.amount
    return [CashDebited(command.instruction, account.id, command.amount)]


def debit_tonnes(market: Market, command: c.DebitTonnes) -> list[Event]:
    """Settled tonnes go out; the registry releases them next."""
    if refusal := given_before(market, command) or _frozen(market, command) or _too_little(command, command.quantity):
        return [refusal]
    account = market.accounts.get(command.account)
    holding = account.tonnes.get(command.instrument) if account else None
    settled = holding.settled if holding else 0
    if holding is None or command.quantity > settled:
        return [_refused(command, Reason.NOT_ENOUGH_TONNES, command.quantity, settled)]
    holding.settled -= command.quantity
    market.instruments[command.instrument].tonnes -= command.quantity
    return [TonnesDebited(command.instruction, command.account, command.instrument, command.quantity)]


def _too_little(command: Movement, amount: int) -> InstructionRefused | None:
    """A negative credit would be a debit that nobody checked, and the other way round."""
    return _refused(command, Reason.QUANTITY_OFF_LOT, amount, 1) if amount < 1 else None


def _unfit(command: Movement, amount: int, have: int) -> InstructionRefused | None:
    """A credit of nothing, or of more than can be counted."""
    room = MAX_TOTAL - have  # a sum might be more than the journal's integers hold
    if amount > room:
        return _refused(command, Reason.TOO_LARGE, amount, room)
    return _too_little(command, amount)


def _frozen(market: Market, command: Movement) -> InstructionRefused | None:
    account = market.accounts.get(command.account)
    return _refused(command, Reason.FROZEN, 0, 0) if account is not None and account.frozen else None


def _refused(command: Movement, reason: IntEnum, wanted: int, limit: int) -> InstructionRefused:
    return InstructionRefused(command.instruction, command.account, reason, wanted, limit)
