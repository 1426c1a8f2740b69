"""
The code on paper: the first 160 bits of a statement's leaf hash in base32, which a QR code holds compactly.

``HTTPS://HOST/R/<32 characters>`` in upper case takes a QR code's alphanumeric mode. 160 bits of SHA-256 are enough to
find a leaf by, and what is found is verified by all of its hash.
"""

import re
from base64 import b32decode, b32encode
from typing import Final, NamedTuple

from registry.transparency.format.checkpoint import parse_checkpoint_text
from registry.transparency.format.proof import parse_proof
from registry.transparency.format.tree import leaf_hash
from schemas.receipts import Bundle

BYTES: Final = 20
_CODE: Final = re.compile(r"[A-Z2-7]{32}")


class LogPlace(NamedTuple):
    """Where a statement is: its leaf hash and index, in a tree of *size*."""

    leaf: bytes
    leaf_index: int
    size: int


def code_of(leaf: bytes) -> str:
    """The code of a leaf hash: 32 characters of base32 (RFC 4648), in upper case."""
    return b32encode(leaf[:BYTES]).decode()


def parse_code(text: str) -> bytes | None:
    """The first bytes of the leaf hash that a code stands for, in any case; None for what is no code."""
    return b32decode(text.upper()) if text.isascii() and _CODE.fullmatch(text.upper()) else None


def link(site_url: str, leaf: bytes) -> str:
    """What the QR code holds."""
    return f"{site_url}/r/{code_of(leaf)}".upper()


def place_of(bundle: Bundle) -> LogPlace:
    """Where a bundle's statement is, by its own proof, which we built."""
    proof = parse_proof(bundle.proof)
    return LogPlace(
        leaf_hash(bundle.note.encode()), proof.leaf_index, parse_checkpoint_text(proof.checkpoint.text).size
    )
