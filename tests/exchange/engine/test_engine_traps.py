"""What broke published engines: each trap has a test of its own. Work is counted, never timed."""

import gc
import sys
from collections.abc import Callable
from itertools import product

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, SELL, Table, buy, reduced, sell, traded
from tests.oracle.market_state import faults, open_orders

ACCOUNTS = 12


def work_of(do: Callable[[], object]) -> tuple[int, int]:
    """How many functions, built-in ones too, and how many lines of Python something takes."""
    calls = lines = 0

    def count_calls(frame, event, argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    def count_lines(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return count_lines

    gc.collect()
    gc.disable()  # a collection in between, and its callbacks, are not the engine's work
    sys.setprofile(count_calls)
    try:
        do()
    finally:
        sys.setprofile(None)
    traced_before = sys.gettrace()
    sys.settrace(count_lines)
    try:
        do()
    finally:
        sys.settrace(traced_before)
        gc.enable()
    return calls, lines


def deep(orders: int, *, prices: int = 1) -> Engine:
    """So many bids of ten accounts, in turns, all at one price or spread evenly over several; number n is order n."""
    engine = Engine()
    given: list[c.Command] = [
        c.OpenInstrument(1, CREDIT, 1, 1, 1, 100_000, 25, FEES, 9),
        *(c.CreditCash(2 + account, account, account, 10**12) for account in range(ACCOUNTS)),
        *(c.CreditTonnes(20 + account, account, account, CREDIT, 10**6) for account in range(ACCOUNTS)),
    ]
    for command in given:
        engine.apply(command)
    for number in range(orders):
        engine.apply(continuous.Place(number % ACCOUNTS, CREDIT, BUY, 100 + number % prices, 1, number + 1))
    assert orders == len(open_orders(engine.market))
    return engine


FIRST_ORDER = 2 + 2 * ACCOUNTS


@pytest.fixture(scope="module")
def books() -> tuple[Engine, Engine]:
    """A level of 24 orders and one of 20,000."""
    return deep(24), deep(20_000)


def canceller(engine: Engine, numbers: list[int]) -> Callable[[], object]:
    """Cancels one of the orders each time it is called."""
    orders = open_orders(engine.market)
    waiting = iter([orders[number] for number in numbers])

    def cancel() -> None:
        order = next(waiting)
        account = order.account
        events = engine.apply(c.Cancel(account.id, order.id, account.last_client_order_id + 1))
        assert [e.Reduced] == [type(each) for each in events]

    return cancel


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_cancel_takes_the_same_work_in_a_deep_level(books, where):
    """As many calls and lines among 100,000 orders as among 24, at the head, in the middle and at the tail."""
    work = []
    for engine in books:
        queue = [each for each in sorted(open_orders(engine.market)) if each >= FIRST_ORDER]
        at = {"first": 0, "middle": len(queue) // 2, "last": len(queue) - 2}[where]
        work.append(work_of(canceller(engine, queue[at : at + 2])))
    assert work[0] == work[1]
    assert 0 < min(work[0])
    assert [] == faults(books[1].market)


@pytest.mark.parametrize("kind", ["rest", "trade", "amend down", "amend up", "fill or kill", "post only"])
def test_a_deep_level_slows_nothing_else_down(kind):
    """Resting behind, trading with the head, amending the middle: the work does not grow with the queue."""
    work = []
    for orders in (24, 1_500):
        engine = deep(orders)
        middle = open_orders(engine.market)[FIRST_ORDER + orders // 2]
        calls = iter(range(10**6, 10**7))
        life = {"fill or kill": c.FOK, "post only": c.POST_ONLY}.get(kind, c.GTC)

        def do(engine=engine, middle=middle, calls=calls, life=life):
            number, owner = next(calls), middle.account.id
            if kind == "amend up":
                command: c.Command = continuous.Amend(owner, middle.id, middle.price, middle.quantity + 1, number)
            elif kind == "amend down":
                command = continuous.Amend(owner, middle.id, middle.price, middle.quantity, number)
            elif kind in {"trade", "fill or kill"}:
                command = continuous.Place(11, CREDIT, SELL, 90, 1, number, life)
            else:
                command = continuous.Place(11, CREDIT, BUY, 100, 1, number, life)
            assert {e.Refused} != {type(each) for each in engine.apply(command)}

        work.append(work_of(do))
    assert work[0] == work[1]


def test_the_next_best_price_is_found_without_visiting_those_between():
    """The best of two bids goes: the next is 10 ticks away, or 90,000; the work is the same."""
    work = []
    for far in (10, 90_000):
        engine = deep(0)
        for number, price in enumerate((95_000 - far, 95_000, 95_000 - far, 95_001), 1):
            engine.apply(continuous.Place(1, CREDIT, BUY, price, 1, number))
        work.append(work_of(canceller(engine, [FIRST_ORDER + 3, FIRST_ORDER + 1])))
        best = engine.market.instruments[CREDIT].book.bids.best
        assert best is not None
        assert 95_000 - far == best.price
    assert work[0] == work[1]


def with_stranger(engine: Engine) -> Engine:
    """The engine with an account 77 that has money, tonnes and three bids, each the last at its price."""
    engine.apply(c.CreditCash(98, 77, 77, 10**12))
    engine.apply(c.CreditTonnes(99, 77, 77, CREDIT, 10**6))
    for number in range(3):
        engine.apply(continuous.Place(77, CREDIT, BUY, 101 + number, 1, 1 + number))
    assert 3 == len(engine.market.accounts[77].orders)
    return engine


@pytest.mark.parametrize(("seller", "more"), [(77, 1), (78, 4)])
@pytest.mark.parametrize("mode", [c.PREVENT_TAKER, c.PREVENT_MAKER, c.PREVENT_BOTH, c.PREVENT_DECREMENT])
def test_a_fill_or_kill_that_cannot_be_filled_walks_no_book(seller, more, mode):
    """As much work among 6,000 orders as among 600 at as many prices, with or without own orders in its way."""
    work = []
    for orders in (150, 1_500):
        engine = with_stranger(deep(orders, prices=5))
        engine.apply(c.CreditTonnes(100, 78, 78, CREDIT, 10**6))
        numbers = iter(range(10**6, 10**7))

        def do(engine=engine, wanted=orders + more, numbers=numbers):
            command = continuous.Place(seller, CREDIT, SELL, 100, wanted, next(numbers), c.FOK, mode)
            assert [Reason.NOT_FILLABLE] == [each.reason for each in engine.apply(command)]

        work.append(work_of(do))
    assert work[0] == work[1]


@pytest.mark.parametrize("way", ["cancel all", "cancel all of one instrument", "freeze"])
def test_to_close_what_an_account_has_walks_no_market(way):
    """As much work among 6,000 orders of others as among 24."""
    work = []
    for orders in (24, 1_500):
        engines = iter([with_stranger(deep(orders)) for _ in range(2)])

        def do(engines=engines):
            engine = next(engines)
            instrument = CREDIT if way.endswith("instrument") else 0
            command = c.Freeze(101, 77, on=True) if way == "freeze" else c.CancelAll(77, instrument, 10)
            assert 3 == [type(each) for each in engine.apply(command)].count(e.Reduced)

        work.append(work_of(do))
    assert work[0] == work[1]


def test_prices_that_nobody_uses_any_more_cost_nothing():
    """Bids at 9,000 prices behind the best come and go: no level is left, and few prices in the heap."""
    engine = deep(0)
    engine.apply(continuous.Place(1, CREDIT, BUY, 10_000, 1, 1))
    bids = engine.market.instruments[CREDIT].book.bids
    for number in range(9_000):
        engine.apply(continuous.Place(1, CREDIT, BUY, 1 + number, 1, 2 + 2 * number))
        engine.apply(c.Cancel(1, engine.market.sequence, 3 + 2 * number))
        assert len(bids._ranks) < 100
    assert [10_000] == list(bids.levels)
    assert [] == faults(engine.market)


def test_a_price_that_is_used_again_is_known_once():
    """Left behind the best, used again, then the best itself, then left once more."""
    table = Table(buy(2, 300, 10, 1), buy(2, 200, 10, 2), c.Cancel(2, 12, 3), buy(2, 200, 10, 4), buy(4, 250, 10, 1))
    table.tell(c.Cancel(2, 11, 5), c.Cancel(4, 15, 2))
    assert [(14, 200, 10)] == table.bids()
    table.tell(c.Cancel(2, 14, 6), buy(2, 250, 10, 7))
    assert [(19, 250, 10)] == table.bids()


def test_a_stale_cancel_is_refused_and_nothing_else():
    """Of what was filled, cancelled, never there, or sent twice: no crash, no change."""
    table = Table(buy(2, 200, 10, 1), sell(1, 200, 10, 1), buy(2, 200, 10, 2), c.Cancel(2, 13, 3))
    before = table.all_but_standing()
    for at, number in enumerate((11, 12, 13, 14, 999, 0, -1), 4):
        assert [e.Refused(Reason.NOT_OPEN, 2, at, number, 0)] == table.tell(c.Cancel(2, number, at))
    assert [e.Refused(Reason.STALE_CLIENT_ORDER_ID, 2, 3, 3, 10)] == table.tell(c.Cancel(2, 13, 3))
    assert before == table.all_but_standing()


def test_a_sell_taker_is_filled_at_the_resting_price():
    """An ask with a floor of 150 meets bids of 300 and 200: it is paid 300 and 200, the buyers lock nothing more."""
    table = Table(buy(2, 200, 10, 1), buy(4, 300, 10, 1))
    assert [(12, 13, 300, 10), (11, 13, 200, 10)] == traded(table.tell(sell(1, 150, 20, 1)))
    assert (1_000_000, 0, 5_000 - 7 - 5, 0) == table.cash(1)
    assert [(998_000, 0, 0, 2_000), (997_000, 0, 0, 3_000)] == [table.cash(2), table.cash(4)]


LEAVINGS: dict[str, list[c.Command]] = {
    "cancel": [buy(2, 200, 10, 1), c.Cancel(2, 11, 2)],
    "cancel all": [
        buy(2, 200, 10, 1),
        sell(2, 300, 10, 2),
        listings.OpenListing(2, CREDIT, 300, 10, 3),
        c.CancelAll(2, 0, 4),
    ],
    "freeze": [
        buy(2, 200, 10, 1),
        sell(2, 300, 10, 2),
        listings.OpenListing(2, CREDIT, 300, 10, 3),
        c.Freeze(11, 2, on=True),
    ],
    "fill of the maker": [buy(2, 200, 10, 1), sell(1, 200, 10, 1)],
    "fill of many makers": [*(sell(1, 200 + 5 * each, 10, each) for each in range(1, 9)), buy(2, 300, 80, 1)],
    "fill in parts": [buy(2, 200, 20, 1), sell(1, 200, 10, 1), sell(1, 200, 10, 2)],
    "immediate or cancel": [buy(2, 200, 20, 1, c.IOC), sell(1, 200, 10, 1), buy(2, 200, 20, 2, c.IOC)],
    "fill or kill": [sell(1, 200, 10, 1), buy(2, 200, 20, 1, c.FOK), buy(2, 200, 10, 2, c.FOK)],
    "post only": [sell(1, 200, 10, 1), buy(2, 200, 20, 1, c.POST_ONLY), c.Cancel(1, 11, 2)],
    "own taker": [sell(2, 200, 10, 1), buy(3, 200, 20, 1), c.Cancel(2, 11, 2)],
    "own maker": [sell(2, 200, 10, 1), buy(3, 200, 20, 1, c.IOC, own=c.PREVENT_MAKER)],
    "own both": [sell(2, 200, 10, 1), buy(3, 200, 20, 1, own=c.PREVENT_BOTH)],
    "own decrement": [sell(2, 200, 20, 1), buy(3, 200, 20, 1, own=c.PREVENT_DECREMENT)],
    "amended into a trade": [sell(1, 300, 10, 1), buy(2, 200, 10, 1), continuous.Amend(2, 12, 300, 10, 2)],
    "amended into its own": [
        sell(3, 300, 10, 1),
        buy(2, 200, 10, 1),
        continuous.Amend(2, 12, 300, 10, 2),
        c.Cancel(3, 11, 2),
    ],
    "listing taken": [
        listings.OpenListing(1, CREDIT, 200, 20, 1),
        listings.Subscribe(2, 11, 10, 1),
        listings.Subscribe(4, 11, 10, 1),
    ],
    "listing cancelled": [
        listings.OpenListing(1, CREDIT, 200, 20, 1),
        listings.Subscribe(2, 11, 10, 1),
        c.Cancel(1, 11, 2),
    ],
}


@pytest.mark.parametrize("way", LEAVINGS)
def test_an_order_that_left_is_in_no_index(way):
    """However it left: no account, listing, level or heap knows it; a snapshot has none either."""
    table = Table(*LEAVINGS[way])
    market = table.engine.market
    book, listings = market.instruments[CREDIT].book, market.parts["listings"].open
    assert ({}, {}) == (open_orders(market), listings)
    for side in (book.bids, book.asks):
        assert side.best is None
        assert ({}, [], set()) == (side.levels, side._ranks, side._stale)
        assert [] == list(side.from_best())
    assert {0} == {each.cash.locked + sum(t.locked for t in each.tonnes.values()) for each in market.accounts.values()}
    assert {} == open_orders(state.load(state.dump(market)))


@pytest.mark.parametrize("fills", [1, 2, 3, 4])
def test_two_asks_at_one_price_cancelled_and_filled_by_turns_end(fills):
    """Cancel the first, fill part of the second, cancel it, then a crossing buy: it rests, and nothing hangs."""
    table = Table(sell(1, 200, 50, 1), sell(4, 200, 50, 1), c.Cancel(1, 11, 2))
    assert [(14, 12, 200, 10 * fills)] == traded(table.tell(buy(2, 200, 10 * fills, 1)))
    assert [(12, 50 - 10 * fills, Cause.OWNER)] == reduced(table.tell(c.Cancel(4, 12, 2)))
    assert [continuous.Accepted(16, 2, CREDIT, BUY, 300, 10, 2, c.GTC)] == table.tell(buy(2, 300, 10, 2))
    assert ([(16, 300, 10)], []) == (table.bids(), table.asks())
    assert [(16, 17, 300, 10)] == traded(table.tell(sell(1, 200, 10, 3)))


def test_every_way_through_a_level_of_three_ends_whole():
    """All 6^3 sequences of three steps on three asks at one price, then a buy that sweeps what is left."""
    for steps in product(range(6), repeat=3):
        table = Table(sell(1, 200, 20, 1), sell(4, 200, 20, 1), sell(1, 200, 20, 2))
        for number, step in enumerate(steps, 10):
            commands: list[c.Command] = [
                c.Cancel(1, 11, number),
                c.Cancel(4, 12, number),
                c.Cancel(1, 13, number),
                buy(2, 200, 10, number),
                buy(2, 200, 30, number),
                continuous.Amend(1, 11, 200, 30, number),
            ]
            table.tell(commands[step])
        table.tell(buy(2, 300, 100, 99, c.IOC))
        assert [] == table.asks()


def test_one_order_may_sweep_twenty_thousand():
    """No recursion over what was met, neither while matching nor when it is forgotten."""
    engine = deep(20_000, prices=7)
    events = engine.apply(continuous.Place(11, CREDIT, SELL, 1, 100_000, 10**6, c.IOC, c.PREVENT_MAKER))
    assert 1 + 20_000 + 1 == len(events), "accepted, met everybody, its own among them, and the rest of it went"
    del events
    assert {} == open_orders(engine.market)
    assert [] == faults(engine.market)
