"""Which two people may decide something together, and what exactly they agreed on. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from registry.access.authorisation import Denied
from registry.kit.problems import DomainError, Kind
from schemas.access import Actor, Approval, ApprovalBody, DepositCashBody, Role


class SamePerson(DomainError):
    """One person tried to be both halves of an approval."""

    kind, slug, title = Kind.DENIED, "same-person", "A second person is needed"


class BodyChanged(DomainError):
    """The body that was sent is not the one that the first person proposed."""

    kind, slug, title = Kind.CONFLICT, "approval-body-changed", "Not the approved body"


class ApprovalClosed(DomainError):
    """The approval was used before, was withdrawn, or has expired."""

    kind, slug, title = Kind.CONFLICT, "approval-closed", "The approval is no longer open"


def role_for(body: ApprovalBody) -> Role:
    """Whose decision it is: both people hold this role."""
    return Role.OPERATOR if isinstance(body, DepositCashBody) else Role.REGULATOR


def check_role(body: ApprovalBody, by: Actor) -> None:
    """Raise `Denied` unless the decision is one of the caller's role, to be proposed, read or withdrawn."""
    role = role_for(body)
    if not any(held.role == role for held in by.roles):
        raise Denied(f"{body.__struct_config__.tag} is decided by two people in the role of {role}.")


def canonical(body: ApprovalBody) -> tuple[str, bytes]:
    """The exact body as text with sorted keys, and its SHA-256: what two people agree on."""
    text = msgspec.json.Encoder(order="sorted").encode(body)
    return text.decode(), hashlib.sha256(text).digest()


@dataclass(frozen=True, slots=True)
class Pair:
    """
    The proposer of an approval and the person who would carry it out.

    *proposer_stands*: the proposer still holds the role and is not suspended. *joined*: by keys that nobody
    outside has confirmed, so that the two count as one. *now* is the database's time.
    """

    second_id: int
    proposer_stands: bool
    joined: bool
    now: datetime


def check_second(approval: Approval, body: ApprovalBody, pair: Pair) -> None:
    """
    Raise unless *pair* are two people who may carry *body* out under *approval*. Persons are compared, never keys.

    Raises `SamePerson`, `BodyChanged`, `ApprovalClosed`.
    """
    if approval.proposer_id == pair.second_id:
        raise SamePerson(f"You proposed approval {approval.id} yourself; another person has to carry it out.")
    if canonical(body)[1].hex() != approval.sha256:
        raise BodyChanged(
            f"Approval {approval.id} is for the body with SHA-256 {approval.sha256}; this one has "
            f"{canonical(body)[1].hex()}. Send the proposed body, or propose this one anew.",
            approved_sha256=approval.sha256,
        )
    if approval.used_at is not None:
        raise ApprovalClosed(f"Approval {approval.id} was used at {approval.used_at:%Y-%m-%d %H:%M:%S}Z.")
    if approval.state == "withdrawn":
        raise ApprovalClosed(f"Approval {approval.id} was withdrawn. Propose anew.")
    if approval.expires_at <= pair.now:
        raise ApprovalClosed(
            f"Approval {approval.id} expired at {approval.expires_at:%Y-%m-%d %H:%M:%S}Z. Propose anew."
        )
    if not pair.proposer_stands:
        raise ApprovalClosed(
            f"Person {approval.proposer_id}, who proposed it, does not hold the role any more, or is suspended. "
            "Propose anew."
        )
    if pair.joined:
        raise SamePerson(
            f"Persons {approval.proposer_id} and {pair.second_id} are joined by first keys that one made for another, "
            "and count as one. A regulator outside confirms the key that each made alone "
            "(POST /v1/keys/ID/confirm), or another regulator carries it out."
        )
