"""How API keys are made and recognised. Pure."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from registry.kit.problems import DomainError, Kind


class KeyNeedsApproval(DomainError):
    """A new key takes two people: the person holds roles or already has a key."""

    kind, slug, title = Kind.CONFLICT, "key-needs-approval", "A key for this person takes two people"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Makes and recognises API keys. *pepper* never leaves this process; the database has keyed hashes only."""

    pepper: bytes
    word: str

    def new_secret(self) -> str:
        """``kw_<live|sim>_`` and 256 random bits in 43 characters; scanners recognise the prefix."""
        return f"kw_{self.word}_{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')}"

    def hash(self, secret: str) -> bytes:
        """HMAC-SHA256 of the key: what is stored and looked up."""
        return hmac.digest(self.pepper, secret.encode(), hashlib.sha256)

    def prefix(self, secret: str) -> str:
        """The part that lists may show: the word and six characters."""
        return secret[: len(f"kw_{self.word}_") + 6]
