"""
What holds after every test, checked from outside with plain SQL and naive arithmetic, never with the product's queries.

Conservation: the blocks cover every issuance without gap or overlap. Double entry: replaying the movements gives the
blocks. One claim per kilogram: retirements do not overlap, and claims have exactly what was allocated. The log: every
statement has a leaf, every leaf's note is what the statement says, signed by the issuer, and the tiles and the root are
what a naive recursive RFC 6962 gives for the stored bytes. The exchange: see
`tests/market_invariants.py`; retail pools: `tests/retail_invariants.py`.
"""

import hashlib
from collections import defaultdict

import asyncpg

from registry.transparency.format.note import parse_note, verify_note
from registry.transparency.keys import RegistryKeys
from registry.transparency.sequencer import sequence_once
from tests import market_invariants, retail_invariants
from tests.oracle import merkle


async def check(dsn: str, keys: RegistryKeys) -> None:
    """Assert every invariant on the database at *dsn*; sequences what still waits."""
    owner = await asyncpg.connect(dsn)
    try:
        await check_ledger(owner)
        while await sequence_once(owner, keys):
            pass
        await check_log(owner, keys)
        await market_invariants.check(owner)
        await retail_invariants.check(owner)
    finally:
        await owner.close()


async def check_ledger(owner: asyncpg.Connection) -> None:
    """Assert conservation, double entry, holds, claims and retirements."""
    blocks = await owner.fetch(
        "select issuance_id, lower(span) lo, upper(span) hi, account_id, state, hold_id"
        " from registry.block order by lower(span)"
    )
    issuances = await owner.fetch(
        "select id, lower(span) lo, upper(span) hi from registry.issuance order by lower(span)"
    )
    _check_cover(blocks, issuances)
    await _check_movements(owner, blocks)
    await _check_holds(owner, blocks)
    await _check_claims(owner)


def _check_cover(blocks: list[asyncpg.Record], issuances: list[asyncpg.Record]) -> None:
    by_issuance = defaultdict(list)
    for block in blocks:
        by_issuance[block["issuance_id"]].append((block["lo"], block["hi"]))
    at = 1
    for issuance in issuances:
        assert at == issuance["lo"], "the number line has a gap"
        for lo, hi in by_issuance[issuance["id"]]:
            assert at == lo, f"gap or overlap at {at}"
            assert lo < hi, "an empty block"
            at = hi
        assert at == issuance["hi"], "the blocks do not cover the issuance"


async def _check_movements(owner: asyncpg.Connection, blocks: list[asyncpg.Record]) -> None:
    moves = await owner.fetch(
        "select lower(span) lo, upper(span) hi, from_account_id, from_state, to_account_id, to_state"
        " from registry.movement order by id"
    )
    edges = sorted({edge for row in (*blocks, *moves) for edge in (row["lo"], row["hi"])})
    place: dict[int, tuple[object, object]] = {}
    for move in moves:
        for edge in edges[edges.index(move["lo"]) : edges.index(move["hi"])]:
            assert place.get(edge, (None, None)) == (move["from_account_id"], move["from_state"]), "not from there"
            place[edge] = (move["to_account_id"], move["to_state"])
    for block in blocks:
        for edge in edges[edges.index(block["lo"]) : edges.index(block["hi"])]:
            assert place[edge] == (block["account_id"], block["state"]), "the movements say otherwise"


async def _check_holds(owner: asyncpg.Connection, blocks: list[asyncpg.Record]) -> None:
    held: dict[int, int] = defaultdict(int)
    for block in blocks:
        if block["hold_id"] is not None:
            held[block["hold_id"]] += block["hi"] - block["lo"]
    open_holds = await owner.fetch(
        "select id, kind, quantity_kg from registry.hold where closed_at is null and quantity_kg > 0"
    )
    assert {row["id"]: row["quantity_kg"] for row in open_holds} == dict(held)
    proposed = await owner.fetch("select hold_id from registry.transfer where state = 'proposed'")
    assert {row["hold_id"] for row in proposed} == {row["id"] for row in open_holds if row["kind"] == "transfer"}


async def _check_claims(owner: asyncpg.Connection) -> None:
    retired = await owner.fetch(
        "select claim_id, statement_id, lower(s) lo, upper(s) hi from registry.retirement, unnest(spans) s"
        " order by lower(s)"
    )
    annulled = {row["annuls"] for row in await owner.fetch("select annuls from registry.annulment")}
    given: dict[int, int] = defaultdict(int)
    end, total = 0, 0
    for row in retired:
        assert row["lo"] >= end, "a kilogram was retired for two claims"
        end = row["hi"]
        total += row["hi"] - row["lo"]
        if row["statement_id"] not in annulled:  # what was annulled stays retired, and is of no claim
            given[row["claim_id"]] += row["hi"] - row["lo"]
    claims = await owner.fetch("select id, type, required_kg, allocated_kg from registry.claim")
    assert dict(given) == {row["id"]: row["allocated_kg"] for row in claims if row["allocated_kg"]}
    for row in claims:
        assert row["type"] == "contribution" or row["allocated_kg"] <= row["required_kg"]
    blocks = await owner.fetchval(
        "select coalesce(sum(upper(span) - lower(span)), 0) from registry.block where state = 'retired'"
    )
    assert blocks == total


async def check_log(owner: asyncpg.Connection, keys: RegistryKeys) -> None:
    """Assert that the log is what its stored bytes say, by a naive tree."""
    rows = await owner.fetch("select * from registry.statement order by leaf_index")
    assert [row["leaf_index"] for row in rows] == list(range(len(rows)))
    for row in rows:
        note = parse_note(row["note"])
        assert row["note_text"] == note.text
        assert row["sha256"] == hashlib.sha256(note.text.encode()).digest()
        assert verify_note(note, [keys.issuer.key])
    leaves = [row["note"].encode() for row in rows]
    hashes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    assert hashes == [row["leaf_hash"] for row in rows]
    head = await owner.fetchrow("select size, root from registry.log_head")
    assert head is not None
    assert (len(leaves), merkle.mth(leaves)) == (head["size"], head["root"])
    tiles = await owner.fetch("select level, n, hashes from registry.log_tile where level = 0 order by n")
    assert b"".join(hashes) == b"".join(row["hashes"] for row in tiles)
