"""What an annulment refuses. Pure."""

from typing import NamedTuple

from registry.kit.problems import DomainError, Kind
from schemas.annulments import AnnulBody, Annulled
from schemas.statements import Annullable


class AnnulledBefore(DomainError):
    """A statement is annulled once."""

    kind, slug, title = Kind.CONFLICT, "annulled-before", "Annulled already"


class AnotherStatement(DomainError):
    """The hash that both people named is not that of the claim or retirement."""

    kind, slug, title = Kind.CONFLICT, "another-statement", "Not the statement that was named"


class AnnulTarget(NamedTuple):
    """What is to be annulled, as it stands under the lock of its claim; *organisations* are claimant and holder."""

    of: Annullable
    name: str
    statement_id: int
    statement_hash: str
    claim_id: int
    receipt_id: str | None
    gives_kg: int
    organisations: tuple[int, ...]
    annulled: Annulled | None


def check_target(target: AnnulTarget, body: AnnulBody) -> None:
    """Raise `AnotherStatement` or `AnnulledBefore`."""
    if target.statement_hash != body.statement_hash:
        raise AnotherStatement(
            f"The statement of {target.name} is {target.statement_hash}, the approval names {body.statement_hash}. "
            "Propose anew with the right one.",
            statement_hash=target.statement_hash,
        )
    if target.annulled is not None:
        raise annulled_before(target)


def annulled_before(target: AnnulTarget) -> AnnulledBefore:
    """The refusal of a second annulment, with the first where it is known."""
    first = f" by annulment {target.annulled.annulment_id}" if target.annulled else ""
    return AnnulledBefore(f"The {target.of} {target.name} was annulled{first}. Nothing is annulled twice.")
