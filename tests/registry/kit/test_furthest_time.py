"""Business time of a live region never goes back, and where it would, nothing is written."""

import asyncio

import asyncpg
import pytest

from deploy.processes.clock_watch import ClockWatch
from deploy.processes.housekeeping import HousekeepingRole
from registry.kit import clock
from tests.faults.killing import until
from tests.registry.transparency.logs import append


async def live(world, shift):
    """Make the region live, with a furthest time that is *shift* from now."""
    await owned(
        world,
        "update registry.business_clock set simulated = false, at = clock_timestamp() + $1::text::interval",
        shift,
    )


async def owned(world, query, *args):
    """One value, read or written as the owner of the tables."""
    owner = await asyncpg.connect(world.dsn)
    try:
        return await owner.fetchval(query, *args)
    finally:
        await owner.close()


AHEAD = "select extract(epoch from registry.business_now() - clock_timestamp())::float8"
FURTHEST = "select at from registry.business_clock"


@pytest.mark.parametrize(("shift", "ahead_s"), [("-1 day", 0), ("40 seconds", 40)])
async def test_time_stands_still_up_to_a_minute_behind(delivered, shift, ahead_s):
    """A clock that was put back a little: the time is the furthest one seen, and everything is written."""
    claim = await delivered.contribution("scenic")
    await live(delivered, shift)
    assert await owned(delivered, AHEAD) == pytest.approx(ahead_s, abs=20)
    party = delivered.party("scenic")
    body = {"account_id": party.account_id, "claim_id": claim, "quantity_kg": 47, "reason": "visitor"}
    assert 201 == (await delivered.post("/v1/retirements", body, by=party.key)).status_code
    assert "" == await clock.trouble(db=delivered.db)
    await simulated_again(delivered)


async def simulated_again(world):
    """For the checks after the test, which know the world as it was."""
    await owned(world, "update registry.business_clock set simulated = true")


async def test_further_behind_nothing_is_written(delivered):
    """503 for what belongs into the log and for any other write, such as a key; reads are served, at that time."""
    claim = await delivered.contribution("scenic")
    furthest = "3 hours"
    await live(delivered, furthest)
    party = delivered.party("scenic")
    held = await delivered.active_kg("scenic")
    retirement = {"account_id": party.account_id, "claim_id": claim, "quantity_kg": 47, "reason": "visitor"}
    for path, body in (("/v1/retirements", retirement), ("/v1/me/keys", {})):
        answer = await delivered.post(path, body, by=party.key)
        assert (503, "60") == (answer.status_code, answer.headers["Retry-After"]), path
        assert "urn:kilnwood:problem:clock-behind" == answer.json()["type"]
        assert "once the operator has set it right" in answer.json()["detail"]
    assert held == await delivered.active_kg("scenic")
    assert await owned(delivered, AHEAD) == pytest.approx(3 * 3600, abs=20)

    watch = ClockWatch()
    assert "Nothing is written: the clock of the database's machine is 2:59:5" in await clock.trouble(db=delivered.db)
    assert "" == watch.trouble
    await owned(delivered, "update registry.business_clock set at = clock_timestamp()")
    assert 201 == (await delivered.post("/v1/retirements", retirement, by=party.key)).status_code
    await simulated_again(delivered)


async def test_what_is_sequenced_proves_the_time(empty):
    """In the transaction that gives statements their place: a crash loses neither, and no earlier time replaces it."""
    await live(empty, "-1 day")
    await append(empty, 2)
    await empty.sequence()
    newest = await owned(empty, "select max(at) from registry.statement")
    assert newest == await owned(empty, FURTHEST)
    await owned(empty, "update registry.business_clock set at = at + interval '30 seconds'")
    kept = await owned(empty, FURTHEST)
    await owned(empty, "update registry.statement set at = at - interval '1 hour'")
    await append(empty, 1)
    await empty.sequence()
    assert kept == await owned(empty, FURTHEST)
    await simulated_again(empty)


async def test_housekeeping_keeps_the_time(empty):
    """At most once in ten seconds, and never back."""
    await live(empty, "-1 day")
    before = await owned(empty, FURTHEST)
    role = HousekeepingRole(empty.db)
    await role.start()

    async def kept():
        return await owned(empty, FURTHEST) > before

    await until(kept, "the time is kept")
    await role.stop()
    for shift in ("-5 seconds", "5 seconds"):
        await live(empty, shift)
        before = await owned(empty, FURTHEST)
        await clock.keep(db=empty.db)
        assert before == await owned(empty, FURTHEST)
    await simulated_again(empty)


async def test_a_simulated_region_is_set_by_hand_only(empty):
    """Whatever the clock of the machine: neither kept nor refused."""
    furthest = await owned(empty, FURTHEST)
    await append(empty, 1)
    await empty.sequence()
    await clock.keep(db=empty.db)
    assert furthest == await owned(empty, FURTHEST)
    assert "" == await clock.trouble(db=empty.db)
    await owned(empty, "update registry.business_clock set at = clock_timestamp() + interval '9 years'")
    await append(empty, 1)
    assert "" == await clock.trouble(db=empty.db)


async def test_the_watch_says_what_is_wrong(empty):
    """Within a second or two; and when it is over."""
    watch = ClockWatch()
    watching = asyncio.create_task(watch.watch(empty.db))
    for shift, wanted in (("1 hour", True), ("0 seconds", False)):
        await live(empty, shift)

        async def seen(wanted=wanted):
            return bool(watch.trouble) == wanted

        await until(seen, "the watch has looked")
    watching.cancel()
    await simulated_again(empty)
