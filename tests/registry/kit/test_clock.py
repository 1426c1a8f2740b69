"""Business time: forward only, by hand only in a simulated region."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry.kit import clock
from tests.database import connected, migrated

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def dsn(server):
    return migrated(server)


@pytest.fixture
async def tx(dsn):
    """The serving role in a transaction that is never committed."""
    async with connected(dsn) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("set local role kilnwood_api")
        yield owner
        await transaction.rollback()


async def set_up(tx, *, simulated, at=NOON):
    """The region's one clock."""
    await tx.execute("insert into registry.business_clock (simulated, at) values ($1, $2)", simulated, at)


async def test_a_simulated_clock_stands_still_until_it_is_advanced(tx):
    """It answers what was set, in UTC, whatever the offset it was set with."""
    await set_up(tx, simulated=True)
    assert NOON == await clock.now_in(tx)
    chengdu = (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=8)))
    moved = await clock.advance_in(tx, chengdu)
    assert (NOON + timedelta(hours=1), UTC) == (moved, moved.tzinfo)
    assert moved == await clock.now_in(tx)


async def test_time_does_not_go_back(tx):
    """The same instant again is no step back."""
    await set_up(tx, simulated=True)
    assert NOON == await clock.advance_in(tx, NOON)
    with pytest.raises(clock.ClockRefused, match=r"is 2023-11-01T12:00:00Z; it cannot go back to 2023-11-01T11:59:59Z"):
        await clock.advance_in(tx, NOON - timedelta(seconds=1))
    assert NOON == await clock.now_in(tx)


async def test_the_wall_clock_cannot_be_set(tx):
    """A real region's business time is real, but never before what it was."""
    await set_up(tx, simulated=False)
    assert abs(await clock.now_in(tx) - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(clock.ClockRefused, match="runs on the wall clock"):
        await clock.advance_in(tx, datetime.now(UTC) + timedelta(days=1))


async def test_a_real_clock_that_was_ahead_waits_for_the_wall(tx):
    """Business time is monotone even where the machine's clock is set back."""
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await set_up(tx, simulated=False, at=ahead)
    assert ahead == await clock.now_in(tx)


def test_statements_write_instants_in_whole_seconds_of_utc():
    """One spelling for one instant."""
    assert "2023-11-01T12:00:00Z" == clock.stamp(
        NOON.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=8)))
    )
