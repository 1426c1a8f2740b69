"""The row that says whether what processes keep of who may do what is still true."""

import asyncio

import asyncpg
import pytest

from tests.database import connected
from tests.probes import as_owner
from tests.worlds import World


@pytest.mark.parametrize(
    "change",
    [
        "update registry.api_key set revoked_at = now() where id = (select min(id) from registry.api_key)",
        "delete from registry.api_key",
        "update registry.api_key set confirmed_key_id = null, confirmed_by = null, confirmed_at = null",
        (
            "insert into registry.suspension (person_id, placed_by, reason)"
            " select min(person_id), max(person_id), 'x' from registry.api_key"
        ),
        "insert into registry.api_key (person_id, prefix, hash) select min(person_id), 'kw', 'x' from registry.api_key",
        (
            "insert into registry.role_grant (person_id, organisation_id, role, during)"
            " select person_id, organisation_id, 'member', during from registry.role_grant"
        ),
        "update registry.role_grant set during = tstzrange(lower(during), null)",
        "delete from registry.role_grant",
        (
            "insert into registry.restriction (scope, target_id, reason, placed_by, during)"
            " select 'account', 1, 'x', person_id, tstzrange(now(), null) from registry.api_key limit 1"
        ),
        "update registry.account set status = 'closed'",
        (
            "insert into registry.account (region_id, owner_id, type, name, opened_at)"
            " select region_id, owner_id, 'holding', 'x', now() from registry.account limit 1"
        ),
        (
            "insert into registry.ownership (owned_id, owner_id, during)"
            " select min(id), max(id), tstzrange(now(), null) from registry.party"
        ),
    ],
)
async def test_every_change_of_authority_moves_the_epoch_once(empty: World, change: str):
    """By one for each transaction, however many rows it changes and statements it has; nothing where it rolls back."""
    async with connected(empty.dsn) as owner:
        before = await owner.fetchval("select epoch from registry.authority_epoch")
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute(change)
        assert before == await owner.fetchval("select epoch from registry.authority_epoch"), "not before the commit"
        await owner.execute("update registry.account set name = name")
        await owner.execute("set constraints all immediate")
        assert before + 1 == await owner.fetchval("select epoch from registry.authority_epoch")
        await transaction.rollback()
        assert before == await owner.fetchval("select epoch from registry.authority_epoch")


async def test_what_is_no_authority_does_not_move_the_epoch(issued: World):
    """A transfer changes blocks, holds, movements and statements, and locks accounts: what is kept stays good."""
    forest, bank = issued.party("forest"), issued.party("bank")
    before = await as_owner(issued, "select epoch from registry.authority_epoch")
    body = {
        "account_id": forest.account_id,
        "receiver_id": bank.account_id,
        "quantity_kg": 1_000,
        "reason": "test",
    }
    await issued.ok("/v1/transfers", body, by=forest.key)
    assert before == await as_owner(issued, "select epoch from registry.authority_epoch")


async def test_the_serving_role_cannot_write_the_epoch(empty: World):
    """It moves by the trigger alone, which works with its owner's rights."""
    async with connected(empty.dsn, role="kilnwood_api") as api:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute("update registry.authority_epoch set epoch = 0")
        before = await api.fetchval("select epoch from registry.authority_epoch")
        await api.execute("update registry.api_key set revoked_at = null")
        assert before + 1 == await api.fetchval("select epoch from registry.authority_epoch")


@pytest.mark.parametrize("constraints", ["deferred", "immediate"])
async def test_the_epoch_is_the_last_lock_of_a_transaction(empty: World, constraints: str):
    """
    One transaction locks an account and changes a grant, the other one changes a grant and locks the account.

    With the triggers deferred both commit. Were they immediate, each would wait for the other.
    """
    crossing = asyncio.Barrier(2)
    account = "select id from registry.account limit 1 for update"
    change = "update registry.role_grant set during = during where id = (select {} from registry.role_grant)"

    async def first(owner: asyncpg.Connection) -> None:
        async with owner.transaction():
            await owner.execute(f"set constraints all {constraints}")
            await owner.execute(account)
            await crossing.wait()
            await owner.execute(change.format("min(id)"))

    async def second(owner: asyncpg.Connection) -> None:
        async with owner.transaction():
            await owner.execute(f"set constraints all {constraints}")
            await owner.execute(change.format("max(id)"))
            await crossing.wait()
            await owner.execute(account)

    async with connected(empty.dsn) as one, connected(empty.dsn) as two:
        found = await asyncio.gather(first(one), second(two), return_exceptions=True)
    deadlocks = [each for each in found if isinstance(each, asyncpg.DeadlockDetectedError)]
    assert (1 if constraints == "immediate" else 0) == len(deadlocks)
