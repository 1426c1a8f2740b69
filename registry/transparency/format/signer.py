"""Who can sign: a small interface that a key file or, later, a PKCS#11 or KMS key stands behind."""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from registry.transparency.format.note import (
    COSIGNATURE_ML_DSA_44,
    KEY_BYTES,
    KEY_ID_BYTES,
    VerifierKey,
    verifier_key,
)
from registry.transparency.format.text import Malformed, b64decode, b64encode, parse_hex

SEED_BYTES = 32
_PREFIX = "PRIVATE+KEY"


class Signer(Protocol):
    """Signs bytes with one private key. What the bytes mean is decided by the formats, by the key's type."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with name, type and id."""

    def sign(self, message: bytes, /) -> bytes:
        """Return the raw signature: 64 bytes for Ed25519, 2,420 for ML-DSA-44 (randomised)."""


class SeedSigner:
    """A private key held in memory as its 32-byte seed; never printed, never compared."""

    __slots__ = ("_key", "_private", "_seed")

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        """Make the signer of *kind* (0x01, 0x04: Ed25519; 0x06: ML-DSA-44). Raises `Malformed`."""
        if kind not in KEY_BYTES or len(seed) != SEED_BYTES:
            raise Malformed(f"key type {kind:#04x} with a seed of {len(seed)} bytes is not one that Kilnwood knows")
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey
        if kind == COSIGNATURE_ML_DSA_44:
            try:
                self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
            except UnsupportedAlgorithm as error:
                raise Malformed("the cryptography package installed here cannot sign with ML-DSA-44") from error
        else:
            self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self._key = verifier_key(name, kind, self._private.public_key().public_bytes_raw())

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        return self._key

    def sign(self, message: bytes, /) -> bytes:
        """Sign *message* as it is."""
        return self._private.sign(message)

    def secret_text(self) -> str:
        """`PRIVATE+KEY+name+hash+base64(type || seed)`, the one line of a key file."""
        key = self._key
        return f"{_PREFIX}+{key.name}+{key.key_id.hex()}+{b64encode(bytes([key.kind]) + self._seed)}"


def parse_secret(text: str) -> SeedSigner:
    """Read `PRIVATE+KEY+name+hash+base64(type || seed)`. Raises `Malformed`, never with the secret in it."""
    parts = text.split("+", 4)
    if len(parts) != 5 or "+".join(parts[:2]) != _PREFIX:  # noqa: PLR2004 - two words, name, hash, key
        raise Malformed("a private key has the form PRIVATE+KEY+name+hash+key")
    _, _, name, stated, encoded = parts
    data = b64decode(encoded)
    if not data:
        raise Malformed("a private key without bytes")
    signer = SeedSigner(name, data[0], data[1:])
    if parse_hex(stated, size=KEY_ID_BYTES) != signer.key.key_id:
        raise Malformed(f"the private key of {name} states id {stated}, its bytes give {signer.key.key_id.hex()}")
    return signer
