"""What a market has of auctions: each with its offer and its bids, and how a snapshot has them."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.cancelling import BINDING
from exchange.engine.market import Market
from exchange.engine.modes.auctions.messages import ASCENDING, OpenAuction


class StoredBid(Struct, array_like=True, gc=False):
    """An auction's offer, or a bid, in a snapshot."""

    id: int
    account: int
    price: int
    quantity: int
    open: int
    fee_rest: int = 0


class StoredAuction(Struct, array_like=True):
    """An auction in a snapshot; *offer* is None where its seller has taken it back."""

    id: int
    instrument: int
    kind: int
    reserve: int
    increment: int
    lot: int
    most: int
    ties: int
    whole: bool
    closes: int
    extension: int
    latest: int
    begun: bool
    offer: StoredBid | None
    bids: list[StoredBid]


class StoredAuctions(Struct, array_like=True):
    """The auctions in a snapshot, by number."""

    running: list[StoredAuction]


class RunningAuction:
    """
    One auction with its bids in the order in which they came, which in an ascending one is that of their prices.

    *closes* is when it closes as it stands, late bids counted. *offer* is None once its seller took it back, or a
    freeze or a band did: then it ends without selling anything. *wanted* has the tonnes of each beneficial owner, *own*
    the one bid of each account in an ascending auction.
    """

    __slots__ = (
        "begun",
        "bids",
        "closes",
        "extension",
        "id",
        "increment",
        "instrument",
        "kind",
        "latest",
        "lot",
        "most",
        "offer",
        "own",
        "reserve",
        "ties",
        "wanted",
        "whole",
    )

    def __init__(self, number: int, terms: OpenAuction | StoredAuction) -> None:
        self.id = number
        self.instrument = terms.instrument
        self.kind = terms.kind
        self.reserve = terms.reserve
        self.increment = terms.increment
        self.lot = terms.lot
        self.most = terms.most
        self.ties = terms.ties
        self.whole = terms.whole
        self.closes = terms.closes
        self.extension = terms.extension
        self.latest = terms.latest
        self.begun = False
        self.offer: OpenOrder | None = None
        self.bids: dict[int, OpenOrder] = {}
        self.wanted: dict[int, int] = {}
        self.own: dict[int, OpenOrder] = {}

    @property
    def lowest(self) -> int:
        """The least that a bid may be: the reserve, or more than the best one of an ascending auction."""
        if self.kind == ASCENDING and self.bids:
            return self.bids[next(reversed(self.bids))].price + self.increment
        return self.reserve

    def add(self, bid: OpenOrder) -> None:
        """Take a bid; `bind` says then which ones lead."""
        if self.kind == ASCENDING:
            self.own[bid.account.id] = bid
        self.bids[bid.id] = bid.account.orders[bid.id] = bid
        self.wanted[bid.group] = self.wanted.get(bid.group, 0) + bid.open
        bid.queue = self

    def remove(self, order: OpenOrder) -> None:
        """Take a bid out, or the offer itself."""
        if self.offer is order:
            self.offer = order.queue = None
        else:
            self.drop(order)
        self.bind()

    def drop(self, bid: OpenOrder) -> None:
        """Take a bid out where no other comes to lead by that."""
        bid.queue = None
        del self.bids[bid.id]
        self.own.pop(bid.account.id, None)
        left = self.wanted[bid.group] - bid.open
        if left:
            self.wanted[bid.group] = left
        else:
            del self.wanted[bid.group]

    def bind(self) -> None:
        """Bind the bids of an ascending auction that would be sold something if it closed now, and free the others."""
        if self.kind != ASCENDING:
            return
        left = self.offer.open if self.offer is not None else 0
        for bid in reversed(self.bids.values()):
            if left <= 0 and bid.life != BINDING:
                break  # nor are those below it
            bid.life = BINDING if left > 0 else c.LISTED
            left -= bid.open


class Auctions:
    """The auctions that have not ended, by number."""

    __slots__ = ("running",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredAuctions}

    def __init__(self) -> None:
        self.running: dict[int, RunningAuction] = {}

    def open_in(self, instrument: int) -> Iterator[OpenOrder]:
        """Return the offers and bids of an instrument."""
        for each in self.running.values():
            if each.instrument == instrument:
                yield from (each.offer,) if each.offer is not None else ()
                yield from each.bids.values()

    def dump(self) -> StoredAuctions | None:
        """Return them as a snapshot has them."""
        if not self.running:
            return None
        return StoredAuctions(
            [
                StoredAuction(
                    number,
                    each.instrument,
                    each.kind,
                    each.reserve,
                    each.increment,
                    each.lot,
                    each.most,
                    each.ties,
                    each.whole,
                    each.closes,
                    each.extension,
                    each.latest,
                    each.begun,
                    _stored(each.offer) if each.offer is not None else None,
                    [_stored(bid) for bid in each.bids.values()],
                )
                for number, each in sorted(self.running.items())
            ]
        )

    def load(self, market: Market, stored: StoredAuctions) -> None:
        """Take on those of a snapshot."""
        for each in stored.running:
            auction = self.running[each.id] = RunningAuction(each.id, each)
            auction.begun = each.begun
            if each.offer is not None:
                offer_in(auction, _loaded(market, auction, each.offer, c.SELL))
            for bid in each.bids:
                auction.add(_loaded(market, auction, bid, c.BUY))
            auction.bind()


def _stored(order: OpenOrder) -> StoredBid:
    return StoredBid(order.id, order.account.id, order.price, order.quantity, order.open, order.fee_rest)


def _loaded(market: Market, auction: RunningAuction, stored: StoredBid, side: int) -> OpenOrder:
    account = market.accounts[stored.account]
    found = entered(stored.id, account, auction.instrument, side, price=stored.price, quantity=stored.quantity)
    found.open, found.fee_rest = stored.open, stored.fee_rest
    return found


def entered(
    number: int, account: TradingAccount, instrument: int, side: int, *, price: int, quantity: int
) -> OpenOrder:
    """Return a bid in an auction, or its offer, of which nothing is traded yet."""
    return OpenOrder(
        number,
        account,
        account.group,
        account.cash,
        account.balance(instrument),
        instrument,
        side,
        price,
        quantity,
        quantity,
        c.LISTED,
    )


def offer_in(auction: RunningAuction, offer: OpenOrder) -> None:
    """Let an auction have its offer."""
    auction.offer = offer.account.orders[offer.id] = offer
    offer.queue = auction
