"""The end of a trade: delivered and settled, or undone."""

from collections.abc import Sequence

from exchange.engine import commands as c
from exchange.engine.accounts import Balance
from exchange.engine.events import Event, Reason, Refunded, Refused, Settled, Traded
from exchange.engine.market import Market


def settle(market: Market, command: c.Settle) -> list[Event]:
    """The tonnes of these trades were delivered. Each trade is settled once."""
    if (missing := _not_outstanding(market, command.trades)) is not None:
        return [Refused(Reason.NOT_OUTSTANDING, 0, 0, missing, command.delivery)]
    locking = market.locking
    for number in command.trades:
        trade = market.unsettled.pop(number)
        money, proceeds, fees, bought, sold = _sides(market, trade)
        amount = trade.price * trade.quantity
        asset = trade.asset or trade.instrument
        if asset in locking:
            locking[asset].deliver(number, trade.buyer, trade.quantity)
        money.outgoing -= amount
        _clear(proceeds, amount - trade.fee)
        _clear(fees, trade.fee)
        _clear(bought, trade.quantity)
        sold.outgoing -= trade.quantity
    return [Settled(command.delivery, command.trades)]


def refund(market: Market, command: c.Refund) -> list[Event]:
    """The tonnes could not be delivered. Nothing incoming was ever used again, so this reaches no other trade."""
    if (missing := _not_outstanding(market, command.trades)) is not None:
        return [Refused(Reason.NOT_OUTSTANDING, 0, 0, missing, command.delivery)]
    for number in command.trades:
        trade = market.unsettled.pop(number)
        money, proceeds, fees, bought, sold = _sides(market, trade)
        amount = trade.price * trade.quantity
        money.outgoing -= amount
        money.settled += amount
        proceeds.incoming -= amount - trade.fee
        fees.incoming -= trade.fee
        bought.incoming -= trade.quantity
        sold.outgoing -= trade.quantity
        sold.settled += trade.quantity
    return [Refunded(command.delivery, command.trades)]


def _not_outstanding(market: Market, trades: Sequence[int]) -> int | None:
    """The first trade that waits for no delivery, or is named twice."""
    seen: set[int] = set()
    for number in trades:
        if number in seen or number not in market.unsettled:
            return number
        seen.add(number)
    return None


def _sides(market: Market, trade: Traded) -> tuple[Balance, Balance, Balance, Balance, Balance]:
    """Money of the buyer, of the seller and of the fee account; tonnes of the buyer and of the seller."""
    buyer, seller = market.accounts[trade.buyer], market.accounts[trade.seller]
    asset = trade.asset or trade.instrument
    return (
        buyer.cash,
        seller.cash,
        market.accounts[trade.fee_account].cash,
        buyer.tonnes[asset],
        seller.tonnes[asset],
    )


def _clear(holding: Balance, amount: int) -> None:
    """What was coming in is settled."""
    holding.incoming -= amount
    holding.settled += amount
