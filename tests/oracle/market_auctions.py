"""
Auctions in the naive market: every lot of every bid by itself, sorted, and the best of them taken.

Which bids lead is asked anew each time, as if the auction closed now; a draw is made with `struct` and `hashlib`.
"""

import struct
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.auctions.messages import AuctionReason
from exchange.engine.venue import ASCENDING_AUCTIONS, BEGUN, PAY_AS_BID_AUCTIONS, UNIFORM_AUCTIONS
from tests.oracle.market_book import Unfinished, gone
from tests.oracle.market_custody import Offer, refuse, shut
from tests.oracle.market_sessions import NaiveSessions

MODES = {
    auctions.UNIFORM: UNIFORM_AUCTIONS,
    auctions.PAY_AS_BID: PAY_AS_BID_AUCTIONS,
    auctions.ASCENDING: ASCENDING_AUCTIONS,
}


@dataclass
class NaiveAuction:
    """An auction that has not ended."""

    number: int
    terms: auctions.OpenAuction
    closes: int
    begun: bool = False

    @property
    def ascending(self) -> bool:
        """Whether bids are open, and each beats the one before."""
        return self.terms.kind == auctions.ASCENDING


@dataclass
class Awarding(Unfinished):
    """What each bid that is still to be ended is given, and the price for all of them, if there is one."""

    given: Counter[int]
    auction: int
    price: int


class NaiveAuctions(NaiveSessions):
    """The naive market, with auctions."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.auctions: dict[int, NaiveAuction] = {}

    def bids(self, auction: int) -> list[Offer]:
        """The open bids of an auction, the oldest first."""
        found = [each for each in self.open.values() if each.campaign == auction != each.number]
        return sorted(found, key=lambda each: each.number)

    def leads(self, order: Offer) -> bool:
        """Whether an order is a bid of an ascending auction that would be sold something now."""
        auction = self.auctions.get(order.campaign)
        if auction is None or not auction.ascending or auction.number not in self.open or order.side == c.SELL:
            return False
        return self._winners(auction, b"")[order.number] > 0

    def _OpenAuction(self, said: auctions.OpenAuction) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.reserve, said.quantity)
        self._check_room(said.account)
        self._check_venue(said.account, said.instrument, c.SELL, MODES.get(said.kind, BEGUN), said.quantity)
        self._check_terms(said)
        offer = self._offer(said.account, said.instrument, c.SELL, said.reserve, said.quantity)
        self._check_covered(offer)
        offer.listed, offer.campaign = True, offer.number
        self.open[offer.number] = offer
        self.auctions[offer.number] = NaiveAuction(offer.number, said, said.closes)
        said_again = (getattr(said, name) for name in said.__struct_fields__)
        return [auctions.AuctionOpened(offer.number, *said_again)]

    def _check_terms(self, said: auctions.OpenAuction) -> None:
        rules = self.rules[said.instrument]
        if said.closes <= said.opens or said.latest < said.closes:
            refuse(AuctionReason.NO_WINDOW)
        if said.lot <= 0 or said.lot % rules.lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, said.lot, rules.lot)
        for each in (said.quantity, said.most):
            if each <= 0 or each % said.lot != 0:
                refuse(Reason.QUANTITY_OFF_LOT, each, said.lot)
        if said.kind == auctions.ASCENDING:
            if said.increment <= 0 or said.increment % rules.tick != 0:
                refuse(Reason.PRICE_OFF_TICK, said.increment, rules.tick)
            if said.extension < 0:
                refuse(AuctionReason.TERMS_CROSS, said.extension)
        else:
            for each in (said.increment, said.extension, said.latest - said.closes):
                if each != 0:
                    refuse(AuctionReason.TERMS_CROSS, each)

    def _auction(self, number: int) -> NaiveAuction:
        if number not in self.auctions:
            refuse(Reason.NOT_OPEN, number)
        return self.auctions[number]

    def _BeginAuction(self, said: auctions.BeginAuction) -> list[e.Event]:  # noqa: N802 - named as its command
        auction = self._auction(said.auction)
        if auction.begun:
            refuse(AuctionReason.BEGUN, said.auction)
        auction.begun = True
        return [auctions.AuctionBegun(said.instruction, said.auction)]

    def _Bid(self, said: auctions.Bid) -> list[e.Event]:  # noqa: N802 - named as its command
        auction = self._auction(said.auction)
        if said.auction not in self.open:
            refuse(Reason.NOT_OPEN, said.auction)
        if not auction.begun:
            refuse(AuctionReason.NOT_BEGUN, said.auction)
        if said.at >= auction.closes:
            refuse(AuctionReason.OVER, said.auction)
        instrument = auction.terms.instrument
        self._check_fits(said.account, instrument, said.price, said.quantity)
        self._check_room(said.account)
        earlier = [each for each in self.bids(said.auction) if auction.ascending and each.account == said.account]
        more = said.quantity - sum(each.open for each in earlier)
        self._check_venue(said.account, instrument, c.BUY, BEGUN, said.quantity, more)
        self._check_bid(auction, said, earlier)
        made = self._offer(said.account, instrument, c.BUY, said.price, said.quantity)
        can_pay = self.cash(said.account)[0] + sum(each.open * each.price for each in earlier)
        if made.price * made.quantity > can_pay:
            refuse(Reason.NOT_ENOUGH_CASH, made.price * made.quantity, can_pay)
        raised = self._close(earlier, Cause.RAISED)
        made.listed, made.campaign = True, said.auction
        self.open[made.number] = made
        bid = auctions.BidMade(
            made.number, said.account, instrument, said.price, said.quantity, said.client_order_id, said.auction
        )
        return [bid, *raised, *self._late(auction, said.at)]

    def _check_bid(self, auction: NaiveAuction, said: auctions.Bid, earlier: list[Offer]) -> None:
        terms, standing = auction.terms, self.bids(said.auction)
        if self.owners[terms.account].group == self.owners[said.account].group:
            refuse(AuctionReason.OWN_AUCTION, said.auction)
        if said.quantity % terms.lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, said.quantity, terms.lot)
        if said.price < terms.reserve:
            refuse(AuctionReason.BELOW_RESERVE, said.price, terms.reserve)
        if auction.ascending and standing:
            least = max(each.price for each in standing) + terms.increment
            if said.price < least:
                refuse(AuctionReason.BELOW_INCREMENT, said.price, least)
        for each in earlier:
            if said.quantity < each.open:
                refuse(AuctionReason.SMALLER_BID, said.quantity, each.open)
        group = self.owners[said.account].group
        others = [each for each in standing if self.owners[each.account].group == group and each not in earlier]
        in_all = sum(each.open for each in others) + said.quantity
        if in_all > terms.most:
            refuse(AuctionReason.ABOVE_MOST, in_all, terms.most)

    def _late(self, auction: NaiveAuction, at: int) -> list[e.Event]:
        terms = auction.terms
        if at + terms.extension < auction.closes or terms.extension == 0 or auction.closes == terms.latest:
            return []
        auction.closes = min(terms.latest, auction.closes + terms.extension)
        return [auctions.AuctionExtended(auction.number, auction.closes)]

    def _CloseAuction(self, said: auctions.CloseAuction) -> list[e.Event]:  # noqa: N802 - named as its command
        auction = self._auction(said.auction)
        halted = self.rules[auction.terms.instrument].halted
        if halted:
            refuse(shut(halted), auction.terms.instrument, halted)
        if said.auction not in self.open:
            return self._unsold(said.instruction, auction, Cause.CALLED_OFF)
        if said.at < auction.closes:
            refuse(AuctionReason.NOT_OVER, said.at, auction.closes)
        bids, supply = self.bids(said.auction), self.open[said.auction].open
        wanted = sum(each.open for each in bids)
        if wanted < (supply if auction.terms.whole else 1):
            return self._unsold(said.instruction, auction, Cause.UNDERSUBSCRIBED)
        seed = said.seed if auction.terms.ties == auctions.AT_RANDOM and not auction.ascending else b""
        given = self._winners(auction, seed)
        lowest = min(self.open[number].price for number in given)
        last = auctions.AuctionEnded(
            said.instruction, auction.number, len(bids), wanted, given.total(), lowest, 0, seed
        )
        price = lowest if auction.terms.kind == auctions.UNIFORM else 0
        served = [each.number for each in sorted(bids, key=lambda each: _place(each, seed))]
        self.unfinished = Awarding(served, Cause.OUTBID, [last], given, auction.number, price)
        return self._close_some()

    def _winners(self, auction: NaiveAuction, seed: bytes) -> Counter[int]:
        """What each bid is sold, lot by lot."""
        lot, supply = auction.terms.lot, self.open[auction.number].open
        lots = [each for each in self.bids(auction.number) for _ in range(each.open // lot)]
        best = sorted(lots, key=lambda each: _place(each, seed))[: supply // lot]
        return Counter({number: lots * lot for number, lots in Counter(each.number for each in best).items()})

    def _CallOffAuction(self, said: auctions.CallOffAuction) -> list[e.Event]:  # noqa: N802 - named as its command
        return self._unsold(said.instruction, self._auction(said.auction), Cause.CALLED_OFF)

    def _unsold(self, instruction: int, auction: NaiveAuction, why: Cause) -> list[e.Event]:
        bids = self.bids(auction.number)
        wanted = sum(each.open for each in bids)
        last = auctions.AuctionEnded(instruction, auction.number, len(bids), wanted, 0, 0, why, b"")
        self.unfinished = Awarding([each.number for each in bids], why, [last], Counter(), auction.number, 0)
        return self._close_some()

    def _close_some(self) -> list[e.Event]:
        if not isinstance(self.unfinished, Awarding):
            return super()._close_some()
        now, later = self.unfinished.numbers[: self.step], self.unfinished.numbers[self.step :]
        happened: list[e.Event] = []
        offer = self.open.get(self.unfinished.auction)
        for number in now:
            bid, given = self.open.pop(number), self.unfinished.given[number]
            if given:
                assert offer is not None
                reserve, offer.price = offer.price, self.unfinished.price or bid.price
                happened.append(self._trade(bid, offer, given))
                offer.price = reserve
                offer.open -= given
            if bid.open > given:
                happened.append(gone(bid, bid.open - given, self.unfinished.cause))
        self.unfinished.numbers = later
        return happened if later else [*happened, *self._awarded(self.unfinished, offer)]

    def _awarded(self, ending: Awarding, offer: Offer | None) -> list[e.Event]:
        self.unfinished = None
        del self.auctions[ending.auction]
        left = self.open.pop(ending.auction).open if offer is not None else 0
        unsold = Cause.NOT_FILLED if ending.cause == Cause.OUTBID else ending.cause
        return [*([gone(offer, left, unsold)] if offer is not None and left else []), *ending.last]

    # What an account takes back.

    def _Cancel(self, said: c.Cancel) -> list[e.Event]:  # noqa: N802 - named as its command
        if self.leads(self._mine(said.account, said.order)):
            refuse(AuctionReason.LEADS, said.order)
        return super()._Cancel(said)

    def _CancelAll(self, said: c.CancelAll) -> list[e.Event]:  # noqa: N802 - named as its command
        mine = [each for each in self._open_of(said.account) if said.instrument in {0, each.instrument}]
        free = [each for each in mine if not self.leads(each)]
        return self._close_all(free, Cause.OWNER, e.Completed(said.account, said.client_order_id, len(free)))


def _place(bid: Offer, seed: bytes) -> tuple[int, bytes, int]:
    """Where a bid stands: the higher price first, then the smaller draw, then the older."""
    return -bid.price, sha256(seed + struct.pack(">Q", bid.number)).digest() if seed else b"", bid.number
