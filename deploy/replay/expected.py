"""What a simulated run's journal leads to on the simulator's engine, command by command."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.events import InstructionRefused, Refused, Traded


class ReplayedTrade(NamedTuple):
    """
    A trade in the numbers of the simulated run: both orders, instrument, price in fen, tonnes, both accounts, fee.

    An order is known by the sequence number of its command.
    """

    buy_order: int
    sell_order: int
    instrument: int
    price_fen: int
    quantity_t: int
    buyer: int
    seller: int
    fee_fen: int


class ExpectedStep(NamedTuple):
    """One command, the sequence number that it had, the reason if it was refused, and what it traded."""

    sequence: int
    command: c.Command
    refused: int | None
    trades: tuple[ReplayedTrade, ...]


class ReplayHolding(NamedTuple):
    """What an account has on the exchange: fen, and tonnes by instrument; each settled, locked, incoming, outgoing."""

    cash: tuple[int, ...]
    tonnes: dict[int, tuple[int, ...]]


class SimulatedMarket:
    """The simulator's engine, carried forward beside the service."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._parties: dict[int, tuple[int, int, int]] = {}

    def steps(self, commands: Sequence[c.Command]) -> Iterator[ExpectedStep]:
        """Carry *commands* out one by one, each when the one before was dealt with."""
        for command in commands:
            events = self._engine.apply(command)
            refused = next((each.reason for each in events if isinstance(each, Refused | InstructionRefused)), None)
            trades = tuple(each for each in events if isinstance(each, Traded))
            self._parties |= {each.trade: (each.buyer, each.seller, each.fee_account) for each in trades}
            yield ExpectedStep(self._engine.market.sequence, command, refused, tuple(map(_trade, trades)))

    def parties(self, trades: Iterable[int]) -> set[int]:
        """Return the accounts of both sides of some trades, and that of the fees, by the trades' numbers."""
        return {account for number in trades for account in self._parties[number]}

    def held(self, account: int) -> ReplayHolding:
        """Return what an account has now; only what is not nothing."""
        found = self._engine.market.accounts[account]
        tonnes = {number: _parts(each) for number, each in found.tonnes.items() if any(_parts(each))}
        return ReplayHolding(_parts(found.cash), tonnes)

    @property
    def accounts(self) -> set[int]:
        """Everybody who has had something on the exchange."""
        return set(self._engine.market.accounts)


class Brought(NamedTuple):
    """What a journal needs before its first command: accounts, their tonnes by instrument, and the instruments."""

    accounts: tuple[int, ...]
    tonnes: Counter[tuple[int, int]]
    openings: tuple[c.OpenInstrument, ...]

    @property
    def fees(self) -> int:
        """The account of the venue's fees."""
        return self.openings[0].fee_account


def brought(commands: Sequence[c.Command]) -> Brought:
    """Add up what has to stand in the registry before the first command of a journal."""
    tonnes: Counter[tuple[int, int]] = Counter()
    accounts: dict[int, None] = {}
    for each in commands:
        if isinstance(each, c.CreditTonnes):
            tonnes[each.account, each.instrument] += each.quantity
        if isinstance(each, c.CreditTonnes | c.CreditCash):
            accounts[each.account] = None
    return Brought(tuple(accounts), tonnes, tuple(each for each in commands if isinstance(each, c.OpenInstrument)))


def _trade(trade: Traded) -> ReplayedTrade:
    orders = (trade.buy_order, trade.sell_order)
    return ReplayedTrade(*orders, trade.instrument, trade.price, trade.quantity, trade.buyer, trade.seller, trade.fee)


def _parts(balance: object) -> tuple[int, ...]:
    return tuple(getattr(balance, name) for name in ("settled", "locked", "incoming", "outgoing"))
