"""The public log as a stranger sees it: fetched over HTTP, recomputed by a naive tree, every signature verified."""

import httpx

from registry.receipts.verifier.trust import LoadedTrust
from registry.transparency.format.checkpoint import Checkpoint, verify_checkpoint
from registry.transparency.format.note import parse_note, verify_note
from registry.transparency.format.policy import is_satisfied
from registry.transparency.format.tile import WIDTH, format_path, parse_entries, width_at
from tests.oracle import merkle


async def fetch_log(http: httpx.AsyncClient, trust: LoadedTrust) -> tuple[Checkpoint, list[bytes]]:
    """The published checkpoint and its leaves, after checking one against the other and both against *trust*."""
    note = parse_note((await _get(http, "checkpoint")).decode())
    logs = [each.key for each in trust.logs]
    sealed = verify_checkpoint(note, [*logs, *trust.policy.witnesses.values()])
    signed_by = {seal.key for seal in sealed.seals}
    assert set(logs) <= signed_by, "the checkpoint lacks a signature of the log"
    assert is_satisfied(trust.policy, signed_by), "the checkpoint lacks witnesses"
    assert trust.origin == sealed.checkpoint.origin
    leaves = await _entries(http, sealed.checkpoint.size)
    assert merkle.mth(leaves) == sealed.checkpoint.root
    for leaf in leaves:
        assert verify_note(parse_note(leaf.decode()), [each.key for each in trust.issuers])
    await _check_tiles(http, leaves)
    return sealed.checkpoint, leaves


async def _entries(http: httpx.AsyncClient, size: int) -> list[bytes]:
    leaves: list[bytes] = []
    while len(leaves) < size:
        number = len(leaves) // WIDTH
        leaves += parse_entries(await _get(http, format_path(None, number, width_at(0, number, size))))
    return leaves


async def _check_tiles(http: httpx.AsyncClient, leaves: list[bytes]) -> None:
    level, size = 0, len(leaves)
    while size >> (8 * level):
        for number in range(-(-(size >> (8 * level)) // WIDTH)):
            tile = await _get(http, format_path(level, number, width_at(level, number, size)))
            assert merkle.tile(level, number, leaves) == tile
        level += 1


async def _get(http: httpx.AsyncClient, path: str) -> bytes:
    answer = await http.get(f"/v1/log/{path}")
    assert 200 == answer.status_code, f"{path}: {answer.text}"
    return answer.content
