"""
What each version of the engine stored is read by today's, which trades on it.

`tests/golden/stored/engine-…` has a journal from its first command and the snapshot at its end, as that version wrote
them. They are never written again.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import ENGINE_VERSION, Engine, any_of, event_types
from exchange.engine.layouts import STATE_CODEC, UnknownLayout
from exchange.engine.market import Market
from exchange.journal import codec
from tests.exchange.engine.market_stream import Stream
from tests.oracle.market import NaiveMarket
from tests.oracle.market_of_before import NaiveMarketOfBefore
from tests.oracle.market_state import balances, faults, open_orders, standing, whats_open

STORED = Path(__file__).parents[2] / "golden" / "stored"
VERSIONS = sorted(STORED.glob("engine-*"))
TRADED_ON = 3_000
RULES_OF_TODAY = 3
"""Since this engine, the same commands do the same; what each trade delivers is said since engine 4."""
events_from = msgspec.msgpack.Decoder(list.__class_getitem__(list.__class_getitem__(any_of(event_types())))).decode


class Golden(NamedTuple):
    """What one version stored, and the naive market after its commands."""

    journal: Any
    snapshot: bytes
    naive: NaiveMarket
    outcomes: list[list[e.Event]]


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda each: each.name)
def golden(request) -> Golden:
    """One version after the other."""
    journal = json.loads((request.param / "journal.json").read_text(encoding="utf-8"))
    naive = NaiveMarket() if journal["engine"] >= RULES_OF_TODAY else NaiveMarketOfBefore()
    commands = [
        each for batch in journal["batches"] for each in codec.decode_commands(bytes.fromhex(batch["commands"]))
    ]
    outcomes = [naive.apply(each) for each in commands]
    assert journal["sequence"] == naive.sequence
    return Golden(journal, (request.param / "snapshot.bin").read_bytes(), naive, outcomes)


def today(golden: Golden) -> NaiveMarket:
    """The naive market after the same commands, as it goes on under today's rules."""
    naive = copy.deepcopy(golden.naive)
    return naive.upgraded() if isinstance(naive, NaiveMarketOfBefore) else naive


def loaded(golden: Golden) -> Market:
    """The market of the snapshot."""
    return state.load(golden.snapshot, golden.journal["state_codec"])


def test_there_is_one_of_each_version():
    """An engine that is released stores something here first."""
    assert [f"engine-{number}" for number in range(1, ENGINE_VERSION + 1)] == [each.name for each in VERSIONS]


def test_a_snapshot_of_any_version_is_the_market_that_it_was(golden):
    """Checked by the hash of its bytes, and against the naive market after the same commands."""
    assert golden.journal["state_hash"] == hashlib.sha256(golden.snapshot).hexdigest()
    market = loaded(golden)
    assert [] == faults(market)
    assert balances(golden.naive) == balances(market)
    assert standing(today(golden)) == standing(market)
    assert sorted(golden.naive.open) == sorted(open_orders(market))
    assert golden.naive.undelivered == market.unsettled
    for number, rules in golden.naive.rules.items():
        assert whats_open(golden.naive, number) == whats_open(market, number)
        found = market.instruments[number]
        assert (rules.tick, rules.lot, rules.low, rules.high) == (found.tick, found.lot, found.low, found.high)
        assert (rules.halted, rules.fee_bps, rules.fee_account) == (
            found.halted,
            found.fee_bps,
            found.fee_account.id,
        )
    for name in ("sequence", "trades", "last_instruction"):
        assert getattr(golden.naive, name) == getattr(market, name)
    assert (golden.naive.unfinished is None) == (market.unfinished is None)


def test_a_snapshot_of_any_version_is_dumped_in_the_newest_layout(golden):
    """And loaded again it is the same market."""
    dumped = state.dump(loaded(golden))
    assert dumped == state.dump(state.load(dumped, STATE_CODEC))
    assert (golden.journal["state_codec"] == STATE_CODEC) == (dumped == golden.snapshot)


def test_today_s_engine_trades_on_a_snapshot_of_any_version(golden):
    """A long nasty stream, event by event as the naive market says; half-way through a snapshot of today's."""
    naive, engine = today(golden), Engine(loaded(golden))
    stream = Stream(5, naive)
    stream.deliveries = 10**6
    for command in stream.following(naive.sequence + TRADED_ON):
        assert naive.apply(command) == engine.apply(command)
        if naive.sequence % 1_000 == 0:
            engine = Engine(state.load(state.dump(engine.market)))
    assert [] == faults(engine.market)
    assert balances(naive) == balances(engine.market)


def test_a_journal_of_any_version_is_read_and_chained(golden):
    """Every command is decoded, the hashes are those of the stored bytes; of this engine's, replay gives them too."""
    chained, at, outcomes = codec.GENESIS, 0, iter(golden.outcomes)
    for batch in golden.journal["batches"]:
        commands = bytes.fromhex(batch["commands"])
        said = [next(outcomes) for _ in codec.decode_commands(commands)]
        if golden.journal["codec"] == codec.UNCHECKED_CODEC:
            events = bytes.fromhex(batch["events"])
            assert [[as_then(each) for each in outcome] for outcome in said] == events_from(events)
            chained = hashlib.sha256(chained + commands + events).digest()
        else:
            if golden.journal["engine"] == ENGINE_VERSION:
                assert batch["events_hash"] == codec.hash_events(said).hex()
            chained = codec.chain(chained, commands, bytes.fromhex(batch["events_hash"]))
        assert (batch["first"], batch["last"], batch["hash"]) == (at + 1, at + len(said), chained.hex())
        at = batch["last"]


def as_then(event: e.Event) -> e.Event:
    """An event of today without what engine 1 did not say."""
    return replace(event, closed=0) if isinstance(event, e.Completed) else event


def test_a_stored_snapshot_cut_short_is_refused(golden):
    """At whatever byte, in whatever layout."""
    for end in range(0, len(golden.snapshot), max(1, len(golden.snapshot) // 500)):
        with pytest.raises(msgspec.DecodeError):
            state.load(golden.snapshot[:end], golden.journal["state_codec"])


def test_a_layout_of_the_future_is_refused(golden):
    """Never half a market."""
    with pytest.raises(UnknownLayout, match=f"layout {STATE_CODEC + 1}; this version reads 1 to {STATE_CODEC}"):
        state.load(golden.snapshot, STATE_CODEC + 1)
