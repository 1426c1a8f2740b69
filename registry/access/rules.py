"""What two people may decide, how API keys are made, and when a role may begin and end. Pure."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from registry.kit.problems import DomainError, Kind
from schemas.access import Approval, ApprovalBody, HeldRole, Role

REGULATORS_NEEDED = 2


class SamePerson(DomainError):
    """One person tried to be both halves of an approval."""

    kind, slug, title = Kind.DENIED, "same-person", "A second person is needed"


class BodyChanged(DomainError):
    """The body that was sent is not the one that the first person proposed."""

    kind, slug, title = Kind.CONFLICT, "approval-body-changed", "Not the approved body"


class ApprovalClosed(DomainError):
    """The approval was used before, or has expired."""

    kind, slug, title = Kind.CONFLICT, "approval-closed", "The approval is no longer open"


class KeyNeedsApproval(DomainError):
    """The person holds roles, so that a new key takes two people, or one already has a key."""

    kind, slug, title = Kind.CONFLICT, "key-needs-approval", "A key for this person takes two people"


class LastRegulators(DomainError):
    """Nobody would be left to decide what takes two people."""

    kind, slug, title = Kind.CONFLICT, "last-regulators", "Two regulators are needed"


class Frozen(DomainError):
    """A restriction is in effect on the account, the project or the issuance."""

    kind, slug, title = Kind.CONFLICT, "frozen", "Frozen"


class AlreadyLifted(DomainError):
    """The restriction or grant has ended already."""

    kind, slug, title = Kind.CONFLICT, "already-ended", "Already ended"


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


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


def canonical(body: ApprovalBody) -> tuple[str, bytes]:
    """The exact body as text with sorted keys, and its SHA-256: what two people agree on."""
    text = msgspec.json.Encoder(order="sorted").encode(body)
    return text.decode(), hashlib.sha256(text).digest()


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Whoever would carry an approval out, beside its proposer.

    *keys_crossed*: one of the two issued a key of the other, and so could act as both. *now* is the database's time.
    """

    second_id: int
    proposer_stands: bool
    keys_crossed: bool
    now: datetime


def check_second(approval: Approval, body: ApprovalBody, pair: Pair) -> None:
    """Whether *pair* are two people who may carry *body* out under *approval*. Persons are compared, never keys."""
    if approval.proposer_id == pair.second_id:
        raise SamePerson(f"You proposed approval {approval.id} yourself; another person has to carry it out.")
    if canonical(body)[1].hex() != approval.sha256:
        raise BodyChanged(
            f"Approval {approval.id} is for the body with SHA-256 {approval.sha256}; this one has "
            f"{canonical(body)[1].hex()}. Send the proposed body, or propose this one anew.",
            approved_sha256=approval.sha256,
        )
    if approval.used_at is not None:
        raise ApprovalClosed(f"Approval {approval.id} was used at {approval.used_at:%Y-%m-%d %H:%M:%S}Z already.")
    if approval.state == "withdrawn":
        raise ApprovalClosed(f"Approval {approval.id} was withdrawn. Propose anew.")
    if approval.expires_at <= pair.now:
        raise ApprovalClosed(
            f"Approval {approval.id} expired at {approval.expires_at:%Y-%m-%d %H:%M:%S}Z. Propose anew."
        )
    if not pair.proposer_stands:
        raise ApprovalClosed(f"Person {approval.proposer_id} proposed it and is no regulator any more. Propose anew.")
    if pair.keys_crossed:
        raise SamePerson(
            f"Of persons {approval.proposer_id} and {pair.second_id}, one issued a key of the other and could act as "
            "both, so they do not count as two. Another regulator has to carry it out."
        )


def check_two_remain(working: int) -> None:
    """Raise `LastRegulators` when fewer than two regulators with a working key would be left to decide."""
    if working < REGULATORS_NEEDED:
        raise LastRegulators(
            f"{working} regulator{'s' * (working != 1)} with a working key would be left, and {REGULATORS_NEEDED} are "
            "needed to decide anything. Give somebody the role, or the person another key, first.",
            working=working,
        )


def check_until(until: datetime | None, now: datetime) -> None:
    """Raise `RoleIsOver` unless a role that begins *now* is held for a while."""
    if until is not None and until <= now:
        raise RoleIsOver(
            f"The role would end at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z; business time is "
            f"{now:%Y-%m-%d %H:%M:%S}Z. Propose it with a later end, or with none."
        )


def held(rows: Iterable[tuple[str, int]]) -> tuple[HeldRole, ...]:
    """Roles from (role, organisation_id) pairs."""
    return tuple(HeldRole(Role(role), organisation_id) for role, organisation_id in rows)
