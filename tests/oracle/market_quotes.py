"""Requests for quotes in the naive market: the inquired price is worked out in fractions."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.quotes import messages as m
from exchange.engine.modes.quotes.messages import QuoteReason
from exchange.engine.venue import BEGUN, QUOTES
from tests.oracle.market_beside import NaiveBeside
from tests.oracle.market_custody import LARGEST_QUANTITY_T, Offer, refuse, shut


@dataclass
class NaiveRequest:
    """A request that has not ended, and until when each of its quotes stands."""

    said: m.RequestQuotes
    expires: dict[int, int] = field(default_factory=dict)


class NaiveQuotes(NaiveBeside):
    """Takes the engine's commands and says what the engine should say, of all but campaigns."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.requests: dict[int, NaiveRequest] = {}

    def quotes(self, request: int) -> list[Offer]:
        """The quotes that stand for a request, the oldest first."""
        found = [each for each in self.open.values() if each.campaign == request]
        return sorted(found, key=lambda each: each.number)

    def _RequestQuotes(self, said: m.RequestQuotes) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        rules = self.rules[said.instrument]
        if rules.halted:
            refuse(shut(rules.halted), said.instrument, rules.halted)
        if self.owners[said.account].frozen:
            refuse(Reason.FROZEN)
        if said.quantity < 1 or said.quantity % rules.lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, said.quantity, rules.lot)
        if said.quantity > LARGEST_QUANTITY_T:
            refuse(Reason.TOO_LARGE, said.quantity, LARGEST_QUANTITY_T)
        if len(said.invited) > 100:
            refuse(QuoteReason.TOO_MANY_INVITED, len(said.invited), 100)
        mine = sum(each.said.account == said.account for each in self.requests.values())
        if mine >= 20:
            refuse(QuoteReason.TOO_MANY_REQUESTS, mine, 20)
        self._check_venue(said.account, said.instrument, said.side, QUOTES, said.quantity)
        self.requests[self.sequence] = NaiveRequest(said)
        return [m.QuotesRequested(self.sequence, *(getattr(said, name) for name in said.__struct_fields__))]

    def _GiveQuote(self, said: m.GiveQuote) -> list[e.Event]:  # noqa: N802 - named as its command
        request = self.requests.get(said.request)
        if request is None or (request.said.invited and said.account not in request.said.invited):
            refuse(Reason.NOT_OPEN, said.request)
        asked = request.said
        self._check_fits(said.account, asked.instrument, said.price, said.quantity)
        self._check_room(said.account)
        self._check_venue(said.account, asked.instrument, 1 - asked.side, BEGUN, said.quantity)
        group = self.owners[said.account].group
        if self.owners[asked.account].group == group:
            refuse(QuoteReason.OWN_REQUEST, said.request)
        if said.quantity > asked.quantity:
            refuse(QuoteReason.QUOTE_TOO_LARGE, said.quantity, asked.quantity)
        standing = self.quotes(said.request)
        for each in standing:
            if self.owners[each.account].group == group:
                refuse(QuoteReason.QUOTED_ALREADY, each.number, said.request)
        quote = self._offer(said.account, asked.instrument, 1 - asked.side, said.price, said.quantity)
        self._check_covered(quote)
        quote.listed, quote.campaign = True, said.request
        self.open[quote.number] = quote
        request.expires[quote.number] = said.expires
        head = (quote.number, said.account, asked.instrument, quote.side, said.price, said.quantity)
        return [m.Quoted(*head, said.client_order_id, said.request, said.expires)]

    def _asked(self, account: int, number: int, named: int) -> NaiveRequest:
        found = self.requests.get(number)
        if found is None or found.said.account != account:
            refuse(Reason.NOT_OPEN, named)
        return found

    def _TakeQuote(self, said: m.TakeQuote) -> list[e.Event]:  # noqa: N802 - named as its command
        asked = self._asked(said.account, said.request, said.quote).said
        quote = self.open.get(said.quote)
        if quote is None or quote.campaign != said.request:
            refuse(Reason.NOT_OPEN, said.quote)
        self._check_fits(said.account, quote.instrument, quote.price, quote.open)
        self._check_venue(said.account, quote.instrument, asked.side, BEGUN, quote.open)
        if self.owners[quote.account].group == self.owners[said.account].group:
            refuse(QuoteReason.OWN_REQUEST, said.request)
        answer = self._offer(said.account, quote.instrument, asked.side, quote.price, quote.open)
        self._check_covered(answer)
        last = self._last(0, said.request, said.quote)
        del self.open[said.quote]
        traded = self._trade(answer, quote, quote.open)
        head = (answer.number, said.account, quote.instrument, asked.side, quote.price, quote.quantity)
        taken = m.QuoteTaken(*head, said.client_order_id, said.quote)
        return [taken, traded, *self._forget(said.request), last]

    def _CloseRequest(self, said: m.CloseRequest) -> list[e.Event]:  # noqa: N802 - named as its command
        self._asked(said.account, said.request, said.request)
        last = self._last(0, said.request)
        return [*self._forget(said.request), last]

    def _EndRequest(self, said: m.EndRequest) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.request not in self.requests:
            refuse(Reason.NOT_OPEN, said.request)
        last = self._last(said.instruction, said.request)
        return [*self._forget(said.request), last]

    def _last(self, instruction: int, request: int, taken: int = 0) -> m.RequestEnded:
        standing = self.quotes(request)
        tonnes = sum(each.open for each in standing)
        price = 0
        if standing:
            tick = self.rules[self.requests[request].said.instrument].tick
            average = Fraction(sum(each.price * each.open for each in standing), tonnes)
            price = floor(average / tick + Fraction(1, 2)) * tick
        return m.RequestEnded(instruction, request, len(standing), tonnes, price, taken)

    def _forget(self, request: int) -> list[e.Event]:
        del self.requests[request]
        return self._close(self.quotes(request), Cause.NOT_TAKEN)

    def _LapseQuotes(self, said: m.LapseQuotes) -> list[e.Event]:  # noqa: N802 - named as its command
        due = [
            self.open[number]
            for request in self.requests.values()
            for number, expires in request.expires.items()
            if number in self.open and expires <= said.until
        ]
        return [m.QuotesLapsed(said.instruction, said.until), *self._close_all(due, Cause.LAPSED)]
