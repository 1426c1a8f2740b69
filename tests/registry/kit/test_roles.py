"""What the serving roles cannot do, whatever a program tries: the database itself refuses."""

import asyncpg
import pytest

from tests.database import connected, migrated

ROLES = ("kilnwood_api", "kilnwood_sequencer")
APPEND_ONLY = (
    *(
        f"registry.{table}"
        for table in (
            "movement",
            "retirement",
            "cancellation",
            "issuance",
            "statement",
            "opening",
            "project_event",
            "party",
            "exchange_request",
        )
    ),
    *(f"exchange.{table}" for table in ("head", "journal", "instruction", "request", "placed", "trade", "delivery")),
)


@pytest.fixture(scope="module")
def dsn(server):
    return migrated(server)


@pytest.mark.parametrize("role", ROLES)
async def test_a_serving_role_owns_nothing(dsn, role):
    """No table, function or schema, so that no grant can be given and no trigger switched off."""
    async with connected(dsn) as owner:
        owned = await owner.fetch(
            """select oid from pg_class where relowner = $1::regrole union all
            select oid from pg_proc where proowner = $1::regrole union all
            select oid from pg_namespace where nspowner = $1::regrole""",
            role,
        )
        powers = await owner.fetchrow(
            "select rolsuper, rolcreaterole, rolbypassrls from pg_roles where rolname = $1", role
        )
    assert [] == owned
    assert {False} == set(powers or ())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_the_past_cannot_be_deleted_or_emptied(dsn, role, table):
    """Neither row by row nor whole."""
    async with connected(dsn, role=role) as program:
        for command in (f"delete from {table}", f"truncate {table} cascade"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await program.execute(command)


@pytest.mark.parametrize(
    "change",
    [
        "movement set at = at",
        "movement set span = span",
        "retirement set quantity_kg = quantity_kg",
        "retirement set at = at",
        "cancellation set quantity_kg = quantity_kg",
        "issuance set span = span",
        "statement set note_text = note_text",
        "statement set sha256 = sha256",
        "statement set leaf_index = 0",
        "statement set note = ''",
        "opening set text = text",
        "project_event set why = why",
        "log_head set size = 0",
        "claim set required_kg = 0",
        "approval set body = body",
        "approval set sha256 = sha256",
        "api_key set hash = hash",
        "api_key set person_id = person_id",
        "role_grant set role = role",
        "account set owner_id = owner_id",
        "transfer set quantity_kg = quantity_kg",
        "region set log_origin = log_origin",
        "party set kind = kind",
        "exchange_request set spans = spans",
        "hold set account_id = account_id",
        "exchange.journal set commands = commands",
        "exchange.journal set hash = hash",
        "exchange.snapshot set state = state",
        "exchange.instruction set amount = amount",
        "exchange.instruction set kind = kind",
        "exchange.placed set account_id = account_id",
        "exchange.trade set price_fen = price_fen",
        "exchange.trade set fee_fen = fee_fen",
        "exchange.delivery set trades = trades",
        "exchange.delivery set quantity_t = quantity_t",
        "exchange.instrument set fee_bps = fee_bps",
    ],
)
async def test_the_serving_role_cannot_rewrite_the_record(dsn, change):
    """Columns that say what happened stay as they were written."""
    async with connected(dsn, role="kilnwood_api") as program:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute(f"update {change if change.startswith('exchange.') else f'registry.{change}'}")


@pytest.mark.parametrize(
    "command",
    [
        "insert into registry.log_head (size, root) values (0, '')",
        "insert into registry.log_tile (level, n, hashes) values (0, 0, '')",
        "insert into registry.log_checkpoint (size, root) values (1, '')",
        "insert into public.kilnwood_migration (name, sha256) values ('x', '')",
        "create table registry.mine (id int)",
        "alter table registry.block disable trigger block_final",
        "drop trigger block_final on registry.block",
        "set session_replication_role = replica",
    ],
)
async def test_the_serving_role_can_neither_publish_nor_change_the_rules(dsn, command):
    """The log's head belongs to the sequencer, the rules to the owner."""
    async with connected(dsn, role="kilnwood_api") as program:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute(command)


@pytest.mark.parametrize("table", ["block", "movement", "retirement", "account", "claim", "api_key", "role_grant"])
async def test_the_sequencer_cannot_write_what_is_held_or_who_may(dsn, table):
    """It signs what services wrote and nothing else."""
    async with connected(dsn, role="kilnwood_sequencer") as program:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute(f"insert into registry.{table} default values")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute("update registry.statement set note_text = note_text")


@pytest.mark.parametrize("state", ["retired", "cancelled"])
@pytest.mark.parametrize(
    "command",
    [
        "update registry.block set state = 'active'",
        "update registry.block set account_id = 2",
        "update registry.block set span = int8range(lower(span), upper(span) - 1)",
        "delete from registry.block",
    ],
)
async def test_a_final_block_stays(dsn, state, command):
    """Retired and cancelled kilograms never change, though active ones do; the owner is refused as well."""
    async with connected(dsn) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("set local session_replication_role = replica")  # a block without its account and issuance
        await owner.execute(
            f"insert into registry.block values ('[1,10)', 1, 1, 'active'), ('[10,20)', 1, 1, '{state}')"
        )
        await owner.execute("set local session_replication_role = origin")
        for role in ("kilnwood_api", "none"):
            await owner.execute(f"set local role {role}")
            savepoint = owner.transaction()
            await savepoint.start()
            with pytest.raises(asyncpg.CheckViolationError, match=f"is {state}: that is final"):
                await owner.execute(f"{command} where span = '[10,20)'")
            await savepoint.rollback()
        await owner.execute("set local role kilnwood_api")
        assert "DELETE 1" == await owner.execute("delete from registry.block where span = '[1,10)'")
        await transaction.rollback()
