"""The engine's state from outside: what it has, in the naive market's words, and what is wrong with it."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from exchange.engine import commands as c
from exchange.engine.accounts import Balance, OpenOrder, TradingAccount
from exchange.engine.book import Level, Side
from exchange.engine.cancelling import BINDING, Closing
from exchange.engine.market import Market
from exchange.engine.modes.auctions.messages import ASCENDING
from exchange.engine.modes.auctions.state import Auctions
from exchange.engine.modes.blocks.state import Blocks
from exchange.engine.modes.campaigns.state import Campaigns
from exchange.engine.modes.listings import Listings
from exchange.engine.modes.picking import PickingRules
from exchange.engine.modes.quotes.state import Quotes
from tests.oracle.market import NaiveMarket
from tests.oracle.market_custody import Parts


def balances(market: NaiveMarket | Market) -> dict[tuple[int, int], Parts]:
    """All that each account has: money under instrument 0, tonnes under theirs; nothing where there is nothing."""
    if isinstance(market, NaiveMarket):
        found = {(account, 0): market.cash(account) for account in market.owners}
        found |= {(account, each): market.tonnes(account, each) for account in market.owners for each in market.rules}
    else:
        found = {(number, 0): parts(each.cash) for number, each in market.accounts.items()}
        found |= {
            (number, instrument): parts(holding)
            for number, each in market.accounts.items()
            for instrument, holding in each.tonnes.items()
        }
    return {key: each for key, each in found.items() if any(each)}


def parts(holding: Balance) -> Parts:
    """The four parts of a holding."""
    return holding.settled, holding.locked, holding.incoming, holding.outgoing


def standing(market: NaiveMarket | Market) -> dict[int, tuple[bool, int, frozenset[int]]]:
    """Of each account: whether it is frozen, the highest client_order_id it used, and those it used near that."""
    if isinstance(market, NaiveMarket):
        return {number: (each.frozen, each.last_number, each.window()) for number, each in market.owners.items()}
    return {number: (each.frozen, each.last_client_order_id, _window(each)) for number, each in market.accounts.items()}


def _window(account: TradingAccount) -> frozenset[int]:
    highest = account.last_client_order_id
    near = range(max(1, highest - 1_023), highest + 1)
    return frozenset(number for number in near if not any(number in gap for gap in account.gaps))


def whats_open(market: NaiveMarket | Market, instrument: int) -> list[list[tuple[int, int, int, int, int]]]:
    """Bids, asks and listings in their order: number, account, price, quantity, open."""
    if isinstance(market, NaiveMarket):
        naive = (market.queue(instrument, c.BUY), market.queue(instrument, c.SELL), market.listings(instrument))
        return [
            [(each.number, each.account, each.price, each.quantity, each.open) for each in offers] for offers in naive
        ]
    found = market.instruments[instrument]
    listed = [each for _, each in sorted(_listings(market).open.items()) if each.instrument == instrument]
    queues = (queued(found.book.bids), queued(found.book.asks), listed)
    return [[(each.id, each.account.id, each.price, each.quantity, each.open) for each in orders] for orders in queues]


def running(market: NaiveMarket | Market) -> dict[int, tuple[bool, int, list[tuple[int, int, int]]]]:
    """Of each campaign: whether it has begun, what is offered, and each pledge's number, account and open tonnes."""
    if isinstance(market, NaiveMarket):
        return {
            number: (
                each.begun,
                market.open[number].open if number in market.open else 0,
                [(pledge.number, pledge.account, pledge.open) for pledge in market.pledges(number)],
            )
            for number, each in market.campaigns.items()
        }
    return {
        number: (
            each.begun,
            each.offer.open if each.offer is not None else 0,
            [(pledge.id, pledge.account.id, pledge.open) for pledge in each.pledges.values()],
        )
        for number, each in _campaigns(market).running.items()
    }


def agreed_on(market: NaiveMarket | Market) -> list[object]:
    """Rules of picking and terms of blocks; what is proposed to whom; what is asked for, and each quote for it."""
    if isinstance(market, NaiveMarket):
        proposed = {number: (each.counterparty, each.expires) for number, each in market.proposed().items()}
        asked = {
            number: (
                (each.said.account, each.said.side, each.said.quantity, each.said.expires, each.said.invited),
                [(quote.number, quote.account, each.expires[quote.number]) for quote in market.quotes(number)],
            )
            for number, each in market.requests.items()
        }
        picking = {number: rule for number, rule in market.pick_rules.items() if rule}
        return [picking, market.block_terms, proposed, asked]
    blocks, quotes = _blocks(market), _quotes(market)
    return [
        _picking(market).rules,
        {number: tuple(each) for number, each in blocks.terms.items()},
        {number: (each.counterparty, each.expires) for number, each in blocks.open.items()},
        {
            number: (
                (each.account, each.side, each.quantity, each.expires, each.invited),
                [(quote, order.account.id, expires) for quote, (order, expires) in each.quotes.items()],
            )
            for number, each in quotes.running.items()
        },
    ]


def in_baskets(market: NaiveMarket | Market) -> tuple[dict[int, list[int]], dict[int, dict[int, int]]]:
    """The assets of each basket, and the tonnes of each that a sell order in one has locked."""
    if isinstance(market, NaiveMarket):
        selling = {each.number: Counter(market.locked(each)) for each in market.open.values() if each.parts}
        return market.baskets, {number: dict(parts) for number, parts in selling.items()}
    baskets = {number: each.basket.assets for number, each in market.instruments.items() if each.basket is not None}
    return baskets, {order.id: order.parts for order in market.open_orders() if order.parts is not None}


Bidding = dict[int, tuple[bool, int, int, list[tuple[int, int, int, int, bool]]]]


def bidding(market: NaiveMarket | Market) -> Bidding:
    """
    Of each auction: whether it has begun, when it closes, what is offered, and its bids.

    Of a bid: number, account, price, open tonnes, and whether it may not be taken back.
    """
    if isinstance(market, NaiveMarket):
        return {
            number: (
                each.begun,
                each.closes,
                market.open[number].open if number in market.open else 0,
                [(bid.number, bid.account, bid.price, bid.open, market.leads(bid)) for bid in market.bids(number)],
            )
            for number, each in market.auctions.items()
        }
    return {
        number: (
            each.begun,
            each.closes,
            each.offer.open if each.offer is not None else 0,
            [(bid.id, bid.account.id, bid.price, bid.open, bid.life == BINDING) for bid in each.bids.values()],
        )
        for number, each in _auctions(market).running.items()
    }


def open_orders(market: Market) -> dict[int, OpenOrder]:
    """Everything open, by number."""
    return {order.id: order for order in market.open_orders()}


def _listings(market: Market) -> Listings:
    listings: Listings = market.parts["listings"]
    return listings


def _campaigns(market: Market) -> Campaigns:
    found: Campaigns = market.parts["campaigns"]
    return found


def _picking(market: Market) -> PickingRules:
    found: PickingRules = market.parts["picking"]
    return found


def _blocks(market: Market) -> Blocks:
    found: Blocks = market.parts["blocks"]
    return found


def _quotes(market: Market) -> Quotes:
    found: Quotes = market.parts["quotes"]
    return found


def _auctions(market: Market) -> Auctions:
    found: Auctions = market.parts["auctions"]
    return found


def queued(side: Side) -> list[OpenOrder]:
    """A side's orders, best price first: found through the table of levels, not through *best*."""
    found: list[OpenOrder] = []
    for price in sorted(side.levels, reverse=side._sign < 0):
        order: OpenOrder | None = side.levels[price].head
        while order is not None:
            found.append(order)
            order = order.next
    return found


def faults(market: Market) -> list[str]:
    """Everything that is wrong with an engine's state; nothing should be."""
    return [
        *_faults_of_sums(market),
        *_faults_of_accounts(market),
        *_faults_of_owners(market),
        *_faults_of_books(market),
    ]


def _faults_of_sums(market: Market) -> Iterator[str]:
    """Money and tonnes are neither made nor lost, and what comes in is what goes out."""
    everybody = market.accounts.values()
    waiting = market.unsettled.values()
    money = [parts(each.cash) for each in everybody]
    if market.cash != sum(settled + locked + outgoing for settled, locked, _, outgoing in money):
        yield f"cash is {market.cash}, accounts have {money}"
    if sum(incoming for _, _, incoming, _ in money) != sum(each.price * each.quantity for each in waiting):
        yield "incoming cash is not what unsettled trades amount to"
    for number, instrument in market.instruments.items():
        tonnes = [parts(each.tonnes[number]) for each in everybody if number in each.tonnes]
        if instrument.tonnes != sum(settled + locked + outgoing for settled, locked, _, outgoing in tonnes):
            yield f"instrument {number} has {instrument.tonnes} t, accounts have {tonnes}"
        if sum(incoming for _, _, incoming, _ in tonnes) != sum(
            each.quantity for each in waiting if (each.asset or each.instrument) == number
        ):
            yield f"incoming tonnes of {number} are not those of unsettled trades"


def _faults_of_accounts(market: Market) -> Iterator[str]:
    """Each part of each account is what its open orders and unsettled trades make of it; nothing is negative."""
    want: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for order in market.open_orders():
        if order.parts is not None:
            if sum(order.parts.values()) != order.open or min(order.parts.values()) < 1:
                yield f"order {order.id} has {order.open} t open, and {order.parts} locked"
            for asset, locked in order.parts.items():
                want[order.account.id, asset][0] += locked
            continue
        key = (order.account.id, order.instrument if order.side == c.SELL else 0)
        want[key][0] += order.open * (1 if order.side == c.SELL else order.price)
    for trade in market.unsettled.values():
        amount = trade.price * trade.quantity
        asset = trade.asset or trade.instrument
        want[trade.buyer, asset][1] += trade.quantity
        want[trade.seller, asset][2] += trade.quantity
        want[trade.buyer, 0][2] += amount
        want[trade.seller, 0][1] += amount - trade.fee
        want[trade.fee_account, 0][1] += trade.fee
    has = balances(market)
    for key in {*want, *has}:
        settled, *others = has.get(key, (0, 0, 0, 0))
        if others != want[key] or min(settled, *others) < 0:
            yield f"account {key[0]}, instrument {key[1]}: has {settled}, {others}, should have {want[key]}"


def _faults_of_owners(market: Market) -> Iterator[str]:
    """Accounts, owners and open orders know each other; a frozen account has nothing open."""
    for number, account in market.accounts.items():
        if account.id != number or account not in market.groups[account.group]:
            yield f"account {number} stands under another number or owner"
        for named, order in account.orders.items():
            if named != order.id or order.account is not account:
                yield f"account {number} has order {order.id} of {order.account.id} under number {named}"
        closing = isinstance(market.unfinished, Closing) and market.unfinished.account == number
        if account.frozen and account.orders and not closing:
            yield f"account {number} is frozen and has open orders"
    if sorted(market.accounts) != sorted(each.id for accounts in market.groups.values() for each in accounts):
        yield "owners do not have all accounts, each once"


def _faults_of_books(market: Market) -> Iterator[str]:
    """Books, listings and the table of what is open have the same orders; queues are whole; prices do not cross."""
    seen: Counter[int] = Counter()
    for number, instrument in market.instruments.items():
        shut = instrument.halted or instrument.phase or instrument.venue or instrument.basket
        if bool(instrument.gate) != bool(shut):
            yield f"instrument {number}: the gate is {instrument.gate}"
        bids, asks = instrument.book.bids, instrument.book.asks
        for side, sign in ((bids, c.BUY), (asks, c.SELL)):
            yield from (f"instrument {number}: {fault}" for fault in _faults_of_side(side, sign, number))
            seen.update(order.id for order in queued(side))
        if not instrument.phase and bids.best and asks.best and bids.best.price >= asks.best.price:
            yield f"instrument {number}: bid {bids.best.price} meets ask {asks.best.price}"
    listings = _listings(market)
    for listed, listing in listings.open.items():
        if listed != listing.id or listing.queue is not listings or not 0 < listing.open <= listing.quantity:
            yield f"listing {listed} is wrong"
    seen.update(list(listings.open))
    levels = [each for prices in listings.levels.values() for level in prices.values() for each in level]
    if sorted(levels) != sorted(listings.open) or not all(level for each in listings.levels.values() for level in each):
        yield f"listings {sorted(listings.open)} stand by price as {levels}"
    seen.update(list(_blocks(market).open))
    seen.update(each.id for number in market.instruments for each in _quotes(market).open_in(number))
    yield from _faults_of_campaigns(market)
    yield from _faults_of_auctions(market)
    for part in (_campaigns(market), _auctions(market)):
        seen.update(each.id for number in market.instruments for each in part.open_in(number))
    if seen != Counter(order.id for order in market.open_orders()):
        yield "books and what stands beside them do not have what accounts have open"


def _faults_of_campaigns(market: Market) -> Iterator[str]:
    """Each has its own pledges, in order, and knows what each account has pledged."""
    for number, campaign in _campaigns(market).running.items():
        pledged: Counter[int] = Counter()
        for each in campaign.pledges.values():
            pledged[each.account.id] += each.open
            if each.queue is not campaign or not 0 < each.open <= each.quantity:
                yield f"pledge {each.id} of campaign {number} is wrong"
        if pledged != Counter(campaign.pledged) or list(campaign.pledges) != sorted(campaign.pledges):
            yield f"campaign {number} has {campaign.pledged}, its pledges are {pledged}"


def _faults_of_auctions(market: Market) -> Iterator[str]:
    """Each has its own bids, in order, and knows what each owner wants; only an ascending one binds."""
    for number, auction in _auctions(market).running.items():
        wanted: Counter[int] = Counter()
        for each in auction.bids.values():
            wanted[each.group] += each.open
            if each.queue is not auction or not 0 < each.open <= each.quantity or each.price < auction.reserve:
                yield f"bid {each.id} of auction {number} is wrong"
        if wanted != Counter(auction.wanted) or list(auction.bids) != sorted(auction.bids):
            yield f"auction {number} has {auction.wanted}, its bids are {wanted}"
        prices = [each.price for each in auction.bids.values()]
        if auction.kind == ASCENDING and (prices != sorted(set(prices)) or len(auction.own) != len(prices)):
            yield f"auction {number} has bids at {prices}, of {sorted(auction.own)}"


def _faults_of_side(side: Side, sign: int, instrument: int) -> Iterator[str]:
    """The best level is the best, the heap knows every price once and those that are stale, levels are as they say."""
    best = (max(side.levels) if sign == c.BUY else min(side.levels)) if side.levels else None
    if (side.best.price if side.best is not None else None) != best:
        yield f"side {sign}: the best price is {best}, not {side.best}"
    ranks = side._ranks
    known = sorted([*(price * side._sign for price in side.levels), *side._stale])
    if sorted(ranks) != known or ranks[:1] != [price * side._sign for price in (best,) if price]:
        yield f"side {sign}: the heap has {ranks}, orders and stale prices are at {known}"
    if any(ranks[(at - 1) // 2] > ranks[at] for at in range(1, len(ranks))):
        yield f"side {sign}: the heap is none: {ranks}"
    for price, level in side.levels.items():
        if level.price != price or level.side is not side:
            yield f"side {sign}: a level of {level.price} stands at {price}"
        yield from (f"side {sign}: {fault}" for fault in _faults_of_level(level, sign, instrument))


def _faults_of_level(level: Level, sign: int, instrument: int) -> Iterator[str]:
    """A level is a whole queue both ways, of orders that belong there, and its total is theirs."""
    before: OpenOrder | None = None
    total = 0
    order: OpenOrder | None = level.head
    while order is not None:
        if order.prev is not before or order.queue is not level:
            yield f"order {order.id} is linked wrongly"
        if (order.price, order.side, order.instrument) != (level.price, sign, instrument):
            yield f"order {order.id} is in the wrong place"
        if not 0 < order.open <= order.quantity:
            yield f"order {order.id} has {order.open} of {order.quantity} open"
        total += order.open
        before, order = order, order.next
    if level.tail is not before:
        yield f"level {level.price} ends elsewhere"
    if level.total != total:
        yield f"level {level.price} has {total} t, and says {level.total}"
