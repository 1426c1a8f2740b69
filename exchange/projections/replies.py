"""The reply to each command of an account, kept for when the same command is sent again. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from exchange.engine import events as e
from exchange.engine.commands import Continue
from exchange.journal.codec import Outcome, digest
from exchange.journal.refusals import Wordings
from exchange.projections.changes import Changes

_UNTRACED: Final = (
    e.Reason.STALE_CLIENT_ORDER_ID,
    e.Reason.CLIENT_ORDER_ID_TOO_FAR,
    e.Reason.UNKNOWN_ACCOUNT,
    e.Reason.BUSY,
)


def _none(_: object) -> int:
    return 0


def _as_it_is(command: Any) -> Any:  # noqa: ANN401 - any account command
    return command


class About(NamedTuple):
    """
    What one kind of account command is about.

    *names* is the number of what the command names, 0 for nothing. Where it *makes* something, that has the command's
    own sequence for its number and is shown in the reply; otherwise what it names is. *counts*: the reply says how many
    orders it closed. *noun* says what it may name. *instead* are refusals that read otherwise for this command.
    *sent* is the command without what the exchange adds to it, such as the time: the same whenever it is sent again.
    """

    names: Callable[[Any], int] = _none
    makes: bool = True
    counts: bool = False
    noun: str = "order"
    instead: Wordings = MappingProxyType({})
    sent: Callable[[Any], Any] = _as_it_is

    def shown(self, command: Any, sequence: int) -> int:  # noqa: ANN401 - any account command
        """The number of what the reply shows."""
        return sequence if self.makes else self.names(command)


AboutTable = Mapping[type, About]
"""The commands of accounts by type. Instructions and settlements are in no table: nobody sends them again."""


def remember(into: Changes, command: Any, outcome: Outcome, sequence: int, about: AboutTable) -> None:  # noqa: ANN401 - any command
    """Keep the reply to an account's command; none for one without a number, or whose number was not taken."""
    kind = about.get(type(command))
    if kind is None:
        if isinstance(command, Continue):
            _complete(into, outcome)
        return
    if not command.client_order_id:
        return
    key = (command.account, command.client_order_id)
    head = (*key, sequence, digest(kind.sent(command)), kind.shown(command, sequence))
    first = outcome[0]
    if not isinstance(first, e.Refused):
        closed = sum(isinstance(event, e.Reduced) for event in outcome) if kind.counts else None
        into.requests[key] = (*head, None, closed, None)
    elif first.reason not in _UNTRACED:
        into.requests[key] = (*head, first.reason, first.wanted, first.limit)


def _complete(into: Changes, outcome: Outcome) -> None:
    """Say in the reply to a command that went on in steps how many orders it closed in all of them."""
    for event in outcome:
        if isinstance(event, e.Completed) and event.client_order_id:
            into.completed[event.account, event.client_order_id] = event.closed
