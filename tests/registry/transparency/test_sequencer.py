"""The sequencer on real databases: order, crashes at every step, restored copies, witnesses that are away or ahead."""

import asyncio
import contextlib
import itertools

import asyncpg
import pytest

from registry.kit.database import Database
from registry.receipts.bundle import witness_policy
from registry.transparency import continuity, service, store
from registry.transparency.format.note import ED25519
from registry.transparency.format.policy import parse_policy
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.tree import EMPTY_ROOT
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import KeyTrouble
from registry.transparency.rules import NotInTheLog, NotYetWitnessed
from registry.transparency.sequencer import Sequencer, sequence_once
from tests import published, worlds
from tests.faults.killing import until
from tests.oracle import merkle
from tests.registry.transparency.logs import Crash, CrashAt, append, connected, statement, superuser
from tests.worlds import KEYS, ORIGIN, PROFILE


async def indexes(dsn: str, ids: list[int]) -> list[int | None]:
    """The leaf index of each statement."""
    async with connected(dsn) as connection:
        rows = await connection.fetch("select id, leaf_index from registry.statement")
    return [{row["id"]: row["leaf_index"] for row in rows}[each] for each in ids]


async def test_statements_get_their_places_in_the_order_of_ids(empty):
    """Batch by batch; an empty batch writes nothing."""
    ids = await append(empty, 5)
    async with connected(empty.dsn) as connection:
        assert [2, 2, 1, 0] == [await sequence_once(connection, KEYS, limit=2) for _ in range(4)]
        rows = await connection.fetch("select size from registry.log_checkpoint order by size")
    assert list(range(5)) == await indexes(empty.dsn, ids)
    assert [2, 4, 5] == [row["size"] for row in rows]


async def test_a_smaller_id_that_commits_late_is_not_lost(empty):
    """A watermark of ids would pass it by; here it follows the larger one."""
    async with asyncpg.create_pool(empty.dsn, min_size=1, max_size=1) as pool, pool.acquire() as slow:
        async with slow.transaction():
            early = (await service.append_in(slow, statement(), region=PROFILE)).id
            (late,) = await append(empty, 1)
            assert early < late
            assert 1 == await empty.sequence()
        assert 1 == await empty.sequence()
    assert [1, 0] == await indexes(empty.dsn, [early, late])


async def test_two_sequencers_at_once_append_once(empty):
    """Both are held at the head until both wait: one takes everything, the other finds nothing."""
    ids = await append(empty, 7)
    async with connected(empty.dsn) as one, connected(empty.dsn) as two, superuser(empty.dsn) as gate:
        async with gate.transaction():
            await store.head(gate, lock=True)
            racing = [asyncio.create_task(sequence_once(each, KEYS)) for each in (one, two)]

            async def both_wait() -> bool:
                waiting = "select count(*) = 2 from pg_stat_activity where pid = any($1) and wait_event_type = 'Lock'"
                return await gate.fetchval(waiting, [one.get_server_pid(), two.get_server_pid()])

            await until(both_wait, "both wait for the head")
        assert [0, 7] == sorted(await asyncio.gather(*racing))
    assert list(range(7)) == await indexes(empty.dsn, ids)


async def test_a_second_sequencer_waits_for_the_end_of_the_first(empty, log):
    """The advisory lock goes with the session, however that ends."""
    async with connected(empty.dsn) as one, connected(empty.dsn) as two:
        await log.sequencer(one).start()
        starting = asyncio.create_task(log.sequencer(two).start())
        done, _ = await asyncio.wait([starting], timeout=0.2)
        assert set() == done
        one.terminate()
        await asyncio.wait_for(starting, 60)


async def test_a_crash_at_any_step_leaves_a_log_that_goes_on(empty, log):
    """Before and after every await, the head file and the witness: no gap, nothing twice, one root for each size."""
    for count in itertools.count(1):
        await append(empty, 2)
        crash = CrashAt(count)
        async with connected(empty.dsn) as connection:
            with contextlib.suppress(Crash):
                await one_round(log.sequencer(connection, crash))
        await log.publish(empty.dsn)
        async with connected(empty.dsn) as connection:
            newest = await store.newest_checkpoint(connection)
        assert newest is not None
        assert (2 * count, True) == (newest.size, newest.witnessed), f"after a crash at step {count}"
        assert (newest.size, newest.root) == log.head.read()
        if not crash.happened:
            break
    assert count > 40, "the steps were not all seen"
    _, leaves = await published.fetch_log(empty.http, log.trust)
    assert {(size, merkle.mth(leaves[:size])) for size, _ in log.asked} == set(log.asked)


async def one_round(sequencer: Sequencer) -> None:
    """What the sequencer does after a start, once."""
    await sequencer.start()
    if await store.anything_waits(sequencer._connection):
        await sequence_once(sequencer._connection, KEYS)
    await sequencer.publish_once()


async def test_a_stored_root_is_the_one_that_is_signed_after_a_crash(empty, log):
    """A crash between the commit and the signature: the next start signs that root, not another."""
    await append(empty, 3)
    await empty.sequence()
    async with connected(empty.dsn) as connection:
        stored = await store.newest_checkpoint(connection)
    assert stored is not None
    await append(empty, 2)
    async with connected(empty.dsn) as connection:
        sequencer = log.sequencer(connection)
        await sequencer.start()
        assert await sequencer.publish_once()
    assert [(3, stored.root)] == log.asked


@pytest.fixture
async def other(server, templates):
    """Another copy of what `issued` is a copy of."""
    async with worlds.opened(server, templates["issued"]) as world:
        yield world


async def test_a_restored_older_database_is_refused(issued, other, log):
    """Behind what was signed: the text says how far and what to do, and nothing is signed."""
    await log.publish(issued.dsn)
    size, _ = log.head.read()
    with pytest.raises(SigningRefused, match=f"has 0 statements in the log, this sequencer signed {size}: it was"):
        await log.publish(other.dsn)
    assert 1 == len(log.asked)


async def test_another_history_of_the_same_size_is_refused(issued, other, log):
    """Two databases went on from one point; also when the other one is longer by now."""
    await append(issued, 1)
    await log.publish(issued.dsn)
    size, _ = log.head.read()
    await append(other, 1)
    await other.sequence()
    with pytest.raises(SigningRefused, match=f"another tree of size {size} than the one that was signed"):
        await log.publish(other.dsn)
    async with connected(other.dsn) as connection:
        await store.allow(connection)  # as if what follows had been written before anybody noticed
    await append(other, 300)
    await other.sequence()
    with pytest.raises(SigningRefused, match=r"Nothing was signed\. Restore the newer database"):
        await log.publish(other.dsn)
    assert 1 == len(log.asked)


@pytest.mark.parametrize(
    ("more", "reason"),
    [(0, "has 3 statements in the log, the witness .* saw 4"), (1, "forked"), (2, "forked"), (300, "forked")],
)
async def test_a_witness_that_saw_another_history_is_heeded(issued, other, log, more, reason):
    """The head file was restored with the database: the witness still knows. Nothing is signed, the file not moved."""
    await append(issued, 1)
    await log.publish(issued.dsn)
    log.head.write(0, EMPTY_ROOT)
    await append(other, more)
    await other.sequence()
    with pytest.raises(SigningRefused, match=reason):
        await log.publish(other.dsn)
    assert (0, EMPTY_ROOT) == log.head.read()
    async with connected(other.dsn) as connection:
        assert await store.newest_signed(connection) is None
    with pytest.raises(NotInTheLog):
        await service.checkpoint(db=other.db)


async def test_nothing_is_signed_before_every_witness_was_asked(empty, log):
    """The start waits for one that cannot be reached: no statement gets its place, and `SignedHead` stays."""
    await append(empty, 1)
    log.reachable = False
    async with connected(empty.dsn) as connection:
        starting = asyncio.create_task(log.sequencer(connection).start())
        done, _ = await asyncio.wait([starting], timeout=0.2)
        assert set() == done
        assert (0, EMPTY_ROOT) == log.head.read()
        log.reachable = True
        await asyncio.wait_for(starting, 60)


async def test_a_lost_note_stops_nothing_where_the_head_file_knows_it(empty, log):
    """A fail-over lost the last commit, a note that the witness has: its head file vouches for that tree."""
    await append(empty, 1)
    await log.publish(empty.dsn)
    async with superuser(empty.dsn) as owner:
        await owner.execute("update registry.log_checkpoint set note = null, witnessed_at = null")
    head = log.head.read()
    log.head.write(0, EMPTY_ROOT)
    with pytest.raises(SigningRefused, match="saw a tree of size 1, which this database has never signed"):
        await log.publish(empty.dsn)
    log.head.write(*head)
    assert await log.publish(empty.dsn)
    assert {1} == {size for size, _ in log.asked}


async def test_a_witness_that_is_behind_is_shown_what_was_signed(empty, log):
    """A note that was stored and never sent continues what the witness knows; it cosigns that before anything new."""
    await append(empty, 1)
    await log.publish(empty.dsn)
    await append(empty, 1)
    async with connected(empty.dsn) as connection:
        sequencer = log.sequencer(connection)
        await sequencer.start()
        await empty.sequence()
        log.reachable = False
        await sequencer.publish_once()
    log.reachable = True
    await append(empty, 1)
    assert await log.publish(empty.dsn)
    assert [1, 1, 2, 2, 3, 3] == [size for size, _ in log.asked], "each is sent again with the size of the witness"


async def test_a_lost_head_file_is_refused(empty, log):
    """Keys without it over a log that has statements: nobody knows what was signed."""
    await append(empty, 1)
    await log.publish(empty.dsn)
    log.head.path.unlink()
    with pytest.raises(SigningRefused, match=r"head\.json is missing, and the log has 1 statements"):
        await log.publish(empty.dsn)
    assert not log.head.path.exists()


async def test_a_damaged_head_file_is_refused(empty, log):
    """Half a file, or another one: nothing is guessed."""
    for text in ("", "{}", '{"size": 1, "root": "xyz"}', "[]"):
        log.head.path.write_text(text, "ascii")
        with pytest.raises(SigningRefused, match="is damaged"):
            await log.publish(empty.dsn)


async def test_other_keys_than_the_first_are_refused(empty, log):
    """The database remembers the three public keys; another one under the same name is named."""
    await log.publish(empty.dsn)
    other = KEYS._replace(issuer=SeedSigner(KEYS.issuer.key.name, ED25519, bytes(32)))
    async with connected(empty.dsn) as connection:
        assert {each.key.text() for each in KEYS} == set((await store.log_keys(connection)).values())
        with pytest.raises(SigningRefused, match="has another issuer key than the one in log-keys"):
            await continuity.require_known_keys(connection, other)


async def test_keys_are_made_only_for_a_log_that_was_never_begun(empty, tmp_path):
    """With the head file, once; a folder that lost them over a database that knows them gets no new ones."""
    folder = tmp_path / "log-keys"
    async with connected(empty.dsn) as connection:
        made = await continuity.keys_for(connection, folder, ORIGIN)
        assert (0, EMPTY_ROOT) == SignedHead(folder / "head.json").read()
        await continuity.require_known_keys(connection, made)
        again = await continuity.keys_for(connection, folder, ORIGIN)
        assert [each.key for each in made] == [each.key for each in again]
        for name in ("log-ed25519.key", "issuer.key", "log-ml-dsa-44.key"):
            (folder / name).unlink()
            with pytest.raises(KeyTrouble, match=r"\.key does not exist; restore it"):
                await continuity.keys_for(connection, folder, ORIGIN)
        (folder / "head.json").unlink()
        with pytest.raises(KeyTrouble, match=r"issuer\.key is missing, and the log .* No new keys were made"):
            await continuity.keys_for(connection, folder, ORIGIN)
    assert [] == list(folder.iterdir())


async def test_without_its_witness_nothing_is_given_out(empty, log):
    """It is asked again each time; when it is back, one checkpoint covers all."""
    (first,) = await append(empty, 1)
    async with connected(empty.dsn) as connection:
        sequencer = log.sequencer(connection)
        await sequencer.start()
        log.reachable = False
        for _ in range(2):
            assert await empty.sequence()
            assert await sequencer.publish_once()
            await append(empty, 1)
        with pytest.raises(NotInTheLog):
            await service.checkpoint(db=empty.db)
        with pytest.raises(NotYetWitnessed):
            await prove(empty.db, first)
        log.reachable = True
        assert await sequencer.publish_once()
    assert (await prove(empty.db, first)).leaf_index == 0
    assert [2] == [size for size, _ in log.asked]


async def prove(db: Database, statement_id: int) -> service.Proven:
    """A proof from one snapshot."""
    async with db.snapshot() as tx:
        return await service.prove_in(tx, statement_id)


async def test_an_idle_log_publishes_nothing(empty, log):
    """Neither an empty log nor one whose checkpoint is witnessed; the head file stays as it is."""
    assert not await log.publish(empty.dsn)
    assert (0, EMPTY_ROOT) == log.head.read()
    await append(empty, 1)
    assert [True, False] == [await log.publish(empty.dsn) for _ in range(2)]
    assert [1, 1] == [size for size, _ in log.asked], "published, and shown again at the next start"


async def test_at_most_one_checkpoint_in_an_interval(empty, log):
    """Statements are sequenced at once; their checkpoint waits for its turn."""
    stop = asyncio.Event()
    async with connected(empty.dsn) as connection, connected(empty.dsn) as other:
        sequencer = log.sequencer(connection)
        await sequencer.start()
        running = asyncio.create_task(sequencer.run(stop, interval_s=3600))
        for size in (1, 2, 3):
            await append(empty, 1)

            async def reached(wanted: int = size) -> bool:
                return await store.head(other) == (wanted, (await store.head(other))[1]) and bool(log.asked)

            await until(reached, "the statement is sequenced")
        stop.set()
        await running
    assert [1] == [size for size, _ in log.asked]


async def test_a_log_without_witnesses_publishes_by_itself(empty, tmp_path):
    """`quorum none`: the log's own signatures are all that is asked for."""
    await append(empty, 1)
    async with connected(empty.dsn) as connection:
        policy = parse_policy(witness_policy([], quorum=0))
        sequencer = Sequencer(connection, keys=KEYS, head=SignedHead(tmp_path / "h"), witnesses=[], policy=policy)
        await one_round(sequencer)
    assert 2 == (await service.checkpoint(db=empty.db)).count("\n— ")
