"""Properties of short sequences, so that what fails shrinks to something a person can read."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, Table, traded

ACCOUNTS = st.sampled_from([1, 2, 3, 4])
PRICES = st.integers(38, 42).map(lambda tick: 5 * tick)
QUANTITIES = st.integers(1, 6).map(lambda lots: 10 * lots)
LIVES = st.sampled_from([c.GTC, c.GTC, c.IOC, c.FOK, c.POST_ONLY])
MODES = st.integers(0, 3)
NUMBERS = st.integers(FIRST, FIRST + 15)
UP = 0
"""In place of a client_order_id or an instruction: the next one."""

places = st.builds(
    continuous.Place, ACCOUNTS, st.just(CREDIT), st.integers(0, 1), PRICES, QUANTITIES, st.just(UP), LIVES, MODES
)
resting = st.builds(continuous.Place, ACCOUNTS, st.just(CREDIT), st.integers(0, 1), PRICES, QUANTITIES, st.just(UP))
commands = st.one_of(
    places,
    places,
    st.builds(c.Cancel, ACCOUNTS, NUMBERS, st.just(UP)),
    st.builds(continuous.Amend, ACCOUNTS, NUMBERS, PRICES, QUANTITIES, st.just(UP)),
    st.builds(listings.OpenListing, ACCOUNTS, st.just(CREDIT), PRICES, QUANTITIES, st.just(UP)),
    st.builds(listings.Subscribe, ACCOUNTS, NUMBERS, QUANTITIES, st.just(UP)),
    st.builds(c.CancelAll, ACCOUNTS, st.sampled_from([0, CREDIT]), st.just(UP)),
    st.builds(c.Settle, st.just(1), st.lists(st.integers(1, 6), max_size=3).map(tuple)),
    st.builds(c.Refund, st.just(1), st.lists(st.integers(1, 6), max_size=3).map(tuple)),
    st.builds(c.Freeze, st.just(UP), ACCOUNTS, st.booleans()),
)


def numbered(given_commands: list[Any]) -> list[c.Command]:
    """The same commands with numbers that rise."""
    rising = ("client_order_id", "instruction")
    return [
        replace(each, **dict.fromkeys(set(rising) & set(each.__struct_fields__), at))
        for at, each in enumerate(given_commands, FIRST)
    ]


@settings(deadline=None)
@given(st.lists(commands, max_size=16))
def test_engine_and_naive_market_agree_on_any_short_sequence(given_commands):
    """Engine and naive market, after every command, and with a snapshot between any two."""
    table = Table()
    for command in numbered(given_commands):
        table.engine = Engine(state.load(state.dump(table.engine.market)))
        table.tell(command)


def events_after(before: list[c.Command], *then: c.Command) -> tuple[Engine, list[e.Event]]:
    """An engine after all that, and what the last commands led to."""
    engine = Table(*numbered(before)).engine
    return engine, [event for command in then for event in engine.apply(command)]


@settings(deadline=None)
@given(st.lists(resting, max_size=12), st.integers(0, 1), PRICES, st.integers(1, 20), MODES)
def test_fill_or_kill_is_taken_when_any_order_would_have_traded_whole(before, side, price, lots, mode):
    """And then it does exactly what that order would have done."""
    last = [continuous.Place(4, CREDIT, side, price, 10 * lots, 999, life, mode) for life in (c.GTC, c.FOK)]
    lived, plain = events_after(before, last[0])
    killed, whole = events_after(before, last[1])
    if 10 * lots == sum(quantity for *_, quantity in traded(plain)):
        assert plain[1:] == whole[1:]
        assert state.dump(lived.market) == state.dump(killed.market)
    elif not isinstance(plain[0], e.Refused):
        assert [e.Refused(e.Reason.NOT_FILLABLE, 4, 999, 10 * lots, 0)] == whole


@settings(deadline=None)
@given(st.lists(resting, max_size=10), PRICES, QUANTITIES, PRICES, QUANTITIES)
def test_an_order_that_loses_its_place_is_as_good_as_a_new_one(before, price, quantity, new_price, more):
    """To raise or to reprice a bid leads to the trades, queues and balances of a cancel and a new bid."""
    new_quantity = quantity + more
    first = continuous.Place(4, CREDIT, BUY, price, quantity, 900)
    number = FIRST + len(before)
    if [continuous.Accepted] != [type(each) for each in events_after(before, first)[1]]:
        return  # it was refused, or did not rest whole
    new = continuous.Place(4, CREDIT, BUY, new_price, new_quantity, 902)
    amended, events = events_after(before, first, continuous.Amend(4, number, new_price, new_quantity, 902))
    placed, new_events = events_after(before, first, c.Cancel(4, number, 901), new)

    def shown(engine: Engine, own: int, happened: list[e.Event]) -> object:
        """What is seen of it: trades, and both sides of the book, with the bid under one name."""
        book = engine.market.instruments[CREDIT].book
        queues = [
            [(0 if order.id == own else order.id, order.price, order.open) for order in queue_of(side)]
            for side in (book.bids, book.asks)
        ]
        trades = [(sold, at, tonnes) for _, sold, at, tonnes in traded(happened)]
        return trades, queues, [(each.cash.settled, each.cash.locked) for each in engine.market.accounts.values()]

    assert shown(amended, number, events) == shown(placed, number + 2, new_events)


def queue_of(side):
    """Orders by price and time."""
    for level in side.from_best():
        order = level.head
        while order is not None:
            yield order
            order = order.next
