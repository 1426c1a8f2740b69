"""What accounts take back: one open order of any mode, or all they have."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.events import Cause, Completed, Event, Reason, Refused
from exchange.engine.market import Market, caller, close, close_all, refused, refused_at_the_door

_OWNER: Final = Cause.OWNER
_NOT_OPEN: Final = Reason.NOT_OPEN
"""Bound once: looking a member of an enumeration up takes a tenth of the time of a cancel in Python 3.11."""


def cancel(market: Market, command: c.Cancel) -> list[Event]:
    """Take an order or a listing back. Somebody else's is as good as none."""
    account, client_order_id = market.accounts.get(command.account), command.client_order_id
    if account is None or client_order_id <= account.last_client_order_id:
        return [refused_at_the_door(account, command)]
    account.last_client_order_id = client_order_id
    order = account.orders.get(command.order)
    if order is None:
        return [refused(account, _NOT_OPEN, command.order)]
    return [close(order, _OWNER, client_order_id)]


def cancel_all(market: Market, command: c.CancelAll) -> list[Event]:
    """Take everything back."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    return [
        *close_all(account, command.instrument, Cause.OWNER),
        Completed(account.id, command.client_order_id),
    ]
