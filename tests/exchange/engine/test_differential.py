"""
The engine against the naive market: the same commands, event by event.

`KILNWOOD_FUZZ_MESSAGES` (100,000) says how many commands, `KILNWOOD_FUZZ_SEED` (1) which ones. Three engines take part:
one that lives through everything, one that is replaced again and again by what was loaded from its own snapshot and
takes its commands from bytes, and one that replays the whole journal at the end.
"""

import os
from collections import Counter
from random import Random

import msgspec
import pytest

from exchange.engine import cancelling, state
from exchange.engine import events as e
from exchange.engine import market as engine_market
from exchange.engine.core import Engine, any_of, command_types, event_types
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous
from exchange.engine.modes.auctions import handlers as auctions
from exchange.engine.modes.auctions.messages import AuctionReason
from exchange.engine.modes.blocks import handlers as blocks
from exchange.engine.modes.blocks.messages import BlockReason
from exchange.engine.modes.campaigns import handlers as campaigns
from exchange.engine.modes.campaigns.messages import CampaignReason
from exchange.engine.modes.picking import PickReason
from exchange.engine.modes.quotes.messages import QuoteReason
from exchange.engine.modes.sessions import handlers as sessions
from exchange.engine.modes.sessions.handlers import indicated
from exchange.engine.modes.sessions.messages import SessionReason
from exchange.engine.parts import BasketReason
from exchange.engine.venue import VenueReason
from tests.exchange.engine.market_stream import ORDERS_LIMIT_OF_AN_ACCOUNT, STEP
from tests.exchange.engine.venue_stream import VenueStream
from tests.oracle.market import NaiveMarket
from tests.oracle.market_sessions import ended_at
from tests.oracle.market_state import (
    agreed_on,
    balances,
    bidding,
    faults,
    in_baskets,
    open_orders,
    running,
    standing,
    whats_open,
)
from tests.oracle.venue_state import faults_of_venues, ruled

COMPARED_EVERY = 500
RELOADED_EVERY = 300

_EVERY_REASON = (
    *Reason,
    *CampaignReason,
    *AuctionReason,
    *PickReason,
    *BlockReason,
    *QuoteReason,
    *SessionReason,
    *VenueReason,
    *BasketReason,
)
_REASONS = {int(each): each for each in _EVERY_REASON}

to_bytes = msgspec.msgpack.Encoder().encode
command_from = msgspec.msgpack.Decoder(any_of(command_types())).decode
events_from = msgspec.msgpack.Decoder(list.__class_getitem__(any_of(event_types()))).decode


@pytest.fixture
def few_orders(monkeypatch):
    """An account may have so few orders open that the stream reaches the limit; few are closed in one step."""
    for module in (engine_market, continuous, blocks):  # wherever it is looked up
        monkeypatch.setattr(module, "OPEN_ORDERS_LIMIT", ORDERS_LIMIT_OF_AN_ACCOUNT)
    for module in (cancelling, campaigns, auctions, sessions):
        monkeypatch.setattr(module, "STEP", STEP)


def assert_same(naive: NaiveMarket, engine: Engine) -> None:
    """Balances, standing and queues agree, and nothing in the engine contradicts itself."""
    assert balances(naive) == balances(engine.market)
    assert standing(naive) == standing(engine.market)
    assert running(naive) == running(engine.market)
    assert agreed_on(naive) == agreed_on(engine.market)
    assert bidding(naive) == bidding(engine.market)
    for number in naive.rules:
        assert whats_open(naive, number) == whats_open(engine.market, number)
        found = engine.market.instruments[number]
        assert naive.phase(number) == found.phase
        if naive.unfinished is None:  # else the band may not have what is still open
            assert naive.uncrossed_at(number) == indicated(found)
    assert ended_at(naive) == ended_at(engine.market)
    assert sorted(naive.open) == sorted(open_orders(engine.market))
    assert naive.undelivered == engine.market.unsettled
    assert in_baskets(naive) == in_baskets(engine.market)
    assert [] == faults(engine.market)
    assert ruled(naive) == ruled(engine.market)
    assert [] == list(faults_of_venues(engine.market))


def test_the_engine_says_what_the_naive_market_says(few_orders):
    """No command of a long nasty stream divides them, with or without a snapshot between; a replay ends the same."""
    messages = int(os.environ.get("KILNWOOD_FUZZ_MESSAGES", "100000"))
    seed = int(os.environ.get("KILNWOOD_FUZZ_SEED", "1"))
    naive = NaiveMarket(open_orders_limit=ORDERS_LIMIT_OF_AN_ACCOUNT, step=STEP)
    live, reloaded, dice = Engine(), Engine(), Random(-seed - 1)
    journal: list[bytes] = []
    seen: Counter[object] = Counter()
    for command in VenueStream(seed, naive).commands(messages):
        journal.append(to_bytes(command))
        expected = naive.apply(command)
        actual = live.apply(command)
        if expected != actual or expected != reloaded.apply(command_from(journal[-1])):
            pytest.fail(f"seed {seed}, message {naive.sequence}: {command}\n expected {expected}\n actual   {actual}")
        assert expected == events_from(to_bytes(actual)), "what the journal hashes can be read back"
        seen.update(what_is_new_in(expected))
        seen[type(command)] += 1
        if dice.randrange(RELOADED_EVERY) == 0:
            snapshot = state.dump(reloaded.market)
            reloaded = Engine(state.load(snapshot))
            assert snapshot == state.dump(reloaded.market)
        if naive.sequence % COMPARED_EVERY == 0:
            assert_same(naive, live)
    assert_same(naive, live)
    assert_same(naive, reloaded)
    replayed = Engine()
    for stored in journal:
        replayed.apply(command_from(stored))
    live_hash = state.state_hash(live.market)
    assert [live_hash, live_hash] == [state.state_hash(each.market) for each in (reloaded, replayed)]
    if messages >= 100_000:
        never = {
            Reason.ALREADY_TRADED,
            QuoteReason.TOO_MANY_QUOTES,
            QuoteReason.TOO_MANY_INVITED,
            BasketReason.TOO_MANY_ASSETS,
        }
        everything = {*_EVERY_REASON} - never | {*Cause, *command_types(), *event_types()}
        assert set() == everything - set(seen), "the stream is nasty enough"


def what_is_new_in(events: list[e.Event]) -> list[object]:
    """Kinds, reasons and causes of events."""
    found: list[object] = [type(each) for each in events]
    found += [_REASONS[each.reason] for each in events if isinstance(each, e.Refused | e.InstructionRefused)]
    found += [Cause(each.cause) for each in events if isinstance(each, e.Reduced)]
    return found
