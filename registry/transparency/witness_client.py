"""Asking a witness for its cosignature, and for the checkpoint that it cosigned last (c2sp.org/tlog-witness)."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import httpx

from registry.transparency.format.checkpoint import Checkpoint, verify_checkpoint
from registry.transparency.format.note import (
    NOTE_LIMIT_BYTES,
    Note,
    SignatureLine,
    VerifierKey,
    parse_note,
    parse_signature_lines,
)
from registry.transparency.format.text import BadSignature, Malformed, parse_size
from registry.transparency.witness.request import format_add_checkpoint

TIMEOUT_S = 5.0
"""How long a whole answer may take, a slow one byte by byte too."""


class _Reply(NamedTuple):
    """A response as far as it counts; *body* is at most one note long."""

    status: int
    body: bytes


class WitnessUnreachable(Exception):
    """No cosignature this time; the checkpoint may be sent again later."""


class WitnessRefused(WitnessUnreachable):
    """The witness replied without a cosignature; *status* and the text are its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status


class ProofRefused(Exception):
    """422: our tree does not continue the one of that size which the witness cosigned. The log has forked; stop."""


class WitnessAhead(Exception):
    """409: the witness last cosigned another size than the one stated as old; *size* is the one to prove from."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness last cosigned size {size}")
        self.size = size


class WitnessDisagrees(Exception):
    """
    409 without a size, or for the very size stated as old: the witness has seen another root for it. Stop.

    Witnesses of the earlier tlog-witness reply so to another root for the size cosigned last; newer ones with 422.
    """


async def cosign(
    url: str,
    old_size: int,
    consistency_proof: Sequence[bytes],
    checkpoint_note: str,
    *,
    keys: Sequence[VerifierKey] | None = None,
    client: httpx.AsyncClient | None = None,
    timeout_s: float = TIMEOUT_S,
) -> tuple[SignatureLine, ...]:
    """
    Ask the witness at *url* (its submission prefix) to cosign, and return its signature lines.

    With *keys* only verified lines by these are returned, as tlog-witness demands of a client, and each must have
    signed; without, the caller must verify them before it publishes any. Give a *client* to keep connections open.
    Raises `WitnessAhead`, `WitnessDisagrees`, `ProofRefused`, `WitnessRefused`, `WitnessUnreachable`.
    """
    body = format_add_checkpoint(old_size, consistency_proof, checkpoint_note)
    reply = await _exchange("POST", f"{url.rstrip('/')}/add-checkpoint", body, client, timeout_s)
    lines = _read_answer(reply, old_size)
    return lines if keys is None else _verified(lines, checkpoint_note, keys)


async def last_cosigned(
    url: str,
    origin: str,
    *,
    keys: Sequence[VerifierKey],
    client: httpx.AsyncClient | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Checkpoint | None:
    """
    The checkpoint of the log *origin* that the witness at *url* (its monitoring prefix) serves; None: it has none.

    It bears a valid signature by one of the log's *keys*: the log did sign it, whatever the witness claims. Raises
    `WitnessRefused`, `WitnessUnreachable`.
    """
    path = f"{sha256(origin.encode()).hexdigest()}/checkpoint"
    reply = await _exchange("GET", f"{url.rstrip('/')}/{path}", None, client, timeout_s)
    if reply.status == httpx.codes.NOT_FOUND:
        return None
    if reply.status != httpx.codes.OK:
        raise WitnessRefused(reply.status, "no checkpoint")
    try:
        sealed = verify_checkpoint(parse_note(reply.body), keys)
    except (Malformed, BadSignature) as error:
        raise WitnessRefused(reply.status, f"a checkpoint that is not the log's: {error}") from error
    if not sealed.seals or sealed.checkpoint.origin != origin:
        raise WitnessRefused(reply.status, "a checkpoint without a signature of the log")
    return sealed.checkpoint


async def _exchange(
    method: str, url: str, body: bytes | None, client: httpx.AsyncClient | None, timeout_s: float
) -> _Reply:
    """Send a request and read the response, of limited length, within *timeout_s*. Raises `WitnessUnreachable`."""
    if client is None:
        async with httpx.AsyncClient(trust_env=False) as own:
            return await _exchange(method, url, body, own, timeout_s)
    headers = {"content-type": "text/plain; charset=utf-8"} if body is not None else {}
    read = bytearray()
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream(method, url, content=body, headers=headers, timeout=timeout_s) as answer,
        ):
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > NOTE_LIMIT_BYTES:
                    raise WitnessRefused(answer.status_code, f"an answer of more than {NOTE_LIMIT_BYTES} bytes")
    except TimeoutError as error:
        raise WitnessUnreachable(f"{url}: no whole answer within {timeout_s:g} s") from error
    except httpx.HTTPError as error:
        raise WitnessUnreachable(f"{url}: {type(error).__name__} {error}") from error
    return _Reply(answer.status_code, bytes(read))


def _read_answer(reply: _Reply, old_size: int) -> tuple[SignatureLine, ...]:
    try:
        text = reply.body.decode()
        if reply.status == httpx.codes.OK:
            return parse_signature_lines(text)
        if reply.status == httpx.codes.CONFLICT:
            if not text.strip():
                raise WitnessDisagrees(f"a conflict without a size: the witness has seen another root for {old_size}")
            size = parse_size(text.removesuffix("\n"))
            if size == old_size:
                raise WitnessDisagrees(f"the witness has seen another root for size {size}")
            raise WitnessAhead(size)
        if reply.status == httpx.codes.UNPROCESSABLE_ENTITY:
            raise ProofRefused(f"the witness finds that size {old_size} is not continued: {text.strip()[:200]}")
    except (Malformed, UnicodeDecodeError) as error:
        raise WitnessRefused(reply.status, f"an answer that cannot be read: {error}") from error
    raise WitnessRefused(reply.status, text.strip()[:200])


def _verified(
    lines: tuple[SignatureLine, ...], checkpoint_note: str, keys: Sequence[VerifierKey]
) -> tuple[SignatureLine, ...]:
    known = {(key.name, key.key_id) for key in keys}
    ours = tuple(line for line in lines if (line.name, line.key_id) in known)
    try:
        sealed = verify_checkpoint(Note(parse_note(checkpoint_note).text, ours), keys)
    except BadSignature as error:
        raise WitnessRefused(httpx.codes.OK, str(error)) from error
    signed = {seal.key for seal in sealed.seals if seal.timestamp}
    if missing := [key for key in keys if key not in signed]:
        names = ", ".join(f"{key.name} {key.key_id.hex()}" for key in missing)
        raise WitnessRefused(httpx.codes.OK, f"no timestamped cosignature by its key: {names}")
    return ours
