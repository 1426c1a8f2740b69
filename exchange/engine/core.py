"""The engine: takes one command after the other, and says what happened."""

from collections.abc import Callable
from typing import Any, Final

from exchange.engine import commands as c
from exchange.engine.custody import credit_cash, credit_tonnes, debit_cash, debit_tonnes
from exchange.engine.events import Event
from exchange.engine.listings import offer, take
from exchange.engine.market import Market
from exchange.engine.opening import freeze, halt, open_instrument, set_band
from exchange.engine.orders import amend, cancel, cancel_all, place
from exchange.engine.settling import refund, settle

ENGINE_VERSION: Final = 1
"""Rises whenever the same commands would give other events or another state; replay never crosses it."""

_CARRIED_OUT_BY: dict[type[Any], Callable[[Market, Any], list[Event]]] = {
    c.Place: place,
    c.Cancel: cancel,
    c.Amend: amend,
    c.CancelAll: cancel_all,
    c.List: offer,
    c.Take: take,
    c.Settle: settle,
    c.Refund: refund,
    c.CreditCash: credit_cash,
    c.CreditTonnes: credit_tonnes,
    c.DebitCash: debit_cash,
    c.DebitTonnes: debit_tonnes,
    c.OpenInstrument: open_instrument,
    c.SetBand: set_band,
    c.Halt: halt,
    c.Freeze: freeze,
}


class Engine:
    """One region's market as a state machine. Nothing here looks at a clock or rolls dice."""

    __slots__ = ("market",)

    def __init__(self, market: Market | None = None) -> None:
        self.market = market or Market()

    def apply(self, command: c.Command) -> list[Event]:
        """Carry one command out, or refuse it; the events say which. A refusal changes no balance and no order."""
        market = self.market
        market.sequence += 1
        return _CARRIED_OUT_BY[command.__class__](market, command)
