"""What a market has of blocks: their terms by instrument, and what is proposed."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, NamedTuple

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.beside import whole
from exchange.engine.market import BPS, Market, TradedInstrument
from schemas.scalars import MAX_PRICE_FEN

LEAST: Final = 1_000
"""Tonnes of the smallest block, where the operator has set nothing."""


class Terms(NamedTuple):
    """The smallest block, and how far from which price one may be agreed on; *band_bps* is 0 for the book's band."""

    least: int = LEAST
    reference: int = 0
    band_bps: int = 0

    def bounds(self, instrument: TradedInstrument) -> tuple[int, int]:
        """The lowest and the highest price, both included: rounded inwards."""
        if not self.band_bps:
            return instrument.low, instrument.high
        low = -(-self.reference * (BPS - self.band_bps) // BPS)
        return low, min(self.reference * (BPS + self.band_bps) // BPS, MAX_PRICE_FEN)


class Proposal(NamedTuple):
    """A block that waits for the answer of the account *counterparty*."""

    order: OpenOrder
    counterparty: int
    expires: int


class StoredBlock(Struct, array_like=True, gc=False):
    """A proposed block in a snapshot."""

    id: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    counterparty: int
    expires: int


class StoredBlocks(Struct, array_like=True):
    """Terms by instrument, and the proposed blocks by number, in a snapshot."""

    terms: list[tuple[int, tuple[int, int, int]]]
    open: list[StoredBlock]


class Blocks:
    """The terms that were set, by instrument, and what is proposed, by number."""

    __slots__ = ("open", "terms")

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredBlocks}

    def __init__(self) -> None:
        self.terms: dict[int, Terms] = {}
        self.open: dict[int, Proposal] = {}

    def terms_of(self, instrument: int) -> Terms:
        """Return the terms of an instrument's blocks."""
        return self.terms.get(instrument, Terms())

    def add(self, proposal: Proposal) -> None:
        """Let a block wait for its answer."""
        order = proposal.order
        self.open[order.id] = proposal
        order.account.orders[order.id] = order
        order.queue = self

    def remove(self, order: OpenOrder) -> None:
        """Forget a block that was answered or taken back."""
        del self.open[order.id]

    def open_in(self, instrument: int) -> Iterator[OpenOrder]:
        """Return what is proposed in an instrument, unless its blocks have a band of their own."""
        if not self.terms_of(instrument).band_bps:
            yield from (each.order for each in self.open.values() if each.order.instrument == instrument)

    def dump(self) -> StoredBlocks | None:
        """Return it as a snapshot has it."""
        if not self.open and not self.terms:
            return None
        return StoredBlocks(
            [(number, (each.least, each.reference, each.band_bps)) for number, each in sorted(self.terms.items())],
            [
                StoredBlock(
                    number,
                    order.account.id,
                    order.instrument,
                    order.side,
                    order.price,
                    order.quantity,
                    counterparty,
                    expires,
                )
                for number, (order, counterparty, expires) in sorted(self.open.items())
            ],
        )

    def load(self, market: Market, stored: StoredBlocks) -> None:
        """Take on what a snapshot has."""
        self.terms = {number: Terms(*each) for number, each in stored.terms}
        for each in stored.open:
            order = whole(each.id, market.accounts[each.account], each.instrument, each.side, each.price, each.quantity)
            self.add(Proposal(order, each.counterparty, each.expires))
