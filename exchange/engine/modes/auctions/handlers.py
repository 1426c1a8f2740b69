"""How commands of auctions are carried out."""

from itertools import islice
from typing import Final

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.events import Cause, Event, InstructionRefused, Reason, Refused
from exchange.engine.market import (
    STEP,
    Market,
    TradedInstrument,
    beyond_venue,
    caller,
    close,
    exchange,
    given_before,
    not_in_baskets,
    refused,
    shut_for,
    unfit,
    unlock,
)
from exchange.engine.modes import EngineMode
from exchange.engine.modes.auctions.awards import StandingBid, awarded, ranked
from exchange.engine.modes.auctions.messages import (
    ASCENDING,
    AT_RANDOM,
    PAY_AS_BID,
    UNIFORM,
    AuctionBegun,
    AuctionEnded,
    AuctionExtended,
    AuctionOpened,
    AuctionReason,
    BeginAuction,
    Bid,
    BidMade,
    CallOffAuction,
    CloseAuction,
    OpenAuction,
)
from exchange.engine.modes.auctions.state import Auctions, RunningAuction, entered, offer_in
from exchange.engine.venue import ASCENDING_AUCTIONS, BEGUN, PAY_AS_BID_AUCTIONS, UNIFORM_AUCTIONS

_MODES: Final = {UNIFORM: UNIFORM_AUCTIONS, PAY_AS_BID: PAY_AS_BID_AUCTIONS, ASCENDING: ASCENDING_AUCTIONS}


class Awarding(Struct, array_like=True, frozen=True, tag=4):
    """
    An auction is being ended: pairs of a bid and what it is given, the best first, and what is said at the end.

    Each pays *price*, or its own bid where that is 0. *lost* is why what a bid is not given is open no more.
    """

    auction: int
    grants: tuple[tuple[int, int], ...]
    price: int
    lost: int
    last: AuctionEnded


def _auctions(market: Market) -> dict[int, RunningAuction]:
    part: Auctions = market.parts["auctions"]
    return part.running


def open_auction(market: Market, command: OpenAuction) -> list[Event]:
    """Announce an auction; its tonnes are locked until it ends."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    quantity = command.quantity
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument)]
    if (refusal := not_in_baskets(command, instrument)) is not None:
        return [refusal]
    mode = _MODES.get(command.kind, BEGUN)
    refusal = (
        unfit(command, instrument, account, command.reserve, quantity, rests=True)
        or beyond_venue(command, instrument, account, mode=mode, side=c.SELL, quantity=quantity)
        or _bad_terms(command, instrument)
    )
    if refusal is not None:
        return [refusal]
    holding = account.balance(instrument.id)
    if quantity > holding.settled:
        return [refused(command, Reason.NOT_ENOUGH_TONNES, quantity, holding.settled)]
    holding.settled -= quantity
    holding.locked += quantity
    auction = RunningAuction(market.sequence, command)
    offer_in(auction, entered(auction.id, account, instrument.id, c.SELL, price=command.reserve, quantity=quantity))
    _auctions(market)[auction.id] = auction
    return [AuctionOpened(auction.id, *(getattr(command, name) for name in command.__struct_fields__))]


def _bad_terms(command: OpenAuction, instrument: TradedInstrument) -> Refused | None:
    """Terms that contradict each other, or the instrument."""
    lot, ascending = command.lot, command.kind == ASCENDING
    if not command.opens < command.closes <= command.latest:
        return refused(command, AuctionReason.NO_WINDOW)
    if lot < 1 or lot % instrument.lot:
        return refused(command, Reason.QUANTITY_OFF_LOT, lot, instrument.lot)
    for tonnes in (command.quantity, command.most):
        if tonnes < 1 or tonnes % lot:
            return refused(command, Reason.QUANTITY_OFF_LOT, tonnes, lot)
    if ascending and (command.increment < 1 or command.increment % instrument.tick):
        return refused(command, Reason.PRICE_OFF_TICK, command.increment, instrument.tick)
    sealed_with = 0 if ascending else command.increment or command.extension or command.latest - command.closes
    if sealed_with or command.extension < 0:
        return refused(command, AuctionReason.TERMS_CROSS, sealed_with or command.extension, 0)
    return None


def begin_auction(market: Market, command: BeginAuction) -> list[Event]:
    """Take bids from now on."""
    auction = _instructed(market, command)
    if isinstance(auction, InstructionRefused):
        return [auction]
    if auction.begun:
        return [InstructionRefused(command.instruction, 0, AuctionReason.BEGUN, auction.id, 0)]
    auction.begun = True
    return [AuctionBegun(command.instruction, auction.id)]


def bid(market: Market, command: Bid) -> list[Event]:
    """Take a bid; its money is locked at its price. In an ascending auction it stands for the account's earlier one."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    auction = _auctions(market).get(command.auction)
    if auction is None or auction.offer is None:
        return [refused(command, Reason.NOT_OPEN, command.auction)]
    earlier = auction.own.get(account.id)
    if (refusal := _cannot_bid(market, auction, command, account, earlier)) is not None:
        return [refusal]
    raised = [close(earlier, Cause.RAISED)] if earlier is not None else []
    price, quantity = command.price, command.quantity
    account.cash.settled -= price * quantity
    account.cash.locked += price * quantity
    made = entered(market.sequence, account, auction.instrument, c.BUY, price=price, quantity=quantity)
    auction.add(made)
    auction.bind()
    return [
        BidMade(made.id, account.id, auction.instrument, price, quantity, command.client_order_id, auction.id),
        *raised,
        *_prolonged(auction, command.at),
    ]


def _prolonged(auction: RunningAuction, at: int) -> list[Event]:
    """Move the close, as a bid comes so late that others could not answer it."""
    closes = min(auction.closes + auction.extension, auction.latest)
    if at < auction.closes - auction.extension or closes == auction.closes:
        return []
    auction.closes = closes
    return [AuctionExtended(auction.id, closes)]


def _cannot_bid(
    market: Market, auction: RunningAuction, command: Bid, account: TradingAccount, earlier: OpenOrder | None
) -> Refused | None:
    """Why a bid is not taken."""
    instrument, price, quantity = market.instruments[auction.instrument], command.price, command.quantity
    if not auction.begun:
        return refused(command, AuctionReason.NOT_BEGUN, auction.id)
    if command.at >= auction.closes:
        return refused(command, AuctionReason.OVER, auction.id)
    before = earlier.open if earlier is not None else 0
    refusal = unfit(command, instrument, account, price, quantity, rests=True) or beyond_venue(
        command, instrument, account, mode=BEGUN, side=c.BUY, quantity=quantity, more=quantity - before
    )
    if refusal is not None:
        return refusal
    in_all = auction.wanted.get(account.group, 0) - before + quantity
    cost, settled = price * quantity, account.cash.settled + (before * earlier.price if earlier is not None else 0)
    lowest = auction.lowest
    checks = (
        (auction.offer is not None and auction.offer.group == account.group, AuctionReason.OWN_AUCTION, auction.id, 0),
        (quantity % auction.lot, Reason.QUANTITY_OFF_LOT, quantity, auction.lot),
        (price < auction.reserve, AuctionReason.BELOW_RESERVE, price, auction.reserve),
        (price < lowest, AuctionReason.BELOW_INCREMENT, price, lowest),
        (quantity < before, AuctionReason.SMALLER_BID, quantity, before),
        (in_all > auction.most, AuctionReason.ABOVE_MOST, in_all, auction.most),
        (cost > settled, Reason.NOT_ENOUGH_CASH, cost, settled),
    )
    return next((refused(command, reason, wanted, limit) for wrong, reason, wanted, limit in checks if wrong), None)


def close_auction(market: Market, command: CloseAuction) -> list[Event]:
    """Sell to the best bids, in steps; or end it without a sale, where too little was bid for or the offer is gone."""
    auction = _instructed(market, command)
    if isinstance(auction, InstructionRefused):
        return [auction]
    instrument = market.instruments[auction.instrument]
    if instrument.halted:
        return [InstructionRefused(command.instruction, 0, shut_for(instrument), instrument.id, instrument.halted)]
    if auction.offer is None:
        return _end(market, auction, command.instruction, Cause.CALLED_OFF)
    if command.at < auction.closes:
        return [InstructionRefused(command.instruction, 0, AuctionReason.NOT_OVER, command.at, auction.closes)]
    wanted, supply = sum(auction.wanted.values()), auction.offer.open
    if not wanted or (auction.whole and wanted < supply):
        return _end(market, auction, command.instruction, Cause.UNDERSUBSCRIBED)
    seed = command.seed if auction.ties == AT_RANDOM and auction.kind != ASCENDING else b""
    ranking = ranked((StandingBid(each.id, each.price, each.open) for each in auction.bids.values()), seed)
    grants, lowest = awarded(ranking, supply)
    last = AuctionEnded(command.instruction, auction.id, len(grants), wanted, min(wanted, supply), lowest, 0, seed)
    price = lowest if auction.kind == UNIFORM else 0
    return award_some(market, Awarding(auction.id, tuple(grants), price, Cause.OUTBID, last))


def call_off_auction(market: Market, command: CallOffAuction) -> list[Event]:
    """End it without a sale, in steps, also while its instrument is halted."""
    auction = _instructed(market, command)
    if isinstance(auction, InstructionRefused):
        return [auction]
    return _end(market, auction, command.instruction, Cause.CALLED_OFF)


def _end(market: Market, auction: RunningAuction, instruction: int, cause: int) -> list[Event]:
    """Begin to end an auction without a sale: everybody has their money again."""
    wanted = sum(auction.wanted.values())
    last = AuctionEnded(instruction, auction.id, len(auction.bids), wanted, 0, 0, cause, b"")
    return award_some(market, Awarding(auction.id, tuple((number, 0) for number in auction.bids), 0, cause, last))


def award_some(market: Market, rest: Awarding) -> list[Event]:
    """Give some bids what they won and their money for what they did not, as far as one step goes."""
    auction = _auctions(market)[rest.auction]
    instrument, offer = market.instruments[auction.instrument], auction.offer
    events: list[Event] = []
    for number, given in islice(rest.grants, STEP):
        made = auction.bids[number]
        auction.drop(made)
        del made.account.orders[number]
        if given:
            assert offer is not None, "there is something to give"
            events.append(exchange(market, instrument, made, offer, rest.price or made.price, given, c.BUY))
            made.open -= given
            offer.open -= given
        if made.open:
            events.append(unlock(made, made.open, rest.lost))
    if left := rest.grants[STEP:]:
        market.unfinished = Awarding(auction.id, left, rest.price, rest.lost, rest.last)
        return events
    market.unfinished = None
    del _auctions(market)[auction.id]
    if offer is not None:
        auction.remove(offer)
        del offer.account.orders[offer.id]
        if offer.open:
            events.append(unlock(offer, offer.open, rest.last.cause or Cause.NOT_FILLED))
    return [*events, rest.last]


def _instructed(
    market: Market, command: BeginAuction | CloseAuction | CallOffAuction
) -> RunningAuction | InstructionRefused:
    if (refusal := given_before(market, command)) is not None:
        return refusal
    auction = _auctions(market).get(command.auction)
    if auction is None:
        return InstructionRefused(command.instruction, 0, Reason.NOT_OPEN, command.auction, 0)
    return auction


MODE: Final = EngineMode(
    "auctions",
    {
        OpenAuction: open_auction,
        BeginAuction: begin_auction,
        Bid: bid,
        CloseAuction: close_auction,
        CallOffAuction: call_off_auction,
    },
    (AuctionOpened, AuctionBegun, BidMade, AuctionExtended, AuctionEnded),
    reasons=AuctionReason,
    steps={Awarding: award_some},
    part=Auctions,
)
