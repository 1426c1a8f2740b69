"""The stream of commands with all that stands beside books: rules of picking, negotiated blocks, and quotes."""

from exchange.engine.modes import listings, picking
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.quotes import messages as quotes
from tests.exchange.engine.auction_stream import AuctionStream
from tests.exchange.engine.market_stream import (
    GROUPS,
    INSTRUMENTS,
    OPEN_LIMIT,
    UNDELIVERED_LIMIT,
)

NEXT_HOURS = (1, 2, 3, 5)
"""How long after the number of its command something lapses, in hundreds of commands."""


class WholeStream(AuctionStream):
    """Aims at what the naive market has, of every mode."""

    weights = AuctionStream.weights | {
        "pick_rule": 4,
        "spread": 20,
        "block_terms": 5,
        "propose": 30,
        "accept": 25,
        "decline": 6,
        "lapse_blocks": 3,
        "ask": 14,
        "quote": 40,
        "take_quote": 8,
        "close_request": 4,
        "end_request": 5,
        "lapse_quotes": 3,
    }

    def choose(self, kind: str) -> str:
        """What was drawn, unless too much is open or undelivered."""
        chosen = super().choose(kind)
        if chosen in {"propose", "quote", "spread"} and len(self.market.open) >= OPEN_LIMIT:
            return "cancel"
        if chosen in {"accept", "take_quote"} and len(self.market.undelivered) >= UNDELIVERED_LIMIT:
            return "deliver"
        return chosen

    def pick_rule(self) -> picking.SetPicking:
        """Any rule, seldom an invalid one."""
        rule = self.dice.choice((-1, 3, 2**31)) if self.one_in(10) else self.dice.randrange(3)
        return picking.SetPicking(self.instruction(), self.instrument(), rule)

    def spread(self) -> listings.OpenListing:
        """A listing of the instrument with the fewest takers, at any of its prices, so that some are beyond five."""
        account = self.account()
        price = 100 * self.dice.randrange(1, 11)
        return listings.OpenListing(account, 3, price, self.dice.randrange(1, 4), self.client_order_id(account))

    def block_terms(self) -> blocks.SetBlockTerms:
        """Small blocks, with a band of their own half the time; seldom what cannot be."""
        instrument = self.instrument()
        _, lot, low, high, _ = INSTRUMENTS.get(instrument, INSTRUMENTS[1])
        least, reference, bps = lot * self.dice.randrange(1, 9), (low + high) // 2, self.dice.choice((0, 0, 40, 3_000))
        if self.one_in(8):
            least, reference, bps = self.dice.choice(
                (
                    (0, reference, bps),
                    (lot * 200_000_000, reference, bps),
                    (least, 0, 40),
                    (least, 10_000_001, 40),
                    (least, 10_000_000, 40),
                    (least, reference, 10_000),
                    (least, reference, -1),
                )
            )
        return blocks.SetBlockTerms(self.instruction(), instrument, least, reference, bps)

    def until(self) -> int:
        """A moment of business time: the number of a command soon."""
        return self.market.sequence + 100 * self.dice.choice(NEXT_HOURS)

    def propose(self) -> blocks.ProposeBlock:
        """A block to somebody, seldom to oneself or to nobody."""
        account, instrument, side = self.account(), self.instrument(), self.dice.randrange(2)
        price = self.price(instrument, side)
        if self.one_in(5):
            price += (
                self.dice.choice((-1, 1)) * 12 * INSTRUMENTS.get(instrument, INSTRUMENTS[1])[0]
                if abs(price) < 10_000
                else 0
            )
        other = 99 if self.one_in(40) else self.account()
        quantity, number = self.quantity(instrument), self.client_order_id(account)
        return blocks.ProposeBlock(account, instrument, other, side, price, quantity, self.until(), number)

    def proposal(self) -> tuple[int, int]:
        """Whom a block was proposed to, and its number; seldom of something else, or by somebody else."""
        proposed = self.market.proposed()
        if not proposed or self.one_in(20):
            return self.account(), self.open_number()
        number = self.dice.choice(list(proposed))
        return (self.account() if self.one_in(20) else proposed[number].counterparty), number

    def accept(self) -> blocks.AcceptBlock:
        """A block is agreed to."""
        account, number = self.proposal()
        return blocks.AcceptBlock(account, number, self.client_order_id(account))

    def decline(self) -> blocks.DeclineBlock:
        """A block is declined."""
        account, number = self.proposal()
        return blocks.DeclineBlock(account, number, self.client_order_id(account))

    def lapse_blocks(self) -> blocks.LapseBlocks:
        """Time passes for blocks."""
        return blocks.LapseBlocks(self.instruction(), self.market.sequence)

    def ask(self) -> quotes.RequestQuotes:
        """Anybody asks all, or a few; one account asks without an end."""
        account = self.dice.choice((3, self.account()))
        instrument, number = self.instrument(), self.client_order_id(account)
        invited = tuple(self.dice.sample(sorted(GROUPS), 4)) if self.one_in(3) else ()
        quantity = self.quantity(instrument)
        return quotes.RequestQuotes(
            account, instrument, self.dice.randrange(2), quantity, self.until(), invited, number
        )

    def request(self) -> int:
        """The number of a request, seldom of something else."""
        if not self.market.requests or self.one_in(20):
            return self.open_number()
        return self.dice.choice(list(self.market.requests))

    def asker(self, request: int) -> int:
        """Whose request it is, seldom somebody else."""
        found = self.market.requests.get(request)
        return self.account() if found is None or self.one_in(20) else found.said.account

    def quote(self) -> quotes.GiveQuote:
        """A quote for one of a few requests, so that each has several; seldom for too much."""
        running = list(self.market.requests)
        number = self.dice.choice(running[:4]) if running and not self.one_in(20) else self.request()
        found = self.market.requests.get(number)
        account = self.account()
        client_order_id = self.client_order_id(account)
        if found is None:
            return quotes.GiveQuote(account, number, 1_000, 10, self.until(), client_order_id)
        said = found.said
        price = self.price(said.instrument, 1 - said.side)
        quantity = said.quantity if self.one_in(3) else self.quantity(said.instrument)
        return quotes.GiveQuote(account, number, price, quantity, self.until(), client_order_id)

    def take_quote(self) -> quotes.TakeQuote:
        """A quote that stands, seldom another."""
        request = self.request()
        account = self.asker(request)
        standing = self.market.quotes(request)
        number = self.open_number() if not standing or self.one_in(10) else self.dice.choice(standing).number
        return quotes.TakeQuote(account, request, number, self.client_order_id(account))

    def close_request(self) -> quotes.CloseRequest:
        """None is taken."""
        request = self.request()
        account = self.asker(request)
        return quotes.CloseRequest(account, request, self.client_order_id(account))

    def end_request(self) -> quotes.EndRequest:
        """Its time is over; of the account that asks without an end only when it has very many."""
        number, requests = self.request(), self.market.requests
        if number in requests and requests[number].said.account == 3 and not self.one_in(9):
            number = self.request()
        return quotes.EndRequest(self.instruction(), number)

    def lapse_quotes(self) -> quotes.LapseQuotes:
        """Time passes for quotes."""
        return quotes.LapseQuotes(self.instruction(), self.market.sequence)
