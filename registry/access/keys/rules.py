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


class TooManyKeys(DomainError):
    """The person has as many keys that work as one may have."""

    kind, slug, title = Kind.CONFLICT, "too-many-keys", "Too many keys"


KEYS_OF_A_PERSON = 20


def check_room(person_id: int, working: int) -> None:
    """Refuse another key for a person with *working* ones. Raises `TooManyKeys`."""
    if working >= KEYS_OF_A_PERSON:
        raise TooManyKeys(
            f"Person {person_id} has {working} keys that work, and at most {KEYS_OF_A_PERSON} are permitted. "
            "Revoke one first (POST /v1/keys/ID/revoke); GET /v1/me/keys says when each was used last.",
            working=working,
            limit=KEYS_OF_A_PERSON,
        )


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
