"""The reconciler: silent where the books agree, also in the middle of things, and loud for one kilogram or fen."""

import contextlib

import pytest

from exchange.engine.core import ENGINE_VERSION
from exchange.engine.layouts import STATE_CODEC
from exchange.engine.state import dump, load
from exchange.journal.audit import audit_in
from exchange.settlement.reconciler import _tables_in, reconcile
from tests.database import connected
from tests.probes import as_owner

PRICE_FEN = 13_00
MONEY, TONNES = "instrument_id = 0", "instrument_id > 0"
ALTERED = {
    "a kilogram more in a hold": (
        "update registry.hold set quantity_kg = quantity_kg {} 1 where kind = 'exchange' and quantity_kg > 0",
        {"kilograms that a hold says lie under it"},
    ),
    "a tonne more in a position": (
        f"update exchange.position set settled = settled {{}} 1 where {TONNES} and settled > 0",
        {"kilograms held by the registry for the exchange"},
    ),
    "a fen more in a position": (
        f"update exchange.position set settled = settled {{}} 1 where {MONEY} and settled > 0",
        {"fen that all accounts have"},
    ),
    "a fen more paid in": (
        "update exchange.instruction set amount = amount {} 1 where kind = 'credit_cash'",
        {"fen that all accounts have"},
    ),
    "a fen incoming that nobody has outgoing": (
        f"update exchange.position set incoming = incoming {{}} 1 where {MONEY} and settled > 0",
        {"fen incoming, which others have outgoing"},
    ),
}


@pytest.fixture
async def traded(market):
    """A market in which something was traded and settled."""
    await market.bring("kiln", 50)
    await market.pay_in("solar", 1_000_000)
    await market.sells("kiln", 10, PRICE_FEN)
    await market.buys("solar", 4, PRICE_FEN)
    await market.settled()
    return market


@pytest.mark.parametrize("what", ALTERED)
async def test_one_kilogram_or_fen_is_noticed(traded, what):
    """Altered by hand, named with what was expected and found; and put back, silence again."""
    statement, expected = ALTERED[what]
    await as_owner(traded.world, statement.format("+"))
    found = await reconcile(db=traded.world.db, replay=False)
    assert not found.clean
    assert expected == {each.what for each in found.differences}
    assert all(each.expected != each.found for each in found.differences)
    await as_owner(traded.world, statement.format("-"))
    assert (await reconcile(db=traded.world.db)).clean


async def test_a_balance_moved_from_one_to_another_is_noticed_by_the_replay(traded):
    """Sums are right and nobody lost anything in all; only the journal knows whose it was."""
    solar, kiln = (traded.party(who).account_id for who in ("solar", "kiln"))
    move = (
        "update exchange.position set settled = settled + case when account_id = $1 then 1 else -1 end"
        f" where {MONEY} and account_id in ($1, $2)"
    )
    await as_owner(traded.world, move, solar, kiln)
    assert (await reconcile(db=traded.world.db, replay=False)).clean
    found = await reconcile(db=traded.world.db)
    assert {solar, kiln} == {each.account_id for each in found.differences}
    await as_owner(traded.world, move, kiln, solar)
    assert (await reconcile(db=traded.world.db)).clean


TABLES = {
    "a trade in a delivery that is not there": (
        "update exchange.trade set delivery_id = 999 where id = 2",
        {
            "tonnes to be delivered of trade": (2, 0),
            "fen a tonne of trade": (PRICE_FEN, 0),
            "fen of fee of trade": (8, 0),
        },
    ),
    "a trade at another price": (
        "update exchange.trade set price_fen = price_fen + 1 where id = 2",
        {"fen a tonne of trade": (PRICE_FEN, PRICE_FEN + 1)},
    ),
    "an order with another quantity": (
        "update exchange.placed set open_t = open_t - 1 where open_t > 0",
        {"tonnes open of order": (4, 3)},
    ),
    "an order at another price": (
        "update exchange.placed set price_fen = price_fen + 1 where open_t > 0",
        {"fen a tonne of order": (PRICE_FEN, PRICE_FEN + 1)},
    ),
    "a halt that nobody ordered": (
        "update exchange.instrument set halted = 1 where code = 'SC-CDCER-0002-2024'",
        {"halts of instrument": (0, 1)},
    ),
    "a phase that nobody set": (
        (
            "insert into exchange.session (instrument_id, phase, since) select id, 4, now() from exchange.instrument"
            " where code = 'SC-CDCER-0002-2024' on conflict (instrument_id) do update set phase = 4"
        ),
        {"phase of instrument": (0, 4)},
    ),
    "another band": (
        "update exchange.instrument set low_fen = low_fen - 5 where code = 'SC-CDCER-0002-2024'",
        {"lowest price of instrument": (10_00, 9_95)},
    ),
}


async def test_tables_that_say_something_else_than_the_journal(traded):
    """What is open, what waits for delivery, halts and bands are replayed too, and named."""
    async with traded.unsettled():
        await traded.buys("solar", 2, PRICE_FEN)
        await traded.projected()
        for what, (statement, expected) in TABLES.items():
            async with rolled_back(traded.world.dsn) as owner:
                assert (await owner.execute(statement)).endswith(" 1"), what
                found = await audit_in(owner)
                projected = await _tables_in(owner)
            assert "" == found.broken
            differing = {
                key[0]: (found.replayed.get(key, 0), projected.get(key, 0))
                for key in {*found.replayed, *projected}
                if found.replayed.get(key, 0) != projected.get(key, 0)
            }
            assert expected == differing, what
        assert (await reconcile(db=traded.world.db)).clean


async def test_kilograms_that_left_their_hold_are_noticed(traded):
    """The hold still says so; the blocks do not."""
    move = "update registry.block set state = $1, hold_id = $2 where span = (select span from registry.block where {})"
    held = await as_owner(traded.world, "select hold_id from registry.block where state = 'held' limit 1")
    await as_owner(traded.world, move.format("state = 'held' limit 1"), "active", None)
    found = await reconcile(db=traded.world.db)
    assert {"kilograms that a hold says lie under it", "kilograms held by the registry for the exchange"} == {
        each.what for each in found.differences
    }
    await as_owner(
        traded.world,
        move.format(
            "state = 'active' and account_id = (select account_id from registry.hold"
            f" where id = {held}) order by span limit 1"
        ),
        "held",
        held,
    )
    assert (await reconcile(db=traded.world.db)).clean


async def test_a_forged_snapshot_is_noticed(traded):
    """A state that was replaced together with its hash: the next start would trade on it, the replay disagrees."""
    exchange = await traded.world.trade()
    forged = load(dump(exchange.gateway.engine.market))
    forged.accounts[traded.party("solar").account_id].cash.settled += 1
    state = dump(forged)
    async with rolled_back(traded.world.dsn) as owner:
        await owner.execute(
            "insert into exchange.snapshot (sequence, codec, engine, state, state_hash, hash)"
            " select sequence, $1, $2, $3, sha256($3), hash from exchange.head",
            STATE_CODEC,
            ENGINE_VERSION,
            state,
        )
        assert f"The snapshot at {forged.sequence} is " in (await audit_in(owner)).broken
        await owner.execute("update exchange.snapshot set sequence = sequence + 1")
        assert f"The snapshot at {forged.sequence + 1} stands where no batch ends." == (await audit_in(owner)).broken
    assert (await reconcile(db=traded.world.db)).clean


@contextlib.asynccontextmanager
async def rolled_back(dsn):
    """The owner's view of a database with whatever is done inside, which nobody else ever sees."""
    async with connected(dsn) as owner:
        transaction = owner.transaction()
        await transaction.start()
        yield owner
        await transaction.rollback()


async def test_a_changed_journal_is_reported_with_its_place(traded):
    """The rest is compared all the same."""
    flip = "update exchange.journal set hash = set_byte(hash, 0, get_byte(hash, 0) # 1) where first = 1"
    await as_owner(traded.world, flip)
    found = await reconcile(db=traded.world.db)
    assert ((), False) == (found.differences, found.clean)
    assert "The batch at 1 replays to hash" in found.journal
    await as_owner(traded.world, flip)


async def test_what_is_under_way_is_no_difference(traded):
    """Trades that wait for delivery are counted, and the books agree meanwhile."""
    async with traded.unsettled():
        await traded.buys("solar", 3, PRICE_FEN)
        await traded.projected()
        found = await reconcile(db=traded.world.db)
        assert (True, 1) == (found.clean, found.in_flight)
    await traded.settled()
    found = await reconcile(db=traded.world.db)
    assert (50_000, 50_000, 1_000_000, 0) == (found.held_kg, found.owed_kg, found.owed_fen, found.withdrawn_fen)
    assert (True, 0) == (found.clean, found.in_flight)
