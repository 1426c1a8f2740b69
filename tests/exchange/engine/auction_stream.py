"""The seeded stream with auctions in it. Business time in them is the number of the command."""

from typing import ClassVar

from exchange.engine.modes.auctions import messages as auctions
from tests.exchange.engine.market_stream import HUGE, INSTRUMENTS, OPEN_LIMIT, WEIGHTS, Stream, Weighted


class AuctionStream(Stream):
    """Everything that the stream has, and auctions of each kind."""

    weights: ClassVar[Weighted] = WEIGHTS | {
        "auction": 8,
        "begin_auction": 10,
        "bid": 75,
        "close_auction": 9,
        "call_off_auction": 1,
    }

    def choose(self, kind: str) -> str:
        """What was drawn, unless too much is open for it."""
        full = kind in {"auction", "bid"} and len(self.market.open) >= OPEN_LIMIT
        return super().choose("cancel" if full else kind)

    def auction(self) -> auctions.OpenAuction:
        """An auction, seldom one whose terms cannot be."""
        account, instrument, kind = self.account(), self.instrument(), self.dice.randrange(3)
        tick, lot, low, _, _ = INSTRUMENTS.get(instrument, INSTRUMENTS[1])
        ascending = kind == auctions.ASCENDING
        lot *= self.dice.choice((1, 1, 2))
        terms = {
            "increment": tick * self.dice.choice((1, 1, 2)) if ascending else 0,
            "quantity": lot * self.dice.randrange(1, 12),
            "lot": lot,
            "most": lot * self.dice.randrange(3, 20),
        }
        opens = self.market.sequence
        closes = opens + self.dice.randrange(40, 400)
        extension = self.dice.choice((0, 30, 60)) if ascending else 0
        latest = closes + (self.dice.randrange(90) if ascending else 0)
        if self.one_in(12):
            terms[self.dice.choice(list(terms))] = self.dice.choice((-1, 0, 1, 5, 7, HUGE))
        elif self.one_in(12):
            opens, closes, extension, latest = self.dice.choice(
                ((9, 9, 0, 9), (1, 9, 0, 8), (1, 9, -1, 9), (1, 9, 2, 9), (1, 9, 0, 11))
            )
        return auctions.OpenAuction(
            account,
            instrument,
            kind,
            low + (-low % tick) + tick * self.dice.randrange(3) if not self.one_in(15) else self.price(instrument, 1),
            terms["increment"],
            terms["quantity"],
            terms["lot"],
            terms["most"],
            self.dice.choice((auctions.BY_TIME, auctions.AT_RANDOM)),
            self.one_in(3),
            opens,
            closes,
            extension,
            latest,
            self.client_order_id(account),
        )

    def running_auction(self) -> int:
        """The number of an auction, seldom of something else."""
        if self.one_in(25) or not self.market.auctions:
            return self.open_number()
        return self.dice.choice(list(self.market.auctions))

    def begin_auction(self) -> auctions.BeginAuction:
        """The window of an auction opens."""
        waiting = [number for number, each in self.market.auctions.items() if not each.begun]
        number = self.dice.choice(waiting) if waiting and not self.one_in(10) else self.running_auction()
        return auctions.BeginAuction(self.instruction(), number)

    def bid(self) -> auctions.Bid:
        """A bid, at few prices; in an ascending auction often just enough, seldom late."""
        account, number = self.account(), self.running_auction()
        found = self.market.auctions.get(number)
        instrument, quantity = (found.terms.instrument, found.terms.lot) if found else (1, 1)
        price = self.price(instrument, 0)
        if found and not self.one_in(4):
            tick = INSTRUMENTS[instrument][0]
            best = max((each.price for each in self.market.bids(number)), default=found.terms.reserve)
            price = (best if found.ascending else found.terms.reserve) + tick * self.dice.randrange(4)
        quantity = self.quantity(instrument) if self.one_in(8) else quantity * self.dice.randrange(1, 6)
        at = self.market.sequence - (0 if self.one_in(8) else self.dice.randrange(60))
        return auctions.Bid(account, number, price, quantity, at, self.client_order_id(account))

    def close_auction(self) -> auctions.CloseAuction:
        """The window of an auction closes, seldom too early."""
        over = [number for number, each in self.market.auctions.items() if each.closes <= self.market.sequence]
        number = self.dice.choice(over) if over and not self.one_in(10) else self.running_auction()
        return auctions.CloseAuction(
            self.instruction(), number, self.market.sequence, self.dice.choice((b"", self.dice.randbytes(32)))
        )

    def call_off_auction(self) -> auctions.CallOffAuction:
        """An auction ends without a sale."""
        return auctions.CallOffAuction(self.instruction(), self.running_auction())
