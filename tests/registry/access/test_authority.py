"""What a process keeps of who may do what: never acted upon once it has changed, and read once for many requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from registry.access import authority
from registry.access.authorisation import Unauthenticated
from registry.access.authority import REUSED_FOR_S, Authority, ReadTrader
from registry.kit.database import Database, Tx
from registry.kit.problems import Unavailable, Unknown
from registry.parties import service as parties
from schemas.access import HeldRole, Role
from schemas.custody import Trader
from tests import worlds
from tests.database import connected
from tests.probes import as_owner, refused
from tests.worlds import World


class Process:
    """A process of its own: its pool, what it keeps, and the statements that it sent."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", sent: list[str], read_trader: ReadTrader, **options: Any
    ) -> None:
        self.db = Database(pool)
        self.sent = sent
        self.authority = Authority(self.db, worlds.KEYRING, read_trader, **options)

    def count(self, table: str) -> int:
        """How many statements named a table."""
        return sum(f"registry.{table}" in each for each in self.sent)


@asynccontextmanager
async def process(
    world: World, read_trader: ReadTrader = parties.dated_trader_in, **options: Any
) -> AsyncIterator[Process]:
    """One more process on the world's database."""
    sent: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda record: sent.append(record.query))

    settings = {"role": "kilnwood_api"}
    async with asyncpg.create_pool(world.dsn, min_size=0, max_size=4, server_settings=settings, init=listen) as pool:
        yield Process(pool, sent, read_trader, **options)


@asynccontextmanager
async def another(world: World) -> AsyncIterator[World]:
    """A second application on the same database, with its own pool and its own memory."""
    async with worlds.application(world.dsn, world.season) as second:
        yield second


# What the next request sees


async def test_a_key_that_another_process_revoked_is_refused_at_once(empty: World):
    """It worked here just now; the request after the revocation was answered is 401."""
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    assert 200 == (await empty.get("/v1/me", by=spare["secret"])).status_code
    async with another(empty) as second:
        await second.ok(f"/v1/keys/{spare['id']}/revoke", by=second.regulators[0])
        refused(await empty.get("/v1/me", by=spare["secret"]), 401, "unauthenticated", "revoked")


async def test_a_key_that_was_revoked_while_a_body_arrived_does_nothing(empty: World, monkeypatch: pytest.MonkeyPatch):
    """A client may take minutes to send a body; what held when it began is asked again."""
    monkeypatch.setattr(authority, "REUSED_FOR_S", 0.01)
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name": '
        async with another(empty) as second:
            await second.ok(f"/v1/keys/{spare['id']}/revoke", by=second.regulators[0])
        yield b'"late"}'

    headers = {"Authorization": f"Bearer {spare['secret']}", "Idempotency-Key": "slow"}
    late = await empty.http.post("/v1/me/keys", content=slowly(), headers=headers)
    refused(late, 401, "unauthenticated", "revoked")


async def test_a_key_that_another_process_made_works_at_once(empty: World):
    """What was unknown a moment ago is not remembered as unknown."""
    async with another(empty) as second:
        spare = await second.ok("/v1/me/keys", by=second.regulators[0])
        assert 200 == (await empty.get("/v1/me", by=spare["secret"])).status_code


async def test_a_role_that_another_process_ended_is_over_at_once(issued: World):
    """The person could read the holdings just now."""
    newcomer = await issued.newcomer("enterprise")
    path = f"/v1/accounts/{newcomer.account_id}/holdings"
    assert 200 == (await issued.get(path, by=newcomer.key)).status_code
    query = "select id from registry.role_grant where person_id = $1"
    grant = await as_owner(issued, query, newcomer.person_id)
    async with another(issued) as second:
        await second.ok(f"/v1/grants/{grant}/end", by=second.regulators[0])
        refused(await issued.get(path, by=newcomer.key), 403, "denied")


async def test_a_role_that_another_process_gave_holds_at_once(empty: World):
    """And only the roles that hold are shown."""
    newcomer = await empty.newcomer("enterprise")
    assert ["enterprise"] == await _roles(empty, newcomer.key)
    async with another(empty) as second:
        await _grant(second, newcomer, "organiser")
        assert ["enterprise", "organiser"] == await _roles(empty, newcomer.key)


async def test_a_role_that_ends_by_the_clock_alone_is_over_at_once(empty: World):
    """Nobody changes the grant: another process moves business time to its end, and the next request is without it."""
    newcomer = await empty.newcomer("enterprise")
    now = datetime.fromisoformat((await empty.get("/v1/region")).json()["business_time"])
    until = now + timedelta(days=1)
    await _grant(empty, newcomer, "organiser", until=until)
    async with another(empty) as second:
        await _set_clock(second, until - timedelta(microseconds=1))
        assert ["enterprise", "organiser"] == await _roles(empty, newcomer.key)
        epoch = await as_owner(empty, "select epoch from registry.authority_epoch")
        await _set_clock(second, until)
        assert ["enterprise"] == await _roles(empty, newcomer.key)
        assert epoch == await as_owner(empty, "select epoch from registry.authority_epoch"), "only the clock moved"


async def test_a_role_that_begins_by_the_clock_alone_holds_then(empty: World):
    """Such a grant can only be made by hand today; what is kept says when it begins."""
    newcomer = await empty.newcomer("enterprise")
    await as_owner(
        empty,
        "insert into registry.role_grant (person_id, organisation_id, role, during) values ($1, $2, 'organiser',"
        " tstzrange(registry.business_now() + interval '1 day', null)) returning id",
        newcomer.person_id,
        newcomer.organisation_id,
    )
    assert ["enterprise"] == await _roles(empty, newcomer.key)
    now = datetime.fromisoformat((await empty.get("/v1/region")).json()["business_time"])
    async with another(empty) as second:
        await _set_clock(second, now + timedelta(days=1))
    assert ["enterprise", "organiser"] == await _roles(empty, newcomer.key)


async def test_a_freeze_by_another_process_is_seen_at_once(issued: World):
    """And its end as well."""
    forest = issued.party("forest")
    async with process(issued) as mine, another(issued) as second:
        assert (await mine.authority.trader(forest.account_id)).restriction_id is None
        body = {"scope": "account", "target_id": forest.account_id, "reason": "test"}
        freeze = await second.ok("/v1/restrictions", body, by=second.regulators[0])
        assert freeze["id"] == (await mine.authority.trader(forest.account_id)).restriction_id
        lift = {"operation": "lift_restriction", "restriction_id": freeze["id"], "reason": "test"}
        await second.decide("/v1/restrictions/lift", lift)
        assert (await mine.authority.trader(forest.account_id)).restriction_id is None


async def test_an_account_that_is_closed_is_unusable_at_once(issued: World):
    """Closed by another connection."""
    forest = issued.party("forest")
    async with process(issued) as mine:
        assert (await mine.authority.trader(forest.account_id)).usable
        await as_owner(
            issued, "update registry.account set status = 'closed' where id = $1 returning id", forest.account_id
        )
        assert not (await mine.authority.trader(forest.account_id)).usable


async def test_an_owner_who_gets_a_parent_belongs_to_its_group_at_once(issued: World):
    """From now, or from a day that only the clock brings; and no more after its end."""
    forest, bank = issued.party("forest"), issued.party("bank")
    async with process(issued) as mine, another(issued) as second:

        async def group() -> int:
            return (await mine.authority.trader(forest.account_id)).group_id

        assert forest.organisation_id == await group()
        await as_owner(
            issued,
            "insert into registry.ownership (owned_id, owner_id, during) values ($1, $2, tstzrange("
            "registry.business_now() + interval '1 day', registry.business_now() + interval '2 days')) returning 1",
            forest.organisation_id,
            bank.organisation_id,
        )
        now = datetime.fromisoformat((await issued.get("/v1/region")).json()["business_time"])
        found = [await group()]
        for days in (1, 2):
            await _set_clock(second, now + timedelta(days=days))
            found.append(await group())
        assert [forest.organisation_id, bank.organisation_id, forest.organisation_id] == found


async def test_no_key_is_accepted_after_its_revocation_was_answered(empty: World):
    """Many requests at once, all the time; those that begin after the answer are refused, each of them."""
    async with process(empty) as mine, process(empty) as other:
        for _ in range(20):
            spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])
            answered = asyncio.Event()

            async def late(secret: str = spare["secret"], answered: asyncio.Event = answered) -> list[bool]:
                outcomes: list[bool] = []
                while len(outcomes) < 3:
                    begins_after = answered.is_set()
                    try:
                        await mine.authority.authenticate(secret)
                    except Unauthenticated:
                        outcomes += [True] if begins_after else []
                    else:
                        outcomes += [False] if begins_after else []
                return outcomes

            async def revoke(tx: Tx, key_id: int = spare["id"]) -> None:
                await tx.execute("update registry.api_key set revoked_at = now() where id = $1", key_id)

            requests = [asyncio.create_task(late()) for _ in range(8)]
            await mine.authority.authenticate(spare["secret"])
            await other.db.transaction(revoke)
            answered.set()
            assert [[True] * 3] * 8 == await asyncio.gather(*requests)


async def test_it_finds_what_the_database_finds(delivered: World):
    """Every account, every key of the season: the same as without a memory, the first time and from memory."""
    everybody = [delivered.regulators[0], *(party.key for party in delivered.season.parties.values() if party.key)]
    async with process(delivered) as mine, connected(delivered.dsn) as owner:
        accounts = [row["id"] for row in await owner.fetch("select id from registry.account")]
        uncached = [await parties.trader_in(owner, each) for each in accounts]
        roles = [await owner.fetch(ROLES, worlds.KEYRING.hash(each)) for each in everybody]
        for _ in range(2):
            assert uncached == [await mine.authority.trader(each) for each in accounts]
            found = [await mine.authority.authenticate(each) for each in everybody]
            assert [{(row["person_id"], row["key_id"]) for row in rows} for rows in roles] == [
                {(each.person_id, each.key_id)} for each in found
            ]
            assert [tuple(HeldRole(Role(row["role"]), row["organisation_id"]) for row in rows) for rows in roles] == [
                each.roles for each in found
            ]
        assert (len(everybody), len(accounts)) == (mine.count("api_key"), mine.count("account a"))
        with pytest.raises(Unknown):
            await mine.authority.trader(10**9)


ROLES = """select k.person_id, k.id as key_id, g.role, g.organisation_id from registry.api_key k
    join registry.role_grant g on g.person_id = k.person_id and g.during @> registry.business_now()
    where k.hash = $1 order by g.id"""


# How often it reads


async def test_requests_that_come_together_make_one_read(empty: World):
    """Forty at once with a key that is known: one read of the epoch, and nothing else."""
    async with process(empty) as mine:
        await mine.authority.authenticate(empty.regulators[0])
        mine.sent.clear()
        await asyncio.gather(*(mine.authority.authenticate(empty.regulators[0]) for _ in range(40)))
        assert 1 == mine.count("authority_epoch") == mine.count("")


async def test_a_request_that_comes_during_a_read_waits_for_the_next(empty: World):
    """The read under way may have begun before what the request must see; those that come meanwhile share one more."""
    async with process(empty) as mine, connected(empty.dsn) as gate:
        transaction = gate.transaction()
        await transaction.start()
        await gate.execute("lock table registry.authority_epoch in access exclusive mode")
        first = asyncio.create_task(mine.authority.current())
        await _waits_for_lock(gate, first)
        late = [asyncio.create_task(mine.authority.current()) for _ in range(10)]
        await asyncio.sleep(0)
        await gate.execute("set constraints all immediate")
        await gate.execute("update registry.api_key set revoked_at = null")
        await transaction.commit()
        readings = [await first, *await asyncio.gather(*late)]
        assert 2 == mine.count("authority_epoch")
        assert 1 == len({each.began_s for each in readings[1:]})
        assert readings[0].began_s < readings[1].began_s


async def test_one_request_reads_once(issued: World):
    """What the guard read is good for the steps of the request, and for a second at most."""
    forest, now_s = issued.party("forest"), [1000.0]
    async with process(issued, now_s=lambda: now_s[0]) as mine:
        reading = await mine.authority.current()
        await mine.authority.authenticate(forest.key, reading)
        await mine.authority.trader(forest.account_id, reading)
        assert 1 == mine.count("authority_epoch")
        now_s[0] += REUSED_FOR_S
        await mine.authority.trader(forest.account_id, reading)
        assert 2 == mine.count("authority_epoch")


async def test_what_was_read_before_a_change_is_not_kept_after_it(issued: World):
    """A slow read of an account, a freeze meanwhile, another request that learns of it: the slow one keeps nothing."""
    forest = issued.party("forest")
    slow, may_end = asyncio.Event(), asyncio.Event()

    async def read_trader(tx: Tx, account_id: int) -> tuple[Trader, datetime | None]:
        found = await parties.dated_trader_in(tx, account_id)
        if not slow.is_set():
            slow.set()
            await may_end.wait()
        return found

    async with process(issued, read_trader=read_trader) as mine:
        early = asyncio.create_task(mine.authority.trader(forest.account_id))
        await slow.wait()
        body = {"scope": "account", "target_id": forest.account_id, "reason": "test"}
        freeze = await issued.ok("/v1/restrictions", body, by=issued.regulators[0])
        await mine.authority.current()
        may_end.set()
        assert (await early).restriction_id is None, "it came before the freeze"
        assert freeze["id"] == (await mine.authority.trader(forest.account_id)).restriction_id


async def test_it_keeps_so_much_and_no_more(delivered: World):
    """The account that was put in first makes room."""
    async with process(delivered, kept=2) as mine, connected(delivered.dsn) as owner:
        accounts = [row["id"] for row in await owner.fetch("select id from registry.account order by id limit 3")]
        for each in (*accounts, accounts[2], accounts[0]):
            await mine.authority.trader(each)
        assert 4 == mine.count("account a")


# Trouble


async def test_without_the_database_nothing_kept_is_used(empty: World, server: str):
    """503 for all who wait, although key and account are known here; it works again when the database is back."""
    key = empty.regulators[0]
    async with process(empty) as mine:
        await mine.authority.authenticate(key)
        name = empty.dsn.partition("?")[0].rpartition("/")[2]
        async with connected(server) as admin:
            await admin.execute(f"alter database {name} allow_connections false")
            await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
            try:
                found = await asyncio.gather(
                    *(mine.authority.authenticate(key) for _ in range(5)), return_exceptions=True
                )
                assert [Unavailable] * 5 == [type(each) for each in found]
            finally:
                await admin.execute(f"alter database {name} allow_connections true")
        assert await mine.authority.authenticate(key)


async def test_a_read_that_fails_for_another_reason_is_refused_as_well(empty: World):
    """Whatever keeps the row from being read: the request is 503, and nothing kept is used."""
    key = empty.regulators[0]
    assert 200 == (await empty.get("/v1/me", by=key)).status_code
    await as_owner(empty, "alter table registry.authority_epoch rename to epoch_elsewhere")
    refused(await empty.get("/v1/me", by=key), 503, "unavailable", "nothing was lost")
    await as_owner(empty, "alter table registry.epoch_elsewhere rename to authority_epoch")
    assert 200 == (await empty.get("/v1/me", by=key)).status_code


async def test_a_request_that_is_cut_off_does_not_take_the_others_with_it(empty: World):
    """The one that started the read is cancelled; the read goes on for those who share it."""
    async with process(empty) as mine:
        first, second = (asyncio.create_task(mine.authority.current()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).epoch
        assert first.cancelled()


async def _roles(world: World, key: str) -> list[str]:
    return [each["role"] for each in (await world.get("/v1/me", by=key)).json()["roles"]]


async def _grant(world: World, party: Any, role: str, *, until: datetime | None = None) -> None:
    body = {
        "operation": "grant_role",
        "person_id": party.person_id,
        "organisation_id": party.organisation_id,
        "role": role,
        **({"until": until.isoformat()} if until else {}),
    }
    await world.decide("/v1/grants", body)


async def _set_clock(world: World, at: datetime) -> None:
    await world.ok("/v1/clock", {"at": at.isoformat()}, by=world.regulators[0])


async def _waits_for_lock(gate: asyncpg.Connection, reader: asyncio.Task[Any]) -> None:
    # Not pg_stat_activity, which a transaction sees as it was when it first looked.
    query = """select count(*) from pg_locks where not granted
        and database = (select oid from pg_database where datname = current_database())"""
    while not await gate.fetchval(query):
        assert not reader.done(), "it is to wait for the gate"
        await asyncio.sleep(0)
