"""How API keys are made and recognised. Pure."""

import base64
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from registry.kit.problems import DomainError, Kind
from schemas.access import KeyKind


class KeyNeedsApproval(DomainError):
    """A new key takes two people: the person holds roles or already has a key."""

    kind, slug, title = Kind.CONFLICT, "key-needs-approval", "A key for this person takes two people"


class FirstKeySpent(DomainError):
    """A first key works once."""

    kind, slug, title = Kind.CONFLICT, "first-key-spent", "The first key was used"


class FingerprintDiffers(DomainError):
    """The fingerprint that was sent is not that of the key."""

    kind, slug, title = Kind.CONFLICT, "fingerprint-differs", "Another fingerprint"


class NotToBeConfirmed(DomainError):
    """The key is not one that its holder made alone with a key from somebody else."""

    kind, slug, title = Kind.CONFLICT, "not-to-be-confirmed", "Nothing to confirm"


@dataclass(frozen=True, slots=True)
class LinkedKey:
    """
    A key as a link of the chain from the key that somebody else made.

    *maker_id* None: the operator on the server. *parent_id*: the key of the same person with which it was made.
    """

    id: int
    person_id: int
    maker_id: int | None
    parent_id: int | None
    fingerprint: str | None
    works: bool
    confirmed: bool
    kind: str = "program"

    @property
    def given(self) -> bool:
        """Whether somebody else made it."""
        return self.maker_id != self.person_id


class NewKey(NamedTuple):
    """
    A key as it is stored. *parent_id* is None for one that somebody else made (*first*).

    Only a program's key has a *hash*. *expires_at* None: a year from now.
    """

    person_id: int
    prefix: str
    hash: bytes | None
    created_by: int | None
    first: bool
    parent_id: int | None
    fingerprint: str | None
    kind: KeyKind = "program"
    device: str | None = None
    expires_at: datetime | None = None


def check_confirmable(keys: Sequence[LinkedKey], key_id: int, fingerprint: str) -> LinkedKey:
    """
    Return the key from somebody else that is confirmed with *key_id*; *keys* are all that its holder ever had.

    It must be certain that the maker has none of the keys that stem from the one they made: that one is over, and so is
    all that was made with it, but the key that is confirmed and those made with it in turn.
    """
    known = {each.id: each for each in keys}
    key = known[key_id]
    if key.given:
        raise NotToBeConfirmed(
            f"Key {key_id} was made by somebody else. Its holder makes an own key with it (POST /v1/me/keys); "
            "confirm that one."
        )
    if key.kind == "session":
        raise NotToBeConfirmed(
            f"Key {key_id} is a session of a browser. Confirm the key that opened it, {key.parent_id}."
        )
    if not key.works:
        raise NotToBeConfirmed(f"Key {key_id} has ended. Confirm one that person {key.person_id} uses.")
    if key.fingerprint is None or not fingerprint.startswith(key.fingerprint):  # the first six groups, of an old key
        raise FingerprintDiffers(
            f"Key {key_id} of person {key.person_id} has another fingerprint than {fingerprint}. Compare once more "
            "what their screen shows (GET /v1/me); if it is the one you sent, somebody else holds this key: revoke it."
        )
    given = _given(known, key)
    if given is None or given.confirmed:
        raise NotToBeConfirmed(f"Key {key_id} stems from no key that would still have to be confirmed.")
    for other in keys:
        if other.works and _stems_from(known, other, given.id) and not _stems_from(known, other, key_id):
            raise NotToBeConfirmed(
                f"Key {other.id} of person {key.person_id} works as well, and whoever made key {given.id} may have it. "
                f"Its holder revokes it first (POST /v1/keys/{other.id}/revoke)."
            )
    return given


class Confirmable(NamedTuple):
    """An own key that may be confirmed now, and the one from somebody else that it stems from."""

    key: LinkedKey
    given: LinkedKey


def confirmable(keys: Sequence[LinkedKey]) -> tuple[Confirmable, ...]:
    """Which of all the keys that one person ever had somebody outside may confirm now."""
    found = []
    for key in keys:
        with contextlib.suppress(DomainError):
            found.append(Confirmable(key, check_confirmable(keys, key.id, key.fingerprint or "")))
    return tuple(found)


def _given(known: Mapping[int, LinkedKey], key: LinkedKey) -> LinkedKey | None:
    while not key.given:
        if key.parent_id is None:
            return None
        key = known[key.parent_id]
    return key


def _stems_from(known: Mapping[int, LinkedKey], key: LinkedKey, ancestor_id: int) -> bool:
    while key.id != ancestor_id:
        if key.parent_id is None:
            return False
        key = known[key.parent_id]
    return True


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


def _grouped(digest: str) -> str:
    return "-".join(digest[at : at + 4] for at in range(0, 32, 4))


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

    @staticmethod
    def fingerprint(secret: str) -> str:
        """
        What two people compare: 128 bits of the SHA-256 of the key, in eight groups.

        Nobody finds another key with the same ones. Of keys from earlier versions the first six groups are stored. The
        holder works it out from the secret alone (`kilnwood keys fingerprint`); it says nothing about the secret.
        """
        digest = hashlib.sha256(b"kilnwood key\n" + secret.encode()).hexdigest()
        return _grouped(digest)

    @staticmethod
    def passkey_fingerprint(credential_id: bytes, public_key: bytes) -> str:
        """The same of a passkey, whose secret never leaves its device: of what everybody may know of it."""
        return _grouped(hashlib.sha256(b"kilnwood passkey\n" + credential_id + b"\n" + public_key).hexdigest())

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose, which says nothing about the pepper or any other derived key."""
        return hmac.digest(self.pepper, f"kilnwood derived key\n{purpose}".encode(), hashlib.sha256)

    def prefix(self, secret: str) -> str:
        """The part that lists may show: the word and six characters."""
        return secret[: len(f"kw_{self.word}_") + 6]
