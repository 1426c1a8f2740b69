"""The reconciler: silent where the books agree, also in the middle of things, and loud for one kilogram or fen."""

import pytest

from exchange.settlement.reconciler import reconcile
from tests.probes import as_owner

PRICE_FEN = 13_00
MONEY, TONNES = "instrument_id = 0", "instrument_id > 0"
ALTERED = {
    "a kilogram more in a hold": (
        "update registry.hold set quantity_kg = quantity_kg {} 1 where kind = 'exchange' and quantity_kg > 0",
        {"kilograms held by the registry for the exchange"},
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


async def test_a_touched_journal_is_told_where(traded):
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
        found = await reconcile(db=traded.world.db)
        assert (True, 1) == (found.clean, found.in_flight)
    await traded.settled()
    found = await reconcile(db=traded.world.db)
    assert (50_000, 50_000, 1_000_000, 0) == (found.held_kg, found.owed_kg, found.owed_fen, found.withdrawn_fen)
    assert (True, 0) == (found.clean, found.in_flight)
