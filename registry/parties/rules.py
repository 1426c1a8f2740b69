"""Refusals about parties, and when two of them are too close. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

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


COOLING: Final = timedelta(days=365)
"""How long after their last role somebody still counts as one of an organisation's people, in business time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    The facts that decide about conflicts.

    An organisation, all that own it directly or through others, and the people who act for it or did within `COOLING`:
    of what is judged also those of its owners, who could tell it what to do.
    """

    organisation_id: int
    ancestors: frozenset[int]
    people: frozenset[int]


def refuse_conflict(verifier: Standing, owner: Standing, what: str) -> None:
    """Raise `VerifierConflict` for the same organisation, an ancestor or a person in common."""
    reason = _conflict(verifier, owner)
    if reason:
        raise VerifierConflict(
            f"Organisation {verifier.organisation_id} cannot judge {what}: {reason}. Another verifier has to.",
            verifier_id=verifier.organisation_id,
            owner_id=owner.organisation_id,
        )


def _conflict(verifier: Standing, owner: Standing) -> str:
    if verifier.organisation_id == owner.organisation_id:
        return "the two are one organisation"
    if verifier.organisation_id in owner.ancestors or owner.organisation_id in verifier.ancestors:
        return "one of the two owns the other"
    if shared := verifier.ancestors & owner.ancestors:
        return f"both belong to organisation {min(shared)}"
    if people := verifier.people & owner.people:
        return f"{_count(people)} act for both, or did within the last {COOLING.days} days or at this itself"
    return ""


def _count(people: Collection[int]) -> str:
    return "one person" if len(people) == 1 else f"{len(people)} people"
