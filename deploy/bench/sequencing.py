"""Statements sequenced in a second, by the sequencer's own function; the limit signs, hashes and stores the same."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from itertools import count
from statistics import median
from time import perf_counter

import asyncpg

from deploy.bench.figures import Figure
from deploy.bench.region import BenchRegion
from deploy.migrations import every_migration
from registry.kit.migrate import migrate
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, ED25519
from registry.transparency.format.signer import SEED_BYTES, SeedSigner
from registry.transparency.format.statement import sign_statement, statement_text
from registry.transparency.format.tree import leaf_hash
from registry.transparency.keys import RegistryKeys
from registry.transparency.sequencer import sequence_once
from schemas.statements import RetirementStatement

_DATABASE = "bench_log"
_PER_SECOND = 2_000
_STATEMENTS = 2_000
"""At most so many in a round: what one transaction of the sequencer takes."""
_KEPT = "create table kept (leaf_index bigint, note text, leaf_hash bytea)"
_INSERT = "insert into registry.statement (type, note_text, sha256, at) values ('retirement/v1', $1, $2, now())"


def sequencing(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """Sequence rounds of waiting retirements in a database of their own, where no other sequencer works."""
    statements = min(_STATEMENTS, max(100, round(_PER_SECOND * seconds)))
    value, limit = asyncio.run(_rates(world, statements, rounds))
    return Figure(
        name="sequencing",
        what=f"statements sequenced, {statements:,} at a time",
        unit="/s",
        value=value,
        limit=limit,
        limit_what="bare signatures, hashes and COPY of the same rows",
        share=value / limit,
        target=None,
        rounds=rounds,
    )


async def _rates(world: BenchRegion, statements: int, rounds: int) -> tuple[float, float]:
    server = await asyncpg.connect(world.dsn)
    try:
        await server.execute(f"create database {_DATABASE}")
        owner = await asyncpg.connect(world.dsn, database=_DATABASE)
        try:
            await migrate(owner, every_migration())
            await owner.execute("insert into registry.business_clock (simulated, at) values (true, now())")
            await owner.execute(_KEPT)
            return await _measured(owner, _keys(world.origin), statements, rounds)
        finally:
            await owner.close()
            await server.execute(f"drop database {_DATABASE} with (force)")
    finally:
        await server.close()


async def _measured(owner: asyncpg.Connection, keys: RegistryKeys, statements: int, rounds: int) -> tuple[float, float]:
    texts = _texts(keys.log_ed25519.key.name)
    values, limits = [], []
    for _ in range(rounds):
        batch = [next(texts) for _ in range(statements)]
        begun = perf_counter()
        await _bare(owner, batch, keys.issuer)
        limits.append(statements / (perf_counter() - begun))
        await owner.executemany(_INSERT, [(text, hashlib.sha256(text.encode()).digest()) for text in batch])
        begun = perf_counter()
        done = 0
        while done < statements:
            done += await sequence_once(owner, keys)
        values.append(statements / (perf_counter() - begun))
    return median(values), median(limits)


async def _bare(owner: asyncpg.Connection, batch: list[str], issuer: SeedSigner) -> None:
    notes = [sign_statement(text, issuer) for text in batch]
    rows = [(index, note, leaf_hash(note.encode())) for index, note in enumerate(notes)]
    await owner.copy_records_to_table("kept", records=rows)


def _keys(origin: str) -> RegistryKeys:
    """Fresh keys in memory: nothing that is signed here is shown to anybody."""
    return RegistryKeys(
        SeedSigner(f"{origin}/issuer", ED25519, secrets.token_bytes(SEED_BYTES)),
        SeedSigner(origin, ED25519, secrets.token_bytes(SEED_BYTES)),
        SeedSigner(origin, COSIGNATURE_ML_DSA_44, secrets.token_bytes(SEED_BYTES)),
    )


def _texts(origin: str) -> Iterator[str]:
    """Retirements without end, each its own."""
    for number in count(1):
        statement = RetirementStatement(
            registry="Bench",
            executed_at="2025-01-06T01:00:00Z",
            receipt=f"R-{number:026d}",
            order=f"O-{number:026d}",
            quantity_kg=1,
            issuance="SC-CDCER-0002-2024-01",
            ranges=((number, number),),
            project="SC-CDCER-0002",
            methodology="kiln-electrification/1",
            vintage=2024,
            host="CN-510100",
            adjustment="none",
            purpose="contribution",
            claim="0" * 64,
            allocates_kg=1,
        )
        yield statement_text(origin, statement)
