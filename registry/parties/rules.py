"""Refusals about parties, and when two of them are too close. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from registry.kit.problems import DomainError, Kind


class IdentifierTaken(DomainError):
    """Another organisation is registered under this identifier."""

    kind, slug, title = Kind.CONFLICT, "identifier-taken", "Identifier already registered"


class VerifierConflict(DomainError):
    """The verifier is too close to the owner of what it should judge."""

    kind, slug, title = Kind.DENIED, "verifier-conflict", "Conflict of interest"


class LockedAccount(NamedTuple):
    """An account under its lock."""

    id: int
    owner_id: int
    type: str
    status: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that decide about conflicts: an organisation, its present owners, and the people who act for it."""

    organisation_id: int
    parents: frozenset[int]
    people: frozenset[int]


def refuse_conflict(verifier: Standing, owner: Standing, project: str) -> None:
    """Raise `VerifierConflict` for the same organisation, a parent in common or a person in common."""
    reason = _conflict(verifier, owner)
    if reason:
        raise VerifierConflict(
            f"Organisation {verifier.organisation_id} cannot judge {project}: {reason}. Another verifier has to.",
            verifier_id=verifier.organisation_id,
            owner_id=owner.organisation_id,
        )


def _conflict(verifier: Standing, owner: Standing) -> str:
    if verifier.organisation_id == owner.organisation_id:
        return "it owns the project"
    if verifier.organisation_id in owner.parents or owner.organisation_id in verifier.parents:
        return "one of the two owns the other"
    if shared := verifier.parents & owner.parents:
        return f"both belong to organisation {min(shared)}"
    if people := verifier.people & owner.people:
        return f"{_count(people)} act for both"
    return ""


def _count(people: Collection[int]) -> str:
    return "one person" if len(people) == 1 else f"{len(people)} people"
