"""The engine: takes one command after the other, and says what happened."""

from collections.abc import Iterable
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any, Final

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.cancelling import Clearing, Closing, cancel, cancel_all, clear_some, close_some, nothing_unfinished
from exchange.engine.commands import Command
from exchange.engine.custody import credit_cash, credit_tonnes, debit_cash, debit_tonnes
from exchange.engine.events import Event
from exchange.engine.market import Market, busy
from exchange.engine.modes import EngineMode, Handler, Step, continuous, listings, picking
from exchange.engine.modes.auctions import handlers as auctions
from exchange.engine.modes.baskets import handlers as baskets
from exchange.engine.modes.blocks import handlers as blocks
from exchange.engine.modes.campaigns import handlers as campaigns
from exchange.engine.modes.quotes import handlers as quotes
from exchange.engine.modes.sessions import handlers as sessions
from exchange.engine.modes.venues import handlers as venues
from exchange.engine.opening import delist, freeze, halt, open_instrument, restart_numbers, set_band
from exchange.engine.settling import refund, settle

ENGINE_VERSION: Final = 4
"""Rises whenever the same commands would give other events or another state; replay never crosses it."""

MODES: Final[tuple[EngineMode, ...]] = (
    continuous.MODE,
    listings.MODE,
    campaigns.MODE,
    auctions.MODE,
    picking.MODE,
    blocks.MODE,
    quotes.MODE,
    sessions.MODE,
    venues.MODE,
    baskets.MODE,
)
"""Every mode of matching. A new one is a module in `exchange.engine.modes` and a line here."""

_CORE: Final = EngineMode(
    "core",
    {
        c.Cancel: cancel,
        c.CancelAll: cancel_all,
        c.Settle: settle,
        c.Refund: refund,
        c.CreditCash: credit_cash,
        c.CreditTonnes: credit_tonnes,
        c.DebitCash: debit_cash,
        c.DebitTonnes: debit_tonnes,
        c.OpenInstrument: open_instrument,
        c.SetBand: set_band,
        c.Halt: halt,
        c.DelistInstrument: delist,
        c.Freeze: freeze,
        c.RestartNumbers: restart_numbers,
        c.Continue: nothing_unfinished,
    },
    (
        e.Refused,
        e.InstrumentOpened,
        e.BandSet,
        e.HaltChanged,
        e.FreezeChanged,
        e.CashCredited,
        e.TonnesCredited,
        e.CashDebited,
        e.TonnesDebited,
        e.InstructionRefused,
        e.Traded,
        e.Reduced,
        e.Settled,
        e.Refunded,
        e.Completed,
        e.NumbersRestarted,
        e.InstrumentDelisted,
    ),
    steps={Closing: close_some, Clearing: clear_some},
)


class Engine:
    """One region's market as a state machine. Nothing here looks at a clock or rolls dice."""

    __slots__ = ("_handlers", "_steps", "market")

    def __init__(self, market: Market | None = None, modes: Iterable[EngineMode] = MODES) -> None:
        self.market = market or Market()
        self._handlers: dict[type[Any], Handler] = {}
        self._steps: dict[type[Any], Step] = {}
        for mode in (_CORE, *modes):
            self._handlers |= mode.handlers
            self._steps |= mode.steps
            if mode.part is not None and mode.name not in self.market.parts:
                self.market.parts[mode.name] = mode.part()

    def apply(self, command: Command) -> list[Event]:
        """Carry one command out, or refuse it; the events say which. A refusal changes no balance and no order."""
        market = self.market
        market.sequence += 1
        if market.unfinished is not None:
            return self._go_on(command)
        return self._handlers[command.__class__](market, command)

    def _go_on(self, command: Command) -> list[Event]:
        """Do one more step of what is unfinished, and nothing else."""
        market = self.market
        if not isinstance(command, c.Continue):
            return [busy(command)]
        return self._steps[type(market.unfinished)](market, market.unfinished)


def command_types(modes: Iterable[EngineMode] = MODES) -> tuple[type[Any], ...]:
    """Return every kind of command, of which the journal's decoder is made."""
    return tuple(chain.from_iterable(mode.handlers for mode in (_CORE, *modes)))


def account_command_types(modes: Iterable[EngineMode] = MODES) -> tuple[type[Any], ...]:
    """Return the kinds of command that accounts send, under a client_order_id."""
    return tuple(kind for kind in command_types(modes) if "client_order_id" in kind.__struct_fields__)


def step_types(modes: Iterable[EngineMode] = MODES) -> tuple[type[Any], ...]:
    """Return every kind of what may remain of an unfinished command, of which the decoder of snapshots is made."""
    return tuple(chain.from_iterable(mode.steps for mode in (_CORE, *modes)))


def any_of(kinds: Iterable[type[Any]]) -> Any:  # noqa: ANN401 - a union that only exists at run time
    """Return the union of *kinds*, for a decoder."""
    return reduce(or_, kinds)


def event_types(modes: Iterable[EngineMode] = MODES) -> tuple[type[Any], ...]:
    """Return every kind of event."""
    return tuple(chain.from_iterable(mode.events for mode in (_CORE, *modes)))
