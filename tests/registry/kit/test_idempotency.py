"""How long the keys of writes are remembered, and what a key is good for meanwhile."""

import json
from datetime import timedelta
from typing import Any

import pytest

from deploy.processes.housekeeping import KEYS_KEPT_FOR_EVER
from deploy.routes import ROUTES
from registry.access.authorisation import TRADERS
from registry.kit import idempotency
from registry.kit.database import Tx
from registry.kit.idempotency import DECIDING, KeyReused, RolesChanged, Written, forget_old, once
from schemas.access import Actor, Call, HeldRole, Role
from tests.database import connected
from tests.probes import unchanged
from tests.worlds import World

DAYS_31 = "now() - interval '31 days'"


async def _remembered(world: World) -> set[tuple[str, str]]:
    async with connected(world.dsn) as owner:
        rows = await owner.fetch("select operation, key from registry.idempotency where key like 'mine-%'")
    return {(row["operation"], row["key"]) for row in rows}


async def _age(world: World, operation: str, key: str, created_at: str) -> None:
    async with connected(world.dsn) as owner:
        await owner.execute(
            "insert into registry.idempotency (person_id, operation, key, request_sha256, object_id, created_at)"
            f" select min(id), $1, $2, '', '', {created_at} from registry.party where kind = 'person'",
            operation,
            key,
        )


async def test_old_keys_are_forgotten_except_those_of_operations_that_are_kept(empty: World):
    """Older than the limit: forgotten, unless the operation is kept for ever; younger: kept whatever the operation."""
    for operation in ("buy", "retire", "sell"):
        await _age(empty, operation, "mine-old", DAYS_31)
        await _age(empty, operation, "mine-new", "now()")
    await forget_old(empty.db, after=timedelta(days=30), kept_for_ever={"retire"})
    new = {("buy", "mine-new"), ("retire", "mine-new"), ("sell", "mine-new")}
    assert new | {("retire", "mine-old")} == await _remembered(empty)
    await forget_old(empty.db, after=timedelta(days=30), kept_for_ever=())
    assert new == await _remembered(empty)


async def test_forgetting_reads_none_of_the_keys_that_are_kept(empty: World):
    """The plan goes from operation to operation in the index: most keys in the end are those that are kept."""
    async with connected(empty.dsn) as owner:
        await owner.execute(
            "insert into registry.idempotency (person_id, operation, key, request_sha256, object_id, created_at)"
            f" select (select min(id) from registry.party where kind = 'person'), 'retire', n::text, '', '', {DAYS_31}"
            " from generate_series(1, 20000) n"
        )
        for number in range(50):  # the other operations of a region that is in use
            await _age(empty, f"operation-{number}", "mine", "now()")
        await owner.execute("vacuum analyze registry.idempotency")
        statement = f"explain (analyze, format json) {idempotency._sql.forget_old}"
        plan = json.loads(await owner.fetchval(statement, timedelta(days=30), ["retire"]))[0]["Plan"]
        assert _rows_read(plan) < 100, json.dumps(plan, indent=1)
        kept = "select count(*) from registry.idempotency where operation = 'retire'"
        assert 20_000 == await owner.fetchval(kept)


def _rows_read(node: dict[str, Any]) -> int:
    """Rows that the scans of a plan read, those that a filter then removed included."""
    below = sum(_rows_read(each) for each in node.get("Plans", ()))
    if "Relation Name" not in node or node["Node Type"] == "ModifyTable":
        return below
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return below + round(rows * node["Actual Loops"])


async def test_a_key_answers_what_it_wrote_first(empty: World):
    """The second request with the same body is answered by *again*; one with another body is refused."""
    async with connected(empty.dsn) as owner:
        person = await owner.fetchval("select min(id) from registry.party where kind = 'person'")
    calls = [
        Call(by=Actor(person_id=person), operation="buy", key="mine-1", request_sha256=body) for body in (b"a", b"b")
    ]
    written = []

    async def work(_: Tx) -> Written[str]:
        written.append("now")
        return Written(7, "now")

    async def again(_: Tx, object_id: str) -> str:
        return f"again {object_id}"

    assert "now" == await once(empty.db, calls[0], work, again)
    assert "again 7" == await once(empty.db, calls[0], work, again)
    with pytest.raises(KeyReused):
        await once(empty.db, calls[1], work, again)
    assert ["now"] == written


def test_the_operations_that_are_kept_for_ever_exist():
    """A renamed operation would otherwise be forgotten like any other."""
    assert {"retire_credits"} == KEYS_KEPT_FOR_EVER & ROUTES.keys() == KEYS_KEPT_FOR_EVER


@pytest.mark.parametrize("role", sorted(DECIDING))
async def test_whoever_no_longer_holds_a_deciding_role_writes_nothing(empty: World, role: Role):
    """As the guard read it, and as it is at the end of the write; what was written is rolled back, key and all."""
    by = Actor(person_id=2, roles=(HeldRole(role, 999),))
    call = Call(by=by, operation="decide", permitted=frozenset({role}), key="mine-1", request_sha256=bytes(32))

    async def work(tx: Tx) -> Written[int]:
        await tx.execute("update registry.business_clock set at = at + interval '1 second'")
        return Written(1, 1)

    async def again(_: Tx, __: str) -> int:
        return 1

    async with unchanged(empty):
        with pytest.raises(RolesChanged, match=f"lost a role \\({role}\\)"):
            await once(empty.db, call, work, again)
    assert set() == await _remembered(empty)


async def test_what_somebody_does_with_their_own_is_not_looked_at_twice(empty: World):
    """The hot path asks nothing: a trader's roles are those that the guard read."""
    by = Actor(person_id=2, roles=(HeldRole(Role.ENTERPRISE, 999),))
    call = Call(by=by, operation="buy", permitted=TRADERS, key="mine-1", request_sha256=bytes(32))

    async def work(_: Tx) -> Written[int]:
        return Written(1, 7)

    async def again(_: Tx, __: str) -> int:
        return 7

    assert 7 == await once(empty.db, call, work, again)
