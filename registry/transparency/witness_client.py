"""Asking a witness for its cosignature (c2sp.org/tlog-witness, client side)."""

from collections.abc import Sequence

import httpx

from registry.transparency.format.checkpoint import verify_checkpoint
from registry.transparency.format.note import Note, SignatureLine, VerifierKey, parse_note, parse_signature_lines
from registry.transparency.format.text import BadSignature, Malformed, parse_size
from registry.transparency.witness.request import format_add_checkpoint

TIMEOUT_S = 5.0


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

    With *keys* only verified lines by these are returned, as tlog-witness demands of a client; without, the caller must
    verify them before it publishes any. Give a *client* to keep connections open. Raises `WitnessAhead`,
    `WitnessDisagrees`, `ProofRefused`, `WitnessRefused`, `WitnessUnreachable`.
    """
    body = format_add_checkpoint(old_size, consistency_proof, checkpoint_note)
    try:
        if client is None:
            async with httpx.AsyncClient(trust_env=False) as own:
                answer = await _post(own, url, body, timeout_s)
        else:
            answer = await _post(client, url, body, timeout_s)
    except httpx.HTTPError as error:
        raise WitnessUnreachable(f"{url}: {type(error).__name__} {error}") from error
    lines = _read_answer(answer, old_size)
    return lines if keys is None else _verified(lines, checkpoint_note, keys)


async def _post(client: httpx.AsyncClient, url: str, body: bytes, timeout_s: float) -> httpx.Response:
    headers = {"content-type": "text/plain; charset=utf-8"}
    return await client.post(f"{url.rstrip('/')}/add-checkpoint", content=body, headers=headers, timeout=timeout_s)


def _read_answer(answer: httpx.Response, old_size: int) -> tuple[SignatureLine, ...]:
    try:
        text = answer.content.decode()
        if answer.status_code == httpx.codes.OK:
            return parse_signature_lines(text)
        if answer.status_code == httpx.codes.CONFLICT:
            if not text.strip():
                raise WitnessDisagrees(f"a conflict without a size: the witness has seen another root for {old_size}")
            size = parse_size(text.removesuffix("\n"))
            if size == old_size:
                raise WitnessDisagrees(f"the witness has seen another root for size {size}")
            raise WitnessAhead(size)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise ProofRefused(f"the witness finds that size {old_size} is not continued: {text.strip()[:200]}")
    except (Malformed, UnicodeDecodeError) as error:
        raise WitnessRefused(answer.status_code, f"an answer that cannot be read: {error}") from error
    raise WitnessRefused(answer.status_code, text.strip()[:200])


def _verified(
    lines: tuple[SignatureLine, ...], checkpoint_note: str, keys: Sequence[VerifierKey]
) -> tuple[SignatureLine, ...]:
    known = {(key.name, key.key_id) for key in keys}
    ours = tuple(line for line in lines if (line.name, line.key_id) in known)
    try:
        sealed = verify_checkpoint(Note(parse_note(checkpoint_note).text, ours), keys)
    except BadSignature as error:
        raise WitnessRefused(httpx.codes.OK, str(error)) from error
    if not sealed.seals or not all(seal.timestamp for seal in sealed.seals):
        raise WitnessRefused(httpx.codes.OK, "no timestamped cosignature by the witness's key")
    return ours
