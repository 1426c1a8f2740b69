"""Orders that stand beside the book, and trade whole or not at all."""

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.events import Reason


def whole(  # noqa: PLR0917 - an order, as it is said
    number: int, account: TradingAccount, instrument: int, side: int, price: int, quantity: int
) -> OpenOrder:
    """Return such an order, of which nothing is locked yet."""
    tonnes = account.balance(instrument)
    return OpenOrder(
        number, account, account.group, account.cash, tonnes, instrument, side, price, quantity, quantity, c.LISTED
    )


def lock(order: OpenOrder) -> tuple[Reason, int, int] | None:
    """Lock what an order gives; or return why not, with what it takes and what is settled."""
    side = order.side
    holding, amount = (order.tonnes, order.open) if side else (order.cash, order.price * order.open)
    if amount > holding.settled:
        return Reason.NOT_ENOUGH_TONNES if side else Reason.NOT_ENOUGH_CASH, amount, holding.settled
    holding.settled -= amount
    holding.locked += amount
    return None
