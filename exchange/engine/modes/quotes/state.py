"""What a market has of requests for quotes: each with its quotes, and how a snapshot has them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, NamedTuple

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.beside import whole
from exchange.engine.market import Market
from exchange.engine.modes.quotes.messages import RequestQuotes


class StandingQuote(NamedTuple):
    """A quote that can be taken until *expires*."""

    order: OpenOrder
    expires: int


class StoredQuote(Struct, array_like=True, gc=False):
    """A quote in a snapshot."""

    id: int
    account: int
    price: int
    quantity: int
    expires: int


class StoredRequest(Struct, array_like=True):
    """A request in a snapshot."""

    id: int
    account: int
    instrument: int
    side: int
    quantity: int
    expires: int
    invited: tuple[int, ...]
    quotes: list[StoredQuote]


class StoredRequests(Struct, array_like=True):
    """The requests in a snapshot, by number."""

    running: list[StoredRequest]


class RunningRequest:
    """One request with its quotes, by number. The asker is on *side*, quotes on the other one."""

    __slots__ = ("account", "expires", "id", "instrument", "invited", "quantity", "quotes", "side")

    def __init__(self, number: int, said: RequestQuotes | StoredRequest) -> None:
        self.id = number
        self.account = said.account
        self.instrument = said.instrument
        self.side = said.side
        self.quantity = said.quantity
        self.expires = said.expires
        self.invited = said.invited
        self.quotes: dict[int, StandingQuote] = {}

    def add(self, order: OpenOrder, expires: int) -> None:
        """Take a quote."""
        self.quotes[order.id] = StandingQuote(order, expires)
        order.account.orders[order.id] = order
        order.queue = self

    def remove(self, order: OpenOrder) -> None:
        """Forget a quote that was taken, taken back or has lapsed."""
        del self.quotes[order.id]
        order.queue = None


def inquired_price(quotes: Iterable[tuple[int, int]], tick: int) -> int:
    """
    What some quotes, pairs of a price and tonnes, come to: their average weighted by tonnes, in whole ticks.

    It is rounded to the nearest tick, and up where two are equally near; so it is between the lowest and the highest
    of them. 0 where there are none.
    """
    amount = total = 0
    for price, quantity in quotes:
        amount += price * quantity
        total += quantity
    return (2 * amount + tick * total) // (2 * tick * total) * tick if total else 0


class Quotes:
    """The requests that have not ended, by number."""

    __slots__ = ("running",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredRequests}

    def __init__(self) -> None:
        self.running: dict[int, RunningRequest] = {}

    def asked_by(self, account: int) -> int:
        """Return how many requests an account has."""
        return sum(each.account == account for each in self.running.values())

    def open_in(self, instrument: int) -> Iterator[OpenOrder]:
        """Return the quotes of an instrument."""
        for request in self.running.values():
            if request.instrument == instrument:
                yield from (each.order for each in request.quotes.values())

    def dump(self) -> StoredRequests | None:
        """Return them as a snapshot has them."""
        if not self.running:
            return None
        return StoredRequests(
            [
                StoredRequest(
                    number,
                    each.account,
                    each.instrument,
                    each.side,
                    each.quantity,
                    each.expires,
                    each.invited,
                    [
                        StoredQuote(quote, order.account.id, order.price, order.quantity, expires)
                        for quote, (order, expires) in each.quotes.items()
                    ],
                )
                for number, each in sorted(self.running.items())
            ]
        )

    def load(self, market: Market, stored: StoredRequests) -> None:
        """Take on those of a snapshot."""
        for each in stored.running:
            request = self.running[each.id] = RunningRequest(each.id, each)
            for quote in each.quotes:
                account = market.accounts[quote.account]
                order = whole(quote.id, account, each.instrument, 1 - each.side, quote.price, quote.quantity)
                request.add(order, quote.expires)
