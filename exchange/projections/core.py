"""What the events of the engine's core mean for the tables: balances, trades, settlement, answers to instructions."""

from typing import Any, Final

from exchange.engine import events as e
from exchange.projections.changes import CASH, SIDES, Changes, Deal, Moment, Part


def _traded(into: Changes, event: e.Traded, moment: Moment) -> None:
    quantity, amount, asset = event.quantity, event.price * event.quantity, event.asset or event.instrument
    into.move(event.buyer, CASH, (event.cap - event.price) * quantity, -event.cap * quantity, going=amount)
    into.move(event.buyer, asset, coming=quantity)
    into.move(event.seller, asset, 0, -quantity, going=quantity)
    into.move(event.seller, CASH, coming=amount - event.fee)
    if event.fee:
        into.move(event.fee_account, CASH, coming=event.fee)
    for order in (event.buy_order, event.sell_order):
        into.reduce(order, quantity, quantity)
    into.deals[event.trade] = Deal(
        asset, event.price, quantity, event.buyer, event.seller, event.fee, event.fee_account
    )
    into.trades.append(
        (
            event.trade,
            moment.sequence,
            event.instrument,
            event.price,
            quantity,
            event.buy_order,
            event.sell_order,
            event.buyer,
            event.seller,
            event.fee,
            event.fee_account,
            SIDES[event.taker_side],
            moment.at,
            event.asset or None,
        )
    )


def _reduced(into: Changes, event: e.Reduced, _: Moment) -> None:
    if event.parts:
        for asset, quantity in event.parts:
            into.move(event.account, asset, quantity, -quantity)
    else:
        into.lock(event.account, event.instrument, event.side, event.price, -event.quantity)
    into.reduce(event.order, event.quantity, because=event.cause)


def _settled(into: Changes, event: e.Settled, _: Moment) -> None:
    for number in event.trades:
        deal = into.deals[number]
        amount = deal.price_fen * deal.quantity_t
        into.move(deal.buyer_id, CASH, going=-amount)
        into.move(deal.buyer_id, deal.instrument_id, deal.quantity_t, coming=-deal.quantity_t)
        into.move(deal.seller_id, deal.instrument_id, going=-deal.quantity_t)
        into.move(deal.seller_id, CASH, amount - deal.fee_fen, coming=deal.fee_fen - amount)
        if deal.fee_fen:
            into.move(deal.fee_account_id, CASH, deal.fee_fen, coming=-deal.fee_fen)
        into.settled.append((number, "settled"))


def _refunded(into: Changes, event: e.Refunded, _: Moment) -> None:
    for number in event.trades:
        deal = into.deals[number]
        amount = deal.price_fen * deal.quantity_t
        into.move(deal.buyer_id, CASH, amount, going=-amount)
        into.move(deal.buyer_id, deal.instrument_id, coming=-deal.quantity_t)
        into.move(deal.seller_id, deal.instrument_id, deal.quantity_t, going=-deal.quantity_t)
        into.move(deal.seller_id, CASH, coming=deal.fee_fen - amount)
        if deal.fee_fen:
            into.move(deal.fee_account_id, CASH, coming=-deal.fee_fen)
        into.settled.append((number, "refunded"))


def _cash_credited(into: Changes, event: e.CashCredited, _: Moment) -> None:
    into.move(event.account, CASH, event.amount)
    into.answer(event.instruction, "done")


def _cash_debited(into: Changes, event: e.CashDebited, _: Moment) -> None:
    into.move(event.account, CASH, -event.amount)
    into.answer(event.instruction, "done")


def _tonnes_credited(into: Changes, event: e.TonnesCredited, _: Moment) -> None:
    into.move(event.account, event.instrument, event.quantity)
    into.answer(event.instruction, "done")


def _tonnes_debited(into: Changes, event: e.TonnesDebited, _: Moment) -> None:
    into.move(event.account, event.instrument, -event.quantity)
    into.answer(event.instruction, "done")


def _instruction_refused(into: Changes, event: e.InstructionRefused, _: Moment) -> None:
    into.answer(event.instruction, "refused", event.reason, event.wanted, event.limit)


def carried_out(into: Changes, event: Any, _: Moment) -> None:  # noqa: ANN401 - any event that names its instruction
    """An instruction was carried out, and nothing of it stands in a table."""
    into.answer(event.instruction, "done")


def _nothing(_into: Changes, _event: object, _: Moment) -> None:
    """Only the reply to the command's caller, which `replies` keeps."""


EVENTS: Final[Part] = {
    e.Traded: _traded,
    e.Reduced: _reduced,
    e.Settled: _settled,
    e.Refunded: _refunded,
    e.CashCredited: _cash_credited,
    e.CashDebited: _cash_debited,
    e.TonnesCredited: _tonnes_credited,
    e.TonnesDebited: _tonnes_debited,
    e.FreezeChanged: carried_out,
    e.NumbersRestarted: carried_out,
    e.InstructionRefused: _instruction_refused,
    e.Refused: _nothing,
    e.Completed: _nothing,
}
