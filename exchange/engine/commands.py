"""
The commands of the engine that belong to no mode. Each mode in `exchange.engine.modes` adds its own commands.

Commands are what the journal stores, so a field is only ever added at the end, with a default, and a tag is never used
again. They are arrays with a number for their kind, not objects with names: they are encoded and decoded by the hundred
thousand.

An *instruction* was stored before it was given: what the operator, the regulator, the registry and the bank say.
Their numbers only rise, so each is carried out once. Commands of accounts carry a *client_order_id*, which each account
uses once, to the same end (`exchange.engine.accounts`).
"""

from typing import ClassVar, Final, Protocol

from msgspec import Struct

BUY: Final = 0
SELL: Final = 1

GTC: Final = 0
IOC: Final = 1
FOK: Final = 2
POST_ONLY: Final = 3
LISTED: Final = 4
"""Of a fixed-price listing, which stands beside the book."""
DAY: Final = 5
"""Until its instrument is closed."""
GTD: Final = 6
"""Until a moment of business time."""

PREVENT_TAKER: Final = 0
PREVENT_MAKER: Final = 1
PREVENT_BOTH: Final = 2
PREVENT_DECREMENT: Final = 3

HALTED_BY_OPERATOR: Final = 1
HALTED_BY_FREEZE: Final = 2
HALTED_BY_REGULATOR: Final = 4
DELISTED: Final = 8
"""Stands among the causes of a halt, and stays: the instrument does not trade any more."""


class OpenInstrument(Struct, array_like=True, gc=False, frozen=True, tag=1):
    """
    Begin to trade one project and vintage.

    Prices are multiples of *tick* fen from *low* to *high*, quantities multiples of *lot* tonnes. The seller pays
    *fee_bps* ten-thousandths of what an order or a listing is sold for, rounded down once, to *fee_account* of
    *fee_group*.
    """

    instruction: int
    instrument: int
    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    fee_group: int


class SetBand(Struct, array_like=True, gc=False, frozen=True, tag=2):
    """From now on, prices lie from *low* to *high* fen. Whatever is open at others is closed."""

    instruction: int
    instrument: int
    low: int
    high: int


class Halt(Struct, array_like=True, gc=False, frozen=True, tag=3):
    """Stop an instrument for one *cause*, or let that cause go. While any cause stands only cancels are taken."""

    instruction: int
    instrument: int
    cause: int
    on: bool


class DelistInstrument(Struct, array_like=True, gc=False, frozen=True, tag=57):
    """
    Let an instrument trade no more. Whatever is open in it is closed, and so is what would deliver it in a basket.

    What was traded is delivered, and what is held can be withdrawn.
    """

    instruction: int
    instrument: int


class Freeze(Struct, array_like=True, gc=False, frozen=True, tag=4):
    """
    Cancel all orders and listings of an account and take no more of them, or take them again.

    Also of an account that has nothing here yet.
    """

    instruction: int
    account: int
    on: bool


class CreditCash(Struct, array_like=True, gc=False, frozen=True, tag=5):
    """Money came in for an account, which begins to exist here with its beneficial owner's *group*."""

    instruction: int
    account: int
    group: int
    amount: int


class CreditTonnes(Struct, array_like=True, gc=False, frozen=True, tag=6):
    """The registry holds *quantity* more tonnes of an account in favour of the exchange."""

    instruction: int
    account: int
    group: int
    instrument: int
    quantity: int


class DebitCash(Struct, array_like=True, gc=False, frozen=True, tag=7):
    """Settled money leaves the exchange."""

    instruction: int
    account: int
    amount: int


class DebitTonnes(Struct, array_like=True, gc=False, frozen=True, tag=8):
    """Settled tonnes leave the exchange; the registry then releases them."""

    instruction: int
    account: int
    instrument: int
    quantity: int


class Cancel(Struct, array_like=True, gc=False, frozen=True, tag=10):
    """Take what is open of an order or a listing back; without a number where *client_order_id* is 0."""

    account: int
    order: int
    client_order_id: int


class CancelAll(Struct, array_like=True, gc=False, frozen=True, tag=11):
    """
    Take back everything that an account has open in one instrument, or in all of them (0).

    Without a number where *client_order_id* is 0.
    """

    account: int
    instrument: int
    client_order_id: int


class Settle(Struct, array_like=True, gc=False, frozen=True, tag=15):
    """The registry delivered the tonnes of these trades: what comes in is settled, what goes out is gone."""

    delivery: int
    trades: tuple[int, ...]


class Refund(Struct, array_like=True, gc=False, frozen=True, tag=16):
    """The registry could not deliver: both sides have again what they had before these trades."""

    delivery: int
    trades: tuple[int, ...]


class Continue(Struct, array_like=True, gc=False, frozen=True, tag=17):
    """
    Do one more step of a command that was too large to be carried out at once.

    While `Market.unfinished` is something, the journal's writer sends this and nothing else: any other command is
    refused as busy.
    """


class RestartNumbers(Struct, array_like=True, gc=False, frozen=True, tag=18):
    """
    Let an account whose client_order_ids are used up go on from *highest*, 0 for an account that begins anew.

    Until engine 2 nothing kept an account from using the largest number of all. The migration that frees such accounts
    knows which numbers they have used.
    """

    instruction: int
    account: int
    highest: int


class Command(Protocol):
    """A command of any mode: one of the types in `exchange.engine.core.MODES`."""

    __struct_fields__: ClassVar[tuple[str, ...]]


class AccountCommand(Command, Protocol):
    """What an account asks for, under its client_order_id."""

    @property
    def account(self) -> int:
        """Whose command it is."""

    @property
    def client_order_id(self) -> int:
        """A number that the account has not used before; 0 for a cancel without one."""


class Instruction(Command, Protocol):
    """What the operator, the regulator, the registry or the bank says."""

    @property
    def instruction(self) -> int:
        """Higher than that of any instruction before."""


class InstrumentOpening(Instruction, Protocol):
    """An instruction that opens an instrument: its number and its rules."""

    @property
    def instrument(self) -> int:
        """Its number."""

    @property
    def tick(self) -> int:
        """Prices are multiples of it."""

    @property
    def lot(self) -> int:
        """Quantities are multiples of it."""

    @property
    def low(self) -> int:
        """The lowest price."""

    @property
    def high(self) -> int:
        """The highest price."""

    @property
    def fee_bps(self) -> int:
        """What the seller pays, in ten-thousandths."""

    @property
    def fee_account(self) -> int:
        """To whom."""

    @property
    def fee_group(self) -> int:
        """The beneficial owner of that account."""
