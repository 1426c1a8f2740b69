"""What was annulled: claims and retirements that should not have been, by two regulators."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.scalars import Id, Instant, Kg0, Sha256, Text
from schemas.statements import Annullable


class AnnulBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="annul_statement"
):
    """
    Annul a claim, or a retirement by its receipt: one of the two. There is no inverse.

    *statement_hash* is that of its statement in the log, so that both regulators mean the same.
    """

    claim_id: Id | None = None
    receipt_id: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    statement_hash: Sha256
    reason: Annotated[Text, Meta(description="Published in the log for ever")]

    def __post_init__(self) -> None:
        """Raise `ValueError` unless exactly one thing is named."""
        if (self.claim_id is None) == (self.receipt_id is None):
            raise ValueError("an annulment names claim_id or receipt_id, one of the two")


class Annulled(Struct, frozen=True, kw_only=True):
    """That something was annulled: when, why, and by which statement of the log."""

    annulment_id: Id
    at: Instant
    reason: str
    statement_hash: Sha256


class Annulment(Struct, frozen=True, kw_only=True):
    """
    One annulment. What it annuls stays in the log; kilograms that were retired stay retired.

    *annuls* is the statement hash of the claim, or of the retirement *receipt_id*. *released_kg* is what the claim lost
    by the annulment of a retirement, and may be covered with anew.
    """

    id: Id
    code: Annotated[str, Meta(description="As the statement names it")]
    of: Annullable
    annuls: Sha256
    claim_id: Id
    receipt_id: Annotated[str | None, Meta(description="The retirement; null for the annulment of a claim")]
    released_kg: Kg0
    reason: str
    approvers: Annotated[tuple[Id, ...], Meta(description="Who proposed, and who carried it out")]
    approval_id: Id
    statement_hash: Sha256
    at: Instant
