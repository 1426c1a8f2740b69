"""The public log as people read it: its newest checkpoint, who signed that, and its statements."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.receipts import LeafIndex
from schemas.scalars import Instant, Sha256


class LogSignature(Struct, frozen=True, kw_only=True):
    """
    One signature line of a checkpoint, by the log itself or by a witness, as the line says; verify it yourself.

    *at* is when a witness saw this as the largest tree of the log; the log's own signatures state no time.
    """

    name: str
    key_id: Annotated[str, Meta(description="Four bytes in hexadecimal")]
    by: Literal["log", "witness"]
    algorithm: Literal["Ed25519", "ML-DSA-44", "unknown"]
    at: Instant | None


class LogHead(Struct, frozen=True, kw_only=True):
    """The newest witnessed checkpoint, verbatim and taken apart. *witnessed_at* is when its quorum was complete."""

    origin: str
    size: int
    root: Sha256
    checkpoint: Annotated[str, Meta(description="A signed note, c2sp.org/tlog-checkpoint")]
    witnessed_at: Instant
    signatures: tuple[LogSignature, ...]


class LogStatement(Struct, frozen=True, kw_only=True):
    """One statement of the log as it was hashed: *note* is the signed note that is the leaf at *index*."""

    index: LeafIndex
    type: str
    statement_hash: Sha256
    leaf_hash: Sha256
    note: str
